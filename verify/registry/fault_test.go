package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// operation is something that is asked of a registry, and the requests that a
// fault is put on.
type operation struct {
	name string
	path string
	do   func(ctx context.Context, c *registry.Client, repository string, d policy.Digest) error
}

func operations() []operation {
	resolve := func(reference string, want verify.Want) func(context.Context, *registry.Client, string, policy.Digest) error {
		return func(ctx context.Context, c *registry.Client, repository string, d policy.Digest) error {
			s, err := c.Resolve(ctx, repository+strings.ReplaceAll(reference, "DIGEST", d.String()), want)
			if err == nil && s.Digest.IsZero() {
				return errors.New("empty success")
			}
			return err
		}
	}
	bundles := func(of func(*registry.Client) verify.Store) func(context.Context, *registry.Client, string, policy.Digest) error {
		return func(ctx context.Context, c *registry.Client, repository string, d policy.Digest) error {
			_, err := of(c).Bundles(ctx, at(repository), d)
			return err
		}
	}
	tags, referrers := tagsOf, (*registry.Client).Referrers
	return []operation{
		{"ping", "/v2/", resolve(":1", verify.Want{})},
		{"tag", "/manifests/1", resolve(":1", verify.Want{})},
		{"digest", "/manifests/sha256:", resolve("@DIGEST", verify.Want{Existence: true})},
		{"platforms", "/manifests/sha256:", resolve("@DIGEST", verify.Want{Platforms: true})},
		{"signatures", ".sig", bundles(tags)},
		{"attestations", ".att", bundles(tags)},
		{"attestation", "/blobs/", bundles(tags)},
		{"referrers", "/referrers/", bundles(referrers)},
		{"referrer", "/manifests/sha256:", bundles(referrers)},
		{"bundle", "/blobs/", bundles(referrers)},
	}
}

// hits tells whether a request is of the operation.
func (o operation) hits(path string) bool {
	if o.name == "ping" {
		return path == "/v2/"
	}
	return strings.Contains(path, o.path)
}

// outcome is what a fault has to be told as.
type outcome struct {
	code      policy.Code
	verdict   policy.Verdict
	retryable bool
}

// mischief is a way in which a registry goes wrong.
type mischief struct {
	name   string
	answer func(out http.ResponseWriter, r *http.Request)
	want   outcome
	// but are operations for which it means something else.
	but map[string]outcome
}

func status(code int) func(http.ResponseWriter, *http.Request) {
	return func(out http.ResponseWriter, _ *http.Request) { ociError(out, code, "") }
}

func mischiefs() []mischief {
	denied := outcome{verify.CodeRegistryDenied, policy.Unknown, false}
	limited := outcome{verify.CodeRegistryRateLimited, policy.Unknown, true}
	unavailable := outcome{verify.CodeRegistryUnavailable, policy.Unknown, true}
	timeout := outcome{verify.CodeRegistryTimeout, policy.Unknown, true}
	protocol := outcome{verify.CodeRegistryProtocol, policy.Unknown, false}
	limit := outcome{verify.CodeLimitExceeded, policy.Unknown, false}
	mismatch := outcome{verify.CodeDigestMismatch, policy.Fail, false}
	notFound := outcome{verify.CodeImageNotFound, policy.Fail, false}
	fine := outcome{} // where it says that there is none, or says nothing
	found := map[string]outcome{"tag": notFound, "digest": notFound, "platforms": notFound, "signatures": fine, "attestations": fine, "referrers": fine}
	return []mischief{
		{"401", status(401), denied, map[string]outcome{"ping": fine}},
		{"403", status(403), denied, nil},
		{"404", func(out http.ResponseWriter, _ *http.Request) { ociError(out, 404, "MANIFEST_UNKNOWN") }, protocol, found},
		{"404 web page", func(out http.ResponseWriter, _ *http.Request) { html(out, 404) }, protocol, map[string]outcome{"referrers": fine}},
		{"429", status(429), limited, nil},
		{"429 for an hour", func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Retry-After", "3600")
			out.WriteHeader(429)
		}, limited, nil},
		{"500", status(500), unavailable, nil},
		{"502", status(502), unavailable, nil},
		{"503", status(503), unavailable, nil},
		{"503 web page", func(out http.ResponseWriter, _ *http.Request) { html(out, 503) }, unavailable, nil},
		{"418", status(418), protocol, nil},
		{"204", status(204), protocol, nil},
		{"connection reset", func(out http.ResponseWriter, _ *http.Request) { hangUp(out, "") }, unavailable, nil},
		{"truncated", func(out http.ResponseWriter, _ *http.Request) {
			hangUp(out, "HTTP/1.1 200 OK\r\nContent-Type: "+ociManifest+"\r\nContent-Length: 100\r\n\r\n{")
		}, unavailable, map[string]outcome{"ping": fine, "referrers": protocol}},
		{"not HTTP", func(out http.ResponseWriter, _ *http.Request) { hangUp(out, "SSH-2.0-OpenSSH_9.2\r\n\r\n") }, protocol, nil},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, timeout, nil},
		{"web page", func(out http.ResponseWriter, _ *http.Request) { html(out, 200) }, protocol, nil},
		{"JSON that is no manifest", func(out http.ResponseWriter, _ *http.Request) { answer(out, "application/json", "{}") }, protocol,
			map[string]outcome{"ping": fine, "attestation": mismatch, "bundle": mismatch}},
		{"no JSON", func(out http.ResponseWriter, _ *http.Request) { answer(out, ociManifest, "<>") }, protocol,
			map[string]outcome{"ping": fine, "attestation": mismatch, "bundle": mismatch, "digest": mismatch, "platforms": mismatch, "referrer": mismatch}},
		{"nothing", func(out http.ResponseWriter, _ *http.Request) { answer(out, ociManifest, "") }, protocol,
			map[string]outcome{"ping": fine, "attestation": mismatch, "bundle": mismatch, "digest": mismatch, "platforms": mismatch, "referrer": mismatch}},
		{"gzip", func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Encoding", "gzip")
			answer(out, ociManifest, "\x1f\x8b")
		}, protocol, map[string]outcome{"ping": fine}},
		{"huge", func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Length", fmt.Sprint(bounds.EvidenceBytes+1))
			answer(out, ociManifest, "{")
		}, limit, map[string]outcome{"ping": fine, "referrers": protocol}},
		{"endless", endless, limit, map[string]outcome{"ping": fine, "referrers": protocol}},
		{"redirects without end", func(out http.ResponseWriter, r *http.Request) {
			http.Redirect(out, r, r.URL.Path+"?again="+fmt.Sprint(len(r.URL.RawQuery)), http.StatusTemporaryRedirect)
		}, protocol, nil},
		{"redirect to nowhere", func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusFound) }, protocol,
			map[string]outcome{"referrers": protocol}},
	}
}

