package sigstore_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

const (
	certificateAnnotation = "dev.sigstore.cosign/certificate"
	signatureAnnotation   = "dev.cosignproject.cosign/signature"
	entryAnnotation       = "dev.sigstore.cosign/bundle"
	stampAnnotation       = "dev.sigstore.cosign/rfc3161timestamp"
)

// CVE-2022-35929, CVE-2022-35930 (cosign, policy-controller): what an
// attestation is of is what was signed, whatever annotations say.
func TestThreatTypeOfAttestationIsTheSignedOne(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		b := s.made(format, s.keyless, verifytest.How{})
		for _, name := range []string{"predicateType", "dev.sigstore.bundle.predicateType"} {
			b = annotated(b, name, "https://spdx.dev/Document")
		}
		if got := s.accept(s.trusting(), b); got.Statement.PredicateType != predicateType {
			t.Errorf("%s: predicate type %s", format, got.Statement.PredicateType)
		}
	}
}

// GHSA-w6c6-c85g-mmv6 (cosign): a malformed statement is no evidence, however
// well signed.
func TestThreatMalformedStatement(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		for name, predicate := range map[string]string{
			"duplicate subject":       `1,"subject":[{"digest":{"sha256":"` + s.image.Digest.Hex() + `"}}]`,
			"duplicate predicateType": `1,"predicateType":"https://spdx.dev/Document"`,
			"Subject beside subject":  `1,"Subject":[{"digest":{"sha256":"` + s.image.Digest.Hex() + `"}}]`,
		} {
			t.Run(string(format)+" "+name, func(t *testing.T) {
				s.t = t
				b := s.signedRaw(format, predicate)
				s.expect(s.trusting(), b, sigstore.CodeStatementMalformed)
			})
		}
	}
}

// GHSA-w6c6-c85g-mmv6 again: nothing at all, well signed, is no statement, and
// no signature of the image either.
func TestThreatEmptyPayload(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		for _, text := range []string{"", "null", "{}", `"x"`} {
			b := s.signedText(format, []byte(text))
			s.expect(s.trusting(), b, sigstore.CodeStatementMalformed)
		}
	}
	b := s.edited(s.signedText(policy.FormatBundle, nil), func(m map[string]any) {
		delete(m["dsseEnvelope"].(map[string]any), "payload")
	})
	s.expect(s.trusting(), b, sigstore.CodeStatementMalformed)
}

// signedRaw signs a statement whose predicate, and what comes after it, is
// raw text.
func (s *scene) signedRaw(format policy.Format, predicate string) verify.Bundle {
	s.t.Helper()
	subject := fmt.Sprintf(`[{"name":"a","digest":{"sha256":%q}}]`, s.image.Digest.Hex())
	text := fmt.Sprintf(`{"_type":%q,"predicateType":%q,"subject":%s,"predicate":%s}`,
		policy.StatementV1, predicateType, subject, predicate)
	return s.signedText(format, []byte(text))
}

// signedText signs any text as an in-toto payload, by a key, without a log.
func (s *scene) signedText(format policy.Format, text []byte) verify.Bundle {
	s.t.Helper()
	signer, err := verifytest.NewSigningKey(verifytest.ECDSAP256)
	must(s.t, err)
	s.keyedBy(signer)
	message := fmt.Sprintf("DSSEv1 %d %s %d %s", len(verifytest.IntotoPayload), verifytest.IntotoPayload, len(text), text)
	signature, err := signer.Sign([]byte(message))
	must(s.t, err)
	envelope, err := json.Marshal(map[string]any{
		"payloadType": verifytest.IntotoPayload, "payload": text, "signatures": []any{map[string]any{"sig": signature}},
	})
	must(s.t, err)
	if format == policy.FormatBundle {
		envelope, err = json.Marshal(map[string]any{
			"mediaType":            "application/vnd.dev.sigstore.bundle.v0.3+json",
			"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": "x"}},
			"dsseEnvelope":         json.RawMessage(envelope),
		})
		must(s.t, err)
	}
	return verify.Bundle{Format: format, Location: "here", Payload: envelope}
}

