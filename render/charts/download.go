package charts

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/netrc"
)

// form says how an answer may be sent.
type form uint8

const (
	// compressed takes the answer packed: what counts is what is in it.
	compressed form = iota
	// verbatim takes the very bytes.
	verbatim
)

// get returns what an HTTP repository has at a URL.
func (f *Fetcher) get(ctx context.Context, at repository, u *url.URL, as form) ([]byte, error) {
	what, limit := u.Redacted(), int64(bounds.IndexBytes)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, unseen("", "get %s: it is no URL", what)
	}
	if as == verbatim {
		req.Header.Set("Accept-Encoding", "identity")
		limit = bounds.ChartArchiveBytes
	}
	user, known := f.login(at)
	if sent := known && sameOrigin(at.url, u); sent {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	resp, err := f.client(at).Do(req)
	if err != nil {
		return nil, requestProblem(what, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, statusProblem(what, resp.StatusCode, known)
	}
	return readAll(what, resp.Body, limit)
}

// File returns what is at an http or https URL, as others write it: its host
// is not asked over plain HTTP unless it is named for that, and no public host
// leads to a private one. Its errors are as those of Fetch.
func (f *Fetcher) File(ctx context.Context, address string) ([]byte, error) {
	at, err := parseRepository(address)
	if err != nil {
		return nil, err
	}
	if at.oci() || f.options.Network == Offline {
		return nil, unseen("copy it into the repository", "%s is not at hand, and the network may not be asked", at)
	}
	u := *at.url
	return f.files.do(ctx, at.key(), func(ctx context.Context) ([]byte, error) { return f.get(ctx, at, &u, compressed) })
}

// readAll reads an answer to its end.
func readAll(what string, body io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, requestProblem(what, err)
	}
	if int64(len(data)) > limit {
		return nil, unseen("commit the chart to the repository", "get %s: the answer exceeds the limit of %d bytes", what, limit)
	}
	return data, nil
}

// login returns the login of an HTTP repository: that in its URL, else that
// in the netrc file. It is sent over TLS, or to this very machine.
func (f *Fetcher) login(at repository) (*url.Userinfo, bool) {
	if at.url.Scheme != "https" && !loopback(at.url.Hostname()) {
		return nil, false
	}
	if at.user != nil {
		return at.user, true
	}
	found, ok := netrc.Lookup(at.url.Hostname())
	if !ok || found.Default {
		return nil, false
	}
	return url.UserPassword(found.User, found.Password), true
}

// requestProblem returns the problem of a request without an answer.
func requestProblem(what string, err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // the URL that it names may hold a secret
	}
	var refused refusal
	var timeout net.Error
	var problem *render.Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &refused):
		return unseen("use a repository that is reached over HTTPS, or name its host with --plain-http", "get %s: %s", what, string(refused))
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return busy("try again", "get %s: the server did not answer in time", what)
	}
	return busy("check the URL and the network", "get %s: %s", what, oneLine(err.Error()))
}

// statusProblem returns the problem of an answer that is none.
func statusProblem(what string, status int, known bool) error {
	text := strings.TrimSpace(http.StatusText(status))
	switch {
	case busyStatus(status):
		return busy("try again", "get %s: the server is busy: it answers %d %s", what, status, text)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		hint := "add its host to ~/.netrc, or log in with docker login for a registry"
		if known {
			hint = "check the login: one was sent"
		}
		return unseen(hint, "get %s: the server answers %d %s", what, status, text)
	case status >= http.StatusInternalServerError:
		return busy("try again", "get %s: the server answers %d %s", what, status, text)
	}
	return unseen("check the URL, and that it can be read without a login", "get %s: the server answers %d %s", what, status, text)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
