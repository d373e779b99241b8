package sigstore

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/syncgate/syncgate/policy"
)

// signed is one signature of a layer, and what it is of.
type signed struct {
	// blob is the layer: a simple-signing payload, or an envelope.
	blob []byte
	// payload is what an envelope holds, and else the blob.
	payload []byte
	// message is what the signature is over.
	message   []byte
	signature []byte
}

// candidate is a key or a certificate whose signature holds. What else must
// hold of it is not known yet.
type candidate struct {
	signed signed
	// key is nil if a certificate signed.
	key         *keyring
	certificate *x509.Certificate
	// logged tells that the log entry is for this signature, and once that is
	// known, that it holds.
	logged bool
}

// signers finds all whose signatures hold, and what is known of each.
func (v *Verifier) signers(ctx context.Context, a attached, signatures []signed) ([]policy.Signer, error) {
	candidates, err := v.candidates(a, signatures)
	if err != nil {
		return nil, err
	}
	if err := compareEntry(a.entry, candidates); err != nil {
		return nil, err
	}
	return v.ask(ctx, needsRoot(a, candidates), func(t trusted, m *material) ([]policy.Signer, error) {
		proven, err := provenEntry(a.entry, m)
		if err != nil {
			return nil, err
		}
		var out []policy.Signer
		var refused error
		for _, c := range candidates {
			if c.key != nil && !t.plain() {
				continue // policy itself judges keys, on the facts
			}
			c.logged = c.logged && proven
			signer, err := judge(c, a, t.Trust, m)
			if err != nil {
				refused = errors.Join(refused, err)
				continue
			}
			out = append(out, signer)
		}
		if len(out) > 0 {
			refused = nil
		}
		return out, refused
	})
}

