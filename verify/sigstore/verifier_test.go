package sigstore_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

func TestVerifyKeyless(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	when := s.Now().Add(-30 * 24 * time.Hour)
	for name, how := range map[string]verifytest.How{
		"usual": {At: when}, "stamped": {At: when, Stamped: true}, "intoto 0.0.1 entry": {At: when, Log: verifytest.LogIntoto},
		"intoto 0.0.2 entry": {At: when, Log: verifytest.LogIntoto2},
	} {
		for _, format := range every() {
			if format != policy.FormatDSSE && how.Log != verifytest.LogUsual {
				continue
			}
			t.Run(name+" "+string(format), func(t *testing.T) {
				got := s.accept(s.verifier(nil), s.made(format, s.keyless, how))
				want := policy.Signer{
					Logged: true, SignedAt: when, CertificateLogged: true, Stamped: how.Stamped,
					Certificate: &policy.Certificate{
						Issuer: tokenIssuer, Subject: signerSubject,
						Extensions: map[string]string{"sourceRepositoryURI": "https://git.example/acme/app"},
					},
				}
				if len(got.Signers) != 1 || !reflect.DeepEqual(got.Signers[0], want) {
					t.Errorf("signers %+v, want %+v", got.Signers, want)
				}
				checkEvidence(t, got, s.image.Digest, format)
			})
		}
	}
}

func checkEvidence(t *testing.T, got policy.Evidence, digest policy.Digest, format policy.Format) {
	t.Helper()
	if got.Subject != digest || got.Format != format || got.Location != "here" || got.ID.IsZero() {
		t.Errorf("evidence %+v", got)
	}
	if format == policy.FormatSimpleSigning {
		if got.Kind != policy.KindSignature || got.Statement != nil {
			t.Errorf("evidence %+v, want a signature", got)
		}
		return
	}
	if got.Kind != policy.KindAttestation || got.Statement == nil || got.Statement.PredicateType != predicateType || string(got.Statement.Predicate) != `{"result":"good"}` {
		t.Errorf("evidence %+v with statement %+v", got, got.Statement)
	}
}

func TestVerifyKeys(t *testing.T) {
	for _, algorithm := range []verifytest.Algorithm{
		verifytest.ECDSAP256, verifytest.ECDSAP384, verifytest.ECDSAP521, verifytest.RSA2048, verifytest.Ed25519,
	} {
		for _, log := range []verifytest.LogEntry{verifytest.LogUsual, verifytest.LogNone} {
			if algorithm == verifytest.Ed25519 && log == verifytest.LogUsual {
				// Rekor takes no entries that pure Ed25519 signed.
				continue
			}
			s := newScene(t, verifytest.Options{})
			signer, err := s.Key(algorithm)
			must(t, err)
			for _, format := range every() {
				t.Run(string(algorithm)+" "+string(format), func(t *testing.T) {
					s.t = t
					got := s.accept(s.verifier(nil, s.keyed.Public(), signer.Public()), s.made(format, signer, verifytest.How{Log: log}))
					want := policy.Signer{Key: signer.Public().Fingerprint}
					if log == verifytest.LogUsual {
						want.Logged, want.SignedAt = true, s.Now()
					}
					if len(got.Signers) != 1 || !reflect.DeepEqual(got.Signers[0], want) {
						t.Errorf("signers %+v, want %+v", got.Signers, want)
					}
				})
			}
		}
	}
}

// TestWithoutRoot: without a trusted root keys verify, logs say nothing and
// no certificate is trusted.
func TestWithoutRoot(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	v, err := sigstore.New(nil, []policy.Key{s.keyed.Public()})
	must(t, err)
	for _, format := range every() {
		got := s.accept(v, s.made(format, s.keyed, verifytest.How{Stamped: true}))
		if got.Signers[0].Logged || !got.Signers[0].SignedAt.IsZero() {
			t.Errorf("%s: signer %+v without anybody to trust", format, got.Signers[0])
		}
		s.expect(v, s.made(format, s.keyless, verifytest.How{}), sigstore.CodeCertificateUntrusted)
	}
}

// TestStampedOnly: a root of timestamp authorities and no logs asks for a
// timestamp in place of a log entry.
func TestStampedOnly(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	v := s.verifier(func(root map[string]any) { root["tlogs"] = []any{} })
	for _, format := range every() {
		got := s.accept(v, s.made(format, s.keyless, verifytest.How{Log: verifytest.LogNone, Stamped: true}))
		if got.Signers[0].Logged || !got.Signers[0].SignedAt.Equal(s.Now()) {
			t.Errorf("%s: signer %+v", format, got.Signers[0])
		}
		s.expect(v, s.made(format, s.keyless, verifytest.How{Log: verifytest.LogNone}), sigstore.CodeTimestampMissing)
	}
}

func TestStampedKey(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range every() {
		got := s.accept(s.trusting(), s.made(format, s.keyed, verifytest.How{Log: verifytest.LogNone, Stamped: true}))
		if got.Signers[0].Logged || !got.Signers[0].SignedAt.Equal(s.Now()) {
			t.Errorf("%s: signer %+v", format, got.Signers[0])
		}
	}
}

