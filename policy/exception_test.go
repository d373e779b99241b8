package policy

import (
	"strings"
	"testing"
	"time"
)

// The row "conforma 1a196fe7" of what must never happen, and what an
// exception lifts: named requirements of named policies for images, until a
// day.
func TestExceptions(t *testing.T) {
	base := func() Exception {
		return Exception{
			Name: "legacy", Images: []string{"ghcr.io/acme/app"}, Policies: []string{"production"}, Requirements: []string{"signed"},
			Until: noon.AddDate(0, 2, 0), Reason: "SEC-1", ApprovedBy: "jo", Source: "x.yaml:1",
		}
	}
	for _, row := range []struct {
		name   string
		change func(*Exception, *Input)
		want   Verdict
		code   Code
		also   Code
	}{
		{"holds", func(*Exception, *Input) {}, Pass, CodeExceptionApplied, ""},
		{"by digest", func(x *Exception, _ *Input) { x.Images = []string{"ghcr.io/acme/app@" + image.String()} }, Pass, CodeExceptionApplied, ""},
		{"another digest", func(x *Exception, _ *Input) { x.Images = []string{"ghcr.io/acme/app@" + digestOf("x").String()} }, Fail, CodeSignatureMissing, ""},
		{"another image", func(x *Exception, _ *Input) { x.Images = []string{"ghcr.io/acme/other"} }, Fail, CodeSignatureMissing, ""},
		{"no image", func(x *Exception, _ *Input) { x.Images = nil }, Fail, CodeSignatureMissing, ""},
		{"a tag beside a digest", func(x *Exception, _ *Input) { x.Images = []string{"ghcr.io/acme/app:1.0"} }, Fail, CodeSignatureMissing, ""},
		{"digest not known", func(x *Exception, in *Input) {
			x.Images, in.Subject.Digest = []string{"ghcr.io/acme/app@" + image.String()}, Digest{}
		}, Unknown, CodeDigestUnresolved, ""},
		{"another policy", func(x *Exception, _ *Input) { x.Policies = []string{"test"} }, Fail, CodeSignatureMissing, ""},
		{"another requirement", func(x *Exception, _ *Input) { x.Requirements = []string{"attested"} }, Fail, CodeSignatureMissing, ""},
		{"ended", func(x *Exception, _ *Input) { x.Until = noon }, Fail, CodeSignatureMissing, CodeExceptionExpired},
		{"without an end", func(x *Exception, _ *Input) { x.Until = time.Time{} }, Fail, CodeSignatureMissing, CodeExceptionExpired},
		{"ends in a moment", func(x *Exception, _ *Input) { x.Until = noon.Add(time.Second) }, Pass, CodeExceptionApplied, CodeExceptionEnding},
		{"ends in 14 days", func(x *Exception, _ *Input) { x.Until = noon.AddDate(0, 0, 14) }, Pass, CodeExceptionApplied, CodeExceptionEnding},
		{"a registry fault is lifted too", func(_ *Exception, in *Input) { in.Faults = []Finding{{Code: "registry-timeout", Message: "no answer"}} }, Pass, CodeExceptionApplied, "registry-timeout"},
		{"not needed", func(_ *Exception, in *Input) { in.Evidence = []Evidence{signatureOf(image, signedBy("release"))} }, Pass, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			requirement := signatureBy(keyRule("release"))
			requirement.Name = "signed"
			set := requiring(requirement)
			in, x := inputOf(), base()
			row.change(&x, &in)
			set.Exceptions = []Exception{x}
			r := evaluate(t, set, in)
			expect(t, r, row.want, row.code)
			if row.also != "" && !hasFinding(r, row.also) {
				t.Errorf("no finding %s: %s", row.also, describe(r))
			}
			if row.also != CodeExceptionEnding && hasFinding(r, CodeExceptionEnding) {
				t.Error(describe(r))
			}
		})
	}
}

// What an exception lifts is still reported, and nothing else is lifted.
func TestExceptionShowsWhatItLifts(t *testing.T) {
	signed, attested := signatureBy(keyRule("release")), statementBy("https://example.com/t", keyRule("release"))
	signed.Name, attested.Name = "signed", "attested"
	set := requiring(signed, attested)
	set.Exceptions = []Exception{{Name: "legacy", Images: []string{"**"}, Policies: []string{"production"}, Requirements: []string{"signed"}, Until: noon.AddDate(1, 0, 0), Source: "x.yaml:1"}}
	r := evaluate(t, set, inputOf())
	expect(t, r, Fail, CodeAttestationMissing)
	if len(r.Findings) != 3 || r.Findings[1].Code != CodeSignatureMissing || !r.Findings[1].Warning {
		t.Error(describe(r))
	}
	in := inputOf()
	in.Complete = false
	set.Policies[0].Require = set.Policies[0].Require[:1]
	if r := evaluate(t, set, in); r.Verdict != Pass || r.Settled {
		t.Errorf("what is lifted is reported before all of it is known:\n%s", describe(r))
	}
	in.Complete = true
	if r := evaluate(t, set, in); r.Verdict != Pass || !r.Settled || hasFinding(r, CodeEvidenceIncomplete) {
		t.Error(describe(r))
	}
}

func TestUnusedExceptions(t *testing.T) {
	signed := signatureBy(keyRule("release"))
	signed.Name = "signed"
	set := requiring(signed)
	exception := func(images, policies, requirements string) Exception {
		return Exception{Name: images, Images: strings.Fields(images), Policies: strings.Fields(policies), Requirements: strings.Fields(requirements), Until: noon.AddDate(1, 0, 0), Source: "x.yaml:1"}
	}
	ended := exception("ghcr.io/acme/gone", "production", "signed")
	ended.Until = noon.Add(-time.Hour)
	set.Exceptions = []Exception{
		exception("ghcr.io/acme/app", "production", "signed"), exception("ghcr.io/acme/none", "production", "signed"),
		exception("ghcr.io/acme/app2", "test", "signed"), exception("ghcr.io/acme/app3", "production", "other"), exception("", "", ""), ended,
	}
	unresolved := appSubject()
	unresolved.Digest = Digest{}
	findings := set.Unused([]Subject{unresolved}, noon)
	want := []string{"no image is ghcr.io/acme/none", "no policy is named test", "no requirement of production is named other", "it lists nothing", "it held until 2026-06-15T11:00:00Z"}
	if len(findings) != len(want) {
		t.Fatalf("%d findings: %+v", len(findings), findings)
	}
	for i, f := range findings {
		if !strings.Contains(f.Message, want[i]) || !f.Warning || f.Code != CodeExceptionUnused {
			t.Errorf("finding %d does not say %q: %+v", i, want[i], f)
		}
	}
	set.Exceptions = []Exception{exception("ghcr.io/acme/app:1.0", "production", "signed")}
	findings = set.Unused([]Subject{appSubject()}, noon)
	if len(findings) != 1 || !strings.Contains(findings[0].Message, "a tag does not cover it") || strings.Contains(findings[0].Message, "no image is") {
		t.Errorf("a tag beside a digest is told as no image: %+v", findings)
	}
	byDigest := exception("ghcr.io/acme/app@"+image.String(), "production", "signed")
	set.Exceptions = []Exception{byDigest}
	if findings := set.Unused([]Subject{unresolved}, noon); len(findings) != 0 {
		t.Errorf("an image whose digest is not known counts as none: %+v", findings)
	}
}
