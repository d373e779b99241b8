package registry_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// waits records what is waited for, and waits for nothing.
type waits struct {
	mu   sync.Mutex
	list []time.Duration
}

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

func TestRetries(t *testing.T) {
	const backoff = -1
	for name, c := range map[string]struct {
		status     int
		retryAfter func() string
		deadline   time.Duration
		requests   int
		wait       time.Duration
	}{
		"429 that says when":         {429, seconds("7"), 0, 1 + bounds.Retries, 7 * time.Second},
		"429 that says when, dated":  {429, dated(15 * time.Second), 0, 1 + bounds.Retries, 15 * time.Second},
		"429 until a past date":      {429, dated(-time.Hour), 0, 1 + bounds.Retries, 0},
		"429 that says nothing":      {429, seconds(""), 0, 1 + bounds.Retries, backoff},
		"429 that says nonsense":     {429, seconds("soon"), 0, 1 + bounds.Retries, backoff},
		"429 for a negative time":    {429, seconds("-5"), 0, 1 + bounds.Retries, backoff},
		"429 for too long":           {429, seconds("3600"), 0, 1, 0},
		"429 for longer than waited": {429, seconds("30"), 0, 1, 0},
		"429 past the deadline":      {429, seconds("7"), 5 * time.Second, 1, 0},
		"502":                        {502, seconds(""), 0, 1 + bounds.Retries, backoff},
		"503 that says when":         {503, seconds("1"), 0, 1 + bounds.Retries, time.Second},
		"504":                        {504, seconds(""), 0, 1 + bounds.Retries, backoff},
		"500 is not tried again":     {500, seconds("1"), 0, 1, 0},
		"403 is not tried again":     {403, seconds("1"), 0, 1, 0},
		"404 is not tried again":     {404, seconds("1"), 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/v2/" {
					return false
				}
				if after := c.retryAfter(); after != "" {
					out.Header().Set("Retry-After", after)
				}
				out.WriteHeader(c.status)
				return true
			}
			var waited waits
			o := options()
			o.Wait = waited.wait
			ctx := t.Context()
			if c.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.deadline)
				defer cancel()
			}
			if _, err := client(t, o).Resolve(ctx, w.host+"/acme/app:1", verify.Want{}); err == nil {
				t.Fatal("got no error")
			}
			w.wantRequests(c.requests)
			if c.wait > 0 && len(waited.list) != c.requests-1 {
				t.Fatalf("waited %v", waited.list)
			}
			for i, d := range waited.list {
				low, high := c.wait-2*time.Second, c.wait // a date has whole seconds
				if c.wait == backoff {
					low, high = 100*time.Millisecond<<i-50*time.Millisecond, 300*time.Millisecond<<i
				}
				if d < max(low, 0) || d > high {
					t.Errorf("wait %d is %v, want %v to %v", i, d, low, high)
				}
			}
		})
	}
}

func seconds(s string) func() string { return func() string { return s } }

func dated(d time.Duration) func() string {
	return func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
}

func TestARetryThatHelpsIsASuccess(t *testing.T) {
	for name, trouble := range map[string]func(http.ResponseWriter){
		"503":              func(out http.ResponseWriter) { out.WriteHeader(503) },
		"429":              func(out http.ResponseWriter) { out.WriteHeader(429) },
		"connection reset": func(out http.ResponseWriter) { hangUp(out, "") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			want := w.image("acme/app", "1")
			var tries atomic.Int64
			w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/v2/" || tries.Add(1) > 2 {
					return false
				}
				trouble(out)
				return true
			}
			s, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
			if err != nil || s.Digest != want {
				t.Errorf("got %v, %v", s.Digest, err)
			}
		})
	}
}

func TestRateLimitSaysHowLong(t *testing.T) {
	w := newWorld(t)
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		out.Header().Set("Retry-After", "3600")
		out.WriteHeader(429)
		return true
	}
	_, err := client(t, options()).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
	if f := oneFault(t, err); !strings.Contains(f.Message, "Retry-After: 3600") || !strings.Contains(f.Hint, "docker login "+w.host) {
		t.Errorf("got %+v", f)
	}
}

// A registry is never asked more at once than is polite, nor less.
func TestRequestsAtOnceAreBounded(t *testing.T) {
	w := newWorld(t)
	var now, most atomic.Int64
	full := make(chan struct{})
	var once sync.Once
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" {
			return false
		}
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n >= bounds.RegistryRequests {
			once.Do(func() { close(full) })
		}
		select {
		case <-full:
		case <-r.Context().Done():
		}
		return false
	}
	c := client(t, options())
	var group sync.WaitGroup
	for i := range 3 * bounds.RegistryRequests {
		d := digest(t, sum([]byte{byte(i)}))
		group.Go(func() { _, _ = tagsOf(c).Bundles(t.Context(), at(w.host+"/acme/app"), d) })
	}
	group.Wait()
	if most.Load() != bounds.RegistryRequests {
		t.Errorf("%d requests at once, want %d", most.Load(), bounds.RegistryRequests)
	}
}

// THREATS: one hostile image must not starve the others: what it holds, it
// gives back when its time is over.
func TestThreat_GHSA_95pr_fxf5_86gv_AHostileImageDoesNotStarveTheOthers(t *testing.T) {
	w := newWorld(t)
	want := w.image("acme/good", "1")
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/acme/evil/") {
			<-r.Context().Done()
			return true
		}
		return false
	}
	c := client(t, options())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var group sync.WaitGroup
	for i := range 2 * bounds.RegistryRequests {
		group.Go(func() {
			_, _ = c.Resolve(ctx, w.host+"/acme/evil:"+string(rune('a'+i%26))+string(rune('a'+i/26)), verify.Want{})
		})
	}
	group.Go(func() {
		if s, err := c.Resolve(t.Context(), w.host+"/acme/good:1", verify.Want{}); err != nil || s.Digest != want {
			t.Errorf("got %v, %v", s.Digest, err)
		}
	})
	group.Wait()
}

// The same of what one image finds out for all: whether there is a referrers API.
func TestThreat_GHSA_95pr_fxf5_86gv_NobodyWaitsForAHostileImagesReferrers(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	evil, good := w.image("acme/evil", "1"), w.image("acme/good", "1")
	w.refer("acme/good", good, bundleV3, bundleV3, "bundle")
	asked := make(chan struct{})
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/acme/evil/referrers/") {
			return false
		}
		close(asked)
		<-r.Context().Done()
		return true
	}
	c := client(t, options())
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _, _ = c.Referrers().Bundles(ctx, at(w.host+"/acme/evil"), evil) })
	<-asked
	found, err := c.Referrers().Bundles(t.Context(), at(w.host+"/acme/good"), good)
	if err != nil || len(found) != 1 {
		t.Errorf("%d bundles, %v", len(found), err)
	}
	cancel()
	group.Wait()
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	w := newWorld(t)
	var opened atomic.Int64
	seen := sync.Map{}
	w.meddle = func(_ http.ResponseWriter, r *http.Request) bool {
		if _, old := seen.LoadOrStore(r.RemoteAddr, true); !old {
			opened.Add(1)
		}
		return false
	}
	c := client(t, options())
	for i := range 10 {
		d := w.image("acme/app", string(rune('a'+i)))
		w.sign("acme/app", "elsewhere/app", d)
		if _, err := tagsOf(c).Bundles(t.Context(), at(w.host+"/acme/app"), d); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n > 4 {
		t.Errorf("%d connections for one image at a time", n)
	}
}

var _ verify.Resolver = (*registry.Client)(nil)
