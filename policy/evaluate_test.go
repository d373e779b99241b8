package policy

import (
	"context"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEveryPolicyThatMatchesMustPass(t *testing.T) {
	set := requiring(signatureBy(keyRule("release")))
	second := set.Policies[0]
	second.Name, second.Require = "second", []Requirement{{Name: "x", Signature: &SignatureRequirement{Signers: []SignerRule{keyRule("second")}}}}
	set.Policies = append(set.Policies, second)
	r := evaluate(t, set, inputOf(signatureOf(image, signedBy("release"))))
	expect(t, r, Fail, CodeSignerMismatch)
	if r.Findings[0].Policy != "second" || r.Findings[0].Requirement != "x" {
		t.Error(describe(r))
	}
	r = evaluate(t, set, inputOf(signatureOf(image, signedBy("release")), signatureOf(image, signedBy("second"))))
	expect(t, r, Pass, "")
	if !reflect.DeepEqual(r.Policies, []string{"production", "second"}) {
		t.Errorf("policies are %v", r.Policies)
	}
}

// The rows "kyverno 17161" and "kyverno 16809" of what must never happen.
func TestNothingToCheckIsNeverAPass(t *testing.T) {
	signed := inputOf(signatureOf(image, signedBy("release")))
	elsewhere := requiring(signatureBy(keyRule("release")))
	elsewhere.Policies[0].Match.Images = []string{"ghcr.io/other/**"}
	for name, row := range map[string]struct {
		set  Set
		want Verdict
		code Code
	}{
		"no policy":                {Set{}, Fail, CodeImageUnmatched},
		"no policy matches":        {elsewhere, Fail, CodeImageUnmatched},
		"a match without images":   {Set{Policies: []Policy{{Name: "p", Require: []Requirement{signatureBy(keyRule("release"))}}}}, Unknown, CodeMatchUnknown},
		"a policy without demands": {Set{Policies: []Policy{{Name: "p", Match: Match{Images: []string{"**"}}}}}, Unknown, CodePolicyEmpty},
		"an empty requirement":     {requiring(Requirement{}), Unknown, CodePolicyEmpty},
		"an empty group":           {requiring(Requirement{Group: &Group{Kind: "allOf"}}), Unknown, CodePolicyEmpty},
		"no signers":               {requiring(signatureBy()), Fail, CodeSignatureMissing},
	} {
		t.Run(name, func(t *testing.T) { expect(t, evaluate(t, row.set, signed), row.want, row.code) })
	}
	r := evaluate(t, elsewhere, signed)
	if !strings.Contains(r.Findings[0].Message, "looked at production: it is about ghcr.io/other/**") {
		t.Error(describe(r))
	}
	r = Set{}.Evaluate(context.Background(), Input{Subject: appSubject()})
	expect(t, r, Unknown, CodeTimeMissing)
	if o := met(nil); o.verdict != Fail || o.findings[0].Code != CodeEvidenceNone {
		t.Errorf("met without evidence is %+v", o)
	}
}

// always is an expression that is constant.
type always bool

func (a always) Evaluate(context.Context, ExpressionInput) (bool, error) { return bool(a), nil }
func (a always) String() string                                          { return "true" }

// The row "kyverno 16809, PR 16853" of what must never happen.
func TestConstantTrueExpressionWithoutEvidenceFails(t *testing.T) {
	for _, statements := range []Quantifier{AnyStatement, EveryStatement, NewestStatement} {
		set := requiring(Requirement{Attestation: &AttestationRequirement{
			Signers: []SignerRule{keyRule("release")}, PredicateType: "https://example.com/t", Expression: always(true), Statements: statements,
		}})
		expect(t, evaluate(t, set, inputOf()), Fail, CodeAttestationMissing)
		expect(t, evaluate(t, set, inputOf(attest(image, "https://example.com/t", "{}", signedBy("release")))), Pass, "")
	}
}

func TestWarnChangesNoVerdict(t *testing.T) {
	signed := inputOf(signatureOf(image, signedBy("release")))
	set := requiring(signatureBy(keyRule("release")))
	warn := set.Policies[0]
	warn.Name, warn.Mode, warn.Require = "later", Warn, []Requirement{{Name: "x", Signature: &SignatureRequirement{Signers: []SignerRule{keyRule("later")}}}}
	both := Set{Policies: []Policy{set.Policies[0], warn}}
	r := evaluate(t, both, signed)
	expect(t, r, Pass, "")
	if len(r.Findings) != 1 || !r.Findings[0].Warning || r.Findings[0].Verdict != Fail || r.Findings[0].Policy != "later" {
		t.Error(describe(r))
	}
	r = evaluate(t, Set{Policies: []Policy{warn}}, signed)
	expect(t, r, Pass, "")
	if !hasFinding(r, CodeImageWarned) {
		t.Error(describe(r))
	}
	for _, f := range r.Findings {
		if !f.Warning {
			t.Errorf("finding counts, though only a policy that warns matches: %s", describe(r))
		}
	}
	elsewhere := warn
	elsewhere.Match.Images = []string{"ghcr.io/other/**"}
	expect(t, evaluate(t, Set{Policies: []Policy{elsewhere}}, signed), Fail, CodeImageUnmatched)
	allow := Policy{Name: "allow", Match: Match{Images: []string{"**"}}, AllowUnmatched: true}
	r = evaluate(t, Set{Policies: []Policy{warn, allow}}, signed)
	expect(t, r, Pass, CodeImageAllowed)
	allow.Mode = Warn
	expect(t, evaluate(t, Set{Policies: []Policy{allow}}, signed), Fail, CodeImageUnmatched)
}

func TestAllowUnmatched(t *testing.T) {
	allow := Policy{Name: "allow", Match: Match{Images: []string{"ghcr.io/acme/**"}}, AllowUnmatched: true}
	expect(t, evaluate(t, Set{Policies: []Policy{allow}}, inputOf()), Pass, CodeImageAllowed)
	set := requiring(signatureBy(keyRule("release")))
	set.Policies = append(set.Policies, allow)
	expect(t, evaluate(t, set, inputOf()), Fail, CodeSignatureMissing)
	set.Policies[0].Match.Namespaces = []string{"prod"}
	in := inputOf()
	in.Subject.Uses[0].Namespace = ""
	expect(t, evaluate(t, set, in), Unknown, CodeMatchUnknown)
	doubtful := allow
	doubtful.Match.Namespaces = []string{"prod"}
	expect(t, evaluate(t, Set{Policies: []Policy{doubtful}}, in), Unknown, CodeMatchUnknown)
}

func TestRequireDigest(t *testing.T) {
	set := requiring(signatureBy(keyRule("release")))
	set.Policies[0].RequireDigest = true
	in := inputOf(signatureOf(image, signedBy("release")))
	expect(t, evaluate(t, set, in), Pass, "")
	in.Subject.Reference, in.Subject.Pinned = "ghcr.io/acme/app:1.0", false
	r := evaluate(t, set, in)
	expect(t, r, Fail, CodeDigestRequired)
	if !strings.Contains(r.Findings[0].Hint, "ghcr.io/acme/app:1.0@"+image.String()) {
		t.Error(describe(r))
	}
	set.Policies[0].RequireDigest = false
	expect(t, evaluate(t, set, in), Pass, "")
}

func TestUnsupportedFieldsAreNeverMet(t *testing.T) {
	signed := inputOf(signatureOf(image, signedBy("release")))
	partly := signatureBy(keyRule("release"))
	partly.Unsupported = []string{"p.yaml:3:4: kms"}
	expect(t, evaluate(t, requiring(partly), signed), Unknown, CodeUnsupportedField)
	expect(t, evaluate(t, requiring(Requirement{Unsupported: []string{"p.yaml:3:4: vsa"}}), signed), Unknown, CodeUnsupportedField)
	r := evaluate(t, requiring(partly), inputOf())
	expect(t, r, Fail, CodeSignatureMissing)
	if !hasFinding(r, CodeUnsupportedField) {
		t.Error(describe(r))
	}
}

// The rows about rate limits and timeouts: absence is fail only where the
// registry answered.
func TestFaultsMakeAbsenceUnknown(t *testing.T) {
	set := requiring(signatureBy(keyRule("release")))
	in := inputOf()
	in.Faults = []Finding{{Code: "registry-rate-limited", Message: "ghcr.io asks to wait", Retryable: true}}
	r := evaluate(t, set, in)
	expect(t, r, Unknown, CodeSignatureMissing)
	if !r.Findings[0].Retryable || !hasFinding(r, "registry-rate-limited") {
		t.Error(describe(r))
	}
	in.Evidence = []Evidence{signatureOf(image, signedBy("release"))}
	r = evaluate(t, set, in)
	expect(t, r, Pass, "")
	if len(r.Findings) != 1 || !r.Findings[0].Warning {
		t.Error("what could not be looked at is not reported as a warning:\n" + describe(r))
	}
	in.Faults[0].Verdict = Fail
	expect(t, evaluate(t, set, in), Fail, "registry-rate-limited")
	in.Faults[0].Verdict = Pass
	in.Evidence = nil
	expect(t, evaluate(t, set, in), Unknown, "")

	for _, statements := range []Quantifier{EveryStatement, NewestStatement} {
		set := requiring(Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: "https://example.com/t", Statements: statements}})
		in := inputOf(attest(image, "https://example.com/t", "{}", signedBy("release")))
		expect(t, evaluate(t, set, in), Pass, "")
		in.Faults = []Finding{{Code: "registry-timeout", Message: "no answer"}}
		expect(t, evaluate(t, set, in), Unknown, CodeEvidenceIncomplete)
	}
}

