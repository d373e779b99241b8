package policy

import (
	"strings"
	"testing"
)

func groupOf(kind string, n int, of ...Requirement) Requirement {
	return Requirement{Name: "reviewed", Group: &Group{Kind: kind, Count: n, Of: of}}
}

func statementBy(predicateType string, rules ...SignerRule) Requirement {
	return Requirement{Attestation: &AttestationRequirement{Signers: rules, PredicateType: predicateType}}
}

func TestGroups(t *testing.T) {
	a, b, c := signatureBy(keyRule("a")), signatureBy(keyRule("b")), signatureBy(keyRule("c"))
	byA, byB := signatureOf(image, signedBy("a")), signatureOf(image, signedBy("b"))
	either := signatureBy(keyRule("a"), keyRule("b"))
	review := statementBy("https://example.com/review", keyRule("a"), keyRule("b"))
	alias := keyRule("a")
	alias.Name = "the same key by another name"
	unsupported := Requirement{Unsupported: []string{"kms"}}
	reviewBy := func(name string) Evidence {
		return attest(image, "https://example.com/review", `{"by":"`+name+`"}`, signedBy(name))
	}
	again := reviewBy("a")
	again.ID = digestOf("again")
	for name, row := range map[string]struct {
		group    Requirement
		evidence []Evidence
		want     Verdict
	}{
		"all of two":                            {groupOf("allOf", 2, a, b), []Evidence{byA, byB}, Pass},
		"all of two, one missing":               {groupOf("allOf", 2, a, b), []Evidence{byA}, Fail},
		"all of, one unsupported":               {groupOf("allOf", 2, a, unsupported), []Evidence{byA}, Unknown},
		"all of, one unsupported, one missing":  {groupOf("allOf", 2, a, unsupported), nil, Fail},
		"all of, the same signature twice":      {groupOf("allOf", 2, a, either), []Evidence{byA}, Pass},
		"any of two":                            {groupOf("anyOf", 1, a, b), []Evidence{byB}, Pass},
		"any of two, none":                      {groupOf("anyOf", 1, a, b), nil, Fail},
		"any of, one unsupported":               {groupOf("anyOf", 1, a, unsupported), nil, Unknown},
		"any of, one unsupported, one met":      {groupOf("anyOf", 1, a, unsupported), []Evidence{byA}, Pass},
		"two of three":                          {groupOf("atLeast", 2, a, b, c), []Evidence{byA, byB}, Pass},
		"two of three, one":                     {groupOf("atLeast", 2, a, b, c), []Evidence{byA}, Fail},
		"two of three, one and one unsupported": {groupOf("atLeast", 2, a, b, unsupported), []Evidence{byA}, Unknown},
		"two of two, the same signature twice":  {groupOf("atLeast", 2, a, either), []Evidence{byA}, Fail},
		"two of two, the same key twice":        {groupOf("atLeast", 2, a, signatureBy(alias)), []Evidence{byA}, Fail},
		"two of two, each a signer":             {groupOf("atLeast", 2, a, either), []Evidence{byA, byB}, Pass},
		"two of two, found by exchange":         {groupOf("atLeast", 2, either, a), []Evidence{byA, byB}, Pass},
		"two reviews by one":                    {groupOf("atLeast", 2, review, review), []Evidence{reviewBy("a"), again}, Fail},
		"two reviews by two":                    {groupOf("atLeast", 2, review, review), []Evidence{reviewBy("a"), reviewBy("b")}, Pass},
		"one signer, two kinds":                 {groupOf("atLeast", 2, a, review), []Evidence{byA, reviewBy("a")}, Pass},
		"one signature and its duplicate":       {groupOf("atLeast", 2, either, either), []Evidence{byA, byA}, Fail},
		"the same group twice":                  {groupOf("atLeast", 2, groupOf("allOf", 1, a), groupOf("allOf", 1, a)), []Evidence{byA}, Fail},
		"a group in a group":                    {groupOf("anyOf", 1, c, groupOf("allOf", 2, a, b)), []Evidence{byA, byB}, Pass},
		"a group in a group, one missing":       {groupOf("anyOf", 1, c, groupOf("allOf", 2, a, b)), []Evidence{byA}, Fail},
		"more than there are":                   {groupOf("atLeast", 3, a, b), []Evidence{byA, byB}, Unknown},
		"less than one":                         {groupOf("atLeast", 0, a, b), []Evidence{byA, byB}, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			r := evaluate(t, requiring(row.group), inputOf(row.evidence...))
			if r.Verdict != row.want {
				t.Errorf("want %s: %s", row.want, describe(r))
			}
		})
	}
}

