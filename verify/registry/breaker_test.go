package registry_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// failing fails requests for manifests as long as fail says how.
type failing struct {
	fail  func(url string) error
	asked atomic.Int64
}

func (f *failing) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.Contains(req.URL.Path, "/manifests/") {
		f.asked.Add(1)
		if err := f.fail(req.URL.Path); err != nil {
			return nil, err
		}
	}
	return http.DefaultTransport.RoundTrip(req)
}

// The row "ratify PR 116" of what must never happen, and one hostile image
// must not starve the others: a host that lets requests run into their limit
// is given up on, which is unknown.
func TestThreat_OneHostileImage_AHostThatDoesNotAnswerIsGivenUpOn(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code policy.Code
		says string
	}{
		"timeouts":    {context.DeadlineExceeded, verify.CodeRegistryTimeout, "timeouts"},
		"connections": {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, verify.CodeRegistryUnavailable, "failed connections"},
	} {
		t.Run(name, func(t *testing.T) {
			w, other := newWorld(t), newWorld(t)
			other.image("acme/app", "1")
			base := &failing{fail: func(string) error { return c.err }}
			o := options()
			o.Base = base
			registry := client(t, o)
			for i := range 20 {
				_, err := registry.Resolve(t.Context(), fmt.Sprintf("%s/acme/app:%d", w.host, i), verify.Want{})
				f := oneFault(t, err)
				if f.Code != c.code || f.Verdict != policy.Unknown || !f.Retryable {
					t.Fatalf("%d: got %+v", i, f)
				}
				gaveUp := fmt.Sprintf("gave up on %s after %d %s in a row", w.host, bounds.HostFailures, c.says)
				if strings.Contains(f.Message, gaveUp) != (i >= bounds.HostFailures) {
					t.Errorf("%d: %s", i, f.Message)
				}
			}
			if n := base.asked.Load(); n != bounds.HostFailures {
				t.Errorf("it was asked %d times", n)
			}
			_, err := registry.Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), digest(t, sum([]byte("x"))))
			if f := oneFault(t, err); f.Verdict != policy.Unknown || !strings.Contains(f.Message, "gave up") {
				t.Errorf("got %+v", f)
			}
			base.fail = func(string) error { return nil }
			if _, err := registry.Resolve(t.Context(), other.host+"/acme/app:1", verify.Want{}); err != nil {
				t.Errorf("another host: %v", err)
			}
		})
	}
}

func TestAHostThatAnswersNowAndThenIsNotGivenUpOn(t *testing.T) {
	w := newWorld(t)
	base := &failing{fail: func(path string) error {
		if strings.HasSuffix(path, "-good") {
			return nil
		}
		return context.DeadlineExceeded
	}}
	o := options()
	o.Base = base
	registry := client(t, o)
	bad := 0
	for range 10 {
		for range bounds.HostFailures - 1 {
			bad++
			_, err := registry.Resolve(t.Context(), fmt.Sprintf("%s/acme/app:bad%d", w.host, bad), verify.Want{})
			if f := oneFault(t, err); strings.Contains(f.Message, "gave up") {
				t.Fatal(f.Message)
			}
		}
		tag := fmt.Sprint("round", bad, "-good") // what was resolved is not asked for again
		w.image("acme/app", tag)
		if _, err := registry.Resolve(t.Context(), w.host+"/acme/app:"+tag, verify.Want{}); err != nil {
			t.Fatal(err)
		}
	}
}

// Whose caller ran out of time says nothing of the host.
func TestACallerThatStopsGivesUpOnNoHost(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	registry := client(t, options())
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = registry.Resolve(ctx, fmt.Sprintf("%s/acme/app:x%d", w.host, i), verify.Want{})
		})
	}
	group.Wait()
	if _, err := registry.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil {
		t.Error(err)
	}
}