func TestUnresolvedDigestIsUnknown(t *testing.T) {
	in := inputOf(signatureOf(image, signedBy("release")))
	in.Subject.Digest = Digest{}
	expect(t, evaluate(t, requiring(signatureBy(keyRule("release"))), in), Unknown, CodeDigestUnresolved)
}

// The row "ratify PR 116": a timeout never becomes success.
func TestCancelledEvaluationIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := requiring(signatureBy(keyRule("release"))).Evaluate(ctx, inputOf(signatureOf(image, signedBy("release"))))
	checkResult(t, r)
	expect(t, r, Unknown, CodeEvaluationStopped)
}

type breaks struct{}

func (breaks) Evaluate(context.Context, ExpressionInput) (bool, error) { panic("out of luck") }
func (breaks) String() string                                          { return "breaks" }

func TestPanicIsUnknown(t *testing.T) {
	set := requiring(Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: "https://example.com/t", Expression: breaks{}}})
	r := evaluate(t, set, inputOf(attest(image, "https://example.com/t", "{}", signedBy("release"))))
	expect(t, r, Unknown, CodeEvaluationStopped)
}

func TestSettled(t *testing.T) {
	signature := signatureBy(keyRule("release"))
	newest := Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: "https://example.com/t", Statements: NewestStatement}}
	present := signatureOf(image, signedBy("release"))
	statement := attest(image, "https://example.com/t", "{}", signedBy("release"))
	group := func(kind string, n int, of ...Requirement) Requirement {
		return Requirement{Group: &Group{Kind: kind, Count: n, Of: of}}
	}
	pinned := requiring(signature)
	pinned.Policies[0].RequireDigest = true
	for name, row := range map[string]struct {
		set      Set
		evidence []Evidence
		pinned   bool
		want     Verdict
		settled  bool
	}{
		"nothing yet":                      {requiring(signature), nil, true, Unknown, false},
		"signature":                        {requiring(signature), []Evidence{present}, true, Pass, true},
		"newest may change":                {requiring(newest), []Evidence{statement}, true, Unknown, false},
		"one of two":                       {requiring(signature, newest), []Evidence{present}, true, Unknown, false},
		"any of, one is enough":            {requiring(group("anyOf", 1, signature, newest)), []Evidence{present}, true, Pass, true},
		"all of":                           {requiring(group("allOf", 2, signature, newest)), []Evidence{present, statement}, true, Unknown, false},
		"digest required, nothing cures":   {pinned, nil, false, Fail, true},
		"digest required, and signed":      {pinned, []Evidence{present}, false, Fail, true},
		"unsupported, nothing cures":       {requiring(Requirement{Unsupported: []string{"x"}}), nil, true, Unknown, true},
		"unmatched, nothing cures":         {Set{}, nil, true, Fail, true},
		"at least two, one signer":         {requiring(group("atLeast", 2, signature, signature)), []Evidence{present}, true, Unknown, false},
		"at least two, two signers so far": {requiring(group("atLeast", 2, signature, signatureBy(keyRule("b")))), []Evidence{present, signatureOf(image, signedBy("b"))}, true, Pass, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputOf(row.evidence...)
			in.Complete, in.Subject.Pinned = false, row.pinned
			r := evaluate(t, row.set, in)
			if r.Verdict != row.want || r.Settled != row.settled {
				t.Errorf("want %s settled=%t, got %s", row.want, row.settled, describe(r))
			}
			in.Complete = true
			if !evaluate(t, row.set, in).Settled {
				t.Error("not settled where everything was asked")
			}
		})
	}
}

