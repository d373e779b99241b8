package verifytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/syncgate/syncgate/policy"
)

// Algorithm is a kind of signing key.
type Algorithm string

// The algorithms. All sign a SHA-256 digest, as cosign does for each, but for
// Ed25519, which signs the message.
const (
	ECDSAP256 Algorithm = "ecdsa-p256"
	ECDSAP384 Algorithm = "ecdsa-p384"
	ECDSAP521 Algorithm = "ecdsa-p521"
	RSA2048   Algorithm = "rsa-2048"
	Ed25519   Algorithm = "ed25519"
)

// SigningKey is a private key.
type SigningKey struct {
	private crypto.Signer
}

// NewSigningKey makes a key.
func NewSigningKey(algorithm Algorithm) (*SigningKey, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case ECDSAP256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECDSAP521:
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case RSA2048:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case Ed25519:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("unknown algorithm %q", algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return &SigningKey{private}, nil
}

// Sign signs a message.
func (k *SigningKey) Sign(message []byte) ([]byte, error) {
	if _, ok := k.private.(ed25519.PrivateKey); ok {
		return k.private.Sign(rand.Reader, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	return k.private.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// PEM is the public key, as cosign writes it.
func (k *SigningKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.der()})
}

// Public is the public key as policies name it.
func (k *SigningKey) Public() policy.Key {
	sum := sha256.Sum256(k.der())
	return policy.Key{Fingerprint: hex.EncodeToString(sum[:]), Public: k.private.Public()}
}

// id is what logs call themselves: the SHA-256 of the public key.
func (k *SigningKey) id() [32]byte { return sha256.Sum256(k.der()) }

func (k *SigningKey) der() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		// NewSigningKey makes only keys that can be written so.
		panic(err)
	}
	return der
}
