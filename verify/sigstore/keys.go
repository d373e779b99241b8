package sigstore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/syncgate/syncgate/policy"
)

// minRSABits is the size from which on an RSA key is fit for signing.
const minRSABits = 2048

// keyring is one public key and the ways in which it may have signed.
type keyring struct {
	fingerprint string
	public      crypto.PublicKey
	der         []byte
	// ways are for ECDSA and RSA one for each hash. Cosign signs SHA-256
	// whatever the key; others take the hash that fits the curve.
	ways []signature.Verifier
}

func newKeyring(key policy.Key) (keyring, error) {
	ring := keyring{fingerprint: key.Fingerprint, public: key.Public}
	var err error
	if ring.der, err = x509.MarshalPKIXPublicKey(key.Public); err != nil {
		return keyring{}, fmt.Errorf("it cannot be written down: %w", err)
	}
	ring.ways, err = waysToVerify(key.Public)
	return ring, err
}

// waysToVerify are the verifiers for a public key, the most usual first.
func waysToVerify(public crypto.PublicKey) ([]signature.Verifier, error) {
	var hashes []crypto.Hash
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			hashes = []crypto.Hash{crypto.SHA256}
		case elliptic.P384():
			hashes = []crypto.Hash{crypto.SHA256, crypto.SHA384}
		case elliptic.P521():
			hashes = []crypto.Hash{crypto.SHA256, crypto.SHA512}
		default:
			return nil, fmt.Errorf("its curve is %s, want P-256, P-384 or P-521", key.Curve.Params().Name)
		}
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits {
			return nil, fmt.Errorf("its RSA key has %d bits, want at least %d", bits, minRSABits)
		}
		hashes = []crypto.Hash{crypto.SHA256, crypto.SHA512}
	case ed25519.PublicKey:
		hashes = []crypto.Hash{crypto.Hash(0)}
	default:
		return nil, errors.New("it is of another kind than ECDSA, RSA and Ed25519")
	}
	var ways []signature.Verifier
	for _, hash := range hashes {
		way, err := signature.LoadVerifier(public, hash)
		if err != nil {
			return nil, err
		}
		ways = append(ways, way)
	}
	return ways, nil
}

// holds returns the way in which sig is a signature of message, or nil.
func holds(ways []signature.Verifier, sig, message []byte) signature.Verifier {
	at := slices.IndexFunc(ways, func(way signature.Verifier) bool {
		return way.VerifySignature(bytes.NewReader(sig), bytes.NewReader(message)) == nil
	})
	if at < 0 {
		return nil
	}
	return ways[at]
}
