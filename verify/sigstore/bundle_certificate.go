package sigstore

import (
	"context"
	"crypto/x509"
	"time"

	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// bundleCertificate verifies a bundle that a certificate signed.
func (v *Verifier) bundleCertificate(ctx context.Context, digest policy.Digest, o *opened) ([]policy.Signer, error) {
	key, way := v.keyOf(o)
	return v.ask(ctx, rootNeeded, func(t trusted, m *material) ([]policy.Signer, error) {
		if m == nil {
			return nil, reject(CodeCertificateUntrusted, "is signed with a certificate, and no trusted root says which certificate authorities to trust")
		}
		var found []policy.Signer
		signer, err := o.certified(t.Trust, m, digest)
		if err == nil {
			found = append(found, signer)
		}
		if way != nil && t.plain() {
			// A policy may name the key of a certificate.
			byKey, keyErr := o.keyed(policy.Signer{Key: key.fingerprint}, way, m)
			if keyErr == nil {
				found, err = append(found, byKey), nil
			}
		}
		return found, err
	})
}

// certified says what a trusted root makes of a bundle that a certificate
// signed.
func (o *opened) certified(t policy.Trust, m *material, digest policy.Digest) (policy.Signer, error) {
	if m.own != nil {
		return o.certifiedByOwn(t, m)
	}
	var result *sgverify.VerificationResult
	var err error
	var by relaxed
	for _, by = range upTo(t) {
		if by.noLog && o.lying(m) != nil {
			break // a relaxed policy need not take what is forged
		}
		if result, err = m.verifiers[by].Verify(o, o.policy(digest)); err == nil {
			break
		}
	}
	if err != nil || result == nil {
		return policy.Signer{}, explain(err, o, m)
	}
	content, err := o.VerificationContent()
	if err != nil {
		return policy.Signer{}, err
	}
	identity, err := readIdentity(content.Certificate())
	if err != nil {
		return policy.Signer{}, because(CodeCertificateUntrusted, err, "its certificate does not say who signed")
	}
	signer := policy.Signer{Certificate: identity, Logged: m.logs && !by.noLog, CertificateLogged: m.certLogs && !by.noCertLog}
	signer.SignedAt, signer.Stamped = when(result.VerifiedTimestamps)
	return signer, nil
}

// when is the earliest time that a bundle was verified to be of, and whether a
// timestamp authority vouches for one.
func when(stamps []sgverify.TimestampVerificationResult) (earliest time.Time, stamped bool) {
	var t times
	for _, stamp := range stamps {
		t.add(stamp.Timestamp)
		stamped = stamped || stamp.Type == "TimestampAuthority"
	}
	return t.earliest(), stamped
}

// lying is why an entry of a log that the trusted root names does not hold.
func (o *opened) lying(m *material) error {
	if !knownLog(o, m) {
		return nil
	}
	_, err := sgverify.VerifyTlogEntry(o, m, 1, true)
	return err
}

// certifiedByOwn is certified, for authorities that a policy names. Their
// certificates need not be Fulcio's, which sigstore-go's verifier as a whole
// asks for, so that its steps are taken one by one.
func (o *opened) certifiedByOwn(t policy.Trust, m *material) (policy.Signer, error) {
	content, err := o.VerificationContent()
	if err != nil {
		return policy.Signer{}, err
	}
	leaf := content.Certificate()
	ways, err := waysToVerify(leaf.PublicKey)
	if err != nil {
		return policy.Signer{}, because(CodeCertificateUntrusted, err, "its certificate's key is not fit for signing")
	}
	if o.signedBy(ways) == nil {
		return policy.Signer{}, reject(CodeSignatureInvalid, "its signature is not of this payload by its certificate")
	}
	if late := loggedOutside(o); late != nil {
		return policy.Signer{}, late
	}
	times, logged, err := o.times(m)
	if err != nil {
		return policy.Signer{}, err
	}
	if m.logs && !logged && !t.IgnoreTransparencyLog {
		return policy.Signer{}, reject(CodeLogEntryMissing, "is signed with a certificate and in no transparency log that the trusted root names")
	}
	return certified{leaf: leaf, came: o.came(), times: times, logged: logged}.signer(t, m)
}

// came are the certificates that the bundle holds beside the signer's. What
// cannot be read is only not there.
func (o *opened) came() []*x509.Certificate {
	var came []*x509.Certificate
	for i, c := range o.VerificationMaterial.GetX509CertificateChain().GetCertificates() {
		if i == 0 || len(came) == bounds.ChainLength {
			continue
		}
		if parsed, err := x509.ParseCertificate(c.GetRawBytes()); err == nil {
			came = append(came, parsed)
		}
	}
	return came
}

// policy asks sigstore-go for the cryptography alone. The subject of an
// envelope's statement is checked with the rest of the statement.
func (o *opened) policy(digest policy.Digest) sgverify.PolicyBuilder {
	if o.artifact != nil {
		return sgverify.NewPolicy(sgverify.WithArtifactDigest(digest.Algorithm(), o.artifact), sgverify.WithoutIdentitiesUnsafe())
	}
	return sgverify.NewPolicy(sgverify.WithoutArtifactUnsafe(), sgverify.WithoutIdentitiesUnsafe())
}

// explain finds the step at which a bundle failed, by taking the steps one by
// one: sigstore-go's errors have no kinds.
func explain(err error, o *opened, m *material) error {
	if late := loggedOutside(o); late != nil {
		return late
	}
	logged, logErr := m.verifiers[relaxed{}].VerifyTransparencyLogInclusion(o)
	if logErr != nil && o.entries == 0 {
		return reject(CodeLogEntryMissing, "is signed with a certificate and carries no transparency-log entry")
	}
	if logErr != nil {
		return because(CodeLogEntryInvalid, logErr, "its transparency-log entry does not hold")
	}
	stamps, stampErr := m.verifiers[relaxed{}].VerifyObserverTimestamps(o, logged)
	if stampErr != nil {
		if tokens, _ := o.Timestamps(); len(tokens) > 0 {
			return because(CodeTimestampInvalid, stampErr, "its timestamp does not hold")
		}
		return reject(CodeTimestampMissing, "is signed with a certificate, and nobody who is trusted says when")
	}
	content, contentErr := o.VerificationContent()
	if contentErr != nil || content.Certificate() == nil {
		return because(CodePayloadMalformed, err, "cannot be verified")
	}
	var at times
	for _, stamp := range stamps {
		at.add(stamp.Timestamp)
	}
	if _, certErr := (certified{leaf: content.Certificate(), times: at}).signer(policy.Trust{}, m); certErr != nil {
		return certErr
	}
	return because(CodeSignatureInvalid, err, "its signature is not of this payload by its certificate")
}

// loggedOutside says that an entry was made when the certificate was not
// valid.
func loggedOutside(o *opened) error {
	content, err := o.VerificationContent()
	if err != nil || content.Certificate() == nil {
		return nil
	}
	for _, entry := range o.VerificationMaterial.GetTlogEntries() {
		at := time.Unix(entry.GetIntegratedTime(), 0)
		if entry.GetIntegratedTime() != 0 && outside(content.Certificate(), at) {
			return expired(content.Certificate(), at)
		}
	}
	return nil
}
