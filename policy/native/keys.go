package native

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// Bounds of RSA keys: below the lower, NIST SP 800-131A forbids signatures;
// above the upper, checking one is slow without being safer.
const (
	leastRSABits = 2048
	mostRSABits  = 8192
)

// ParseKey reads one public key in PEM. No error quotes what it read.
func ParseKey(text []byte) (*policy.Key, error) {
	if document.HoldsPrivateKey(string(text)) {
		return nil, errors.New("this is a private key: a policy needs the public half only; take the private key out of here, and if it was ever published, replace it")
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil && strings.HasPrefix(string(text), "version https://git-lfs"):
		return nil, errors.New("it is a Git LFS pointer, not the file itself: keep keys out of LFS")
	case block == nil:
		return nil, errors.New("no PEM block: want one that begins with -----BEGIN PUBLIC KEY-----")
	case strings.Contains(string(rest), "-----BEGIN"):
		return nil, errors.New("more than one PEM block: want one key; define a signer for each, and list them all in the requirement")
	}
	public, err := parseBlock(block)
	if err != nil {
		return nil, err
	}
	if err := checkStrength(public); err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("unknown kind of key: %w", err)
	}
	sum := sha256.Sum256(der)
	return &policy.Key{Fingerprint: hex.EncodeToString(sum[:]), Public: public}, nil
}

func parseBlock(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "PUBLIC KEY":
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("PEM block holds no public key that can be read: want ECDSA, Ed25519 or RSA")
		}
		return public, nil
	case "RSA PUBLIC KEY":
		public, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("PEM block holds no RSA public key that can be read")
		}
		return public, nil
	case "CERTIFICATE":
		return nil, errors.New("this is a certificate, not a public key: take the key out of it with openssl x509 -pubkey -noout")
	}
	return nil, fmt.Errorf("PEM block is of type %s: want PUBLIC KEY", document.Quote(block.Type))
}

func checkStrength(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < leastRSABits || bits > mostRSABits {
			return fmt.Errorf("RSA key has %d bits: want %d to %d", bits, leastRSABits, mostRSABits)
		}
	case *ecdsa.PublicKey:
		if bits := key.Curve.Params().BitSize; bits < 256 {
			return fmt.Errorf("ECDSA key has %d bits: want 256 or more", bits)
		}
	case ed25519.PublicKey:
	default:
		return fmt.Errorf("key is of kind %T: want ECDSA, Ed25519 or RSA", public)
	}
	return nil
}

// ParseAuthorities reads certificate authorities in PEM: at least one root,
// which certified itself, and intermediates. No error quotes what it read.
func ParseAuthorities(text []byte) ([]*x509.Certificate, error) {
	if document.HoldsPrivateKey(string(text)) {
		return nil, errors.New("it holds a private key: a policy needs certificates only; take the private key out of here, and if it was ever published, replace it")
	}
	var out []*x509.Certificate
	roots := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %d is of type %s: want CERTIFICATE", len(out)+1, document.Quote(block.Type))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d holds no certificate that can be read", len(out)+1)
		}
		if !certificate.IsCA {
			return nil, fmt.Errorf("certificate %d is not that of a certificate authority: name who issues the signers' certificates, not theirs", len(out)+1)
		}
		if bytes.Equal(certificate.RawSubject, certificate.RawIssuer) {
			roots++
		}
		out = append(out, certificate)
	}
	switch {
	case len(out) == 0:
		return nil, errors.New("no PEM block: want certificates, each of which begins with -----BEGIN CERTIFICATE-----")
	case roots == 0:
		return nil, errors.New("none of its certificates is a root: one that certified itself")
	}
	return out, nil
}

// authorities reads a file of certificate authorities. It is nil after a
// problem.
func (c *converter) authorities(file text) []*x509.Certificate {
	if file.Value == "" {
		return nil
	}
	pem := c.keyFile(file)
	if pem == nil {
		return nil
	}
	out, err := ParseAuthorities(pem)
	if err != nil {
		c.Report(file.Node, "read roots %s: %v", document.Quote(c.keyPath(file)), err)
		return nil
	}
	return out
}