// What is settled stays so whatever evidence is found later, and findings do
// not depend on the order in which evidence was found.
func TestSettledVerdictsNeverChange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		set, in := randomWorld(random)
		all := in.Evidence
		final := set.Evaluate(context.Background(), in)
		checkResult(t, final)
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if again := set.Evaluate(context.Background(), in); !reflect.DeepEqual(again, final) {
			t.Fatalf("findings depend on the order:\n%s\n%s", describe(final), describe(again))
		}
		in.Evidence, in.Complete = all[:random.IntN(len(all)+1)], false
		early := set.Evaluate(context.Background(), in)
		checkResult(t, early)
		if early.Settled && early.Verdict != final.Verdict {
			t.Fatalf("settled as %s, and then %s", describe(early), describe(final))
		}
		if early.Verdict == Fail && !early.Settled {
			t.Fatalf("fail before everything was asked:\n%s", describe(early))
		}
		in.Complete, in.Faults = true, []Finding{{Code: "fault", Message: "a fault"}}
		if faulty := set.Evaluate(context.Background(), in); faulty.Verdict != Unknown && faulty.Verdict != final.Verdict {
			t.Fatalf("with a fault and a part of the evidence: %s\nwith all: %s", describe(faulty), describe(final))
		}
	}
}

// What passes with the kinds of evidence alone that were open after a part of
// it, passes with all: evidence of the others need not be looked for.
func TestKindsThatAreNotOpenNeedNotBeLookedFor(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	spared := 0
	for range 5000 {
		set, in := randomWorld(random)
		all := in.Evidence
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		n := random.IntN(len(all) + 1)
		in.Evidence, in.Complete = all[:n:n], false
		early := set.Evaluate(context.Background(), in)
		if early.Settled {
			continue
		}
		for _, e := range all[n:] {
			if early.Open.Has(e.Kind) {
				in.Evidence = append(in.Evidence, e)
			} else {
				spared++
			}
		}
		in.Complete = true
		sparing := set.Evaluate(context.Background(), in)
		in.Evidence = all
		if final := set.Evaluate(context.Background(), in); sparing.Verdict == Pass && final.Verdict != Pass {
			t.Fatalf("with %+v alone:\n%s\nwith all:\n%s", early.Open, describe(sparing), describe(final))
		}
	}
	if spared == 0 {
		t.Error("nothing was spared")
	}
}