// candidates finds whose signatures hold. A signature holds for one key: those
// that a certificate's holds for are tried on no other.
func (v *Verifier) candidates(a attached, signatures []signed) ([]candidate, error) {
	var ways []signature.Verifier
	if a.certificate != nil {
		var err error
		if ways, err = waysToVerify(a.certificate.PublicKey); err != nil {
			return nil, because(CodeCertificateUntrusted, err, "its certificate's key is not fit for signing")
		}
	}
	var out []candidate
	for _, s := range signatures {
		certified := holds(ways, s.signature, s.message) != nil
		if certified {
			out = append(out, candidate{signed: s, certificate: a.certificate})
		}
		for i := range v.keys {
			key := &v.keys[i]
			if certified && bytes.Equal(key.der, a.certificate.RawSubjectPublicKeyInfo) ||
				!certified && holds(key.ways, s.signature, s.message) != nil {
				out = append(out, candidate{signed: s, key: key})
				break
			}
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return nil, v.nobody(a)
}

// nobody says why no signature holds, as well as that can be told: a
// signature does not say whose it is.
func (v *Verifier) nobody(a attached) error {
	if a.certificate != nil {
		return reject(CodeSignatureInvalid, "the signature is not of this payload by the certificate that comes with it: one of them was changed")
	}
	if a.entry != nil {
		for i := range v.keys {
			for _, s := range a.entry.subject.signatures {
				if (candidate{key: &v.keys[i]}).is(s.signer) {
					return reject(CodeSignatureInvalid, "the log has it as signed by key %s, and the signature is not of this payload by that key", v.keys[i].fingerprint)
				}
			}
		}
	}
	if len(v.keys) == 0 {
		return reject(CodeUnknownKey, "is signed by a key, and no policy names one; it carries no certificate")
	}
	return reject(CodeUnknownKey, "is signed by a key that no policy names, or was changed since; it carries no certificate")
}

// compareEntry marks the candidates that the entry is for. An entry for none
// of them was put there to mislead.
func compareEntry(entry *logEntry, candidates []candidate) error {
	if entry == nil {
		return nil
	}
	var different error
	matched := false
	for i := range candidates {
		err := entry.matches(candidates[i].signed, candidates[i])
		if err != nil && different == nil {
			different = err
		}
		candidates[i].logged = err == nil
		matched = matched || err == nil
	}
	if matched {
		return nil
	}
	return because(CodeLogEntryInvalid, different, "its transparency-log entry does not belong to it")
}

// needsRoot tells whether anything here needs the trusted root.
func needsRoot(a attached, candidates []candidate) rootNeed {
	for _, c := range candidates {
		if c.key == nil {
			return rootNeeded
		}
	}
	if a.entry != nil || a.timestamp != nil {
		return rootNeeded
	}
	return noRootNeeded
}

// provenEntry tells whether a trusted log promises to keep the entry.
func provenEntry(entry *logEntry, m *material) (bool, error) {
	if entry == nil || m == nil {
		return false, nil
	}
	known, err := entry.verify(m)
	if err != nil {
		return false, because(CodeLogEntryInvalid, err, "its transparency-log entry does not hold")
	}
	return known, nil
}

// judge says what is known of one who signed.
func judge(c candidate, a attached, trust policy.Trust, m *material) (policy.Signer, error) {
	var t times
	if c.logged {
		t.add(a.entry.at())
	}
	stampErr := t.addTimestamp(m, a.timestamp, c.signed.blob, c.signed.signature)
	if c.key != nil {
		return policy.Signer{Key: c.key.fingerprint, Logged: c.logged, SignedAt: t.earliest(), Stamped: t.stamped}, nil
	}
	if m == nil {
		return policy.Signer{}, reject(CodeCertificateUntrusted, "is signed with a certificate, and no trusted root says which certificate authorities to trust")
	}
	if m.logs && !c.logged && !trust.IgnoreTransparencyLog {
		return policy.Signer{}, missingEntry(a.entry)
	}
	if len(t.trusted) == 0 && stampErr != nil {
		return policy.Signer{}, because(CodeTimestampInvalid, stampErr, "its timestamp does not hold")
	}
	found := certified{leaf: c.certificate, times: t, logged: c.logged}
	if m.own != nil {
		found.came = parseChain([]byte(a.chain))
	}
	return found.signer(trust, m)
}

func missingEntry(entry *logEntry) error {
	if entry == nil {
		return reject(CodeLogEntryMissing, "is signed with a certificate and carries no transparency-log entry, so nothing says when it was signed")
	}
	return reject(CodeLogEntryMissing, "is in no transparency log that the trusted root names: its log is %.64s", entry.logID)
}

// appendSigner adds a signer that is not there yet. Of the same signer twice
// the one that more is known of counts.
func appendSigner(signers []policy.Signer, signer policy.Signer) []policy.Signer {
	for i, other := range signers {
		if other.Trust != signer.Trust || other.Key != signer.Key || (other.Certificate == nil) != (signer.Certificate == nil) {
			continue
		}
		if better(signer, other) {
			signers[i] = signer
		}
		return signers
	}
	return append(signers, signer)
}

// better tells of which of two findings about the same signer more is known.
func better(a, b policy.Signer) bool {
	if a.Logged != b.Logged {
		return a.Logged
	}
	return a.Stamped && !b.Stamped
}

// times are those that somebody trusted vouches for.
type times struct {
	trusted []time.Time
	// stamped tells that one is a timestamp authority's.
	stamped bool
}

func (t *times) add(at time.Time) { t.trusted = append(t.trusted, at.UTC()) }

func (t *times) addStamp(at time.Time) {
	t.add(at)
	t.stamped = true
}

// earliest is the zero time if there is none.
func (t *times) earliest() time.Time {
	var first time.Time
	for _, at := range t.trusted {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// addTimestamp adds the time of an RFC 3161 timestamp over one of several
// things: cosign stamps the signature of an image, and an envelope as a whole.
func (t *times) addTimestamp(m *material, token []byte, over ...[]byte) error {
	if token == nil {
		return nil
	}
	if m == nil {
		return errors.New("no trusted root says which timestamp authorities to trust")
	}
	err := errors.New("the trusted root names no timestamp authority")
	for _, authority := range m.TimestampingAuthorities() {
		for _, data := range over {
			stamp, failed := authority.Verify(token, data)
			if failed == nil {
				t.addStamp(stamp.Time)
				return nil
			}
			err = failed
		}
	}
	return err
}
