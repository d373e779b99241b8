package registry_test

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// gather asks both stores, as a gate does whose policy is never settled.
func gather(t testing.TB, c *registry.Client, repository string, d policy.Digest) []verify.Bundle {
	t.Helper()
	var all []verify.Bundle
	for _, store := range []verify.Store{tagsOf(c), c.Referrers()} {
		bundles, err := store.Bundles(t.Context(), at(repository), d)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bundles...)
	}
	return all
}

func TestAColdImageCostsSixRequests(t *testing.T) {
	for _, api := range []bool{true, false} {
		w := newWorld(t, ggcr.WithReferrersSupport(api))
		d := w.image("acme/app", "1")
		w.sign("acme/app", w.host+"/acme/app", d)
		w.attest("acme/app", d, "one", "two", "three")
		c := client(t, options())
		s, err := c.Resolve(t.Context(), w.host+"/acme/app@"+d.String(), verify.Want{})
		if err != nil {
			t.Fatal(err)
		}
		bundles := gather(t, c, s.Repository, s.Digest)
		if got := formats(bundles); got != "simplesigning dsse dsse dsse" {
			t.Errorf("got %s", got)
		}
		first := bundles[0]
		if string(first.Payload) != string(payload(w.host+"/acme/app", d)) || first.Annotations["dev.cosignproject.cosign/signature"] != "c2ln" {
			t.Errorf("got %+v", first)
		}
		if want := w.host + "/acme/app:sha256-" + d.Hex() + ".att layer 2"; bundles[2].Location != want || string(bundles[2].Payload) != "two" {
			t.Errorf("got %s %q, want %s", bundles[2].Location, bundles[2].Payload, want)
		}
		want := 6
		if !api {
			want++ // it is found out once that there is no API
		}
		w.wantRequests(want)
		other := w.image("acme/app", "2")
		w.sign("acme/app", w.host+"/acme/app", other)
		w.attest("acme/app", other, "four", "five", "six")
		gather(t, c, s.Repository, other)
		w.wantRequests(6)
	}
}

func TestNoEvidenceIsNoError(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	d := w.image("acme/app", "1")
	if got := gather(t, client(t, options()), w.host+"/acme/app", d); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	w.wantRequests(3)
	if got := gather(t, client(t, options()), w.host+"/acme/none", d); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// The payload is taken without a request only where its digest shows that it
// is what cosign writes.
func TestAPayloadThatCannotBePredictedIsFetched(t *testing.T) {
	w := newWorld(t)
	o := options()
	o.Base = routed{"index.docker.io": w}
	for reference, requests := range map[string]int{
		"index.docker.io/library/nginx": 2, "docker.io/library/nginx": 2, "docker.io/nginx": 2, "library/nginx": 2, "nginx": 2,
		"mirror.example/library/nginx": 3, "docker.io/evil": 3,
	} {
		d := w.image("library/nginx", "for-"+sum([]byte(reference))[7:20])
		w.sign("library/nginx", reference, d)
		bundles, err := tagsOf(client(t, o)).Bundles(t.Context(), at("index.docker.io/library/nginx"), d)
		if err != nil || len(bundles) != 1 || string(bundles[0].Payload) != string(payload(reference, d)) {
			t.Errorf("%s: got %+v, %v", reference, bundles, err)
		}
		w.wantRequests(requests)
	}
}

func TestALayerThatIsInItsDescriptorIsNotFetched(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	inline := func(content, data string) object {
		return object{"mediaType": dsse, "digest": sum([]byte(content)), "size": len(content), "data": []byte(data)}
	}
	w.blob("acme/app", dsse, []byte("fetched"))
	w.manifest("acme/app", "sha256-"+d.Hex()+".att", ociManifest, imageManifest(inline("inline", "inline"), inline("fetched", "forged!")))
	bundles, err := tagsOf(client(t, options())).Bundles(t.Context(), at(w.host+"/acme/app"), d)
	if err != nil || len(bundles) != 2 || string(bundles[0].Payload) != "inline" || string(bundles[1].Payload) != "fetched" {
		t.Fatalf("got %+v, %v", bundles, err)
	}
	w.wantRequests(3)
}

func TestWhatTwoImagesShareIsFetchedOnce(t *testing.T) {
	w := newWorld(t)
	c := client(t, options())
	for i := range 3 {
		d := w.image("acme/app", fmt.Sprint(i))
		w.attest("acme/app", d, "shared", "shared")
		if bundles, err := tagsOf(c).Bundles(t.Context(), at(w.host+"/acme/app"), d); err != nil || len(bundles) != 2 {
			t.Fatalf("got %+v, %v", bundles, err)
		}
	}
	if n := w.count("/blobs/"); n != 1 {
		t.Errorf("asked for the blob %d times", n)
	}
}

func TestADigestThatSeveralImagesNameIsAskedForOnce(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	d := w.image("acme/app", "1")
	w.attest("acme/app", d, "one")
	w.refer("acme/app", d, bundleV3, bundleV3, "two")
	c := client(t, options())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := formats(gather(t, c, w.host+"/acme/app", d)); got != "dsse bundle" {
				t.Errorf("got %q", got)
			}
		})
	}
	group.Wait()
	w.wantRequests(6)
}