// keyedBy makes a key the one that is trusted.
func (s *scene) keyedBy(key *verifytest.SigningKey) { s.keyed = verifytest.SignerOf(key) }

// policy-controller PR 1971: a forged envelope is no evidence, on any path.
func TestThreatForgedEvidence(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	stranger, err := s.Key(verifytest.ECDSAP256)
	must(t, err)
	other, err := s.PushImage("acme/other:1")
	must(t, err)
	for _, format := range every() {
		t.Run(string(format), func(t *testing.T) {
			s.t = t
			s.expect(s.trusting(), s.made(format, stranger, verifytest.How{}), sigstore.CodeUnknownKey)

			mine := s.image
			s.image = other
			moved := s.made(format, s.keyless, verifytest.How{})
			s.image = mine
			s.expect(s.trusting(), moved, sigstore.CodeSubjectMismatch)

			elsewhere := newScene(t, verifytest.Options{})
			s.expect(s.trusting(), elsewhere.made(format, elsewhere.keyless, verifytest.How{}), missing(format))
		})
	}
}

// missing is how an entry of a log that is not trusted is called.
func missing(format policy.Format) policy.Code {
	if format == policy.FormatBundle {
		return sigstore.CodeLogEntryInvalid
	}
	return sigstore.CodeLogEntryMissing
}

// policy-controller PR 1971: no signature, an empty one, and one that was
// changed are no signatures.
func TestThreatForgedSignature(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	none := func(m map[string]any) { m["signatures"] = []any{} }
	empty := func(m map[string]any) { at(m, "signatures", 0).(map[string]any)["sig"] = "" }
	inBundle := func(edit func(map[string]any)) func(map[string]any) {
		return func(m map[string]any) { edit(m["dsseEnvelope"].(map[string]any)) }
	}
	payload := func(m map[string]any) {
		text, err := base64.StdEncoding.DecodeString(m["payload"].(string))
		must(t, err)
		m["payload"] = []byte(strings.Replace(string(text), "good", "evil", 1))
	}
	dsse := s.made(policy.FormatDSSE, s.keyless, verifytest.How{})
	bundle := s.made(policy.FormatBundle, s.keyless, verifytest.How{})
	s.expect(s.trusting(), s.edited(dsse, none), sigstore.CodeSignatureInvalid)
	s.expect(s.trusting(), s.edited(dsse, empty), sigstore.CodeSignatureInvalid)
	s.expect(s.trusting(), s.edited(dsse, payload), sigstore.CodeSignatureInvalid)
	s.expect(s.trusting(), s.edited(bundle, inBundle(none)), sigstore.CodePayloadMalformed)
	s.expect(s.trusting(), s.edited(bundle, inBundle(empty)), sigstore.CodeLogEntryInvalid)
	s.expect(s.trusting(), s.edited(bundle, inBundle(payload)), sigstore.CodeLogEntryInvalid)

	simple := s.made(policy.FormatSimpleSigning, s.keyless, verifytest.How{})
	s.expect(s.trusting(), annotated(simple, signatureAnnotation, ""), sigstore.CodePayloadMalformed)
	s.expect(s.trusting(), annotated(simple, signatureAnnotation, "MEUCIQ=="), sigstore.CodeSignatureInvalid)
	s.expect(s.trusting(), annotated(simple, signatureAnnotation, "~"), sigstore.CodePayloadMalformed)
	simple.Payload = []byte(strings.Replace(string(simple.Payload), "acme/app", "acme/bad", 1))
	s.expect(s.trusting(), simple, sigstore.CodeSignatureInvalid)

	keyed := s.made(policy.FormatBundle, s.keyed, verifytest.How{Log: verifytest.LogNone})
	s.expect(s.trusting(), s.edited(keyed, inBundle(payload)), sigstore.CodeSignatureInvalid)
	logged := s.made(policy.FormatDSSE, s.keyed, verifytest.How{})
	s.expect(s.trusting(), s.edited(logged, payload), sigstore.CodeSignatureInvalid)
}

