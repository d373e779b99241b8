package policy

import (
	"reflect"
	"testing"
)

// What a report shows of each requirement: how the image stands with it,
// whether that counts, and whether only an exception lets it pass.
func TestRequirementResults(t *testing.T) {
	named := func(name string, r Requirement) Requirement { r.Name = name; return r }
	release := keyRule("release")
	set := requiring(
		named("signed", signatureBy(release)),
		named("built", Requirement{Provenance: &ProvenanceRequirement{Signers: []SignerRule{release}, Builders: []string{"https://ci.example/*"}, Level: 3}}),
		named("either", Requirement{Group: &Group{Kind: "anyOf", Count: 1, Of: []Requirement{signatureBy(keyRule("x")), signatureBy(release)}}}),
		named("excepted", signatureBy(keyRule("nobody"))),
	)
	set.Exceptions = []Exception{{Name: "legacy", Images: []string{"ghcr.io/acme/app"}, Policies: []string{"production"},
		Requirements: []string{"excepted", "signed"}, Until: noon.AddDate(0, 2, 0), Reason: "SEC-1", Source: "x.yaml:1"}}
	trial, elsewhere := set.Policies[0], set.Policies[0]
	trial.Name, trial.Mode, trial.Require = "trial", Warn, []Requirement{named("strict", signatureBy(keyRule("nobody")))}
	elsewhere.Name, elsewhere.Match = "elsewhere", Match{Images: []string{"ghcr.io/other/**"}}
	set.Policies = append(set.Policies, trial, elsewhere)
	provenance := attest(image, "https://slsa.dev/provenance/v1", `{"buildDefinition":{"buildType":"https://ci.example/v1","externalParameters":{},
		"resolvedDependencies":[{"uri":"git+https://github.com/acme/app","digest":{"gitCommit":"`+commit+`"}}]},
		"runDetails":{"builder":{"id":"https://ci.example/hosted"}}}`, signedBy("release"))

	r := evaluate(t, set, inputOf(signatureOf(image, signedBy("release")), provenance))
	want := []RequirementResult{
		{Policy: "production", Requirement: "signed", Kind: "signature", Verdict: Pass},
		{Policy: "production", Requirement: "built", Kind: "provenance", Verdict: Pass, Level: 3},
		{Policy: "production", Requirement: "either", Kind: "anyOf", Verdict: Pass},
		{Policy: "production", Requirement: "excepted", Kind: "signature", Verdict: Pass, Lifted: true},
		{Policy: "trial", Requirement: "strict", Kind: "signature", Verdict: Fail, Warning: true},
	}
	if !reflect.DeepEqual(r.Requirements, want) {
		t.Errorf("requirements are %+v\nwant %+v\n%s", r.Requirements, want, describe(r))
	}

	// A level is what provenance proves, and not what is asked for.
	r = evaluate(t, set, inputOf(signatureOf(image, signedBy("release"))))
	if got := r.Requirements[1]; got.Verdict != Fail || got.Level != 0 {
		t.Errorf("without provenance: %+v", got)
	}
}
