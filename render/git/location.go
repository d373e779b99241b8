package git

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// location is where a repository is: a directory or a remote.
type location struct {
	// dir is the directory; empty for a remote.
	dir string
	// fileURL tells that dir was written as a file URL, which names a
	// repository and never a directory that is read as it is.
	fileURL bool
	// endpoint is the remote, without credentials.
	endpoint transport.Endpoint
	// user and password are those of a URL of HTTP.
	user, password string
	// name is the location without credentials, for reports and messages.
	name string
}

// remote tells whether it is reached over the network.
func (l *location) remote() bool { return l.dir == "" }

// plainHTTP tells whether anybody on the way can read along.
func (l *location) plainHTTP() bool {
	host := strings.Trim(l.endpoint.Host, "[]")
	ip := net.ParseIP(host)
	return l.endpoint.Protocol == "http" && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// helperLike is "ext::sh -c …": a transport helper, that is, a command.
var helperLike = regexp.MustCompile(`^[A-Za-z0-9+.-]+::`)

// scpLike is "git@example.org:acme/deploy.git".
var scpLike = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]*)@([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]):(.+)$`)

// hostName is a host name or an address, in brackets if it is of IPv6.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])$`)

// parseLocation reads what a user wrote as the source. It refuses what could
// be taken for an option, a command or another transport.
func parseLocation(source string) (*location, error) {
	switch {
	case source == "":
		return nil, errors.New("open source: it is empty; give a directory or a Git URL")
	case strings.ContainsFunc(source, unicode.IsControl):
		return nil, fmt.Errorf("open source %q: it has control characters", clip(source))
	case strings.HasPrefix(source, "-"):
		return nil, fmt.Errorf("open source %q: it looks like an option; write ./%s for a directory of that name", clip(source), clip(source))
	case strings.Contains(source, "://"):
		return parseURL(source)
	case helperLike.MatchString(source):
		return nil, fmt.Errorf("open source %q: transport helpers run commands and are refused; give an https or ssh URL", clip(beforeColons(source)))
	}
	if parts := scpLike.FindStringSubmatch(source); parts != nil {
		return newSSH(parts[1], parts[2], parts[3])
	}
	return &location{dir: source, name: absolute(source)}, nil
}

// beforeColons is the name of a transport helper, without its argument, which
// may hold credentials.
func beforeColons(source string) string {
	name, _, _ := strings.Cut(source, "::")
	return name + "::…"
}

// absolute is a directory as reports name it.
func absolute(dir string) string {
	path, err := filepath.Abs(dir)
	if err != nil {
		return filepath.ToSlash(dir)
	}
	return filepath.ToSlash(path)
}

func parseURL(source string) (*location, error) {
	u, err := url.Parse(source)
	if err != nil {
		return nil, errors.New("open source: malformed URL; credentials in it need percent-encoding")
	}
	name := redactedURL(u)
	switch {
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("open source %s: a query or fragment means nothing here; name the revision with --revision", name)
	case u.Scheme == "file":
		return parseFileURL(u, name)
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh":
		return nil, fmt.Errorf("open source %s: scheme %q is not read; give an https, http, ssh or file URL", name, clip(u.Scheme))
	}
	found := &location{name: name, endpoint: transport.Endpoint{Protocol: u.Scheme, Host: u.Hostname(), Path: u.Path}}
	if strings.Contains(found.endpoint.Host, ":") {
		found.endpoint.Host = "[" + found.endpoint.Host + "]"
	}
	if port := u.Port(); port != "" {
		if found.endpoint.Port, err = strconv.Atoi(port); err != nil || found.endpoint.Port < 1 || found.endpoint.Port > 65535 {
			return nil, fmt.Errorf("open source %s: port %q is not a port", name, clip(port))
		}
	}
	if u.User != nil {
		found.user = u.User.Username()
		found.password, _ = u.User.Password()
	}
	if u.Scheme == "ssh" {
		if found.password != "" {
			return nil, fmt.Errorf("open source %s: passwords are not used over ssh; use an ssh-agent", name)
		}
		found.endpoint.User, found.user = found.user, ""
	}
	return found, found.check()
}

func newSSH(user, host, path string) (*location, error) {
	found := &location{
		endpoint: transport.Endpoint{Protocol: "ssh", User: user, Host: host, Path: path},
		name:     user + "@" + host + ":" + path,
	}
	return found, found.check()
}

// parseFileURL reads a file URL as the path of a local repository: git's own
// file transport would run git-upload-pack.
func parseFileURL(u *url.URL, name string) (*location, error) {
	if u.Host != "" && u.Host != "localhost" {
		return nil, fmt.Errorf("open source %s: a file URL names no host; write file:///path", name)
	}
	if u.Path == "" {
		return nil, fmt.Errorf("open source %s: it names no path", name)
	}
	return &location{dir: filepath.FromSlash(u.Path), fileURL: true, name: name}, nil
}

// check refuses a remote whose parts would mean something else to a server,
// a shell or a log.
func (l *location) check() error {
	path := strings.Trim(l.endpoint.Path, "/")
	switch {
	case !hostName.MatchString(l.endpoint.Host):
		return fmt.Errorf("open source %s: host %q is not a host name", l.name, clip(l.endpoint.Host))
	case path == "":
		return fmt.Errorf("open source %s: it names no repository", l.name)
	case strings.HasPrefix(path, "-"):
		return fmt.Errorf("open source %s: its path looks like an option", l.name)
	case strings.HasPrefix(l.endpoint.User, "-"):
		return fmt.Errorf("open source %s: its user looks like an option", l.name)
	}
	for _, part := range []string{l.endpoint.Path, l.endpoint.User, l.user, l.password} {
		if strings.ContainsFunc(part, unicode.IsControl) {
			return fmt.Errorf("open source %s: it has control characters", l.name)
		}
	}
	return nil
}

// redactedURL is a URL without what may be a credential: the user and
// password (over ssh only the password) and the query.
func redactedURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.Scheme == "ssh" && u.User != nil {
		shown.User = url.User(u.User.Username())
	}
	return clip(shown.String())
}

// clip shortens what a message quotes.
func clip(text string) string {
	const most = 200
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