// THREATS: conforma PR 3136, kyverno 17117: what is in memory changes no
// report, and what failed is asked for again.
func TestThreat_Conforma3136_CachedAndUncachedRunsSayTheSame(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	d := w.image("acme/app", "1")
	w.attest("acme/app", d, "one", "two", "three")
	w.refer("acme/app", d, bundleV3, bundleV3, "four")
	broken := true
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if broken && strings.HasSuffix(r.URL.Path, sum([]byte("two"))) {
			ociError(out, 503, "")
			return true
		}
		return false
	}
	tell := func(c *registry.Client) string {
		a, aErr := tagsOf(c).Bundles(t.Context(), at(w.host+"/acme/app"), d)
		b, bErr := c.Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
		return fmt.Sprintf("%q %v %q %v", a, aErr, b, bErr)
	}
	warm := client(t, options())
	for _, broken = range []bool{true, false} {
		for range 2 {
			if got, want := tell(warm), tell(client(t, options())); got != want {
				t.Errorf("cached:\n%s\nuncached:\n%s", got, want)
			}
		}
	}
}

// What a run has read does not stay in memory for as long as the run.
func TestARunDoesNotKeepAllEvidence(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	var digests []policy.Digest
	for i := range 120 {
		d := w.image("acme/app", fmt.Sprint(i))
		large := strings.Repeat("x", 200<<10)
		w.attest("acme/app", d, fmt.Sprint(i, "a", large), fmt.Sprint(i, "b", large), fmt.Sprint(i, "c", large))
		digests = append(digests, d)
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	c := client(t, options())
	before := heap()
	for _, d := range digests {
		if bundles, err := tagsOf(c).Bundles(t.Context(), at(w.host+"/acme/app"), d); err != nil || len(bundles) != 3 {
			t.Fatalf("got %d bundles, %v", len(bundles), err)
		}
	}
	if grown := heap() - before; grown > 3*bounds.MemoBytes {
		t.Errorf("72 MB of evidence leave %d MB in memory", grown>>20)
	}
	runtime.KeepAlive(c)
}

func TestReferrersThatHoldEvidence(t *testing.T) {
	for _, c := range []struct{ artifactType, mediaType, want string }{
		{bundleV3, bundleV3, "bundle"},
		{"application/vnd.dev.sigstore.bundle+json;version=0.1", "application/vnd.dev.sigstore.bundle+json;version=0.1", "bundle"},
		{"application/vnd.dev.sigstore.bundle+json;version=0.2", "application/vnd.dev.sigstore.bundle+json;version=0.2", "bundle"},
		{dsse, dsse, "dsse"},
		{"application/vnd.in-toto+json", "application/vnd.in-toto+json", "dsse"},
		{"application/vnd.in-toto+json", dsse, "dsse"},
		{"application/vnd.dev.cosign.artifact.sig.v1+json", simpleSigning, "simplesigning"},
		{"application/vnd.dev.cosign.artifact.att.v1+json", dsse, "dsse"},
		{"application/vnd.oci.empty.v1+json", bundleV3, "bundle"},
		{"application/vnd.cncf.notary.signature", "application/jose+json", "unsupported"},
		{"application/spdx+json", "application/spdx+json", "unsupported"},
		{"application/vnd.oci.empty.v1+json", "application/spdx+json", "unsupported"},
	} {
		for _, api := range []bool{true, false} {
			w := newWorld(t, ggcr.WithReferrersSupport(api))
			d := w.image("acme/app", "1")
			r := w.refer("acme/app", d, c.artifactType, c.mediaType, "content")
			w.fallback("acme/app", d, c.artifactType, r)
			bundles, err := client(t, options()).Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
			if err != nil || formats(bundles) != c.want {
				t.Errorf("%s: got %+v, %v", c.artifactType, bundles, err)
				continue
			}
			b := bundles[0]
			if c.want == "unsupported" {
				if len(b.Payload) > 0 || !strings.Contains(b.Location, "type") || w.count("/blobs/") > 0 {
					t.Errorf("%s: got %+v", c.artifactType, b)
				}
			} else if string(b.Payload) != "content" || b.Location != w.host+"/acme/app@"+r.String()+" layer 1" {
				t.Errorf("%s: got %+v", c.artifactType, b)
			}
		}
	}
}

// THREATS: policy-controller PR 1971: a forged list of referrers.
func TestThreat_PolicyController1971_AReferrerOfAnotherImageIsNoEvidenceAndIsTold(t *testing.T) {
	w := newWorld(t)
	d, other := w.image("acme/app", "1"), w.image("acme/app", "2")
	foreign := w.refer("acme/app", other, bundleV3, bundleV3, "foreign")
	none := w.manifest("acme/app", "", ociManifest, imageManifest(w.blob("acme/app", bundleV3, []byte("none"))))
	own := w.refer("acme/app", d, bundleV3, bundleV3, "own")
	w.fallback("acme/app", d, bundleV3, foreign, none, own)
	bundles, err := client(t, options()).Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
	if err != nil || formats(bundles) != "unsupported unsupported bundle" || string(bundles[2].Payload) != "own" {
		t.Fatalf("got %+v, %v", bundles, err)
	}
	if !strings.Contains(bundles[0].Location, "not of this image") || !strings.Contains(bundles[0].Location, other.String()) {
		t.Errorf("got %q", bundles[0].Location)
	}
}

func TestWhetherThereIsAnAPIIsAskedOnceEvenByManyAtOnce(t *testing.T) {
	w := newWorld(t)
	c := client(t, options())
	var group sync.WaitGroup
	for i := range 20 {
		d := w.image("acme/app", fmt.Sprint(i))
		w.fallback("acme/app", d, bundleV3, w.refer("acme/app", d, bundleV3, bundleV3, "own"))
		group.Go(func() {
			bundles, err := c.Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
			if err != nil || formats(bundles) != "bundle" {
				t.Errorf("got %+v, %v", bundles, err)
			}
		})
	}
	group.Wait()
	if n := w.count("/referrers/"); n != 1 {
		t.Errorf("asked the API %d times", n)
	}
}

// What registries without the API, or with half of one, answer.
func TestARegistryWithoutAnAPIIsReadByItsFallbackTag(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(out http.ResponseWriter)
		// again tells that the API is asked again for another image.
		again bool
	}{
		"404 as text":      {func(out http.ResponseWriter) { http.Error(out, "404 page not found", 404) }, false},
		"404 as web page":  {func(out http.ResponseWriter) { html(out, 404) }, false},
		"404 NAME_UNKNOWN": {func(out http.ResponseWriter) { ociError(out, 404, "NAME_UNKNOWN") }, true},
		"400":              {func(out http.ResponseWriter) { ociError(out, 400, "MANIFEST_INVALID") }, true},
		"405":              {func(out http.ResponseWriter) { out.WriteHeader(405) }, false},
		"406":              {func(out http.ResponseWriter) { out.WriteHeader(406) }, false},
		"303 to a web site": {func(out http.ResponseWriter) {
			out.Header().Set("Location", "https://web.example/packages")
			out.WriteHeader(303)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/referrers/") {
					c.answer(out)
					return true
				}
				return false
			}
			client := client(t, options())
			for i := range 2 {
				d := w.image("acme/app", fmt.Sprint(i))
				w.fallback("acme/app", d, bundleV3, w.refer("acme/app", d, bundleV3, bundleV3, "own"))
				bundles, err := client.Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
				if err != nil || formats(bundles) != "bundle" {
					t.Errorf("got %+v, %v", bundles, err)
				}
			}
			if n := w.count("/referrers/"); (n == 2) != c.again {
				t.Errorf("asked the API %d times", n)
			}
		})
	}
}