// More evidence, or a signer more, never turns pass into anything else where
// every requirement asks for any one statement.
func TestMonotoneRequirementsAreMonotone(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		set, in := randomWorld(random)
		if !allMonotone(set.Policies[0].Require) {
			continue
		}
		all := in.Evidence
		in.Evidence = all[:random.IntN(len(all)+1)]
		before := set.Evaluate(context.Background(), in)
		in.Evidence = all
		if after := set.Evaluate(context.Background(), in); before.Verdict == Pass && after.Verdict != Pass {
			t.Fatalf("more evidence turned\n%s into\n%s", describe(before), describe(after))
		}
	}
}

func allMonotone(requirements []Requirement) bool {
	for i := range requirements {
		if r := &requirements[i]; !r.monotone() || r.Group != nil && !allMonotone(r.Group.Of) {
			return false
		}
	}
	return true
}

func randomWorld(random *rand.Rand) (Set, Input) {
	names := []string{"a", "b", "c"}
	types := []string{"https://example.com/t", "https://example.com/u"}
	var in Input
	for range random.IntN(5) {
		signer := signedBy(names[random.IntN(3)])
		signer.Logged = random.IntN(5) > 0
		signer.SignedAt = noon.Add(-time.Duration(random.IntN(4)) * time.Hour)
		if random.IntN(2) == 0 {
			in.Evidence = append(in.Evidence, signatureOf(image, signer))
		} else {
			in.Evidence = append(in.Evidence, attest(image, types[random.IntN(2)], `{"ok":`+[]string{"true", "false"}[random.IntN(2)]+`}`, signer))
		}
	}
	in.Subject, in.At, in.Complete = appSubject(), noon, true
	var requirements []Requirement
	for range 1 + random.IntN(2) {
		requirements = append(requirements, randomRequirement(random, 2))
	}
	return requiring(requirements...), in
}

type saysOK struct{}

func (saysOK) Evaluate(_ context.Context, in ExpressionInput) (bool, error) {
	return strings.Contains(string(in.Statement.Predicate), "true"), nil
}
func (saysOK) String() string { return "predicate.ok" }

