package verifytest

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"time"

	"github.com/syncgate/syncgate/policy"
)

// Signer signs with a key of its own, or with an identity and a new key each
// time.
type Signer struct {
	key      *SigningKey
	identity *identity
	// certificate and chain are those of a holder.
	certificate *x509.Certificate
	chain       []*x509.Certificate
}

// Key makes a signer that has a key.
func (w *World) Key(algorithm Algorithm) (*Signer, error) {
	key, err := NewSigningKey(algorithm)
	return &Signer{key: key}, err
}

// Keyless makes a signer that has an identity: the issuer's URL, a subject
// that is a URI or an e-mail address, and Fulcio's certificate extensions by
// their name in lower camel case, such as sourceRepositoryURI.
func (w *World) Keyless(issuer, subject string, extensions map[string]string) *Signer {
	return &Signer{identity: &identity{issuer, []string{subject}, maps.Clone(extensions)}}
}

// Also makes a keyless signer that has another subject too, in the same
// certificate. No honest authority issues such.
func (s *Signer) Also(subject string) *Signer {
	also := *s.identity
	also.subjects = append(slices.Clone(also.subjects), subject)
	return &Signer{identity: &also}
}

// PEM is the signer's public key, and nil if it has an identity instead.
func (s *Signer) PEM() []byte {
	if s.key == nil {
		return nil
	}
	return s.key.PEM()
}

// Public is the signer's public key as policies name it, and the zero value
// if it has an identity instead.
func (s *Signer) Public() policy.Key {
	if s.key == nil {
		return policy.Key{}
	}
	return s.key.Public()
}

// credential is what one signature is made with.
type credential struct {
	key *SigningKey
	// certificate is nil for a key of the signer's own.
	certificate *x509.Certificate
	chain       []*x509.Certificate
}

// credential makes what is signed with at a time.
func (w *World) credential(s *Signer, at time.Time) (credential, error) {
	if s.key != nil {
		return credential{s.key, s.certificate, s.chain}, nil
	}
	key, err := NewSigningKey(ECDSAP256)
	if err != nil {
		return credential{}, err
	}
	certificate, err := w.issueLeaf(s.identity, key, at)
	return credential{key, certificate, []*x509.Certificate{w.fulcio.issuer, w.fulcio.root}}, err
}

// pem is the certificate, or the public key: what logs keep of a signer.
func (c credential) pem() []byte {
	if c.certificate == nil {
		return c.key.PEM()
	}
	return certificatePEM(c.certificate)
}

func certificatePEM(certificates ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certificates {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// SignerOf makes a signer of a key that a test signs with itself too.
func SignerOf(key *SigningKey) *Signer { return &Signer{key: key} }
