package policy

import (
	"crypto/x509"
	"reflect"
	"strings"
	"testing"
	"time"
)

// internal is a trusted root of a policy's own.
func internal() *TrustedRoot { return &TrustedRoot{Name: "internal", JSON: []byte("{}")} }

// ownCA is a trusted root whose certificate authorities a policy names.
func ownCA() *TrustedRoot {
	return &TrustedRoot{Name: "ca", Parts: &TrustedParts{Certificates: &TrustedRoot{Certificates: []*x509.Certificate{{Raw: []byte("ca")}}}}}
}

func TestEachFieldOfTrustAloneMakesItFail(t *testing.T) {
	key := func() (SignerRule, Signer) { return keyRule("release"), signedBy("release") }
	keyless := func() (SignerRule, Signer) { return keylessRule(), signedByWorkflow() }
	held := func() (SignerRule, Signer) {
		rule := SignerRule{Name: "release", X509: &X509{Subject: "https://acme.example/*"}, Root: ownCA()}
		return rule, Signer{Certificate: &Certificate{Subject: "https://acme.example/ci"}, Logged: true, SignedAt: noon.Add(-time.Hour), Trust: rule.Trust()}
	}
	lasting := func(s *Signer, from, until time.Time) {
		s.Logged, s.SignedAt, s.ValidFrom, s.ValidUntil = false, time.Time{}, from, until
	}
	for _, row := range []struct {
		name   string
		base   func() (SignerRule, Signer)
		change func(*SignerRule, *Signer)
		code   Code
		says   string
	}{
		{"key at another root", key, func(r *SignerRule, _ *Signer) { r.Root = internal() }, CodeSignerMismatch, "it does not hold against the trusted root internal"},
		{"key at the root", key, func(r *SignerRule, s *Signer) { r.Root = internal(); s.Trust.Root = internal().ID() }, "", ""},
		{"key at the run's root", key, func(_ *SignerRule, s *Signer) { s.Trust.Root = internal().ID() }, CodeSignerMismatch, "it does not hold against the run's trusted root"},
		{"keyless at another root", keyless, func(r *SignerRule, _ *Signer) { r.Root = internal() }, CodeSignerMismatch, "it does not hold against"},
		{"keyless at relaxed trust", keyless, func(_ *SignerRule, s *Signer) { s.Trust.IgnoreCertificateLog = true }, CodeSignerMismatch, "it does not hold against"},
		{"keyless, relaxed", keyless, func(r *SignerRule, s *Signer) { r.IgnoreCertificateLog = true; s.Trust = r.Trust() }, "", ""},
		{"key kept elsewhere", key, func(r *SignerRule, _ *Signer) { r.Source.Repository = "ghcr.io/acme/signatures" }, CodeSignerMismatch, "it is kept in the image's own repository, and those by release are looked for in ghcr.io/acme/signatures"},
		{"key with a timestamp", key, func(r *SignerRule, s *Signer) { r.RequireTimestamp, s.Stamped = true, true }, "", ""},
		{"key without a timestamp", key, func(r *SignerRule, _ *Signer) { r.RequireTimestamp = true }, CodeSignerMismatch, "no timestamp authority"},
		{"keyless without a timestamp", keyless, func(r *SignerRule, _ *Signer) { r.RequireTimestamp = true }, CodeSignerMismatch, "no timestamp authority"},
		{"key in its period", key, func(r *SignerRule, _ *Signer) { r.Key.NotBefore, r.Key.NotAfter = noon.Add(-2*time.Hour), noon }, "", ""},
		{"key before its period", key, func(r *SignerRule, _ *Signer) { r.Key.NotBefore = noon.Add(-time.Minute) }, CodeSignerMismatch, "the key is valid from 2026-06-15T11:59:00Z on"},
		{"key after its period", key, func(r *SignerRule, _ *Signer) { r.Key.NotAfter = noon.Add(-time.Hour) }, CodeSignerMismatch, "the key is valid until 2026-06-15T11:00:00Z"},
		{"key at no time", key, func(r *SignerRule, s *Signer) {
			r.IgnoreTransparencyLog, r.Key.NotAfter = true, noon.Add(time.Hour)
			s.Logged, s.SignedAt = false, time.Time{}
		}, CodeSignerMismatch, "nobody who is trusted says when it was made"},
		{"keyless at no time, relaxed", keyless, func(r *SignerRule, s *Signer) {
			r.IgnoreTransparencyLog = true
			s.Trust = r.Trust()
			lasting(s, noon.Add(-time.Hour), noon.Add(time.Hour))
		}, CodeLogEntryMissing, "no transparency log"},
		{"keyless at no time, as cosign", keyless, func(r *SignerRule, s *Signer) {
			r.IgnoreTransparencyLog, r.Root = true, &TrustedRoot{Name: "internal", AsCosign: true}
			s.Trust = r.Trust()
			lasting(s, noon.Add(-time.Hour), noon.Add(time.Hour))
		}, "", ""},
		{"keyless at no time, as cosign, expired", keyless, func(r *SignerRule, s *Signer) {
			r.IgnoreTransparencyLog, r.Root = true, &TrustedRoot{Name: "internal", AsCosign: true}
			s.Trust = r.Trust()
			lasting(s, noon.Add(-2*time.Hour), noon.Add(-time.Hour))
		}, CodeSignatureMissing, "nobody who is trusted says when"},
		{"certificate", held, func(*SignerRule, *Signer) {}, "", ""},
		{"certificate of another", held, func(_ *SignerRule, s *Signer) { s.Certificate.Subject = "https://evil.example/ci" }, CodeSignerMismatch, "the subject is"},
		{"certificate of nobody", held, func(_ *SignerRule, s *Signer) { s.Certificate.Subject = "" }, CodeSignerMismatch, "names no subject"},
		{"certificate without an authority", held, func(r *SignerRule, s *Signer) { r.Root = internal(); s.Trust = r.Trust() }, CodeSignerMismatch, "no certificate authority of its own"},
		{"certificate and key", held, func(r *SignerRule, _ *Signer) { r.Key = keyRule("x").Key }, CodeSignerMismatch, "neither a key nor an identity"},
		{"certificate at no time", held, func(_ *SignerRule, s *Signer) { lasting(s, noon.Add(-time.Hour), noon.Add(time.Hour)) }, CodeLogEntryMissing, "no transparency log"},
		{"certificate at no time, relaxed", held, func(r *SignerRule, s *Signer) {
			r.IgnoreTransparencyLog = true
			s.Trust = r.Trust()
			lasting(s, noon.Add(-time.Hour), noon.Add(time.Hour))
		}, "", ""},
		{"certificate at no time, relaxed, expired", held, func(r *SignerRule, s *Signer) {
			r.IgnoreTransparencyLog = true
			s.Trust = r.Trust()
			lasting(s, noon.Add(-2*time.Hour), noon.Add(-time.Hour))
		}, CodeSignatureMissing, "the certificate of https://acme.example/ci is valid from 2026-06-15T10:00:00Z to 2026-06-15T11:00:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			rule, signer := row.base()
			row.change(&rule, &signer)
			r := evaluate(t, requiring(signatureBy(rule)), inputOf(signatureOf(image, signer)))
			if row.code == "" {
				expect(t, r, Pass, "")
				return
			}
			expect(t, r, Fail, row.code)
			if !strings.Contains(r.Findings[0].Message, row.says) {
				t.Errorf("message does not say %q:\n%s", row.says, describe(r))
			}
		})
	}
}

