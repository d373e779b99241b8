package policy

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

func signatureBy(rules ...SignerRule) Requirement {
	return Requirement{Signature: &SignatureRequirement{Signers: rules}}
}

// The row "CVE-2025-29778" of what must never happen: each field of a signer
// rule alone turns a pass into a fail. The last column is what the message
// must name.
func TestEachFieldOfASignerAloneMakesItFail(t *testing.T) {
	keyless := func(change func(*SignerRule, *Signer)) (SignerRule, Signer) {
		r, s := keylessRule(), signedByWorkflow()
		change(&r, &s)
		return r, s
	}
	key := func(change func(*SignerRule, *Signer)) (SignerRule, Signer) {
		r, s := keyRule("release"), signedBy("release")
		change(&r, &s)
		return r, s
	}
	for _, row := range []struct {
		name   string
		base   func(func(*SignerRule, *Signer)) (SignerRule, Signer)
		change func(*SignerRule, *Signer)
		code   Code
		names  string
	}{
		{"key as it should be", key, func(*SignerRule, *Signer) {}, "", ""},
		{"another key", key, func(_ *SignerRule, s *Signer) { s.Key = fingerprint("mallory") }, CodeSignerMismatch, "the key is sha256:3717ee1526c0 instead of"},
		{"empty keys", key, func(r *SignerRule, s *Signer) { r.Key.Fingerprint, s.Key = "", "" }, CodeSignerMismatch, "key"},
		{"key in no log", key, func(_ *SignerRule, s *Signer) { s.Logged = false }, CodeLogEntryMissing, "no transparency log"},
		{"key in no log, allowed", key, func(r *SignerRule, s *Signer) { s.Logged, r.IgnoreTransparencyLog = false, true }, "", ""},
		{"a certificate for a key", key, func(_ *SignerRule, s *Signer) { *s = signedByWorkflow() }, CodeSignerMismatch, "release is a key"},
		{"neither key nor keyless", key, func(r *SignerRule, _ *Signer) { r.Key = nil }, CodeSignerMismatch, "neither a key nor an identity"},
		{"both key and keyless", key, func(r *SignerRule, _ *Signer) { r.Keyless = keylessRule().Keyless }, CodeSignerMismatch, "neither a key nor an identity"},
		{"keyless as it should be", keyless, func(*SignerRule, *Signer) {}, "", ""},
		{"a key for an identity", keyless, func(_ *SignerRule, s *Signer) { *s = signedBy("release") }, CodeSignerMismatch, "release is an identity (keyless)"},
		{"issuer", keyless, func(_ *SignerRule, s *Signer) { s.Certificate.Issuer += "/evil" }, CodeSignerMismatch, `the issuer is "https://token.actions.githubusercontent.com/evil" instead of`},
		{"no issuer in the certificate", keyless, func(_ *SignerRule, s *Signer) { s.Certificate.Issuer = "" }, CodeSignerMismatch, "the certificate names no issuer"},
		{"no issuer in the rule", keyless, func(r *SignerRule, _ *Signer) { r.Keyless.Issuer = "" }, CodeSignerMismatch, "issuer"},
		{"a glob is no issuer", keyless, func(r *SignerRule, _ *Signer) { r.Keyless.Issuer = "**" }, CodeSignerMismatch, "issuer"},
		{"issuer pattern", keyless, func(r *SignerRule, _ *Signer) { r.Keyless.IssuerPattern = regexp.MustCompile(`^https://gitlab\.com$`) }, CodeSignerMismatch, "the issuer is"},
		{"issuer pattern that is not anchored", keyless, func(r *SignerRule, _ *Signer) { r.Keyless.IssuerPattern = regexp.MustCompile(`token\.actions`) }, CodeSignerMismatch, "the issuer is"},
		{"subject", keyless, func(_ *SignerRule, s *Signer) {
			s.Certificate.Subject = strings.Replace(release, "acme", "evil", 1)
		}, CodeSignerMismatch, `the subject is "https://github.com/evil/`},
		{"subject of another ref", keyless, func(_ *SignerRule, s *Signer) {
			s.Certificate.Subject = strings.Replace(release, "tags/v1.0.0", "heads/main", 1)
		}, CodeSignerMismatch, "refs/heads/main"},
		{"subject that goes on", keyless, func(r *SignerRule, s *Signer) { s.Certificate.Subject += "/x" }, CodeSignerMismatch, "the subject is"},
		{"no subject in the certificate", keyless, func(_ *SignerRule, s *Signer) { s.Certificate.Subject = "" }, CodeSignerMismatch, "the certificate names no subject"},
		{"no subject in the rule", keyless, func(r *SignerRule, _ *Signer) { r.Keyless.Subject = "" }, CodeSignerMismatch, "subject"},
		{"subject pattern", keyless, func(r *SignerRule, _ *Signer) { r.Keyless.SubjectPattern = regexp.MustCompile(`^x$`) }, CodeSignerMismatch, "the subject is"},
		{"subject pattern as it should be", keyless, func(r *SignerRule, _ *Signer) {
			r.Keyless.SubjectPattern = regexp.MustCompile(`^https://github\.com/acme/.*$`)
		}, "", ""},
		{"extension", keyless, func(_ *SignerRule, s *Signer) { s.Certificate.Extensions["runnerEnvironment"] = "self-hosted" }, CodeSignerMismatch, `the runnerEnvironment is "self-hosted" instead of "github-hosted"`},
		{"no extension", keyless, func(_ *SignerRule, s *Signer) { delete(s.Certificate.Extensions, "runnerEnvironment") }, CodeSignerMismatch, "the certificate names no runnerEnvironment"},
		{"keyless in no log, but timestamped", keyless, func(_ *SignerRule, s *Signer) { s.Logged = false }, "", ""},
		{"keyless at no trusted time", keyless, func(_ *SignerRule, s *Signer) { s.Logged, s.SignedAt = false, time.Time{} }, CodeLogEntryMissing, "no transparency log"},
		{"keyless at no trusted time is never allowed", keyless, func(r *SignerRule, s *Signer) {
			s.Logged, s.SignedAt, r.IgnoreTransparencyLog = false, time.Time{}, true
			s.Trust = r.Trust()
		}, CodeLogEntryMissing, "no transparency log"},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule, signer := row.base(row.change)
			r := evaluate(t, requiring(signatureBy(rule)), inputOf(signatureOf(image, signer)))
			if row.code == "" {
				expect(t, r, Pass, "")
				return
			}
			expect(t, r, Fail, row.code)
			if !strings.Contains(r.Findings[0].Message, row.names) || r.Findings[0].Hint == "" {
				t.Errorf("message does not say %q:\n%s", row.names, describe(r))
			}
		})
	}
}

