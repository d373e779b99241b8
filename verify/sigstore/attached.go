package sigstore

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/verify"
)

// attached is what came with a signature in annotations. Each may be missing.
type attached struct {
	certificate *x509.Certificate
	// chain may lie between the certificate and an authority that a policy
	// names. Nothing else is made of it.
	chain     string
	entry     *logEntry
	timestamp []byte
}

func readAttached(bundle verify.Bundle) (attached, error) {
	var a attached
	var err error
	if text := bundle.Annotations[static.CertificateAnnotationKey]; text != "" {
		if a.certificate, err = parseCertificate([]byte(text)); err != nil {
			return a, because(CodePayloadMalformed, err, "its certificate cannot be read")
		}
	}
	a.chain = bundle.Annotations[static.ChainAnnotationKey]
	if text := bundle.Annotations[static.BundleAnnotationKey]; text != "" {
		if a.entry, err = parseLogEntry([]byte(text)); err != nil {
			return a, because(CodeLogEntryInvalid, err, "its transparency-log entry cannot be read")
		}
	}
	if text := bundle.Annotations[static.RFC3161TimestampAnnotationKey]; text != "" {
		var token struct {
			SignedRFC3161Timestamp []byte
		}
		if err := decodeStrict([]byte(text), &token, "SignedRFC3161Timestamp"); err != nil {
			return a, because(CodeTimestampInvalid, err, "its timestamp cannot be read")
		}
		a.timestamp = token.SignedRFC3161Timestamp
	}
	return a, nil
}

// parseChain reads what can be read of a chain. Nothing in it is trusted, so
// that what cannot be read is only not there.
func parseChain(text []byte) []*x509.Certificate {
	var chain []*x509.Certificate
	for len(chain) < bounds.ChainLength {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			chain = append(chain, c)
		}
	}
	return chain
}

// parseCertificate reads the first block of PEM.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	if block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("it is a PEM block of type %q", block.Type)
	}
	return x509.ParseCertificate(block.Bytes)
}
