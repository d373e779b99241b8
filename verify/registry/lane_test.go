package registry_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// limitOnce answers the first request for a manifest with 429.
func limitOnce(retryAfter string) func(http.ResponseWriter, *http.Request) bool {
	var met atomic.Bool
	return func(out http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" || met.Swap(true) {
			return false
		}
		out.Header().Set("Retry-After", retryAfter)
		out.WriteHeader(http.StatusTooManyRequests)
		return true
	}
}

// What a registry says to one request about being asked too much holds for
// all requests of the run.
func TestARateLimitHoldsForTheWholeHost(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	w.image("acme/other", "1")
	w.meddle = limitOnce("7")
	var waited waits
	o := options()
	o.Wait = waited.wait
	c := client(t, o)
	for _, name := range []string{"app", "other"} {
		if _, err := c.Resolve(t.Context(), w.host+"/acme/"+name+":1", verify.Want{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(waited.list) != 2 || waited.list[1] < 5*time.Second || waited.list[1] > 7*time.Second {
		t.Errorf("waited %v, want 7s for each, as no time went by", waited.list)
	}
	another := newWorld(t)
	another.image("acme/app", "1")
	if _, err := c.Resolve(t.Context(), another.host+"/acme/app:1", verify.Want{}); err != nil || len(waited.list) != 2 {
		t.Errorf("another host: %v, waited %v", err, waited.list)
	}
}

// A registry that wants to be left alone for longer than a run can wait is
// left alone, and its images are unknown for that reason.
func TestARegistryThatAsksForMoreTimeThanThereIsIsLeftAlone(t *testing.T) {
	for name, c := range map[string]struct {
		retryAfter string
		time       time.Duration
	}{
		"an hour":              {"3600", 0},
		"more than is left":    {"15", 5 * time.Second},
		"a date, an hour away": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.image("acme/app", "1")
			w.meddle = limitOnce(c.retryAfter)
			registry := client(t, options())
			for i := range 3 {
				ctx := t.Context()
				if c.time > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.time)
					defer cancel()
				}
				_, err := registry.Resolve(ctx, fmt.Sprintf("%s/acme/app:%d", w.host, i), verify.Want{})
				f := oneFault(t, err)
				if f.Code != verify.CodeRegistryRateLimited || f.Verdict != policy.Unknown || !f.Retryable || !strings.Contains(f.Message, c.retryAfter) {
					t.Errorf("got %+v", f)
				}
			}
			w.wantRequests(1)
		})
	}
}