// The nearest signature is the one that the message is about.
func TestMismatchNamesTheNearestSigner(t *testing.T) {
	near := signedByWorkflow()
	near.Certificate.Extensions["runnerEnvironment"] = "self-hosted"
	r := evaluate(t, requiring(signatureBy(keyRule("old"), keylessRule())), inputOf(signatureOf(image, signedBy("mallory")), signatureOf(image, near)))
	expect(t, r, Fail, CodeSignerMismatch)
	for _, want := range []string{"not by any of old, release", release, "the runnerEnvironment is", "the nearest of 2"} {
		if !strings.Contains(r.Findings[0].Message, want) {
			t.Errorf("message does not say %q: %s", want, r.Findings[0].Message)
		}
	}
}

// Rows "CVE-2022-35929", "cosign verify with bundles", "GHSA-w6c6-c85g-mmv6"
// and "sigstore-go 609" of what must never happen, and evidence that is not
// whole.
func TestWhatIsNoSignatureOfTheImage(t *testing.T) {
	release := signedBy("release")
	noStatement := attest(image, "https://example.com/t", "{}", release)
	noStatement.Statement = nil
	aboutNothing := attest(image, "https://example.com/t", "{}", release)
	aboutNothing.Statement.Subjects = nil
	aboutAnother := attest(image, "https://example.com/t", "{}", release)
	aboutAnother.Statement.Subjects = []Digest{digestOf("other")}
	other := requiring(Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{keyRule("release")}, PredicateType: "https://example.com/t"}})
	for name, row := range map[string]struct {
		set      Set
		evidence Evidence
		code     Code
	}{
		"an attestation":                 {requiring(signatureBy(keyRule("release"))), attest(image, predicate.TypeSLSA1, "{}", release), CodeSignatureMissing},
		"a signature of another":         {requiring(signatureBy(keyRule("release"))), signatureOf(digestOf("other"), release), CodeSignatureMissing},
		"a signature by nobody":          {requiring(signatureBy(keyRule("release"))), signatureOf(image), CodeSignatureMissing},
		"a signature of nothing":         {requiring(signatureBy(keyRule("release"))), signatureOf(Digest{}, release), CodeSignatureMissing},
		"evidence of no kind":            {requiring(signatureBy(keyRule("release"))), Evidence{Subject: image, Signers: []Signer{release}}, CodeSignatureMissing},
		"an attestation of nothing":      {other, noStatement, CodeAttestationMissing},
		"a statement about nothing":      {other, aboutNothing, CodeAttestationMissing},
		"a statement about another":      {other, aboutAnother, CodeAttestationMissing},
		"a statement of other type":      {other, attest(image, "https://example.com/T", "{}", release), CodeAttestationMissing},
		"a signature, attestation asked": {other, signatureOf(image, release), CodeAttestationMissing},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, evaluate(t, row.set, inputOf(row.evidence)), Fail, row.code)
		})
	}
}

