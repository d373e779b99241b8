package sigstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Verifier turns bundles into evidence. It implements verify.Verifier, and
// may be used by several goroutines.
type Verifier struct {
	trusts []trusted
	keys   []keyring
}

var _ verify.Selective = (*Verifier)(nil)

// New makes a verifier that trusts a Sigstore trusted root and the keys that
// policies name. It is for policies that name no trusted root of their own and
// relax nothing; ForPolicies is for all.
//
// The root may be nil: then no certificate is trusted, and log entries of
// signatures by keys are compared and not verified. That is right where
// policies name keys alone and ask for no log.
//
// It is an error if a key is of a kind that is not fit for signing: anything
// but ECDSA on P-256, P-384 or P-521, RSA from 2048 bits on, and Ed25519.
func New(root *TrustedRoot, keys []policy.Key) (*Verifier, error) {
	v := &Verifier{trusts: []trusted{{roots: []*TrustedRoot{root}}}}
	return v, v.use(keys)
}

// ForPolicies makes a verifier for what a set of policies trusts. It is an
// error if a policy names a trusted root that is none, or a key that is not
// fit for signing. Nothing is fetched before a signature needs it.
func ForPolicies(set policy.Set, roots Roots) (*Verifier, error) {
	v := &Verifier{}
	opened, err := roots.open(set.Roots())
	if err != nil {
		return nil, err
	}
	for _, t := range set.Trusts() {
		v.trusts = append(v.trusts, trusted{Trust: t, roots: opened[t.Root].roots, name: opened[t.Root].name})
	}
	return v, v.use(set.Keys())
}

// use adds keys.
func (v *Verifier) use(keys []policy.Key) error {
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key.Fingerprint] {
			continue
		}
		seen[key.Fingerprint] = true
		ring, err := newKeyring(key)
		if err != nil {
			return fmt.Errorf("use key %s: %w", key.Fingerprint, err)
		}
		v.keys = append(v.keys, ring)
	}
	return nil
}

// Against is a verifier that looks at what holds against some trust alone. It
// shares everything else with v.
func (v *Verifier) Against(trusts []policy.Trust) verify.Verifier {
	some := &Verifier{keys: v.keys}
	for _, t := range v.trusts {
		if slices.Contains(trusts, t.Trust) {
			some.trusts = append(some.trusts, t)
		}
	}
	return some
}

// Verify checks the cryptography of a bundle and that it speaks of digest.
// Its error is a *verify.Rejected with a code of this package if the bundle is
// no evidence, and a *verify.Fault if a trusted root cannot be had. What holds
// against others is then evidence all the same.
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
	return evidence, err
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
	if err != nil && len(evidence.Signers) == 0 {
		return policy.Evidence{}, err
	}
	if len(evidence.Signers) == 0 {
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