func randomRequirement(random *rand.Rand, depth int) Requirement {
	rule := keyRule([]string{"a", "b", "c"}[random.IntN(3)])
	if depth > 0 && random.IntN(3) == 0 {
		g := &Group{Kind: []string{"allOf", "anyOf", "atLeast"}[random.IntN(3)]}
		for range 1 + random.IntN(3) {
			g.Of = append(g.Of, randomRequirement(random, depth-1))
		}
		g.Count = map[string]int{"allOf": len(g.Of), "anyOf": 1, "atLeast": 1 + random.IntN(len(g.Of))}[g.Kind]
		return Requirement{Group: g}
	}
	if random.IntN(2) == 0 {
		return signatureBy(rule)
	}
	return Requirement{Attestation: &AttestationRequirement{
		Signers: []SignerRule{rule}, PredicateType: "https://example.com/t", Expression: saysOK{}, Statements: Quantifier(random.IntN(3)),
	}}
}

func TestNeeds(t *testing.T) {
	subject := appSubject()
	subject.Digest = Digest{}
	each := signatureBy(keyRule("release"))
	each.Platforms = PlatformEach
	allow := Set{Policies: []Policy{{Name: "a", Match: Match{Images: []string{"**"}}, AllowUnmatched: true}}}
	byDigest := requiring(Requirement{Unsupported: []string{"x"}})
	byDigest.Policies[0].Match.Images = []string{"ghcr.io/acme/app@" + image.String()}
	elsewhere := requiring(signatureBy(keyRule("release")))
	elsewhere.Policies[0].Match.Images = []string{"ghcr.io/other/**"}
	here, usual := []Source{{}}, []Trust{{}}
	apart := keyRule("release")
	apart.Source = Source{Repository: "ghcr.io/acme/signatures", TagPrefix: "v1-"}
	for name, row := range map[string]struct {
		set  Set
		want Needs
	}{
		"no policy":                  {Set{}, Needs{}},
		"another image":              {elsewhere, Needs{}},
		"runs unchecked":             {allow, Needs{}},
		"unsupported only":           {requiring(Requirement{Unsupported: []string{"x"}}), Needs{}},
		"matched by digest":          {byDigest, Needs{Digest: true}},
		"signature":                  {requiring(signatureBy(keyRule("release"))), Needs{Evidence: true, Kinds: Kinds{Signatures: true}, Digest: true, Sources: here, Trusts: usual}},
		"signatures elsewhere":       {requiring(signatureBy(apart, apart)), Needs{Evidence: true, Kinds: Kinds{Signatures: true}, Digest: true, Sources: []Source{apart.Source}, Trusts: usual}},
		"here and elsewhere":         {requiring(signatureBy(keyRule("a")), signatureBy(apart)), Needs{Evidence: true, Kinds: Kinds{Signatures: true}, Digest: true, Sources: []Source{{}, apart.Source}, Trusts: usual}},
		"each platform":              {requiring(each), Needs{Evidence: true, Kinds: Kinds{Signatures: true}, Digest: true, Platforms: true, Sources: here, Trusts: usual}},
		"each platform, in a group":  {requiring(Requirement{Group: &Group{Kind: "anyOf", Count: 1, Of: []Requirement{each}}}), Needs{Evidence: true, Kinds: Kinds{Signatures: true}, Digest: true, Platforms: true, Sources: here, Trusts: usual}},
		"each platform, by a policy": {Set{Policies: []Policy{{Name: "p", Match: Match{Images: []string{"**"}}, Platforms: PlatformEach, Require: []Requirement{signatureBy(keyRule("a"))}}}}, Needs{Evidence: true, Kinds: Kinds{Signatures: true}, Digest: true, Platforms: true, Sources: here, Trusts: usual}},
	} {
		if got := row.set.Needs(t.Context(), subject); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %+v, want %+v", name, got, row.want)
		}
	}
}

func TestKeys(t *testing.T) {
	vulnerabilities := Requirement{Vulnerabilities: &VulnerabilityRequirement{Signers: []SignerRule{keyRule("scanner")}, VEX: &VEXRule{Signers: []SignerRule{keyRule("psirt"), keyRule("release")}}}}
	set := requiring(signatureBy(keyRule("release"), keylessRule()), Requirement{Group: &Group{Of: []Requirement{signatureBy(keyRule("release")), vulnerabilities}}})
	var got []string
	for _, k := range set.Keys() {
		got = append(got, k.Fingerprint)
	}
	if len(got) != 3 || !strings.Contains(strings.Join(got, " "), fingerprint("psirt")) || got[0] > got[1] || got[1] > got[2] {
		t.Errorf("keys are %v", got)
	}
}