// Each relaxation that a signature needed is told, and none that it did not.
func TestRelaxationsAreTold(t *testing.T) {
	relaxed := keyRule("release")
	relaxed.IgnoreTransparencyLog = true
	unlogged := signedBy("release")
	unlogged.Logged, unlogged.SignedAt = false, time.Time{}
	identity := keylessRule()
	identity.IgnoreTransparencyLog, identity.IgnoreCertificateLog = true, true
	bare := signedByWorkflow()
	bare.Logged, bare.Trust = false, identity.Trust()
	whole := bare
	whole.Logged, whole.CertificateLogged = true, true
	every := Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{relaxed}, PredicateType: "https://example.com/t", Statements: EveryStatement}}
	for name, row := range map[string]struct {
		requirement Requirement
		evidence    []Evidence
		want        []string
	}{
		"key":                 {signatureBy(relaxed), []Evidence{signatureOf(image, unlogged)}, []string{"insecureIgnoreTransparencyLog"}},
		"key, not needed":     {signatureBy(relaxed), []Evidence{signatureOf(image, signedBy("release"))}, nil},
		"key, one is better":  {signatureBy(relaxed), []Evidence{signatureOf(image, unlogged), signatureOf(image, signedBy("release"))}, nil},
		"keyless":             {signatureBy(identity), []Evidence{signatureOf(image, bare)}, []string{"insecureIgnoreTransparencyLog", "insecureIgnoreCertificateLog"}},
		"keyless, not needed": {signatureBy(identity), []Evidence{signatureOf(image, whole)}, nil},
		"every statement":     {every, []Evidence{attest(image, "https://example.com/t", "1", unlogged), attest(image, "https://example.com/t", "2", signedBy("release"))}, []string{"insecureIgnoreTransparencyLog"}},
		"in a group":          {Requirement{Group: &Group{Kind: "anyOf", Count: 1, Of: []Requirement{signatureBy(relaxed)}}}, []Evidence{signatureOf(image, unlogged)}, []string{"insecureIgnoreTransparencyLog"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := evaluate(t, requiring(row.requirement), inputOf(row.evidence...))
			expect(t, r, Pass, "")
			var got []string
			for _, f := range r.Findings {
				if f.Code == CodeRelaxed {
					got = append(got, strings.TrimPrefix(f.Hint[strings.LastIndex(f.Hint, "take "):], "take "))
				}
			}
			for i := range got {
				got[i], _, _ = strings.Cut(got[i], " ")
			}
			if !reflect.DeepEqual(got, row.want) {
				t.Errorf("relaxations %v, want %v:\n%s", got, row.want, describe(r))
			}
		})
	}
}

