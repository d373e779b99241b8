package registry

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// attempt bounds one try of a request: how many are under way at once to a
// host, and how long one may take until its body is read.
type attempt struct {
	next http.RoundTripper
	// open says why a host is asked nothing more, if it is not.
	open      func(host string) error
	userAgent string
	lanes     *lanes
}

// RoundTrip waits for a slot and sends the request, unless its host was given
// up on meanwhile. The slot is free again when the body is closed.
func (a *attempt) RoundTrip(req *http.Request) (*http.Response, error) {
	lane := a.lanes.of(req.URL.Host)
	if err := lane.enter(req.Context()); err != nil {
		return nil, err
	}
	if err := a.open(req.URL.Host); err != nil {
		lane.leave()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), bounds.RequestTime)
	release := sync.OnceFunc(func() {
		cancel()
		lane.leave()
	})
	sent := req.WithContext(ctx)
	if sent.UserAgent() != a.userAgent {
		sent.Header = sent.Header.Clone()
		sent.Header.Set("User-Agent", a.userAgent)
	}
	at := a.lanes.now()
	resp, err := a.next.RoundTrip(sent)
	if err != nil {
		release()
		return nil, err
	}
	if resp.StatusCode != http.StatusTooManyRequests {
		lane.fine()
	}
	resp.Body = &slotBody{resp.Body, release, at}
	return resp, nil
}

// slotBody gives the slot back, and knows when the request was sent.
type slotBody struct {
	io.ReadCloser
	release func()
	sent    time.Time
}

func (b *slotBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}

// retry tries a request again that the registry was too busy for.
type retry struct {
	next  http.RoundTripper
	lanes *lanes
}

// RoundTrip sends the request up to bounds.Retries times more. It never waits
// past the request's deadline: then the answer that there is says more. What
// the host says to one request about being asked too much holds for all: the
// waiting is done where they pass.
func (r *retry) RoundTrip(req *http.Request) (*http.Response, error) {
	for tries := 0; ; tries++ {
		resp, err := r.next.RoundTrip(req)
		if !transient(req, resp, err) {
			return resp, err
		}
		delay, ok := r.delay(resp, tries)
		limited := resp != nil && resp.StatusCode == http.StatusTooManyRequests
		if body, ok := bodyOf(resp); limited && ok {
			r.lanes.of(req.URL.Host).tooMuch(body.sent, delay, printable(resp.Header.Get("Retry-After")))
		}
		deadline, set := req.Context().Deadline()
		if tries == bounds.Retries || !ok || set && r.lanes.now().Add(delay).After(deadline) {
			return resp, err
		}
		if resp != nil {
			discard(resp)
		}
		if limited {
			continue
		}
		if err := r.lanes.wait(req.Context(), delay); err != nil {
			return nil, err
		}
	}
}

func bodyOf(resp *http.Response) (*slotBody, bool) {
	if resp == nil {
		return nil, false
	}
	body, ok := resp.Body.(*slotBody)
	return body, ok
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
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// delay is how long to wait: what the registry asks for, else twice as long
// each time, with jitter. A registry that asks for more than
// bounds.RetryAfter is not asked again.
func (r *retry) delay(resp *http.Response, tries int) (time.Duration, bool) {
	backoff := 200 * time.Millisecond << tries
	backoff = backoff/2 + rand.N(backoff)
	if resp == nil {
		return backoff, true
	}
	asked, ok := retryAfter(resp.Header.Get("Retry-After"), r.lanes.now())
	if !ok {
		return backoff, true
	}
	return asked, asked <= bounds.RetryAfter
}

// retryAfter reads a Retry-After header, seconds or an HTTP date (RFC 9110,
// section 10.2.3). It is false where the header says nothing that can be read.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
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

// discard reads what is left of a short answer, so that its connection can be
// used again, and closes it.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, bounds.HandshakeBytes)
	_ = resp.Body.Close()
}

// follow is the redirect policy: few, never from TLS to none, never from a
// public host to a private address, and nothing is told of where one came
// from.
func follow(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	switch {
	case len(via) > bounds.Redirects:
		return protocolError("it redirects more than " + strconv.Itoa(bounds.Redirects) + " times")
	case from.Scheme == "https" && req.URL.Scheme != "https":
		return protocolError("it redirects from HTTPS to " + req.URL.Scheme)
	case from.Hostname() != req.URL.Hostname() && private(req.URL.Hostname()) && !private(from.Hostname()):
		return protocolError("it redirects to " + req.URL.Host + ", a private address")
	}
	req.Header.Del("Referer")
	req.Header.Del("Authorization")
	req.URL.User = nil
	return nil
}

// followHome is follow for one host: an answer that redirects to another host
// is taken as it is.
func followHome(req *http.Request, via []*http.Request) error {
	if req.URL.Host != via[0].URL.Host {
		return http.ErrUseLastResponse
	}
	return follow(req, via)
}

// private tells whether a host is written as an address that is not public.
func private(host string) bool {
	if loopback(host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.Unmap().IsPrivate() || addr.Unmap().IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified())
}