// kyverno 2739: an attestation by a key that is not the policy's is none.
func TestThreatWrongKey(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	wrong, err := s.Key(verifytest.RSA2048)
	must(t, err)
	for _, format := range every() {
		for _, log := range []verifytest.LogEntry{verifytest.LogUsual, verifytest.LogNone} {
			s.expect(s.verifier(nil, wrong.Public()), s.made(format, s.keyed, verifytest.How{Log: log}), sigstore.CodeUnknownKey)
		}
	}
}

// CVE-2026-22703, CVE-2022-23649, CVE-2022-36056 (cosign): an entry for
// another artifact, signature or key, and one that does not hold.
func TestThreatLogEntryOfSomethingElse(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for who, signer := range map[string]*verifytest.Signer{"keyless": s.keyless, "key": s.keyed} {
		for kind, log := range map[string]verifytest.LogEntry{
			"hashedrekord": verifytest.LogUsual, "dsse": verifytest.LogUsual, "intoto 0.0.1": verifytest.LogIntoto, "intoto 0.0.2": verifytest.LogIntoto2,
		} {
			t.Run(kind+" "+who, func(t *testing.T) {
				s.t = t
				format := policy.FormatDSSE
				if kind == "hashedrekord" {
					format = policy.FormatSimpleSigning
				}
				s.rejectsForeignEntries(format, signer, log)
			})
		}
	}
}

func (s *scene) rejectsForeignEntries(format policy.Format, signer *verifytest.Signer, log verifytest.LogEntry) {
	s.t.Helper()
	how := verifytest.How{Log: log}
	b := s.made(format, signer, how)
	claim := s.claim
	s.claim.Predicate = "something else"
	other := s.made(format, signer, verifytest.How{Log: log, Optional: map[string]string{"a": "b"}})
	s.claim = claim
	again := s.made(format, signer, how)
	somebody, err := s.Key(verifytest.ECDSAP256)
	must(s.t, err)
	others := s.made(format, somebody, how)
	for name, entry := range map[string]string{
		"artifact":  other.Annotations[entryAnnotation],
		"signature": again.Annotations[entryAnnotation],
		"key":       others.Annotations[entryAnnotation],
		"no JSON":   "{",
		"no body":   `{"SignedEntryTimestamp":"AA==","Payload":{"integratedTime":1,"logIndex":1,"logID":"00"}}`,
		"body text": `{"SignedEntryTimestamp":"AA==","Payload":{"body":{},"integratedTime":1,"logIndex":1,"logID":"00"}}`,
	} {
		s.t.Log(name)
		s.expect(s.trusting(), annotated(b, entryAnnotation, entry), sigstore.CodeLogEntryInvalid)
	}
	entry := b.Annotations[entryAnnotation]
	later := strings.Replace(entry, `"integratedTime":`, `"integratedTime":1`, 1)
	s.expect(s.trusting(), annotated(b, entryAnnotation, later), sigstore.CodeLogEntryInvalid)
}

