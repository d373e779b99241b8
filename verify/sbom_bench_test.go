package verify_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// BenchmarkLargeSBOMs verifies 100 images that each have an SBOM of 10,000
// packages. Peak is how much more memory is in use at most than before; the
// registry in the same process is in that.
func BenchmarkLargeSBOMs(b *testing.B) {
	const size, packages = 100, 10_000
	f := newSBOMFleet(b, size, packages)
	for b.Loop() {
		runtime.GC()
		peak, stop := watchHeap()
		if report := f.check(b, registry.Options{}); report.Verdict != policy.Pass {
			b.Fatalf("verdict %s: %+v", report.Verdict, report.Images[0].Findings)
		}
		stop()
		b.ReportMetric(float64(peak.Load())/(1<<20), "MiB-peak")
	}
}

// watchHeap watches by how much the heap grows at most.
func watchHeap() (peak *atomic.Int64, stop func()) {
	peak = new(atomic.Int64)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, done, over := heap(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			peak.Store(max(peak.Load(), heap()-before))
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
	return peak, func() { close(done); <-over }
}

func newSBOMFleet(tb testing.TB, size, packages int) *fleet {
	tb.Helper()
	must := func(err error) {
		if err != nil {
			tb.Helper()
			tb.Fatal(err)
		}
	}
	world, err := verifytest.NewWorld(verifytest.Options{})
	must(err)
	tb.Cleanup(func() { world.Close() })
	key, err := world.Key(verifytest.ECDSAP256)
	must(err)
	var sbom, manifest strings.Builder
	sbom.WriteString(`{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[`)
	for i := range packages {
		fmt.Fprintf(&sbom, `%s{"type":"library","name":"package-%d","version":"1.%d","licenses":[{"license":{"id":"MIT"}}],"purl":"pkg:deb/debian/package-%d@1.%d?arch=amd64"}`,
			[]string{"", ","}[min(i, 1)], i, i, i, i)
	}
	sbom.WriteString("]}")
	for i := range size {
		image, err := world.PushImage(fmt.Sprintf("acme/app-%d:v1", i))
		must(err)
		must(world.Attest(image, key, claim(predicate.TypeCycloneDX, sbom.String()), verifytest.How{Form: verifytest.FormBundle}))
		fmt.Fprintf(&manifest, "---\napiVersion: v1\nkind: Pod\nmetadata: {name: app-%d}\nspec: {containers: [{name: app, image: %q}]}\n", i, image.Pinned())
	}
	const text = "apiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: {name: sbom}\nspec:\n  match: {images: [\"**\"]}\n" +
		"  signers: {a: {key: {file: a.pub}}}\n  require: [{sbom: {signers: [a], deny: {packages: [\"pkg:npm/left-pad\"]}}}]\n"
	policies, err := native.Load(fstest.MapFS{"policy.yaml": {Data: []byte(text)}, "a.pub": {Data: key.PEM()}}, "policy.yaml")
	must(err)
	root, err := sigstore.ParseTrustedRoot(world.TrustedRoot())
	must(err)
	tree := render.Tree{FS: fstest.MapFS{"pods.yaml": {Data: []byte(manifest.String())}}, Revision: render.Revision{Repository: "fleet"}}
	return &fleet{world: world, root: root, policies: policies, tree: tree}
}
