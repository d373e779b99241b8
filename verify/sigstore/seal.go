package sigstore

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"
)

// BundleType is the media type of the bundles that a Sealer makes.
const BundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// Sealer signs in-toto statements with a key, as Sigstore bundles. They are in
// no transparency log.
type Sealer struct{ key keypair }

// NewSealer reads a private key in PEM, which cosign or OpenSSL made. The
// password is that of a key which is encrypted. It is in no error.
func NewSealer(pem, password []byte) (*Sealer, error) {
	private, err := cryptoutils.UnmarshalPEMToPrivateKey(pem, func(bool) ([]byte, error) {
		if len(password) == 0 {
			return nil, errors.New("it is encrypted, and COSIGN_PASSWORD is not set")
		}
		return password, nil
	})
	if err != nil {
		return nil, err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("it is a key of an unknown kind: %T", private)
	}
	details, err := signature.GetDefaultAlgorithmDetails(signer.Public())
	if err != nil {
		return nil, err
	}
	with, err := signature.LoadSignerFromAlgorithmDetails(private, details)
	if err != nil {
		return nil, err
	}
	return &Sealer{keypair{public: signer.Public(), signer: with, details: details}}, nil
}

// Seal returns the bundle of a statement that is signed.
func (s *Sealer) Seal(ctx context.Context, statement []byte) ([]byte, error) {
	content := &sign.DSSEData{Data: statement, PayloadType: "application/vnd.in-toto+json"}
	bundle, err := sign.Bundle(content, s.key, sign.BundleOptions{Context: ctx})
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(bundle)
}

// keypair is a key of the operator's, for sigstore-go, which has only keys that
// it makes itself.
type keypair struct {
	public  crypto.PublicKey
	signer  signature.Signer
	details signature.AlgorithmDetails
}

var _ sign.Keypair = keypair{}

func (k keypair) GetHashAlgorithm() protocommon.HashAlgorithm { return k.details.GetProtoHashType() }

func (k keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return k.details.GetSignatureAlgorithm()
}

func (k keypair) GetHint() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(der)
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

func (k keypair) GetKeyAlgorithm() string {
	switch k.public.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA"
	case *rsa.PublicKey:
		return "RSA"
	case ed25519.PublicKey:
		return "ED25519"
	}
	return ""
}

func (k keypair) GetPublicKey() crypto.PublicKey { return k.public }

func (k keypair) GetPublicKeyPem() (string, error) {
	text, err := cryptoutils.MarshalPublicKeyToPEM(k.public)
	return string(text), err
}

// SignData returns the signature of data, and the digest that was signed.
func (k keypair) SignData(ctx context.Context, data []byte) (sig, digest []byte, err error) {
	if sig, err = k.signer.SignMessage(bytes.NewReader(data)); err != nil {
		return nil, nil, err
	}
	if hash := k.details.GetHashType(); hash != crypto.Hash(0) {
		hasher := hash.New()
		hasher.Write(data)
		digest = hasher.Sum(nil)
	}
	return sig, digest, ctx.Err()
}