// CVE-2026-22703 again, in bundles; and an entry with the log's promise and
// no proof, where the format asks for a proof.
func TestThreatLogEntryOfBundle(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	entry := func(m map[string]any) map[string]any {
		return at(m, "verificationMaterial", "tlogEntries", 0).(map[string]any)
	}
	for who, signer := range map[string]*verifytest.Signer{"keyless": s.keyless, "key": s.keyed} {
		t.Run(who, func(t *testing.T) {
			s.t = t
			b := s.made(policy.FormatBundle, signer, verifytest.How{})
			var other map[string]any
			must(t, json.Unmarshal(s.made(policy.FormatBundle, signer, verifytest.How{}).Payload, &other))
			for name, edit := range map[string]func(map[string]any){
				"of another signature": func(m map[string]any) {
					at(m, "verificationMaterial").(map[string]any)["tlogEntries"] = at(other, "verificationMaterial", "tlogEntries")
				},
				"promise without proof":   func(m map[string]any) { delete(entry(m), "inclusionProof") },
				"proof of another entry":  func(m map[string]any) { entry(m)["inclusionProof"] = entry(other)["inclusionProof"] },
				"promise of another time": func(m map[string]any) { entry(m)["integratedTime"] = fmt.Sprint(s.Now().Unix() + 1) },
				"promise of another":      func(m map[string]any) { entry(m)["inclusionPromise"] = entry(other)["inclusionPromise"] },
				"no checkpoint": func(m map[string]any) {
					delete(entry(m)["inclusionProof"].(map[string]any), "checkpoint")
				},
				// sigstore-go 633: the same entry twice counts once, and is a lie.
				"the same twice": func(m map[string]any) {
					at(m, "verificationMaterial").(map[string]any)["tlogEntries"] = []any{entry(m), entry(m)}
				},
			} {
				t.Run(name, func(t *testing.T) {
					s.t = t
					s.expect(s.trusting(), s.edited(b, edit), sigstore.CodeLogEntryInvalid)
				})
			}
			none := func(m map[string]any) { at(m, "verificationMaterial").(map[string]any)["tlogEntries"] = []any{} }
			if signer == s.keyless {
				s.expect(s.trusting(), s.edited(b, none), sigstore.CodeLogEntryMissing)
			} else if got := s.accept(s.trusting(), s.edited(b, none)); got.Signers[0].Logged {
				t.Error("logged without an entry")
			}
		})
	}
}

// A promise of a log whose key the trusted root no longer, or not yet, took
// as valid at that time.
func TestThreatTimestampOutsideTheLogKeysValidity(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for name, period := range map[string]map[string]any{
		"not yet":   {"start": s.Now().Add(time.Hour).Format(time.RFC3339)},
		"no longer": {"start": s.Now().Add(-2 * time.Hour).Format(time.RFC3339), "end": s.Now().Add(-time.Hour).Format(time.RFC3339)},
	} {
		v := s.verifier(func(root map[string]any) {
			at(root, "tlogs", 0, "publicKey").(map[string]any)["validFor"] = period
		}, s.keyed.Public())
		t.Log(name)
		for _, format := range every() {
			s.expect(v, s.made(format, s.keyless, verifytest.How{}), sigstore.CodeLogEntryInvalid)
			s.expect(v, s.made(format, s.keyed, verifytest.How{}), sigstore.CodeLogEntryInvalid)
		}
	}
}

// GHSA-wqqc-jjcq-vfxm (sigstore-go): a timestamp from outside the time that
// the authority is trusted for is none.
func TestThreatTimestampOutsideTheAuthoritysValidity(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	v := s.verifier(func(root map[string]any) {
		root["tlogs"] = []any{}
		at(root, "timestampAuthorities", 0).(map[string]any)["validFor"] = map[string]any{"start": s.Now().Add(time.Hour).Format(time.RFC3339)}
	}, s.keyed.Public())
	how := verifytest.How{Log: verifytest.LogNone, Stamped: true}
	for _, format := range every() {
		s.expect(v, s.made(format, s.keyless, how), sigstore.CodeTimestampInvalid)
		if got := s.accept(v, s.made(format, s.keyed, how)); !got.Signers[0].SignedAt.IsZero() {
			t.Errorf("%s: signed at %v by nobody's word", format, got.Signers[0].SignedAt)
		}
	}
}

