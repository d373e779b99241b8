package verifytest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"
)

// authority is a root certificate and an issuing one below it.
type authority struct {
	root, issuer       *x509.Certificate
	rootKey, issuerKey *SigningKey
}

// newAuthority makes an authority for one purpose. Its root outlives expires.
func newAuthority(name string, now, expires time.Time, use x509.ExtKeyUsage) (*authority, error) {
	rootKey, err := NewSigningKey(ECDSAP256)
	if err != nil {
		return nil, err
	}
	issuerKey, err := NewSigningKey(ECDSAP256)
	if err != nil {
		return nil, err
	}
	root := caTemplate(name+" root", now.Add(-validity), now.Add(validity))
	if root, err = issue(root, root, rootKey, rootKey); err != nil {
		return nil, err
	}
	issuer := caTemplate(name+" issuer", now.Add(-validity), expires)
	issuer.ExtKeyUsage = []x509.ExtKeyUsage{use}
	if issuer, err = issue(issuer, root, issuerKey, rootKey); err != nil {
		return nil, err
	}
	return &authority{root, issuer, rootKey, issuerKey}, nil
}

func caTemplate(name string, from, to time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"syncgate.test"}, CommonName: name},
		NotBefore:             from,
		NotAfter:              to,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
}

// issue signs a certificate. A template without a serial number is given a
// random one.
func issue(template, parent *x509.Certificate, subject, signer *SigningKey) (*x509.Certificate, error) {
	if template.SerialNumber == nil {
		serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
		if err != nil {
			return nil, err
		}
		template.SerialNumber = serial
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, subject.private.Public(), signer.private)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// issueStamper issues the certificate that signs timestamps. RFC 3161 asks
// for the extended key usage to be critical and alone.
func (a *authority) issueStamper(key *SigningKey) (*x509.Certificate, error) {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, err
	}
	return issue(&x509.Certificate{
		Subject:         pkix.Name{Organization: []string{"syncgate.test"}, CommonName: "syncgate test timestamp"},
		NotBefore:       a.issuer.NotBefore,
		NotAfter:        a.issuer.NotAfter,
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}},
	}, a.issuer, key, a.issuerKey)
}

// issueLeaf issues what Fulcio would to an identity: a certificate of ten
// minutes that carries the identity and a promise of the certificate log.
func (w *World) issueLeaf(identity *identity, key *SigningKey, at time.Time) (*x509.Certificate, error) {
	extensions, err := identity.encode()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		NotBefore:       at.Add(-time.Minute),
		NotAfter:        at.Add(9 * time.Minute),
		KeyUsage:        x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: extensions,
	}
	for _, name := range identity.subjects {
		if !strings.Contains(name, "://") {
			template.EmailAddresses = append(template.EmailAddresses, name)
			continue
		}
		uri, err := url.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("read subject %q: %w", name, err)
		}
		template.URIs = append(template.URIs, uri)
	}
	// RFC 6962, section 3.2: the log signs the certificate without its own
	// promise, so it is made twice.
	bare, err := issue(template, w.fulcio.issuer, key, w.fulcio.issuerKey)
	if err != nil {
		return nil, err
	}
	promise, err := w.promise(bare, at)
	if err != nil {
		return nil, err
	}
	template.ExtraExtensions = append(template.ExtraExtensions, promise)
	return issue(template, w.fulcio.issuer, key, w.fulcio.issuerKey)
}

// promise makes the extension that holds the certificate log's signed
// timestamp, as RFC 6962 lays it out.
func (w *World) promise(bare *x509.Certificate, at time.Time) (pkix.Extension, error) {
	issuerKeyHash := sha256.Sum256(w.fulcio.issuer.RawSubjectPublicKeyInfo)
	millis := uint64(at.UnixMilli())

	signed := []byte{0, 0} // v1, certificate_timestamp
	signed = binary.BigEndian.AppendUint64(signed, millis)
	signed = append(signed, 0, 1) // precert_entry
	signed = append(signed, issuerKeyHash[:]...)
	tbs := bare.RawTBSCertificate
	signed = append(signed, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	signed = append(signed, tbs...)
	signed = append(signed, 0, 0) // no extensions
	signature, err := w.ct.Sign(signed)
	if err != nil {
		return pkix.Extension{}, err
	}

	logID := w.ct.id()
	sct := append([]byte{0}, logID[:]...)
	sct = binary.BigEndian.AppendUint64(sct, millis)
	sct = append(sct, 0, 0, 4, 3) // no extensions, SHA-256, ECDSA
	sct = binary.BigEndian.AppendUint16(sct, uint16(len(signature)))
	sct = append(sct, signature...)
	list := binary.BigEndian.AppendUint16(nil, uint16(len(sct)+2))
	list = binary.BigEndian.AppendUint16(list, uint16(len(sct)))
	value, err := asn1.Marshal(append(list, sct...))
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}, err
}
