package sigstore

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"github.com/syncgate/syncgate/verify"
)

// attached is what came with a signature in annotations. Each may be missing.
// The chain that cosign adds is not looked at: only the trusted root's
// certificates count.
type attached struct {
	certificate *x509.Certificate
	entry       *logEntry
	timestamp   []byte
}

func readAttached(bundle verify.Bundle) (attached, error) {
	var a attached
	var err error
	if text := bundle.Annotations[static.CertificateAnnotationKey]; text != "" {
		if a.certificate, err = parseCertificate([]byte(text)); err != nil {
			return a, because(CodePayloadMalformed, err, "its certificate cannot be read")
		}
	}
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
