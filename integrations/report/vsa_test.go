package report

import (
	"encoding/json"
	"strings"
	"testing"

	vsa "github.com/in-toto/attestation/go/predicates/vsa/v1"
	statement "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/verify"
)

// TestVSAMeetsItsSchema holds summaries to the published definitions of
// in-toto statements and of verification summaries, field by field.
func TestVSAMeetsItsSchema(t *testing.T) {
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			for line := range strings.Lines(written(t, "vsa", r, Options{Time: signedAt, Verifier: "https://acme.example/verifier"})) {
				var s statement.Statement
				if err := protojson.Unmarshal([]byte(line), &s); err != nil {
					t.Fatalf("%v in %s", err, line)
				}
				if err := s.Validate(); err != nil {
					t.Error(err)
				}
				text, err := protojson.Marshal(s.GetPredicate())
				if err != nil {
					t.Fatal(err)
				}
				var summary vsa.VerificationSummary
				if err := protojson.Unmarshal(text, &summary); err != nil {
					t.Fatalf("%v in %s", err, line)
				}
				if summary.GetVerifier().GetId() != "https://acme.example/verifier" || !summary.GetTimeVerified().AsTime().Equal(signedAt) || summary.GetPolicy().GetUri() == "" || len(summary.GetPolicy().GetDigest()) == 0 {
					t.Errorf("summary %s", line)
				}
				if facts, err := predicate.ParseSummary(s.GetPredicateType(), text); err != nil || !strings.HasPrefix(facts.Resource, "pkg:oci/") {
					t.Errorf("%v in %s", err, line)
				}
			}
		})
	}
}

// TestVSASaysPassedOnlyOfAPass: what fails has FAILED, also where it does not
// count because it is old; what could not be checked, was not resolved, or runs
// unchecked has no summary; and one digest has one.
func TestVSASaysPassedOnlyOfAPass(t *testing.T) {
	image := func(reference string, n int, v policy.Verdict) verify.ImageResult {
		return verify.ImageResult{Reference: reference, Digest: digestOf(t, n), Verdict: v, Policies: []string{"p"}}
	}
	proven := image("registry.example/acme/proven:v1", 6, policy.Pass)
	proven.Requirements = []policy.RequirementResult{
		{Verdict: policy.Pass, Level: 2}, {Verdict: policy.Pass, Level: 3, Lifted: true}, {Verdict: policy.Fail, Level: 3, Warning: true},
	}
	old := image("registry.example/acme/old:v1", 5, policy.Fail)
	old.Change = verify.Old
	unresolved := image("registry.example/acme/gone:v1", 7, policy.Fail)
	unresolved.Digest = policy.Digest{}
	found := func(n int, code policy.Code) verify.ImageResult {
		i := image("registry.example/acme/unchecked:v1", n, policy.Pass)
		i.Findings = []policy.Finding{{Code: code, Verdict: policy.Pass}}
		return i
	}
	r := verify.Report{
		Verdict: policy.Pass, ComparedTo: &verify.Comparison{OldFailures: verify.AllowOld, Old: 1},
		Policies: []verify.PolicyRef{{Name: "p", Digest: digestOf(t, 900)}},
		Images: []verify.ImageResult{
			image("registry.example/acme/a:v1", 1, policy.Pass), image("registry.example/acme/a:v2", 1, policy.Fail),
			image("registry.example/acme/b:v1", 2, policy.Pass), image("registry.example/acme/b:v2", 2, policy.Unknown),
			image("registry.example/acme/c:v1", 3, policy.Fail), image("registry.example/acme/c:v2", 3, policy.Unknown),
			image("registry.example/acme/d:v1", 4, policy.Pass), image("registry.example/other/d:v1", 4, policy.Fail),
			old, proven, unresolved, image("not an image", 8, policy.Fail), {Reference: "registry.example/acme/zero:v1", Digest: digestOf(t, 9)},
			found(10, policy.CodeImageAllowed), found(11, policy.CodeImageWarned), found(12, policy.CodeStaticPass),
		},
	}
	var got []string
	for line := range strings.Lines(written(t, "vsa", r, Options{Time: signedAt})) {
		var s vsaStatement
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		got = append(got, s.Subject[0].Name+" "+s.Predicate.Result+" "+strings.Join(s.Predicate.Levels, " "))
	}
	want := []string{
		"registry.example/acme/a FAILED FAILED",
		"registry.example/acme/d PASSED SLSA_BUILD_LEVEL_UNEVALUATED",
		"registry.example/other/d FAILED FAILED",
		"registry.example/acme/old FAILED FAILED",
		"registry.example/acme/proven PASSED SLSA_BUILD_LEVEL_2",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("summaries:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