func TestSignedAnnotations(t *testing.T) {
	set := requiring(Requirement{Signature: &SignatureRequirement{Signers: []SignerRule{keyRule("release")}, Annotations: map[string]string{"env": "prod", "team": "a"}}})
	for name, row := range map[string]struct {
		annotations map[string]string
		want        Verdict
	}{
		"both":           {map[string]string{"env": "prod", "team": "a", "more": "x"}, Pass},
		"one is missing": {map[string]string{"env": "prod"}, Fail},
		"one differs":    {map[string]string{"env": "test", "team": "a"}, Fail},
		"none":           {nil, Fail},
	} {
		ev := signatureOf(image, signedBy("release"))
		ev.Annotations = row.annotations
		r := evaluate(t, set, inputOf(ev))
		if r.Verdict != row.want {
			t.Errorf("%s: %s", name, describe(r))
		}
		if row.want == Fail {
			expect(t, r, Fail, CodeSignatureAnnotations)
		}
	}
}

func TestMissingSaysWhatIsThereInstead(t *testing.T) {
	set := requiring(signatureBy(keyRule("release")))
	in := inputOf(attest(image, predicate.TypeSLSA1, "{}", signedBy("release")))
	r := evaluate(t, set, in)
	expect(t, r, Fail, CodeSignatureMissing)
	if !strings.Contains(r.Findings[0].Message, "found only: an attestation of type https://slsa.dev/provenance/v1") {
		t.Error(describe(r))
	}
	in.Rejected = []Rejection{{Location: "ghcr.io/acme/app:x.sig layer 1", Reason: "the certificate had expired\nwhen it signed"}}
	r = evaluate(t, set, in)
	if !strings.Contains(r.Findings[0].Message, "1 bundle found and counts for nothing: ghcr.io/acme/app:x.sig layer 1: the certificate had expired when it signed") {
		t.Error(describe(r))
	}
}

// Whoever signed an envelope together with others is found.
func TestAnySignerOfAnEnvelopeCounts(t *testing.T) {
	set := requiring(signatureBy(keyRule("release")))
	expect(t, evaluate(t, set, inputOf(signatureOf(image, signedBy("other"), signedBy("release")))), Pass, "")
	unlogged := signedBy("release")
	unlogged.Logged, unlogged.SignedAt = false, time.Time{}
	expect(t, evaluate(t, set, inputOf(signatureOf(image, signedBy("other"), unlogged))), Fail, CodeLogEntryMissing)
}