func answer(out http.ResponseWriter, contentType, body string) {
	out.Header().Set("Content-Type", contentType)
	_, _ = out.Write([]byte(body))
}

func endless(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", ociManifest)
	for r.Context().Err() == nil {
		if _, err := out.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

// hangUp closes the connection after some raw bytes.
func hangUp(out http.ResponseWriter, raw string) {
	conn, _, err := out.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte(raw))
	if raw == "" {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	_ = conn.Close()
}

// THREATS: ratify PR 116, flux2 4055, conforma 1730: each fault is told as
// what it is, on each way to the registry, and none is an empty success.
func TestThreat_Ratify116_Flux4055_Conforma1730_EachFaultIsToldForWhatItIs(t *testing.T) {
	for _, m := range mischiefs() {
		for _, o := range operations() {
			t.Run(m.name+"/"+o.name, func(t *testing.T) {
				want, ok := m.but[o.name]
				if !ok {
					want = m.want
				}
				checkFault(t, m, o, want)
			})
		}
	}
}

func checkFault(t *testing.T, m mischief, o operation, want outcome) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	d := w.image("acme/app", "1")
	w.attest("acme/app", d, "content")
	w.sign("acme/app", "elsewhere/app", d)
	w.refer("acme/app", d, bundleV3, bundleV3, "bundle")
	var hit atomic.Bool
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if !o.hits(r.URL.Path) {
			return false
		}
		hit.Store(true)
		m.answer(out, r)
		return true
	}
	ctx := t.Context()
	if m.name == "slow" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
	}
	err := o.do(ctx, client(t, options()), w.host+"/acme/app", d)
	if !hit.Load() {
		t.Fatal("the fault was never met")
	}
	if want == (outcome{}) {
		if err != nil {
			t.Fatalf("got %v", err)
		}
		return
	}
	for _, f := range faults(t, err) {
		if got := (outcome{f.Code, f.Verdict, f.Retryable}); got != want {
			t.Errorf("got %+v: %v; want %+v", got, f, want)
		}
		if !strings.Contains(f.Message, w.host) || !strings.Contains(f.Message, "acme/app") || f.Hint == "" || strings.Contains(f.Message, "?") {
			t.Errorf("message %q, hint %q", f.Message, f.Hint)
		}
		if all := f.Message + f.Hint + fmt.Sprintf("%+v", f.Err); strings.Contains(all, "s3cr3t") {
			t.Errorf("a secret is told: %s", all)
		}
	}
	if err == nil {
		t.Fatal("an empty success")
	}
}

func TestAHostThatIsNotThereIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	_ = listener.Close()
	_, err = client(t, options()).Resolve(t.Context(), host+"/acme/app:1", verify.Want{})
	f := oneFault(t, err)
	if f.Code != verify.CodeRegistryUnavailable || f.Verdict != policy.Unknown || !f.Retryable || !strings.Contains(f.Message, "connection refused") {
		t.Errorf("got %+v", f)
	}
}

// dialing fails as a host does whose name has no address.
type noSuchHost struct{}

func (noSuchHost) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "registry.invalid", IsNotFound: true}}
}

func TestANameWithoutAnAddressIsUnavailable(t *testing.T) {
	o := options()
	o.Base = noSuchHost{}
	_, err := client(t, o).Resolve(t.Context(), "registry.invalid/acme/app:1", verify.Want{})
	f := oneFault(t, err)
	if f.Code != verify.CodeRegistryUnavailable || !f.Retryable || !strings.Contains(f.Message, `"registry.invalid": no such host`) {
		t.Errorf("got %+v", f)
	}
}

func TestTLSTroubleIsToldAsSuch(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	port := w.host[strings.LastIndex(w.host, ":"):]
	t.Run("no TLS where it is due", func(t *testing.T) {
		o := options()
		o.Base = dialAll(w.host)
		_, err := client(t, o).Resolve(t.Context(), "registry.example"+port+"/acme/app:1", verify.Want{})
		if f := oneFault(t, err); f.Code != verify.CodeRegistryProtocol || !strings.Contains(f.Hint, "--plain-http registry.example") {
			t.Errorf("got %+v", f)
		}
		o.PlainHTTP = []string{"registry.example"}
		if _, err = client(t, o).Resolve(t.Context(), "registry.example"+port+"/acme/app:1", verify.Want{}); err != nil {
			t.Errorf("with --plain-http: %v", err)
		}
	})
}

func dialAll(host string) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, host)
	}}
}
