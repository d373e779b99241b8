package sigstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"github.com/syncgate/syncgate/policy"
)

// bundleKey verifies a bundle that a key signed.
func (v *Verifier) bundleKey(ctx context.Context, o *opened) ([]policy.Signer, error) {
	key, way := v.keyOf(o)
	if way == nil {
		return nil, v.nobodyOf(o)
	}
	tokens, err := o.Timestamps()
	if err != nil {
		return nil, because(CodePayloadMalformed, err, "its timestamps cannot be read")
	}
	need := rootNeeded
	if o.entries == 0 && len(tokens) == 0 {
		need = noRootNeeded
	}
	return v.ask(ctx, need, func(t trusted, m *material) ([]policy.Signer, error) {
		if !t.plain() {
			return nil, nil // policy itself judges keys, on the facts
		}
		signer, err := o.keyed(policy.Signer{Key: key.fingerprint}, way, m)
		if err != nil {
			return nil, err
		}
		return []policy.Signer{signer}, nil
	})
}

// keyed says what a trusted root makes of a bundle that a key signed. What
// logs and timestamp authorities say that the root does not name counts for
// nothing, and an entry of a log that it names must hold.
func (o *opened) keyed(signer policy.Signer, way signature.Verifier, m *material) (policy.Signer, error) {
	if m == nil {
		return signer, nil
	}
	trusted := root.TrustedMaterialCollection{m, root.NewTrustedPublicKeyMaterial(
		func(string) (root.TimeConstrainedVerifier, error) {
			return root.NewExpiringKey(way, time.Time{}, time.Time{}), nil
		})}
	t, logged, err := o.timesOf(m, trusted)
	if err != nil {
		return signer, err
	}
	signer.Logged, signer.Stamped, signer.SignedAt = logged, t.stamped, t.earliest()
	return signer, nil
}

// times are those that logs and timestamp authorities of a trusted root vouch
// for, and whether one of its logs has the signature.
func (o *opened) times(m *material) (times, bool, error) { return o.timesOf(m, m) }

func (o *opened) timesOf(m *material, trusted root.TrustedMaterial) (times, bool, error) {
	var t times
	logged := knownLog(o, m)
	if logged {
		stamps, err := sgverify.VerifyTlogEntry(o, trusted, 1, true)
		if err != nil {
			return t, false, because(CodeLogEntryInvalid, err, "its transparency-log entry does not hold")
		}
		for _, stamp := range stamps {
			t.add(stamp.Time)
		}
	}
	stamps, _, err := sgverify.VerifySignedTimestamp(o, trusted)
	if err != nil {
		return t, false, because(CodeTimestampInvalid, err, "its timestamp does not hold")
	}
	for _, stamp := range stamps {
		t.addStamp(stamp.Time)
	}
	return t, logged, nil
}

// keyOf finds the key that signed a bundle, and the way in which it did. The
// bundle's hint is not signed and is not needed. Of a bundle with a
// certificate it is that of the certificate.
func (v *Verifier) keyOf(o *opened) (keyring, signature.Verifier) {
	content, err := o.VerificationContent()
	if err != nil {
		return keyring{}, nil
	}
	for _, ring := range v.keys {
		if c := content.Certificate(); c != nil && !bytes.Equal(ring.der, c.RawSubjectPublicKeyInfo) {
			continue
		}
		if way := o.signedBy(ring.ways); way != nil {
			return ring, way
		}
	}
	return keyring{}, nil
}

// signedBy returns the way in which a key signed the bundle, or nil.
func (o *opened) signedBy(ways []signature.Verifier) signature.Verifier {
	if envelope := o.GetDsseEnvelope(); envelope != nil {
		return holds(ways, envelope.GetSignatures()[0].GetSig(), o.message)
	}
	for _, way := range ways {
		if _, ok := way.(*signature.ED25519Verifier); ok {
			// It signs the artifact, which is not at hand, not its digest.
			continue
		}
		sig := o.GetMessageSignature().GetSignature()
		if way.VerifySignature(bytes.NewReader(sig), bytes.NewReader(nil), options.WithDigest(o.artifact)) == nil {
			return way
		}
	}
	return nil
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