// A key that is not known makes unknown what it might have met, and nothing
// else.
func TestUnknownKeys(t *testing.T) {
	managed := SignerRule{Name: "vault", Key: &Key{KMS: "hashivault://release", Unknown: &Finding{Message: "ask vault: no answer", Retryable: true}}}
	newest := Requirement{Attestation: &AttestationRequirement{Signers: []SignerRule{managed, keyRule("release")}, PredicateType: "https://example.com/t", Statements: NewestStatement}}
	signed := []Evidence{signatureOf(image, signedBy("release")), attest(image, "https://example.com/t", "1", signedBy("release"))}
	for name, row := range map[string]struct {
		requirement Requirement
		want        Verdict
		code        Code
	}{
		"alone":                 {signatureBy(managed), Unknown, CodeKeyUnknown},
		"another one signed":    {signatureBy(managed, keyRule("release")), Pass, ""},
		"no other one signed":   {signatureBy(managed, keyRule("other")), Unknown, CodeKeyUnknown},
		"what is newer decides": {newest, Unknown, CodeKeyUnknown},
		"an empty fingerprint":  {signatureBy(SignerRule{Name: "x", Key: &Key{}}), Fail, CodeSignerMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			r := evaluate(t, requiring(row.requirement), inputOf(signed...))
			expect(t, r, row.want, row.code)
		})
	}
	r := evaluate(t, requiring(signatureBy(managed)), inputOf(signed...))
	if f := r.Findings[0]; f.Message != "ask vault: no answer" || !f.Retryable {
		t.Error(describe(r))
	}
	if keys := requiring(signatureBy(managed)).Keys(); len(keys) != 0 {
		t.Errorf("keys that are not known are given out: %v", keys)
	}
	nobody := signedBy("x")
	nobody.Key = ""
	expect(t, evaluate(t, requiring(signatureBy(managed)), inputOf(signatureOf(image, nobody))), Unknown, CodeKeyUnknown)
}

func TestRootsAreToldApart(t *testing.T) {
	tuf := func(change func(*TUFRepository)) *TrustedRoot {
		repository := &TUFRepository{Mirror: "https://tuf.example", Root: []byte("root"), Target: "t"}
		change(repository)
		return &TrustedRoot{TUF: repository}
	}
	parts := func(a, b, c *TrustedRoot) *TrustedRoot { return &TrustedRoot{Parts: &TrustedParts{a, b, c}} }
	roots := []*TrustedRoot{
		nil, internal(), {JSON: []byte("{} ")}, {Name: "public-good"}, {Name: "github"},
		tuf(func(*TUFRepository) {}),
		tuf(func(r *TUFRepository) { r.Mirror = "https://tuf2.example" }),
		tuf(func(r *TUFRepository) { r.Archive = []byte("a") }),
		tuf(func(r *TUFRepository) { r.Root = []byte("other") }),
		tuf(func(r *TUFRepository) { r.Target = "" }),
		{Certificates: []*x509.Certificate{{Raw: []byte("a")}, {Raw: []byte("b")}}},
		{Certificates: []*x509.Certificate{{Raw: []byte("ab")}}},
		parts(nil, nil, nil), parts(internal(), nil, nil), parts(nil, internal(), nil), parts(nil, nil, internal()),
		parts(parts(nil, nil, nil), nil, nil), ownCA(),
		{Nobody: true}, {Nobody: true, AsCosign: true}, {Name: "public-good", AsCosign: true},
	}
	seen := map[string]int{}
	for i, r := range roots {
		if other, known := seen[r.ID()]; known {
			t.Errorf("roots %d and %d have the same ID", other, i)
		}
		seen[r.ID()] = i
	}
	if once, again := internal(), internal(); once.ID() != again.ID() || !ownCA().OwnCertificates() || internal().OwnCertificates() || (*TrustedRoot)(nil).OwnCertificates() {
		t.Error("the same root has two IDs, or whose certificates it judges is told wrongly")
	}
}

func TestTrusts(t *testing.T) {
	a, b, c := keyRule("a"), keylessRule(), keylessRule()
	a.IgnoreTransparencyLog, b.IgnoreTransparencyLog, c.Root = true, true, internal()
	set := requiring(signatureBy(a), Requirement{Group: &Group{Of: []Requirement{signatureBy(b, c)}}})
	want := []Trust{{}, {IgnoreTransparencyLog: true}, {Root: internal().ID()}}
	if got := set.Trusts(); !reflect.DeepEqual(got, want) {
		t.Errorf("trusts %+v, want %+v", got, want)
	}
	if got := set.Roots(); len(got) != 1 || got[internal().ID()] == nil {
		t.Errorf("roots %+v", got)
	}
}