// A timestamp over something else, or that is none: an error in cosign's
// library makes it panic.
func TestThreatTimestampOfSomethingElse(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	v := s.verifier(func(root map[string]any) { root["tlogs"] = []any{} })
	how := verifytest.How{Log: verifytest.LogNone, Stamped: true}
	for _, format := range []policy.Format{policy.FormatSimpleSigning, policy.FormatDSSE} {
		b, other := s.made(format, s.keyless, how), s.made(format, s.keyless, how)
		s.expect(v, annotated(b, stampAnnotation, other.Annotations[stampAnnotation]), sigstore.CodeTimestampInvalid)
		s.expect(v, annotated(b, stampAnnotation, `{"SignedRFC3161Timestamp":"AAAA"}`), sigstore.CodeTimestampInvalid)
		s.expect(v, annotated(b, stampAnnotation, `{`), sigstore.CodeTimestampInvalid)
		s.expect(v, annotated(b, stampAnnotation, `{}`), sigstore.CodeTimestampMissing)
	}
}

// CVE-2026-24122: the issuing authority had expired when it was signed; the
// signer's certificate had not.
func TestThreatIssuerExpiredAtSigningTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := newScene(t, verifytest.Options{Now: now, CAExpires: now.Add(-time.Minute)})
	for _, format := range every() {
		for _, stamped := range []bool{false, true} {
			s.expect(s.trusting(), s.made(format, s.keyless, verifytest.How{CertifiedAt: now.Add(-5 * time.Minute), Stamped: stamped}), sigstore.CodeCertificateExpired)
			s.accept(s.trusting(), s.made(format, s.keyless, verifytest.How{At: now.Add(-5 * time.Minute), Stamped: stamped}))
		}
	}
}

// A certificate that was not valid when its signature was logged.
func TestThreatCertificateExpiredAtSigningTime(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range every() {
		for _, off := range []time.Duration{-time.Hour, time.Hour} {
			s.expect(s.trusting(), s.made(format, s.keyless, verifytest.How{CertifiedAt: s.Now().Add(off)}), sigstore.CodeCertificateExpired)
		}
	}
}

// A certificate of an authority, or in a certificate log, that the trusted
// root does not name.
func TestThreatUntrustedCertificate(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	elsewhere := newScene(t, verifytest.Options{})
	var foreign map[string]any
	must(t, json.Unmarshal(elsewhere.TrustedRoot(), &foreign))
	for _, part := range []string{"certificateAuthorities", "ctlogs"} {
		v := s.verifier(func(root map[string]any) { root[part] = foreign[part] })
		for _, format := range every() {
			s.expect(v, s.made(format, s.keyless, verifytest.How{}), sigstore.CodeCertificateUntrusted)
		}
	}
	// Of two names policy would see one, and people the other.
	for _, format := range every() {
		for _, name := range []string{"https://git.example/evil", "evil@git.example"} {
			s.expect(s.trusting(), s.made(format, s.keyless.Also(name), verifytest.How{}), sigstore.CodeCertificateUntrusted)
		}
	}
	// A key in the certificate's place proves no identity.
	for _, format := range every() {
		s.expect(s.verifier(nil), s.made(format, s.keyed, verifytest.How{}), sigstore.CodeUnknownKey)
	}
}

// sigstore-go 609: an empty list of subjects verifies nothing.
func TestThreatEmptyListOfSubjects(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	s.claim.Subjects = []policy.Digest{}
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		s.expect(s.trusting(), s.made(format, s.keyless, verifytest.How{}), sigstore.CodeStatementMalformed)
		s.expect(s.trusting(), s.made(format, s.keyed, verifytest.How{}), sigstore.CodeStatementMalformed)
	}
}

// cosign d104fc40: a certificate that is missing never fails open.
func TestThreatMissingCertificate(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range []policy.Format{policy.FormatSimpleSigning, policy.FormatDSSE} {
		b := s.made(format, s.keyless, verifytest.How{})
		s.expect(s.trusting(), annotated(b, certificateAnnotation, ""), sigstore.CodeUnknownKey)
		s.expect(s.verifier(nil), annotated(b, certificateAnnotation, ""), sigstore.CodeUnknownKey)
		s.expect(s.trusting(), annotated(b, certificateAnnotation, "\n"), sigstore.CodePayloadMalformed)
		other := s.made(format, s.keyless, verifytest.How{})
		s.expect(s.trusting(), annotated(b, certificateAnnotation, other.Annotations[certificateAnnotation]), sigstore.CodeSignatureInvalid)
	}
	b := s.made(policy.FormatBundle, s.keyless, verifytest.How{})
	for _, material := range []any{nil, map[string]any{}, map[string]any{"rawBytes": ""}} {
		s.expect(s.trusting(), s.edited(b, func(m map[string]any) {
			at(m, "verificationMaterial").(map[string]any)["certificate"] = material
		}), sigstore.CodePayloadMalformed)
	}
}

