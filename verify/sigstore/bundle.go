package sigstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// opened is a Sigstore bundle that was read and not yet verified.
type opened struct {
	*bundle.Bundle
	// payload is what an envelope holds.
	payload []byte
	// artifact is the digest that a message signature is of. It is nil for
	// an envelope, and only then.
	artifact []byte
	// entries is the number of log entries.
	entries int
	// content and signatures are kept because sigstore-go's verifier asks
	// for them at each step, and the bundle makes them anew each time.
	content    sgverify.VerificationContent
	signatures sgverify.SignatureContent
}

// VerificationContent is the certificate or the key.
func (o *opened) VerificationContent() (sgverify.VerificationContent, error) {
	var err error
	if o.content == nil {
		o.content, err = o.Bundle.VerificationContent()
	}
	return o.content, err
}

// SignatureContent is the envelope or the message signature.
func (o *opened) SignatureContent() (sgverify.SignatureContent, error) {
	var err error
	if o.signatures == nil {
		o.signatures, err = o.Bundle.SignatureContent()
	}
	return o.signatures, err
}

// Version hides the bundle's version from sigstore-go's verifier. All that it
// does with a version is to try SHA-256 too for certificates on P-384 and
// P-521, and to print to standard error when it does. Fulcio's clients sign
// with the hash that fits the curve there.
func (o *opened) Version() (string, error) { return "", nil }

// bundle verifies a Sigstore bundle.
func (v *Verifier) bundle(ctx context.Context, digest policy.Digest, found verify.Bundle) (policy.Evidence, error) {
	o, err := openBundle(found.Payload)
	if err != nil {
		return policy.Evidence{}, err
	}
	content, err := o.VerificationContent()
	if err != nil {
		return policy.Evidence{}, because(CodePayloadMalformed, err, "its certificate or key cannot be read")
	}
	if o.artifact != nil && hex.EncodeToString(o.artifact) != digest.Hex() {
		return policy.Evidence{}, reject(CodeSubjectMismatch, "signs another artifact: %s", hex.EncodeToString(o.artifact))
	}
	var signer policy.Signer
	if content.Certificate() != nil {
		signer, err = v.bundleCertificate(ctx, digest, o)
	} else {
		signer, err = v.bundleKey(ctx, o)
	}
	if err != nil {
		return policy.Evidence{}, err
	}
	if o.artifact == nil {
		return attestation(o.payload, digest, found, []policy.Signer{signer})
	}
	return policy.Evidence{
		Kind: policy.KindSignature, Format: found.Format, ID: digest, Location: found.Location,
		Subject: digest, Signers: []policy.Signer{signer},
	}, nil
}

// openBundle reads a bundle and bounds what is in it.
func openBundle(data []byte) (*opened, error) {
	o := &opened{Bundle: &bundle.Bundle{}}
	if err := o.UnmarshalJSON(data); err != nil {
		return nil, unreadable(err)
	}
	o.entries = len(o.VerificationMaterial.GetTlogEntries())
	if o.entries > bounds.LogEntries {
		return nil, reject(CodeTooLarge, "has %d transparency-log entries, more than the %d that are read", o.entries, bounds.LogEntries)
	}
	if n := len(o.VerificationMaterial.GetTimestampVerificationData().GetRfc3161Timestamps()); n > bounds.Timestamps {
		return nil, reject(CodeTooLarge, "has %d timestamps, more than the %d that are read", n, bounds.Timestamps)
	}
	switch content := o.Content.(type) {
	case *protobundle.Bundle_DsseEnvelope:
		envelope := content.DsseEnvelope
		if err := checkPayloadType(envelope.GetPayloadType()); err != nil {
			return nil, err
		}
		if n := len(envelope.GetSignatures()); n != 1 {
			return nil, reject(CodePayloadMalformed, "its envelope has %d signatures; in a Sigstore bundle it must have one", n)
		}
		o.payload = envelope.GetPayload()
	case *protobundle.Bundle_MessageSignature:
		o.artifact = content.MessageSignature.GetMessageDigest().GetDigest()
		if len(o.artifact) == 0 {
			return nil, reject(CodePayloadMalformed, "does not say which digest it signs")
		}
	default:
		return nil, reject(CodePayloadMalformed, "holds neither an envelope nor a message signature")
	}
	return o, nil
}

// unreadable says why a bundle cannot be read.
func unreadable(err error) error {
	switch {
	case errors.Is(err, bundle.ErrUnsupportedMediaType):
		return because(CodeUnsupportedFormat, err, "is a Sigstore bundle of a version that is not read")
	case strings.Contains(err.Error(), "inclusion p"):
		// sigstore-go has no error value for a proof or promise that lacks.
		return because(CodeLogEntryInvalid, err, "its transparency-log entry is not complete")
	default:
		return because(CodePayloadMalformed, err, "is no Sigstore bundle")
	}
}