func html(out http.ResponseWriter, status int) {
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	out.WriteHeader(status)
	_, _ = out.Write([]byte("<html>sign in</html>"))
}

func ociError(out http.ResponseWriter, status int, code string) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_, _ = fmt.Fprintf(out, `{"errors":[{"code":%q,"message":"for Bearer s3cr3t"}]}`, code)
}

func TestReferrersComeInPages(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	var all []policy.Digest
	for i := range 3 {
		all = append(all, w.refer("acme/app", d, bundleV3, bundleV3, fmt.Sprint(i)))
	}
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/referrers/") {
			return false
		}
		page := len(r.URL.Query()["last"])
		if page > 0 {
			_, _ = fmt.Sscan(r.URL.Query().Get("last"), &page)
		}
		if page < 2 {
			out.Header().Set("Link", fmt.Sprintf(`<%s?last=%d>; rel="next"`, r.URL.Path, page+1))
		}
		writeList(t, out, all[page:page+1]...)
		return true
	}
	bundles, err := client(t, options()).Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
	var payloads []string
	for _, b := range bundles {
		payloads = append(payloads, string(b.Payload))
	}
	if slices.Sort(payloads); err != nil || formats(bundles) != "bundle bundle bundle" || strings.Join(payloads, "") != "012" {
		t.Errorf("got %+v, %v", bundles, err)
	}
}