// cosign verify with bundles: an attestation that verifies is no signature of
// the image.
func TestThreatAttestationIsNoSignature(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		if got := s.accept(s.trusting(), s.made(format, s.keyless, verifytest.How{})); got.Kind != policy.KindAttestation || got.Statement == nil {
			t.Errorf("%s: %+v", format, got)
		}
	}
	s.claim = verifytest.Claim{PredicateType: verifytest.SignPredicate, Predicate: struct{}{}}
	if got := s.accept(s.trusting(), s.made(policy.FormatBundle, s.keyless, verifytest.How{})); got.Kind != policy.KindSignature || got.Statement != nil {
		t.Errorf("a signature is %+v", got)
	}
}

// A signature of the image whose claim is of another type, or is about
// another image.
func TestThreatSignedClaimOfAnotherType(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	digest := s.image.Digest.String()
	for name, test := range map[string]struct {
		payload string
		want    policy.Code
	}{
		"another type":   {`{"critical":{"type":"test","image":{"docker-manifest-digest":"` + digest + `"}}}`, sigstore.CodePayloadMalformed},
		"no type":        {`{"critical":{"image":{"docker-manifest-digest":"` + digest + `"}}}`, sigstore.CodePayloadMalformed},
		"no digest":      {`{"critical":{"type":"cosign container image signature"}}`, sigstore.CodeSubjectMismatch},
		"other digest":   {`{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"sha256:00"}}}`, sigstore.CodeSubjectMismatch},
		"digest twice":   {`{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"sha256:00","docker-manifest-digest":"` + digest + `"}}}`, sigstore.CodePayloadMalformed},
		"case-folded":    {`{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"sha256:00","Docker-Manifest-Digest":"` + digest + `"}}}`, sigstore.CodePayloadMalformed},
		"critical twice": {`{"critical":{},"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"` + digest + `"}}}`, sigstore.CodePayloadMalformed},
		"no JSON":        {`x`, sigstore.CodePayloadMalformed},
		"a statement":    {`{"_type":"https://in-toto.io/Statement/v1"}`, sigstore.CodePayloadMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			key, err := verifytest.NewSigningKey(verifytest.ECDSAP256)
			must(t, err)
			s.keyedBy(key)
			signature, err := key.Sign([]byte(test.payload))
			must(t, err)
			s.expect(s.trusting(), verify.Bundle{
				Format: policy.FormatSimpleSigning, Location: "here", Payload: []byte(test.payload),
				Annotations: map[string]string{signatureAnnotation: base64.StdEncoding.EncodeToString(signature)},
			}, test.want)
		})
	}
}

// DSSE: the payload type must be that of in-toto.
func TestThreatPayloadType(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	other := func(m map[string]any) { m["payloadType"] = "application/vnd.in-toto+xml" }
	s.expect(s.trusting(), s.edited(s.made(policy.FormatDSSE, s.keyed, verifytest.How{}), other), sigstore.CodePayloadMalformed)
	s.expect(s.trusting(), s.edited(s.made(policy.FormatBundle, s.keyed, verifytest.How{}), func(m map[string]any) {
		other(m["dsseEnvelope"].(map[string]any))
	}), sigstore.CodePayloadMalformed)
}

