package verify_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// cosign `verify a b`: the format is detected for each image, not from the
// first.
func TestThreatCosignVerifyABFormatOfEachImage(t *testing.T) {
	f := newFleet(t, 4, verifytest.FormTag, verifytest.FormBundle)
	if report := f.check(t, registry.Options{}); report.Verdict != policy.Pass || report.Summary.Pass != 4 {
		t.Errorf("verdict %s, %d of 4 images pass", report.Verdict, report.Summary.Pass)
	}
}

// policy-controller 1863: a policy that needs no evidence asks the registry
// for none.
func TestThreatPolicyController1863NoEvidenceNoRequest(t *testing.T) {
	f := newFleet(t, 2, verifytest.FormTag)
	f.policies = policy.Set{Policies: []policy.Policy{{
		Name: "allow", Match: policy.Match{Images: []string{"**"}}, AllowUnmatched: true,
	}}}
	c := &counter{RoundTripper: http.DefaultTransport}
	if report := f.check(t, registry.Options{Base: c}); report.Verdict != policy.Pass || c.requests.Load() != 0 {
		t.Errorf("verdict %s after %d requests, want a pass after none", report.Verdict, c.requests.Load())
	}
}

// conforma/policy PR 1787: an unsigned SBOM or VEX counts for nothing, at the
// tag and in a referrer.
func TestThreatConforma1787UnsignedSBOM(t *testing.T) {
	f := newFleet(t, 1, verifytest.FormTag)
	image, err := f.world.PushImage("acme/unsigned:v1")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		if err := f.world.Push(image, verify.Bundle{Format: format, Payload: []byte(fleetSBOM)}); err != nil {
			t.Fatal(err)
		}
	}
	pod := fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: %q}]}\n", image.Pinned())
	f.tree.FS = fstest.MapFS{"pod.yaml": {Data: []byte(pod)}}
	got := f.check(t, registry.Options{}).Images[0]
	if got.Verdict != policy.Fail || len(got.Evidence) != 0 || len(got.Rejected) != 2 {
		t.Errorf("verdict %s, evidence %v, rejected %v; want a fail with both rejected", got.Verdict, got.Evidence, got.Rejected)
	}
}
