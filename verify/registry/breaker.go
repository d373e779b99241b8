package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/syncgate/syncgate/bounds"
)

// breaker gives up on hosts that do not answer. A host that lets every
// request run into its time limit then costs a run that time once or a few
// times, and not again for each of its images.
type breaker struct {
	next   http.RoundTripper
	mu     sync.Mutex
	misses map[string]miss
}

// miss is how many requests to a host failed since one was answered in full,
// and whether the last of them because it took too long.
type miss struct {
	inARow  int
	timeout bool
}

// gaveUpError is that a host is asked nothing more in this run.
type gaveUpError struct {
	host    string
	timeout bool
}

func (e *gaveUpError) Error() string {
	how := "failed connections"
	if e.timeout {
		how = "timeouts"
	}
	return fmt.Sprintf("gave up on %s after %d %s in a row", e.host, bounds.HostFailures, how)
}

// RoundTrip sends the request and notes what becomes of it, until the answer
// was read to its end.
func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err != nil {
		b.note(req, err)
		return nil, err
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, breaker: b, req: req}
	return resp, nil
}

// open says that a host is given up on, if it is.
func (b *breaker) open(host string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.misses[host]; m.inARow >= bounds.HostFailures {
		return &gaveUpError{host: host, timeout: m.timeout}
	}
	return nil
}

// note counts a request that its host did not answer. What ended because the
// caller's own time ran out says nothing of the host.
func (b *breaker) note(req *http.Request, err error) {
	gaveUp := new(gaveUpError)
	timeout := isTimeout(err)
	if req.Context().Err() != nil || errors.As(err, &gaveUp) || !timeout && !isNetwork(err) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.misses == nil {
		b.misses = map[string]miss{}
	}
	b.misses[req.URL.Host] = miss{b.misses[req.URL.Host].inARow + 1, timeout}
}

// answered notes that a host answered in full. A host that was given up on
// stays so, so that a run treats all of its images alike.
func (b *breaker) answered(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.misses[host].inARow < bounds.HostFailures {
		delete(b.misses, host)
	}
}

// watchedBody tells the breaker how reading an answer ended.
type watchedBody struct {
	io.ReadCloser
	breaker *breaker
	req     *http.Request
}

func (w *watchedBody) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		w.breaker.answered(w.req.URL.Host)
	case err != nil:
		w.breaker.note(w.req, err)
	}
	return n, err
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