// bundleCertificate verifies a bundle that a certificate signed.
func (v *Verifier) bundleCertificate(ctx context.Context, digest policy.Digest, o *opened) (policy.Signer, error) {
	m, err := v.trust.material(ctx)
	if err != nil {
		return policy.Signer{}, err
	}
	if m == nil {
		return policy.Signer{}, reject(CodeCertificateUntrusted, "is signed with a certificate, and no trusted root says which certificate authorities to trust")
	}
	result, err := m.certificates.Verify(o, o.policy(digest))
	if err != nil {
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
	return policy.Signer{Certificate: identity, Logged: m.logs, SignedAt: earliest(result.VerifiedTimestamps)}, nil
}

// policy asks sigstore-go for the cryptography alone. The subject of an
// envelope's statement is checked with the rest of the statement.
func (o *opened) policy(digest policy.Digest) sgverify.PolicyBuilder {
	if o.artifact != nil {
		return sgverify.NewPolicy(sgverify.WithArtifactDigest(digest.Algorithm(), o.artifact), sgverify.WithoutIdentitiesUnsafe())
	}
	return sgverify.NewPolicy(sgverify.WithoutArtifactUnsafe(), sgverify.WithoutIdentitiesUnsafe())
}

func earliest(stamps []sgverify.TimestampVerificationResult) time.Time {
	var t times
	for _, stamp := range stamps {
		t.add(stamp.Timestamp)
	}
	return t.earliest()
}

// explain finds the step at which a bundle failed, by taking the steps one by
// one: sigstore-go's errors have no kinds.
func explain(err error, o *opened, m *material) error {
	if late := loggedOutside(o); late != nil {
		return late
	}
	logged, logErr := m.certificates.VerifyTransparencyLogInclusion(o)
	if logErr != nil && o.entries == 0 {
		return reject(CodeLogEntryMissing, "is signed with a certificate and carries no transparency-log entry")
	}
	if logErr != nil {
		return because(CodeLogEntryInvalid, logErr, "its transparency-log entry does not hold")
	}
	stamps, stampErr := m.certificates.VerifyObserverTimestamps(o, logged)
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
	var at []time.Time
	for _, stamp := range stamps {
		at = append(at, stamp.Timestamp)
	}
	if _, certErr := checkCertificate(content.Certificate(), at, m); certErr != nil {
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

// bundleKey verifies a bundle that a key signed.
func (v *Verifier) bundleKey(ctx context.Context, o *opened) (policy.Signer, error) {
	key, way := v.keyOf(o)
	if way == nil {
		return policy.Signer{}, v.nobodyOf(o)
	}
	signer := policy.Signer{Key: key.fingerprint}
	tokens, err := o.Timestamps()
	if err != nil {
		return policy.Signer{}, because(CodePayloadMalformed, err, "its timestamps cannot be read")
	}
	if o.entries == 0 && len(tokens) == 0 {
		return signer, nil
	}
	m, err := v.trust.material(ctx)
	if err != nil || m == nil {
		return signer, err
	}
	return v.bundleKeyTimes(signer, way, o, m)
}

// keyOf finds the key that signed a bundle, and the way in which it did. The
// bundle's hint is not signed and is not needed.
func (v *Verifier) keyOf(o *opened) (keyring, signature.Verifier) {
	var message []byte
	envelope := o.GetDsseEnvelope()
	if envelope != nil {
		message = preAuthentication(envelope.GetPayloadType(), o.payload)
	}
	for _, ring := range v.keys {
		if envelope != nil {
			if way := holds(ring.ways, envelope.GetSignatures()[0].GetSig(), message); way != nil {
				return ring, way
			}
			continue
		}
		for _, way := range ring.ways {
			sig := o.GetMessageSignature().GetSignature()
			if _, ok := way.(*signature.ED25519Verifier); ok {
				// It signs the artifact, which is not at hand, not its digest.
				continue
			}
			if way.VerifySignature(bytes.NewReader(sig), bytes.NewReader(nil), options.WithDigest(o.artifact)) == nil {
				return ring, way
			}
		}
	}
	return keyring{}, nil
}

// nobodyOf says why no key verifies a bundle.
func (v *Verifier) nobodyOf(o *opened) error {
	hint := o.VerificationMaterial.GetPublicKey().GetHint()
	for _, ring := range v.keys {
		id := sha256.Sum256(ring.der)
		if hint == base64.StdEncoding.EncodeToString(id[:]) || hint == hex.EncodeToString(id[:]) {
			return reject(CodeSignatureInvalid, "says that key %s signed it, and the signature is not of this payload by that key", ring.fingerprint)
		}
	}
	return v.nobody(attached{})
}

// bundleKeyTimes checks what logs and timestamp authorities say of a bundle
// that a key signed. What those say that the trusted root does not name counts
// for nothing, and an entry of a log that it names must hold.
func (v *Verifier) bundleKeyTimes(signer policy.Signer, way signature.Verifier, o *opened, m *material) (policy.Signer, error) {
	trusted := root.TrustedMaterialCollection{m, root.NewTrustedPublicKeyMaterial(
		func(string) (root.TimeConstrainedVerifier, error) {
			return root.NewExpiringKey(way, time.Time{}, time.Time{}), nil
		})}
	var t times
	if knownLog(o, m) {
		logged, err := sgverify.VerifyTlogEntry(o, trusted, 1, true)
		if err != nil {
			return policy.Signer{}, because(CodeLogEntryInvalid, err, "its transparency-log entry does not hold")
		}
		signer.Logged = true
		for _, stamp := range logged {
			t.add(stamp.Time)
		}
	}
	stamps, _, err := sgverify.VerifySignedTimestamp(o, trusted)
	if err != nil {
		return policy.Signer{}, because(CodeTimestampInvalid, err, "its timestamp does not hold")
	}
	for _, stamp := range stamps {
		t.add(stamp.Time)
	}
	signer.SignedAt = t.earliest()
	return signer, nil
}

// knownLog tells whether an entry is of a log that the trusted root names.
func knownLog(o *opened, m *material) bool {
	logs := m.RekorLogs()
	for _, entry := range o.VerificationMaterial.GetTlogEntries() {
		if _, ok := logs[hex.EncodeToString(entry.GetLogId().GetKeyId())]; ok {
			return true
		}
	}
	return false
}
