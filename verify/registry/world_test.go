package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

const (
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ociIndex       = "application/vnd.oci.image.index.v1+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	simpleSigning  = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsse           = "application/vnd.dsse.envelope.v1+json"
	bundleV3       = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// world is a registry on loopback that records what it is asked for.
type world struct {
	t       testing.TB
	server  *httptest.Server
	inner   http.Handler
	host    string
	mu      sync.Mutex
	asked   []string
	headers []http.Header
	// meddle answers instead of the registry where it returns true.
	meddle func(w http.ResponseWriter, r *http.Request) bool
}

func newWorld(t testing.TB, options ...ggcr.Option) *world {
	w := &world{t: t}
	w.inner = ggcr.New(append(options, ggcr.Logger(log.New(io.Discard, "", 0)))...)
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	w.host = strings.TrimPrefix(w.server.URL, "http://")
	return w
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked = append(w.asked, r.Method+" "+r.URL.RequestURI())
	w.headers = append(w.headers, r.Header.Clone())
	meddle := w.meddle
	w.mu.Unlock()
	if meddle != nil && meddle(out, r) {
		return
	}
	w.inner.ServeHTTP(out, r)
}

// requests are those since the last call, but for the ping.
func (w *world) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, r := range w.asked {
		if r != "GET /v2/" {
			list = append(list, r)
		}
	}
	w.asked, w.headers = nil, nil
	return list
}

func (w *world) count(substring string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.asked {
		if strings.Contains(r, substring) {
			n++
		}
	}
	return n
}

func (w *world) wantRequests(n int) {
	w.t.Helper()
	if got := w.requests(); len(got) != n {
		w.t.Errorf("got %d requests, want %d:\n%s", len(got), n, strings.Join(got, "\n"))
	}
}