// TestTheOrderOfAListDoesNotShow lists the same referrers in two orders.
func TestTheOrderOfAListDoesNotShow(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	var all []policy.Digest
	for i := range 5 {
		all = append(all, w.refer("acme/app", d, bundleV3, bundleV3, fmt.Sprint(i)))
	}
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/referrers/") {
			return false
		}
		writeList(t, out, all...)
		return true
	}
	var orders [2]string
	for i := range orders {
		for _, b := range gather(t, client(t, options()), w.host+"/acme/app", d) {
			orders[i] += b.Location + "\n"
		}
		slices.Reverse(all)
	}
	if orders[0] != orders[1] {
		t.Errorf("got\n%s\nand then\n%s", orders[0], orders[1])
	}
}

func writeList(t testing.TB, out http.ResponseWriter, referrers ...policy.Digest) {
	list := []object{}
	for _, d := range referrers {
		list = append(list, object{"mediaType": ociManifest, "digest": d.String(), "size": 1, "artifactType": bundleV3})
	}
	out.Header().Set("Content-Type", ociIndex)
	_, _ = out.Write(marshal(t, object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": list}))
}

// THREATS: GHSA-cq38-jh5f-37mq, GHSA-vfp6-jrw2-99g9, GHSA-rvrx and GHSA-9m3v:
// endless data. What could be read
// is returned beside the fault.
func TestThreat_GHSA_cq38_jh5f_37mq_EndlessDataIsBounded(t *testing.T) {
	page := 0
	next := func(out http.ResponseWriter, r *http.Request, link string) {
		out.Header().Set("Link", "<"+link+`>; rel="next"`)
	}
	for name, c := range map[string]struct {
		meddle func(w *world, d policy.Digest) func(http.ResponseWriter, *http.Request) bool
		code   policy.Code
		most   int
	}{
		"pages without end": {func(w *world, d policy.Digest) func(http.ResponseWriter, *http.Request) bool {
			return list(w, d, func(out http.ResponseWriter, r *http.Request) {
				page++
				next(out, r, fmt.Sprintf("%s?p=%d", r.URL.Path, page))
			})
		}, verify.CodeLimitExceeded, bounds.ReferrerPages},
		"a page that is its own next": {func(w *world, d policy.Digest) func(http.ResponseWriter, *http.Request) bool {
			return list(w, d, func(out http.ResponseWriter, r *http.Request) { next(out, r, r.URL.Path) })
		}, verify.CodeRegistryProtocol, 1},
		"a next page elsewhere": {func(w *world, d policy.Digest) func(http.ResponseWriter, *http.Request) bool {
			return list(w, d, func(out http.ResponseWriter, r *http.Request) { next(out, r, "http://127.0.0.2:1/v2/") })
		}, verify.CodeRegistryProtocol, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.image("acme/app", "1")
			w.meddle = c.meddle(w, d)
			bundles, err := client(t, options()).Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
			if f := oneFault(t, err); f.Code != c.code || f.Verdict != policy.Unknown || f.Retryable {
				t.Errorf("got %+v", f)
			}
			if formats(bundles) != "bundle" {
				t.Errorf("what could be read is lost: %+v", bundles)
			}
			if n := w.count("/referrers/"); n != c.most {
				t.Errorf("asked for %d pages, want %d", n, c.most)
			}
		})
	}
}

func list(w *world, d policy.Digest, more func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	own := w.refer("acme/app", d, bundleV3, bundleV3, "own")
	return func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/referrers/") {
			return false
		}
		more(out, r)
		writeList(w.t, out, own)
		return true
	}
}