// What each alternative lacks can be read, under a leading finding that
// counts.
func TestGroupSaysWhatEachAlternativeLacks(t *testing.T) {
	group := groupOf("atLeast", 2, signatureBy(keyRule("a")), signatureBy(keyRule("b")), statementBy("https://example.com/review", keyRule("c")))
	r := evaluate(t, requiring(group), inputOf(signatureOf(image, signedBy("a"))))
	expect(t, r, Fail, CodeGroupUnmet)
	want := []string{
		"requirement reviewed: 1 of 3 alternatives are met, and 2 needed; not met: reviewed[1] signature (signer-mismatch), reviewed[2] attestation (attestation-missing)",
		"not by b", "has no attestation of type https://example.com/review",
	}
	if len(r.Findings) != 3 {
		t.Fatal(describe(r))
	}
	for i, text := range want {
		if !strings.Contains(r.Findings[i].Message, text) {
			t.Errorf("finding %d does not say %q:\n%s", i, text, describe(r))
		}
	}
	if r.Findings[0].Requirement != "reviewed" || r.Findings[1].Requirement != "reviewed[1] signature" {
		t.Error(describe(r))
	}
	same := groupOf("atLeast", 2, signatureBy(keyRule("a")), signatureBy(keyRule("a")))
	r = evaluate(t, requiring(same), inputOf(signatureOf(image, signedBy("a"))))
	if !strings.Contains(r.Findings[0].Message, "only 1 by different signers") {
		t.Error(describe(r))
	}
}

func TestPlatforms(t *testing.T) {
	amd, arm := digestOf("amd64"), digestOf("arm64")
	sig := func(d Digest) Evidence { return signatureOf(d, signedBy("a")) }
	for name, row := range map[string]struct {
		rule     PlatformRule
		evidence []Evidence
		single   bool
		unread   bool
		want     Verdict
		code     Code
	}{
		"default is the index":           {PlatformInherit, []Evidence{sig(image)}, false, false, Pass, ""},
		"index":                          {PlatformIndex, []Evidence{sig(image)}, false, false, Pass, ""},
		"index, evidence on a platform":  {PlatformIndex, []Evidence{sig(amd), sig(arm)}, false, false, Fail, CodeSignatureMissing},
		"index, platforms not known":     {PlatformIndex, []Evidence{sig(image)}, false, true, Pass, ""},
		"each":                           {PlatformEach, []Evidence{sig(amd), sig(arm)}, false, false, Pass, ""},
		"each, one is missing":           {PlatformEach, []Evidence{sig(amd), sig(image)}, false, false, Fail, CodeSignatureMissing},
		"each, evidence on the index":    {PlatformEach, []Evidence{sig(image)}, false, false, Fail, CodeSignatureMissing},
		"each, one manifest":             {PlatformEach, []Evidence{sig(image)}, true, false, Pass, ""},
		"each, platforms not known":      {PlatformEach, []Evidence{sig(image)}, false, true, Unknown, CodePlatformsUnknown},
		"any, on the index":              {PlatformAny, []Evidence{sig(image)}, false, false, Pass, ""},
		"any, on a platform":             {PlatformAny, []Evidence{sig(arm)}, false, false, Pass, ""},
		"any, none":                      {PlatformAny, nil, false, false, Fail, CodeSignatureMissing},
		"any, none, platforms not known": {PlatformAny, nil, false, true, Unknown, CodePlatformsUnknown},
		"any, index, not known":          {PlatformAny, []Evidence{sig(image)}, false, true, Pass, ""},
		"any, of another image":          {PlatformAny, []Evidence{sig(digestOf("x"))}, false, false, Fail, CodeSignatureMissing},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputOf(row.evidence...)
			in.Subject.PlatformsKnown = !row.unread
			if !row.single && !row.unread {
				in.Subject.Platforms = []Platform{{"linux/amd64", amd}, {"linux/arm64/v8", arm}}
			}
			requirement := signatureBy(keyRule("a"))
			byPolicy := requiring(requirement)
			byPolicy.Policies[0].Platforms = row.rule
			expect(t, evaluate(t, byPolicy, in), row.want, row.code)
			requirement.Platforms = row.rule
			byRequirement := requiring(requirement)
			byRequirement.Policies[0].Platforms = PlatformAny
			if row.rule != PlatformInherit {
				expect(t, evaluate(t, byRequirement, in), row.want, row.code)
			}
		})
	}
	in := inputOf(sig(amd), sig(image))
	in.Subject.Platforms = []Platform{{"linux/amd64", amd}, {"linux/arm64/v8", arm}}
	requirement := signatureBy(keyRule("a"))
	requirement.Platforms = PlatformEach
	r := evaluate(t, requiring(requirement), in)
	for _, want := range []string{"(linux/arm64/v8, sha256:", "there is one for the index"} {
		if !strings.Contains(r.Findings[0].Message, want) {
			t.Errorf("message does not say %q: %s", want, describe(r))
		}
	}
}

// SBOMs on the platforms and provenance on the index verify together.
func TestPlatformsForEachRequirement(t *testing.T) {
	amd, arm := digestOf("amd64"), digestOf("arm64")
	parts, whole := statementBy("https://example.com/sbom", keyRule("a")), statementBy("https://example.com/built", keyRule("a"))
	parts.Platforms, whole.Platforms = PlatformEach, PlatformIndex
	in := inputOf(attest(amd, "https://example.com/sbom", "{}", signedBy("a")), attest(arm, "https://example.com/sbom", "{}", signedBy("a")),
		attest(image, "https://example.com/built", "{}", signedBy("a")))
	in.Subject.Platforms = []Platform{{"linux/amd64", amd}, {"linux/arm64", arm}}
	expect(t, evaluate(t, requiring(parts, whole), in), Pass, "")
	parts.Platforms, whole.Platforms = PlatformIndex, PlatformEach
	expect(t, evaluate(t, requiring(parts, whole), in), Fail, CodeAttestationMissing)
}
