package sigstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Verifier turns bundles into evidence. It implements verify.Verifier, and
// may be used by several goroutines.
type Verifier struct {
	trust *TrustedRoot
	keys  []keyring
}

var _ verify.Verifier = (*Verifier)(nil)

// New makes a verifier that trusts a Sigstore trusted root and the keys that
// policies name.
//
// The root may be nil: then no certificate is trusted, and log entries of
// signatures by keys are compared and not verified. That is right where
// policies name keys alone and ask for no log.
//
// It is an error if a key is of a kind that is not fit for signing: anything
// but ECDSA on P-256, P-384 or P-521, RSA from 2048 bits on, and Ed25519.
func New(root *TrustedRoot, keys []policy.Key) (*Verifier, error) {
	v := &Verifier{trust: root}
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key.Fingerprint] {
			continue
		}
		seen[key.Fingerprint] = true
		ring, err := newKeyring(key)
		if err != nil {
			return nil, fmt.Errorf("use key %s: %w", key.Fingerprint, err)
		}
		v.keys = append(v.keys, ring)
	}
	return v, nil
}

// Verify checks the cryptography of a bundle and that it speaks of digest.
// Its error is a *verify.Rejected with a code of this package if the bundle is
// no evidence, and a *verify.Fault if the trusted root cannot be had.
func (v *Verifier) Verify(ctx context.Context, digest policy.Digest, bundle verify.Bundle) (policy.Evidence, error) {
	evidence, err := v.guarded(ctx, digest, bundle)
	if err == nil {
		return evidence, nil
	}
	var rejected *verify.Rejected
	if errors.As(err, &rejected) {
		rejected.Format = bundle.Format
		rejected.Location = bundle.Location
		if rejected.PredicateType == "" {
			rejected.PredicateType = claimedPredicateType(bundle)
		}
	}
	return policy.Evidence{}, err
}

// guarded is Verify, with a panic of a library made a rejection: some take
// malformed input for impossible.
func (v *Verifier) guarded(ctx context.Context, digest policy.Digest, bundle verify.Bundle) (evidence policy.Evidence, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			evidence, err = policy.Evidence{}, reject(CodePayloadMalformed, "cannot be read: %v", cause)
		}
	}()
	if err := ctx.Err(); err != nil {
		return policy.Evidence{}, err
	}
	if digest.IsZero() {
		return policy.Evidence{}, errors.New("verify evidence: no digest to verify it for")
	}
	if size(bundle) > bounds.EvidenceBytes {
		return policy.Evidence{}, reject(CodeTooLarge, "is larger than the %d bytes that are read", bounds.EvidenceBytes)
	}
	switch bundle.Format {
	case policy.FormatSimpleSigning:
		evidence, err = v.simpleSigning(ctx, digest, bundle)
	case policy.FormatDSSE:
		evidence, err = v.envelope(ctx, digest, bundle)
	case policy.FormatBundle:
		evidence, err = v.bundle(ctx, digest, bundle)
	default:
		err = reject(CodeUnsupportedFormat, "is of a format that is not read: want a cosign signature, a DSSE envelope or a Sigstore bundle")
	}
	if err == nil && len(evidence.Signers) == 0 {
		// No path leads here; if one ever does, it must not pass.
		err = reject(CodeSignatureInvalid, "nobody signed it")
	}
	return evidence, err
}

func size(bundle verify.Bundle) int {
	n := len(bundle.Payload)
	for key, value := range bundle.Annotations {
		n += len(key) + len(value)
	}
	return n
}

// contentID is the digest of what was signed.
func contentID(signed []byte) (policy.Digest, error) {
	return policy.ParseDigest(fmt.Sprintf("sha256:%x", sha256.Sum256(signed)))
}