// options never wait, and know no credentials but those of the test.
func options() registry.Options {
	return registry.Options{
		Keychain: authn.NewMultiKeychain(),
		Wait:     func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

func client(t testing.TB, o registry.Options) *registry.Client {
	c := registry.New(o)
	t.Cleanup(c.Close)
	return c
}

type object map[string]any

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(s[:])
}

func digest(t testing.TB, s string) policy.Digest {
	t.Helper()
	d, err := policy.ParseDigest(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) put(method, path, contentType string, content []byte) {
	w.t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader(content))
	r.Header.Set("Content-Type", contentType)
	out := httptest.NewRecorder()
	w.inner.ServeHTTP(out, r)
	if out.Code != http.StatusCreated {
		w.t.Fatalf("%s %s: %d %s", method, path, out.Code, out.Body)
	}
}

// blob stores content and returns its descriptor.
func (w *world) blob(repo, mediaType string, content []byte) object {
	w.t.Helper()
	w.put("POST", "/v2/"+repo+"/blobs/uploads/?digest="+sum(content), "application/octet-stream", content)
	return object{"mediaType": mediaType, "digest": sum(content), "size": len(content)}
}

// manifest stores a manifest at a tag, or at its digest if tag is "".
func (w *world) manifest(repo, tag, mediaType string, m object) policy.Digest {
	w.t.Helper()
	content, err := json.Marshal(m)
	if err != nil {
		w.t.Fatal(err)
	}
	if tag == "" {
		tag = sum(content)
	}
	w.put("PUT", "/v2/"+repo+"/manifests/"+tag, mediaType, content)
	return digest(w.t, sum(content))
}

func imageManifest(layers ...object) object {
	return object{
		"schemaVersion": 2, "mediaType": ociManifest, "layers": append([]object{}, layers...),
		"config": object{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": sum([]byte("{}")), "size": 2},
	}
}

// image stores an image and returns its digest.
func (w *world) image(repo, tag string) policy.Digest {
	w.t.Helper()
	m := imageManifest()
	m["annotations"] = object{"name": repo + ":" + tag}
	return w.manifest(repo, tag, ociManifest, m)
}

func payload(reference string, d policy.Digest) []byte {
	return []byte(`{"critical":{"identity":{"docker-reference":"` + reference + `"},"image":{"docker-manifest-digest":"` +
		d.String() + `"},"type":"cosign container image signature"},"optional":null}`)
}

// sign stores a signature as cosign does, for an image known as reference.
func (w *world) sign(repo, reference string, d policy.Digest) {
	w.t.Helper()
	l := w.blob(repo, simpleSigning, payload(reference, d))
	l["annotations"] = object{"dev.cosignproject.cosign/signature": "c2ln"}
	w.manifest(repo, "sha256-"+d.Hex()+".sig", ociManifest, imageManifest(l))
}

// attest stores attestations as cosign does.
func (w *world) attest(repo string, d policy.Digest, envelopes ...string) {
	w.t.Helper()
	var layers []object
	for _, e := range envelopes {
		layers = append(layers, w.blob(repo, dsse, []byte(e)))
	}
	w.manifest(repo, "sha256-"+d.Hex()+".att", ociManifest, imageManifest(layers...))
}

// refer stores a referrer of a digest with one layer.
func (w *world) refer(repo string, subject policy.Digest, artifactType, mediaType, content string) policy.Digest {
	w.t.Helper()
	m := imageManifest(w.blob(repo, mediaType, []byte(content)))
	m["artifactType"] = artifactType
	m["config"] = object{"mediaType": artifactType, "digest": sum([]byte("{}")), "size": 2}
	m["subject"] = object{"mediaType": ociManifest, "digest": subject.String(), "size": 1}
	return w.manifest(repo, "", ociManifest, m)
}

// fallback stores the index that stands in for a referrers API.
func (w *world) fallback(repo string, subject policy.Digest, artifactType string, referrers ...policy.Digest) {
	w.t.Helper()
	var list []object
	for _, d := range referrers {
		list = append(list, object{"mediaType": ociManifest, "digest": d.String(), "size": 1, "artifactType": artifactType})
	}
	w.manifest(repo, "sha256-"+subject.Hex(), ociIndex, object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": list})
}

// faults takes an error of the package apart.
func faults(t testing.TB, err error) []*verify.Fault {
	t.Helper()
	if err == nil {
		return nil
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	var found []*verify.Fault
	for _, e := range list {
		var f *verify.Fault
		if !errors.As(e, &f) {
			t.Fatalf("%v is no fault", e)
		}
		found = append(found, f)
	}
	return found
}

func oneFault(t testing.TB, err error) *verify.Fault {
	t.Helper()
	list := faults(t, err)
	if len(list) == 0 {
		t.Fatal("got no error, want a fault")
	}
	return list[0]
}

// formats are the formats of bundles, for comparison.
func formats(bundles []verify.Bundle) string {
	var list []string
	for _, b := range bundles {
		list = append(list, string(b.Format))
	}
	return strings.Join(list, " ")
}

// routed carries requests for hosts to servers, so that a test can use names
// and HTTPS.
type routed map[string]*world

func (r routed) RoundTrip(req *http.Request) (*http.Response, error) {
	w := r[req.URL.Host]
	if w == nil {
		return nil, errors.New("no route to " + req.URL.Host)
	}
	sent := req.Clone(req.Context())
	sent.URL.Scheme, sent.URL.Host, sent.Host = "http", w.host, req.URL.Host
	resp, err := http.DefaultTransport.RoundTrip(sent)
	if err == nil {
		resp.Request = req
	}
	return resp, err
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// content is the manifest at a tag.
func (w *world) content(repo, tag string) []byte {
	w.t.Helper()
	out := httptest.NewRecorder()
	w.inner.ServeHTTP(out, httptest.NewRequest("GET", "/v2/"+repo+"/manifests/"+tag, nil))
	if out.Code != http.StatusOK {
		w.t.Fatalf("get %s:%s: %d", repo, tag, out.Code)
	}
	return out.Body.Bytes()
}

// at is a repository as a source of evidence.
func at(repository string) policy.Source { return policy.Source{Repository: repository} }

// tagged is what cosign keeps at tags: both stores as one.
type tagged struct{ stores [2]verify.Store }

func tagsOf(c *registry.Client) verify.Store {
	return tagged{[2]verify.Store{c.Signatures(), c.Attestations()}}
}

func (t tagged) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) (all []verify.Bundle, err error) {
	var errs []error
	for _, store := range t.stores {
		found, err := store.Bundles(ctx, from, digest)
		all = append(all, found...)
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			errs = append(errs, joined.Unwrap()...)
		} else if err != nil {
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}
