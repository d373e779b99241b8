package policy

import (
	"testing"
)

func explained(t *testing.T, s Set, in Input) (Result, *Explanation) {
	t.Helper()
	plain := evaluate(t, s, in)
	in.Explain = true
	r := evaluate(t, s, in)
	if describe(plain) != describe(r) {
		t.Errorf("to explain changes the result:\n%s\n%s", describe(plain), describe(r))
	}
	if r.Explanation == nil || len(r.Explanation.Policies) != len(s.Policies) {
		t.Fatalf("explanation is %+v", r.Explanation)
	}
	return r, r.Explanation
}

func signedByKeys(names ...string) Requirement {
	r := Requirement{Signature: &SignatureRequirement{}}
	for _, name := range names {
		r.Signature.Signers = append(r.Signature.Signers, keyRule(name))
	}
	return r
}

func TestExplainSaysWhoCounts(t *testing.T) {
	set := requiring(signedByKeys("release", "psirt"))
	_, x := explained(t, set, inputOf(signatureOf(image, signedBy("psirt")), signatureOf(image, signedBy("stranger"))))
	p := x.Policies[0]
	if p.Matches != "yes" || p.Verdict == nil || *p.Verdict != Pass || len(p.Steps) != 1 {
		t.Fatalf("policy is %+v", p)
	}
	step := p.Steps[0]
	if step.Requirement != "r0" || step.Kind != "signature" || step.Verdict != Pass || len(step.Seen) != 2 || len(step.Steps) != 0 {
		t.Fatalf("step is %+v", step)
	}
	for _, seen := range step.Seen {
		mine := seen.Signer == "psirt"
		if seen.Decided != mine || (seen.Against == "") != mine || seen.SignedAt == nil {
			t.Errorf("seen is %+v", seen)
		}
	}
}

func TestExplainWhyNot(t *testing.T) {
	set := requiring(signedByKeys("release"))
	set.Policies = append(set.Policies, Policy{Name: "other", Match: Match{Images: []string{"quay.io/**"}}, Require: set.Policies[0].Require})
	r, x := explained(t, set, inputOf())
	if other := x.Policies[1]; other.Matches != "no" || other.Why == "" || other.Verdict != nil {
		t.Errorf("policy is %+v", other)
	}
	remedies := x.Remedies(r.Findings)
	if len(remedies) != 1 || remedies[0].Code != CodeSignatureMissing || remedies[0].Policy != "production" || remedies[0].Requirement != "r0" {
		t.Errorf("remedies are %+v", remedies)
	}
}

// TestExplainStatements: which statement decided, of several.
func TestExplainStatements(t *testing.T) {
	const kind = "https://acme.example/t"
	set := requiring(Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{keyRule("qa")}, PredicateType: kind, Statements: NewestStatement}})
	old, young := attest(image, kind, `{"n":1}`, signedBy("qa")), attest(image, kind, `{"n":2}`, signedBy("qa"))
	old.Signers[0].SignedAt = noon.AddDate(0, 0, -1)
	_, x := explained(t, set, inputOf(old, young))
	for _, seen := range x.Policies[0].Steps[0].Seen {
		if seen.Decided != (seen.Digest == young.ID) {
			t.Errorf("seen is %+v", seen)
		}
	}
}

// TestExplainPlatforms: each platform is a step of its own.
func TestExplainPlatforms(t *testing.T) {
	set := requiring(signedByKeys("release"))
	set.Policies[0].Platforms = PlatformEach
	in := inputOf(signatureOf(digestOf("amd64"), signedBy("release")))
	in.Subject.Platforms = []Platform{{"linux/amd64", digestOf("amd64")}, {"linux/arm64", digestOf("arm64")}}
	r, x := explained(t, set, in)
	step := x.Policies[0].Steps[0]
	if step.Platforms != "each" || len(step.Steps) != 2 || step.Steps[0].Verdict != Pass || step.Steps[1].Verdict != Fail || step.Steps[1].Platform != "linux/arm64" {
		t.Fatalf("step is %+v", step)
	}
	if remedies := x.Remedies(r.Findings); len(remedies) != 1 {
		t.Errorf("remedies are %+v", remedies)
	}
}

// TestCheapestWay: of alternatives the one with the least to do, and of those
// that are counted as few as are needed.
func TestCheapestWay(t *testing.T) {
	named := func(name string, r Requirement) Requirement { r.Name = name; return r }
	both := Requirement{Name: "both", Group: &Group{Kind: "allOf", Count: 2, Of: []Requirement{
		named("s", signedByKeys("a")), {Name: "p", Provenance: &ProvenanceRequirement{Signers: []SignerRule{keyRule("a")}}}}}}
	either := Requirement{Name: "either", Group: &Group{Kind: "anyOf", Count: 1, Of: []Requirement{both, named("t", signedByKeys("b"))}}}
	two := Requirement{Name: "two", Group: &Group{Kind: "atLeast", Count: 2, Of: []Requirement{
		named("u", signedByKeys("c")), named("v", signedByKeys("d")), {Name: "w", SBOM: &SBOMRequirement{Signers: []SignerRule{keyRule("e")}}}}}}
	for _, c := range []struct {
		requirement Requirement
		evidence    []Evidence
		want        []string
	}{
		{either, nil, []string{"t"}},
		{both, nil, []string{"s", "p"}},
		{two, nil, []string{"u", "v"}},
		{two, []Evidence{signatureOf(image, signedBy("d"))}, []string{"u"}},
		{two, []Evidence{signatureOf(image, signedBy("c"), signedBy("d"))}, nil},
	} {
		r, x := explained(t, requiring(c.requirement), inputOf(c.evidence...))
		var got []string
		for _, remedy := range x.Remedies(r.Findings) {
			got = append(got, remedy.Requirement)
			if remedy.Do == "" {
				t.Errorf("remedy is %+v", remedy)
			}
		}
		// The signers of evidence that is there make other alternatives a
		// mismatch, which is no cheaper.
		if len(got) != len(c.want) {
			t.Errorf("%s: remedies are %v, want %v", c.requirement.Name, got, c.want)
		}
	}
}

func TestRemedyOfAnUnmatchedImage(t *testing.T) {
	set := requiring(signedByKeys("release"))
	in := inputOf()
	in.Subject.Reference, in.Subject.Repository = "nginx", "index.docker.io/library/nginx"
	r, x := explained(t, set, in)
	remedies := x.Remedies(r.Findings)
	if len(remedies) != 1 || remedies[0].Code != CodeImageUnmatched {
		t.Errorf("remedies are %+v", remedies)
	}
}
