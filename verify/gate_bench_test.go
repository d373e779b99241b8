package verify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/cache"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// fleet is a world of images that each have a signature and three
// attestations, a tree that deploys them, and the policy that asks for them.
type fleet struct {
	world    *verifytest.World
	root     *sigstore.TrustedRoot
	policies policy.Set
	tree     render.Tree
	scanner  *verifytest.Signer
	images   []verifytest.Image
}

const fleetPolicy = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: fleet}
spec:
  match: {images: ["%s/**"]}
  references: {digest: require}
  signers:
    release: {keyless: {issuer: "https://token.actions.githubusercontent.com", subject: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"}}
    scanner: {key: {file: scanner.pub}}
  require:
    - signature: {signers: [release]}
    - provenance: {signers: [release], builders: ["https://github.com/actions/runner/*"], sources: ["git+https://github.com/acme/*"]}
    - sbom: {signers: [release], formats: [cyclonedx]}
    - vulnerabilities: {signers: [scanner], formats: [cosign-vuln], maxAge: 24h, deny: {severity: high}}
`

const (
	fleetProvenance = `{"buildDefinition": {"buildType": "https://actions.github.io/buildtypes/workflow/v1",
 "externalParameters": {"workflow": {"ref": "refs/tags/v1", "repository": "https://github.com/acme/app", "path": ".github/workflows/release.yml"}},
 "resolvedDependencies": [{"uri": "git+https://github.com/acme/app@refs/tags/v1", "digest": {"gitCommit": "8f5a1b3c9d7e4f60123456789abcdef012345678"}}]},
 "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}}}`
	fleetSBOM = `{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
 "components": [{"type": "library", "name": "golang.org/x/net", "version": "v0.44.0", "purl": "pkg:golang/golang.org/x/net@v0.44.0"}]}`
	fleetScan = `{"invocation": {"uri": "https://ci.acme.example/1", "event_id": "1", "builder.id": "scan"},
 "scanner": {"uri": "pkg:github/aquasecurity/trivy@0.68.0", "version": "0.68.0", "db": {"uri": "", "version": ""},
 "result": {"SchemaVersion": 2, "ArtifactName": "app", "Results": []}},
 "metadata": {"scanStartedOn": "%[1]s", "scanFinishedOn": "%[1]s"}}`
)

func newFleet(tb testing.TB, size int, forms ...verifytest.Form) *fleet {
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
	release := world.Keyless("https://token.actions.githubusercontent.com",
		"https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1",
		map[string]string{"sourceRepositoryURI": "https://github.com/acme/app"})
	scanner, err := world.Key(verifytest.ECDSAP256)
	must(err)
	var manifest strings.Builder
	var images []verifytest.Image
	for i := range size {
		image, err := world.PushImage(fmt.Sprintf("acme/app-%d:v1", i))
		must(err)
		images = append(images, image)
		how := verifytest.How{Form: forms[i%len(forms)]}
		must(world.Sign(image, release, how))
		scan := fmt.Sprintf(fleetScan, world.Now().Format("2006-01-02T15:04:05Z"))
		must(world.Attest(image, release, claim(predicate.TypeSLSA1, fleetProvenance), how))
		must(world.Attest(image, release, claim(predicate.TypeCycloneDX, fleetSBOM), how))
		must(world.Attest(image, scanner, claim(predicate.TypeCosignVuln, scan), how))
		fmt.Fprintf(&manifest, "---\napiVersion: v1\nkind: Pod\nmetadata: {name: app-%d}\nspec: {containers: [{name: app, image: %q}]}\n", i, image.Pinned())
	}
	policies, err := native.Load(fstest.MapFS{
		"policy.yaml": {Data: fmt.Appendf(nil, fleetPolicy, world.Host())},
		"scanner.pub": {Data: scanner.PEM()},
	}, "policy.yaml")
	must(err)
	root, err := sigstore.ParseTrustedRoot(world.TrustedRoot())
	must(err)
	tree := render.Tree{FS: fstest.MapFS{"pods.yaml": {Data: []byte(manifest.String())}}, Revision: render.Revision{Repository: "fleet"}}
	return &fleet{world: world, root: root, policies: policies, tree: tree, scanner: scanner, images: images}
}

func claim(predicateType, text string) verifytest.Claim {
	return verifytest.Claim{PredicateType: predicateType, Predicate: json.RawMessage(text)}
}

// counter counts requests.
type counter struct {
	http.RoundTripper
	requests atomic.Int64
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// check verifies the whole fleet.
func (f *fleet) check(tb testing.TB, options registry.Options) verify.Report {
	tb.Helper()
	client := registry.New(options)
	defer client.Close()
	return f.checkWith(tb, f.gate(tb, client))
}

// gate is one that asks by way of a client.
func (f *fleet) gate(tb testing.TB, client *registry.Client) verify.Gate {
	tb.Helper()
	verifier, err := sigstore.New(f.root, f.policies.Keys())
	if err != nil {
		tb.Fatal(err)
	}
	return verify.Gate{
		Resolver: client, Stores: client.Stores(),
		Verifier: verifier, Policies: f.policies, At: f.world.Now(),
	}
}

// render is what the fleet deploys.
func (f *fleet) render(tb testing.TB) render.Rendering {
	tb.Helper()
	units, problems := render.Discover(tb.Context(), f.tree, render.DiscoverOptions{})
	rendering := render.Render(tb.Context(), f.tree, units, map[render.SourceKind]render.Renderer{render.Manifests: manifests.New()})
	rendering.Problems = render.Merge(f.tree.Problems, problems, rendering.Problems)
	return rendering
}

func (f *fleet) checkWith(tb testing.TB, gate verify.Gate) verify.Report {
	tb.Helper()
	report, err := gate.Check(tb.Context(), f.tree.Revision, f.render(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return report
}

// BenchmarkCheckAgain verifies 500 images that are pinned and unchanged a
// second time, with what the first run kept on disk.
func BenchmarkCheckAgain(b *testing.B) {
	for name, form := range map[string]verifytest.Form{"tags": verifytest.FormTag, "bundles": verifytest.FormBundle} {
		b.Run(name, func(b *testing.B) {
			const size = 500
			f := newFleet(b, size, form)
			dir := b.TempDir()
			options := func(base http.RoundTripper) registry.Options {
				return registry.Options{Base: base, Cache: cache.Open(dir, 1<<30)}
			}
			first := f.check(b, options(nil))
			b.ReportAllocs()
			var requests int64
			for b.Loop() {
				c := &counter{RoundTripper: http.DefaultTransport.(*http.Transport).Clone()}
				if report := f.check(b, options(c)); report.Verdict != policy.Pass || !reflect.DeepEqual(report, first) {
					b.Fatalf("verdict %s of %d images, or another report than at first", report.Verdict, report.Summary.Images)
				}
				requests += c.requests.Load()
			}
			b.ReportMetric(float64(requests)/float64(b.N*size), "requests/image")
		})
	}
}

// BenchmarkCheck verifies 50 images that each have a signature and three
// attestations, from a cold start each time. The registry runs in the same
// process, so its time counts too.
func BenchmarkCheck(b *testing.B) {
	for name, form := range map[string]verifytest.Form{"tags": verifytest.FormTag, "bundles": verifytest.FormBundle} {
		b.Run(name, func(b *testing.B) {
			const size = 50
			f := newFleet(b, size, form)
			b.ReportAllocs()
			var requests int64
			for b.Loop() {
				c := &counter{RoundTripper: http.DefaultTransport.(*http.Transport).Clone()}
				if report := f.check(b, registry.Options{Base: c}); report.Verdict != policy.Pass || report.Summary.Images != size {
					b.Fatalf("verdict %s of %d images: %+v", report.Verdict, report.Summary.Images, report.Images[0].Findings)
				}
				requests += c.requests.Load()
			}
			b.ReportMetric(float64(requests)/float64(b.N*size), "requests/image")
		})
	}
}