// THREATS: GHSA-88jx-383q-w4qc and others: caps on referrers, layers, bytes.
func TestThreat_GHSA_88jx_383q_w4qc_TooMuchEvidenceIsBounded(t *testing.T) {
	small := func(n int) object { return object{"mediaType": dsse, "digest": sum([]byte("small")), "size": n} }
	repeat := func(n int, d object) []object {
		var all []object
		for range n {
			all = append(all, d)
		}
		return all
	}
	for name, c := range map[string]struct {
		layers []object
		faults int
		read   int
	}{
		"layers":                    {repeat(bounds.Layers+1, small(5)), 1, bounds.Layers},
		"one large layer":           {append(repeat(1, small(bounds.EvidenceBytes+1)), small(5)), 1, 1},
		"large layers that add up":  {append(repeat(3, object{"mediaType": dsse, "digest": sum([]byte("big")), "size": bounds.EvidenceBytes}), small(5)), 4, 0},
		"a layer of less than none": {append(repeat(1, small(-1)), small(5)), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			d := w.image("acme/app", "1")
			w.blob("acme/app", dsse, []byte("small"))
			w.manifest("acme/app", "sha256-"+d.Hex()+".att", ociManifest, imageManifest(c.layers...))
			bundles, err := tagsOf(client(t, options())).Bundles(t.Context(), at(w.host+"/acme/app"), d)
			if len(bundles) != c.read || len(faults(t, err)) != c.faults {
				t.Errorf("got %d bundles, %v", len(bundles), err)
			}
			limited := false
			for _, f := range faults(t, err) {
				limited = limited || f.Code == verify.CodeLimitExceeded && f.Verdict == policy.Unknown
			}
			if !limited {
				t.Errorf("no limit was told: %v", err)
			}
		})
	}
	t.Run("referrers", func(t *testing.T) {
		w := newWorld(t)
		d := w.image("acme/app", "1")
		var all []policy.Digest
		for i := range bounds.Referrers + 1 {
			all = append(all, w.refer("acme/app", d, bundleV3, bundleV3, fmt.Sprint(i)))
		}
		w.fallback("acme/app", d, bundleV3, all...)
		bundles, err := client(t, options()).Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d)
		if f := oneFault(t, err); f.Code != verify.CodeLimitExceeded || len(bundles) != bounds.Referrers {
			t.Errorf("got %d bundles, %+v", len(bundles), f)
		}
	})
}

// One layer that is corrupt is told, and the others are read.
func TestACorruptLayerDoesNotHideTheOthers(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	w.attest("acme/app", d, "one", "two", "three")
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, sum([]byte("two"))) {
			_, _ = out.Write([]byte("TWO"))
			return true
		}
		return false
	}
	bundles, err := tagsOf(client(t, options())).Bundles(t.Context(), at(w.host+"/acme/app"), d)
	if f := oneFault(t, err); f.Code != verify.CodeDigestMismatch || f.Verdict != policy.Fail || !strings.Contains(f.Message, "layer 2") {
		t.Errorf("got %+v", f)
	}
	if len(bundles) != 2 || string(bundles[0].Payload) != "one" || string(bundles[1].Payload) != "three" {
		t.Errorf("got %+v", bundles)
	}
}

func TestANameThatIsNoneIsAskedForNowhere(t *testing.T) {
	c := client(t, options())
	d := digest(t, sum(nil))
	for _, store := range []verify.Store{tagsOf(c), c.Referrers()} {
		for _, repository := range []string{"", "a/../b", "UP/per", "127.0.0.1:1/../v2"} {
			_, err := store.Bundles(t.Context(), at(repository), d)
			if f := oneFault(t, err); f.Code != verify.CodeImageMalformed {
				t.Errorf("%q: got %+v", repository, f)
			}
		}
		if _, err := store.Bundles(t.Context(), at("acme/app"), policy.Digest{}); oneFault(t, err).Verdict == policy.Pass {
			t.Error("a digest that is none passes")
		}
	}
}

func TestASHA512DigestIsLookedForByReferrersOnly(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	w.image("acme/app", "1")
	d := digest(t, "sha512:"+strings.Repeat("ab", 64))
	if got := gather(t, client(t, options()), w.host+"/acme/app", d); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	w.wantRequests(1)
}
