package charts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// refusal is a request that is not made, and why.
type refusal string

func (r refusal) Error() string { return string(r) }

// guard lets requests through that a repository may cause: over TLS, and not
// from a public host to a private one.
type guard struct {
	options Options
	// home is the host of the repository.
	home string
	next http.RoundTripper
}

// RoundTrip sends a request, or refuses it.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	switch u := req.URL; {
	case u.Scheme != "https" && (u.Scheme != "http" || !g.options.plain(u.Host)):
		return nil, refusal(fmt.Sprintf("%s is not reached over HTTPS", u.Host))
	case private(u.Hostname()) && !private(hostname(g.home)):
		return nil, refusal(fmt.Sprintf("%s, a private address, is not reached from %s", u.Host, g.home))
	}
	return g.next.RoundTrip(req)
}

// client returns a client for the requests that a repository causes.
func (f *Fetcher) client(at repository) *http.Client {
	return &http.Client{
		Transport:     &guard{options: f.options, home: at.url.Host, next: f.base},
		CheckRedirect: follow,
	}
}

// follow is the redirect policy: few, never from TLS to none, no login to
// another place, and nothing is told of where one came from.
func follow(req *http.Request, via []*http.Request) error {
	last := via[len(via)-1].URL
	switch {
	case len(via) > bounds.Redirects:
		return refusal("it redirects more than " + strconv.Itoa(bounds.Redirects) + " times")
	case last.Scheme == "https" && req.URL.Scheme != "https":
		return refusal("it redirects from HTTPS to " + req.URL.Scheme)
	}
	if !sameOrigin(via[0].URL, req.URL) {
		req.Header.Del("Authorization")
	}
	req.Header.Del("Referer")
	req.URL.User = nil
	return nil
}

// sameOrigin tells whether two URLs are for the same server.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && origin(a) == origin(b)
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// retry tries a request again that the server was too busy for.
type retry struct {
	next  http.RoundTripper
	wait  func(ctx context.Context, d time.Duration) error
	agent string
}

// RoundTrip sends a request up to bounds.Retries times more.
func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", r.agent)
	for tries := 0; ; tries++ {
		resp, err := r.next.RoundTrip(req)
		if tries == bounds.Retries || !transient(req, resp, err) {
			return resp, err
		}
		delay := 200 * time.Millisecond << tries
		delay = delay/2 + rand.N(delay)
		if resp != nil {
			if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 31); err == nil {
				delay = time.Duration(seconds) * time.Second
			}
		}
		if until, ok := req.Context().Deadline(); delay > bounds.RetryAfter || ok && time.Now().Add(delay).After(until) {
			return resp, err // the answer that there is says more
		}
		if resp != nil {
			_, _ = io.CopyN(io.Discard, resp.Body, bounds.HandshakeBytes)
			_ = resp.Body.Close()
		}
		if err := r.wait(req.Context(), delay); err != nil {
			return nil, err
		}
	}
}

// transient tells whether the same request may fare better in a moment.
func transient(req *http.Request, resp *http.Response, err error) bool {
	if req.Method != http.MethodGet || req.Context().Err() != nil {
		return false
	}
	if err != nil {
		return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
			errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	return busyStatus(resp.StatusCode)
}

func busyStatus(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: bounds.RequestTime / 2, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    bounds.RequestTime / 2,
		ResponseHeaderTimeout:  bounds.RequestTime,
		MaxResponseHeaderBytes: bounds.HandshakeBytes,
	}
}
