package verifytest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// CA is a certificate authority outside of Sigstore: a root, and an issuing
// one below it.
type CA struct {
	world     *World
	authority *authority
}

// CA makes a certificate authority whose issuing one expires at a time, which
// is years after the world's if it is zero.
func (w *World) CA(expires time.Time) (*CA, error) {
	if expires.IsZero() {
		expires = w.now.Add(validity)
	}
	a, err := newAuthority("syncgate test CA", w.now, expires, x509.ExtKeyUsageCodeSigning)
	if err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	return &CA{w, a}, nil
}

// Root is the root certificate.
func (ca *CA) Root() *x509.Certificate { return ca.authority.root }

// Issuer is the certificate of the issuing authority.
func (ca *CA) Issuer() *x509.Certificate { return ca.authority.issuer }

// PEM is the root certificate.
func (ca *CA) PEM() []byte { return certificatePEM(ca.authority.root) }

// Holding is what a certificate says. The zero value is a certificate for
// signing code that names nobody, from a year before the world's time to a
// year after.
type Holding struct {
	// Subjects are subject alternative names: URIs, e-mail addresses and names
	// of hosts.
	Subjects []string
	// CommonName is that of the subject.
	CommonName string
	// From and Until are when it is valid.
	From, Until time.Time
	// Use is what it is for, and signing code if it is zero.
	Use x509.ExtKeyUsage
	// Direct issues it by the root, not by the issuing authority.
	Direct bool
}

// Holder makes a signer who holds a certificate, and who sends those that
// issued it along with each signature.
func (ca *CA) Holder(h Holding) (*Signer, error) {
	key, err := NewSigningKey(ECDSAP256)
	if err != nil {
		return nil, err
	}
	template, err := h.template(ca.world.now)
	if err != nil {
		return nil, err
	}
	a := ca.authority
	issuer, issuerKey, chain := a.issuer, a.issuerKey, []*x509.Certificate{a.issuer, a.root}
	if h.Direct {
		issuer, issuerKey, chain = a.root, a.rootKey, []*x509.Certificate{a.root}
	}
	certificate, err := issue(template, issuer, key, issuerKey)
	if err != nil {
		return nil, fmt.Errorf("issue certificate: %w", err)
	}
	return &Signer{key: key, certificate: certificate, chain: chain}, nil
}

func (h Holding) template(now time.Time) (*x509.Certificate, error) {
	const year = 365 * 24 * time.Hour
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: h.CommonName},
		NotBefore:   h.From,
		NotAfter:    h.Until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	if h.Use != 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{h.Use}
	}
	if h.From.IsZero() {
		template.NotBefore = now.Add(-year)
	}
	if h.Until.IsZero() {
		template.NotAfter = now.Add(year)
	}
	for _, name := range h.Subjects {
		switch {
		case strings.Contains(name, "://"):
			uri, err := url.Parse(name)
			if err != nil {
				return nil, fmt.Errorf("read subject %q: %w", name, err)
			}
			template.URIs = append(template.URIs, uri)
		case strings.Contains(name, "@"):
			template.EmailAddresses = append(template.EmailAddresses, name)
		default:
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template, nil
}
