package forge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// Transport carries the requests of a forge's client: it tries again what a
// server limits or fails at, waits for as long as it asks, and bounds what is
// read of an answer.
type Transport struct {
	// Base carries each try. Nil is http.DefaultTransport.
	Base http.RoundTripper
	// Wait waits between tries. Nil waits on the clock.
	Wait func(ctx context.Context, d time.Duration) error
	// Now is the clock, for servers that say when to come again. Nil is time.Now.
	Now func() time.Time
}

// Client is an HTTP client on t. It follows no redirect: a token is for the
// server that it was given for.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
	}
	for try := 0; ; try++ {
		resp, err := t.once(r, body)
		wait, again := t.again(resp, err, try)
		if !again || r.Context().Err() != nil {
			return resp, err
		}
		if resp != nil {
			_ = resp.Body.Close()
		}
		if err := t.wait(r.Context(), wait); err != nil {
			return nil, err
		}
	}
}

// once is one try, within bounds of time and size.
func (t *Transport) once(r *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), bounds.RequestTime)
	defer cancel()
	try := r.Clone(ctx)
	if body != nil {
		try.Body = io.NopCloser(bytes.NewReader(body))
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(try)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, bounds.ForgeBytes+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if len(text) > bounds.ForgeBytes {
		return nil, fmt.Errorf("its answer is larger than %d bytes", bounds.ForgeBytes)
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}

// again tells whether to try again, and after how long.
func (t *Transport) again(resp *http.Response, err error, try int) (time.Duration, bool) {
	if try >= bounds.Retries {
		return 0, false
	}
	backoff := time.Second << try
	if err != nil {
		return backoff, true
	}
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && limited(resp.Header):
		wait := cmp.Or(t.asked(resp.Header), backoff)
		return wait, wait <= bounds.ForgeRetryAfter
	case status >= 500 && status != http.StatusNotImplemented:
		return backoff, true
	}
	return 0, false
}

// limited tells that a refusal is about the rate. GitHub says so with 403 too.
func limited(h http.Header) bool {
	return h.Get("Retry-After") != "" || h.Get("X-Ratelimit-Remaining") == "0"
}

// asked is how long a server asks to wait.
func (t *Transport) asked(h http.Header) time.Duration {
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil && h.Get("X-Ratelimit-Remaining") == "0" {
		now := time.Now
		if t.Now != nil {
			now = t.Now
		}
		return max(time.Unix(at, 0).Sub(now()), time.Second)
	}
	return 0
}

func (t *Transport) wait(ctx context.Context, d time.Duration) error {
	if t.Wait != nil {
		return t.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Failed is the error of something that a forge did not do. Status is that of
// its answer, or 0; why is what it said.
func (t Target) Failed(doing string, status int, why error) error {
	hint := ""
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = "; see that the token is valid and may write statuses and comments of this repository"
	case http.StatusNotFound:
		hint = "; see that the repository and the commit exist there, and that the token may see them"
	case 0:
		hint = "; see that " + t.API + " can be reached"
	}
	return fmt.Errorf("%s of %s at %s on %s: %w%s", doing, t.Project, t.Commit, t.Forge, t.without(why), hint)
}

// without is an error without the token, which a server may have repeated.
func (t Target) without(err error) error {
	text := err.Error()
	_, secret, named := strings.Cut(t.Token, ":")
	if !named {
		secret = t.Token
	}
	if len(secret) < 8 || !strings.Contains(text, secret) {
		return err
	}
	return errors.New(strings.ReplaceAll(text, secret, "***"))
}

// NotOurs tells of the status of an answer that a comment was not replaced
// because it is somebody else's: anybody can write one that begins as ours does.
func NotOurs(status int) bool {
	return status == http.StatusForbidden || status == http.StatusNotFound
}

// Said is an error of what a forge said, which is short and of one line.
func Said(status int, text string) error {
	text = Cut(strings.Join(strings.Fields(text), " "), 200)
	if text == "" || strings.Contains(text, "<html") {
		text = http.StatusText(status)
	}
	return fmt.Errorf("it answers %d: %s", status, text)
}