// TestSignedAnnotations: the signed ones are told, and only those.
func TestSignedAnnotations(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	b, err := s.SimpleSigning(s.image, s.keyless, verifytest.How{Optional: map[string]string{"env": "prod"}})
	must(t, err)
	got := s.accept(s.verifier(nil), annotatedHere(b, "team", "unsigned"))
	if want := map[string]string{"env": "prod"}; !reflect.DeepEqual(got.Annotations, want) {
		t.Errorf("annotations %v, want %v", got.Annotations, want)
	}
}

func annotatedHere(b verify.Bundle, name, value string) verify.Bundle {
	b.Location = "here"
	return annotated(b, name, value)
}

// TestSameContentSameID: policy counts evidence once by its ID, wherever and
// in whatever form it was found.
func TestSameContentSameID(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	one := s.accept(s.trusting(), s.made(policy.FormatDSSE, s.keyed, verifytest.How{}))
	other := s.accept(s.trusting(), s.made(policy.FormatDSSE, s.keyless, verifytest.How{}))
	if one.ID != other.ID {
		t.Errorf("%s and %s for the same statement", one.ID, other.ID)
	}
	s.claim.Predicate = "else"
	if third := s.accept(s.trusting(), s.made(policy.FormatDSSE, s.keyed, verifytest.How{})); third.ID == one.ID {
		t.Error("another statement has the same ID")
	}
}

func TestIndexPlatformsAreApart(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	index, err := s.PushIndex("acme/multi:1", "linux/amd64", "linux/arm64")
	must(t, err)
	child, err := index.Platform("linux/arm64")
	must(t, err)
	s.image = child
	b := s.made(policy.FormatSimpleSigning, s.keyless, verifytest.How{})
	s.accept(s.verifier(nil), b)
	s.image = index
	s.expect(s.verifier(nil), b, sigstore.CodeSubjectMismatch)
}

func TestRejectsUnsupportedFormat(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range []policy.Format{"unsupported", "notation", ""} {
		s.expect(s.trusting(), verify.Bundle{Format: format, Location: "here", Payload: []byte("{}")}, sigstore.CodeUnsupportedFormat)
	}
	b := s.edited(s.made(policy.FormatBundle, s.keyless, verifytest.How{}), func(m map[string]any) {
		m["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.9+json"
	})
	s.expect(s.trusting(), b, sigstore.CodeUnsupportedFormat)
}

func TestRejectsWhatIsTooLarge(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range every() {
		b := s.made(format, s.keyed, verifytest.How{})
		b.Payload = append(b.Payload, make([]byte, bounds.EvidenceBytes)...)
		s.expect(s.trusting(), b, sigstore.CodeTooLarge)
	}
	many := func(list any, n int) []any {
		var out []any
		for range n {
			out = append(out, list.([]any)[0])
		}
		return out
	}
	s.expect(s.trusting(), s.edited(s.made(policy.FormatDSSE, s.keyed, verifytest.How{}), func(m map[string]any) {
		m["signatures"] = many(m["signatures"], bounds.Signatures+1)
	}), sigstore.CodeTooLarge)
	s.expect(s.trusting(), s.edited(s.made(policy.FormatBundle, s.keyed, verifytest.How{}), func(m map[string]any) {
		material := m["verificationMaterial"].(map[string]any)
		material["tlogEntries"] = many(material["tlogEntries"], bounds.LogEntries+1)
	}), sigstore.CodeTooLarge)
}

func TestNewRejectsWeakKeys(t *testing.T) {
	weak := publicKey(t, []byte("-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDZB5Wqfz+hSQPTnlVdEFbHv7/8\n4tOSrkCqNpcjWm9QFeiX8DsPbFIIpZBwNBzNdk2MFTTq3zmhTlLXTkFQ8GTW2tNd\nhq3qgjYVSDO0gqjU1SqzYkCFH9brTQhiVuPbHfwMY4u0a0KyvqTpbK6g3Y4DnPeu\nxIuMn1FhcpGSYQCAXQIDAQAB\n-----END PUBLIC KEY-----\n"))
	if _, err := sigstore.New(nil, []policy.Key{weak}); err == nil {
		t.Error("a key of 1024 bits is taken")
	}
}

func TestRootFaults(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`} {
		if _, err := sigstore.ParseTrustedRoot([]byte(text)); err == nil {
			t.Errorf("%q is taken for a trusted root", text)
		}
	}
}

func TestCancelled(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.trusting().Verify(ctx, s.image.Digest, s.made(policy.FormatDSSE, s.keyed, verifytest.How{}))
	var rejected *verify.Rejected
	if !errors.Is(err, context.Canceled) || errors.As(err, &rejected) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func BenchmarkVerify(b *testing.B) {
	s := newScene(b, verifytest.Options{})
	v := s.trusting()
	for _, format := range every() {
		for name, signer := range map[string]*verifytest.Signer{"key": s.keyed, "keyless": s.keyless} {
			made := s.made(format, signer, verifytest.How{})
			b.Run(string(format)+" "+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.verify(v, made); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
