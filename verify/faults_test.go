package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/cache"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

const faultPolicy = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: signed}
spec:
  match: {images: ["**/signed", "**/fine"]}
  signers: {release: {key: {file: release.pub}}}
  require: [{signature: {signers: [release]}}]
---
apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: attested}
spec:
  match: {images: ["**/attested"]}
  signers: {release: {key: {file: release.pub}}}
  require: [{attestation: {signers: [release], predicateType: "https://acme.example/review/v1"}}]
`

// form is a form of evidence, and how an image that has it stands where its
// registry is well.
type form struct {
	name string
	push func(w *verifytest.World, signer *verifytest.Signer) (verifytest.Image, error)
	// noAPI tells that the registry has no referrers API.
	noAPI   bool
	healthy policy.Verdict
}

// pushed is an image with evidence that one function makes and another pushes.
func pushed(name string, make func(*verifytest.World, verifytest.Image, *verifytest.Signer) error) func(*verifytest.World, *verifytest.Signer) (verifytest.Image, error) {
	return func(w *verifytest.World, signer *verifytest.Signer) (verifytest.Image, error) {
		image, err := w.PushImage(name)
		if err != nil {
			return image, err
		}
		return image, make(w, image, signer)
	}
}

func forms() []form {
	review := verifytest.Claim{PredicateType: "https://acme.example/review/v1", Predicate: json.RawMessage(`{"ok": true}`)}
	attest := func(form verifytest.Form) func(*verifytest.World, verifytest.Image, *verifytest.Signer) error {
		return func(w *verifytest.World, i verifytest.Image, s *verifytest.Signer) error {
			return w.Attest(i, s, review, verifytest.How{Form: form})
		}
	}
	return []form{
		{"message-signature bundle", pushed("acme/signed:v1", func(w *verifytest.World, i verifytest.Image, s *verifytest.Signer) error {
			made, err := w.MessageBundle(i, s, verifytest.How{})
			if err != nil {
				return err
			}
			return w.PushReferrer(i, made)
		}), false, policy.Pass},
		{"DSSE bundle", pushed("acme/attested:v1", attest(verifytest.FormBundle)), false, policy.Pass},
		{"cosign .sig", pushed("acme/signed:v1", func(w *verifytest.World, i verifytest.Image, s *verifytest.Signer) error {
			return w.Sign(i, s, verifytest.How{Optional: map[string]string{"build": "1"}})
		}), false, policy.Pass},
		{"cosign .att", pushed("acme/attested:v1", attest(verifytest.FormTag)), false, policy.Pass},
		{"referrers fallback tag", pushed("acme/attested:v1", func(w *verifytest.World, i verifytest.Image, s *verifytest.Signer) error {
			if err := w.Attest(i, s, review, verifytest.How{Form: verifytest.FormBundle}); err != nil {
				return err
			}
			return w.PushFallback(i)
		}), true, policy.Pass},
		{"unsigned buildkit", func(w *verifytest.World, _ *verifytest.Signer) (verifytest.Image, error) {
			return w.PushBuildKit("acme/attested:v1", review.PredicateType, []byte(`{"_type": "https://in-toto.io/Statement/v0.1"}`))
		}, false, policy.Fail},
		{"notation", pushed("acme/signed:v1", func(w *verifytest.World, i verifytest.Image, _ *verifytest.Signer) error {
			return w.Refer(i, "application/vnd.cncf.notary.signature", []byte("{}"))
		}), false, policy.Fail},
	}
}

// told is what a fault is told as.
type told struct {
	verdict   policy.Verdict
	code      policy.Code
	retryable bool
}

func faultsTold() map[string]told {
	return map[string]told{
		"down":               {policy.Unknown, verify.CodeRegistryUnavailable, true},
		"connection reset":   {policy.Unknown, verify.CodeRegistryUnavailable, true},
		"slow":               {policy.Unknown, verify.CodeDeadlineExceeded, true},
		"truncating":         {policy.Unknown, verify.CodeRegistryUnavailable, true},
		"lying":              {policy.Fail, verify.CodeDigestMismatch, false},
		"announcing":         {policy.Fail, verify.CodeDigestMismatch, false},
		"HEAD is not GET":    {policy.Fail, verify.CodeDigestMismatch, false},
		"redirecting":        {policy.Unknown, verify.CodeRegistryProtocol, false},
		"endless":            {policy.Unknown, verify.CodeLimitExceeded, false},
		"web page":           {policy.Unknown, verify.CodeRegistryProtocol, false},
		"401":                {policy.Unknown, verify.CodeRegistryDenied, false},
		"403":                {policy.Unknown, verify.CodeRegistryDenied, false},
		"429":                {policy.Unknown, verify.CodeRegistryRateLimited, true},
		"429 for a while":    {policy.Unknown, verify.CodeRegistryRateLimited, true},
		"429 for an hour":    {policy.Unknown, verify.CodeRegistryRateLimited, true},
		"500":                {policy.Unknown, verify.CodeRegistryUnavailable, true},
		"503":                {policy.Unknown, verify.CodeRegistryUnavailable, true},
		"wrong content type": {policy.Unknown, verify.CodeRegistryProtocol, false},
		"oversized":          {policy.Unknown, verify.CodeLimitExceeded, false},
		"gzip bomb":          {policy.Unknown, verify.CodeRegistryProtocol, false},
	}
}

// THREATS: ratify PR 116, flux2 4055, conforma 1730 and PR 3136: whatever goes
// wrong in a registry, for whatever form of evidence: it is no pass, it is told
// for what it is, other images have their verdicts, and nothing of it is
// remembered when the registry is well again.
func TestThreatRatify116Flux4055Conforma1730And3136EachFaultOfEachForm(t *testing.T) {
	want := faultsTold()
	for name := range verifytest.Faults() {
		if _, ok := want[name]; !ok {
			t.Errorf("nothing says what %q is told as", name)
		}
	}
	for _, form := range forms() {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			w := newFaultWorld(t, form)
			for _, name := range slices.Sorted(maps.Keys(want)) {
				t.Run(name, func(t *testing.T) { w.meets(t, name, want[name]) })
			}
		})
	}
}

// faultWorld is a registry with one image whose evidence is of some form, and
// a policy for it. The other image is in it by another name of the host, so
// that what is given up on is not its host.
type faultWorld struct {
	*verifytest.World
	form form
	// path is what the paths of the image's requests begin with.
	path string
	// time is what one image has.
	time     time.Duration
	policies policy.Set
	root     *sigstore.TrustedRoot
	tree     render.Tree
}

func newFaultWorld(t *testing.T, form form) *faultWorld {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	world, err := verifytest.NewWorld(verifytest.Options{})
	must(err)
	t.Cleanup(func() { world.Close() })
	w := &faultWorld{World: world, form: form}
	release, err := world.Key(verifytest.ECDSAP256)
	must(err)
	image, err := form.push(world, release)
	must(err)
	w.path = "/v2/" + image.Repository + "/"
	fine, err := world.PushImage("acme/fine:v1")
	must(err)
	must(world.Sign(fine, release, verifytest.How{}))
	w.policies, err = native.Load(fstest.MapFS{
		"policy.yaml": {Data: []byte(faultPolicy)}, "release.pub": {Data: release.PEM()},
	}, "policy.yaml")
	must(err)
	w.root, err = sigstore.ParseTrustedRoot(world.TrustedRoot())
	must(err)
	elsewhere := strings.Replace(fine.Pinned(), "127.0.0.1", "localhost", 1)
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: %q}, {name: b, image: %q}]}\n"
	w.tree = render.Tree{
		FS:       fstest.MapFS{"pod.yaml": {Data: fmt.Appendf(nil, pod, image.Pinned(), elsewhere)}},
		Revision: render.Revision{Repository: "faults"},
	}
	return w
}

// verify checks both images, with faults in the registry.
func (w *faultWorld) verify(t *testing.T, kept *cache.Dir, faults ...verifytest.Fault) verify.Report {
	t.Helper()
	if w.form.noAPI {
		faults = append(faults, verifytest.On("/referrers/", verifytest.Answers(404, "")))
	}
	w.Break(faults...)
	client := registry.New(registry.Options{
		Cache: kept, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	defer client.Close()
	f := &fleet{world: w.World, root: w.root, policies: w.policies, tree: w.tree}
	gate := f.gate(t, client)
	gate.ImageTime = w.time
	return f.checkWith(t, gate)
}

// meets lets the image's requests meet a fault, and the registry be well again.
func (w *faultWorld) meets(t *testing.T, fault string, want told) {
	kept := cache.Open(t.TempDir(), 1<<20)
	w.time = time.Minute
	if fault == "slow" {
		w.time = 2 * time.Second
	}
	report := w.verify(t, kept, verifytest.On(w.path, verifytest.Faults()[fault]))
	image, fine := report.Images[0], report.Images[1]
	if fine.Verdict != policy.Pass {
		t.Errorf("the other image: %s: %+v", fine.Verdict, fine.Findings)
	}
	if image.Verdict == policy.Pass || image.Verdict != want.verdict {
		t.Errorf("verdict %s, want %s", image.Verdict, want.verdict)
	}
	isTold := func(f policy.Finding) bool {
		return f.Code == want.code && f.Retryable == want.retryable && f.Verdict == want.verdict && !f.Warning
	}
	if !slices.ContainsFunc(image.Findings, isTold) {
		t.Errorf("no finding is %+v:\n%+v", want, image.Findings)
	}
	for _, f := range image.Findings {
		if f.Verdict == policy.Fail && want.verdict != policy.Fail {
			t.Errorf("a fail is told: %+v", f)
		}
	}
	report = w.verify(t, kept)
	if got := report.Images[0]; got.Verdict != w.form.healthy || report.Images[1].Verdict != policy.Pass {
		t.Errorf("when the registry is well again: %s: %+v", got.Verdict, got.Findings)
	}
}
