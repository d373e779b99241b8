package verify_test

import (
	"net/http"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// cosign `verify a b`: the format is detected for each image, not from the
// first.
func TestThreatCosignVerifyABFormatOfEachImage(t *testing.T) {
	f := newFleet(t, 4, verifytest.FormTag, verifytest.FormBundle)
	if report := f.check(t, http.DefaultTransport); report.Verdict != policy.Pass || report.Summary.Pass != 4 {
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
	if report := f.check(t, c); report.Verdict != policy.Pass || c.requests.Load() != 0 {
		t.Errorf("verdict %s after %d requests, want a pass after none", report.Verdict, c.requests.Load())
	}
}