// DSSE: of an envelope with several signatures, those who signed are told, and
// nobody else.
func TestThreatMultiSignatureEnvelope(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	second, err := s.Key(verifytest.RSA2048)
	must(t, err)
	stranger, err := s.Key(verifytest.ECDSAP384)
	must(t, err)
	for name, first := range map[string]*verifytest.Signer{"key": s.keyed, "keyless": s.keyless} {
		b := s.made(policy.FormatDSSE, first, verifytest.How{CoSigners: []*verifytest.Signer{second, stranger, second}})
		got := s.accept(s.verifier(nil, s.keyed.Public(), second.Public()), b)
		if len(got.Signers) != 2 {
			t.Fatalf("%s: signers %+v, want the first and the second", name, got.Signers)
		}
		if first == s.keyed != (got.Signers[0].Key == s.keyed.Public().Fingerprint) || got.Signers[1].Key != second.Public().Fingerprint {
			t.Errorf("%s: signers %+v", name, got.Signers)
		}
		if !got.Signers[0].Logged || !got.Signers[1].Logged {
			t.Errorf("%s: signers %+v, want both logged", name, got.Signers)
		}
	}
	// An entry for the first signature does not log the second.
	b := s.made(policy.FormatDSSE, s.keyed, verifytest.How{CoSigners: []*verifytest.Signer{second}, Log: verifytest.LogIntoto})
	got := s.accept(s.verifier(nil, s.keyed.Public(), second.Public()), b)
	if len(got.Signers) != 2 || !got.Signers[0].Logged || got.Signers[1].Logged || !got.Signers[1].SignedAt.IsZero() {
		t.Errorf("signers %+v, want only the first logged", got.Signers)
	}
}

// A certificate in one place and another signer's signature beside it.
func TestThreatCertificateOfTheFirstSignerOnly(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	second, err := s.Key(verifytest.ECDSAP256)
	must(t, err)
	b := s.made(policy.FormatDSSE, s.keyless, verifytest.How{CoSigners: []*verifytest.Signer{second}})
	onlySecond := s.edited(b, func(m map[string]any) { m["signatures"] = at(m, "signatures").([]any)[1:] })
	s.expect(s.trusting(), onlySecond, sigstore.CodeSignatureInvalid)
}

// Two signatures by one key are one signer, of whom the better is told.
func TestThreatSameSignerTwice(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	b := s.made(policy.FormatDSSE, s.keyed, verifytest.How{CoSigners: []*verifytest.Signer{s.keyed}, Log: verifytest.LogIntoto2})
	for range 2 {
		got := s.accept(s.trusting(), b)
		if len(got.Signers) != 1 || !got.Signers[0].Logged {
			t.Errorf("signers %+v, want one that is logged", got.Signers)
		}
		b = s.edited(b, func(m map[string]any) {
			list := at(m, "signatures").([]any)
			m["signatures"] = []any{list[1], list[0]}
		})
	}
}

// What a forged statement claims to be must not steer a terminal.
func TestThreatTerminalEscapes(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	stranger, err := s.Key(verifytest.ECDSAP256)
	must(t, err)
	s.claim.PredicateType = "https://example.com/\x1b[2J\nall good"
	for _, format := range []policy.Format{policy.FormatDSSE, policy.FormatBundle} {
		_, err := s.verify(s.trusting(), s.made(format, stranger, verifytest.How{}))
		var rejected *verify.Rejected
		if !errors.As(err, &rejected) {
			t.Fatalf("%s: not a rejection: %v", format, err)
		}
		if want := "https://example.com/[2J all good"; rejected.PredicateType != want {
			t.Errorf("%s: claims to be %q, want %q", format, rejected.PredicateType, want)
		}
	}
}

// A digest that was never resolved is nobody's.
func TestThreatNoDigest(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	for _, format := range every() {
		_, err := s.trusting().Verify(context.Background(), policy.Digest{}, s.made(format, s.keyed, verifytest.How{}))
		var rejected *verify.Rejected
		if err == nil || errors.As(err, &rejected) {
			t.Errorf("%s: got %v, want an error that is no rejection", format, err)
		}
	}
}
