package charts

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
)

const ociScheme = "oci://"

// repository is where charts are.
type repository struct {
	url *url.URL
	// user is the login that was in the URL.
	user *url.Userinfo
}

// parseRepository reads the URL of a repository.
func parseRepository(text string) (repository, error) {
	if name, ok := cutAlias(text); ok {
		return repository{}, unseen("write the URL of the repository, or commit the chart",
			"repository %q is an alias: what it stands for is in the deployer's own settings", name)
	}
	const hint = "write it as https://host/path or oci://host/path"
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return repository{}, unseen(hint, "repository %q is no URL", shown(text))
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch u.Scheme {
	case "http", "https", "oci":
	default:
		return repository{}, unseen(hint, "repository %q has the scheme %s", shown(text), u.Scheme)
	}
	r := repository{url: u, user: u.User}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	if r.oci() && (u.RawQuery != "" || path.Join("/", u.Path) != "/"+strings.TrimPrefix(u.Path, "/")) {
		return repository{}, unseen(hint, "repository %q is no path of a registry", shown(text))
	}
	return r, nil
}

// cutAlias tells whether a repository is the name of one that helm repo add
// made.
func cutAlias(text string) (name string, ok bool) {
	for _, prefix := range []string{"@", "alias:"} {
		if strings.HasPrefix(text, prefix) {
			return text, true
		}
	}
	return "", false
}

// shown is a text that may hold a login, without it.
func shown(text string) string {
	return regexp.MustCompile(`//[^/@]*@`).ReplaceAllString(text, "//")
}

// checkName refuses names that would lead elsewhere.
func checkName(name string) error {
	if name == "" || name == "." || strings.ContainsAny(name, "\\?#%:@\x00") || path.Clean("/"+name) != "/"+name {
		return unseen("write the name as the repository has it", "%q is no name of a chart", name)
	}
	return nil
}

func (r repository) oci() bool { return r.url.Scheme == "oci" }

// String is the URL without a login.
func (r repository) String() string { return r.url.String() }

// key is the URL with the login: who may read it as the one may not as the
// other.
func (r repository) key() string { return r.user.String() + "@" + r.String() }

// plain tells whether a host may be spoken to without TLS.
func (o Options) plain(host string) bool {
	for _, name := range o.PlainHTTP {
		if name == host || name == hostname(host) {
			return true
		}
	}
	return loopback(hostname(host))
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.Unmap().IsLoopback()
}

// private tells whether a host is written as an address that is not public.
func private(name string) bool {
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return loopback(name)
	}
	addr = addr.Unmap()
	return addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}
