package sigstore

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// ownAuthorities are certificate authorities that a policy names itself.
// Unlike those of a Sigstore deployment, they may have certified anybody in
// any way of X.509's: intermediates may come with the signature.
type ownAuthorities struct {
	roots         *x509.CertPool
	intermediates []*x509.Certificate
}

// newOwnAuthorities takes what certified itself for a root, and the rest for
// intermediates.
func newOwnAuthorities(certificates []*x509.Certificate) (*ownAuthorities, error) {
	own := &ownAuthorities{roots: x509.NewCertPool()}
	roots := 0
	for _, c := range certificates {
		switch {
		case !c.IsCA:
			return nil, fmt.Errorf("%q is no certificate authority", oneLine(c.Subject.String()))
		case bytes.Equal(c.RawSubject, c.RawIssuer):
			own.roots.AddCert(c)
			roots++
		default:
			own.intermediates = append(own.intermediates, c)
		}
	}
	if roots == 0 {
		return nil, errors.New("none of its certificate authorities is a root: one that certified itself")
	}
	return own, nil
}

// chains are the ways from a certificate to a root, all of which was valid at
// a time, for signing code. What came with the signature may lie between.
func (o *ownAuthorities) chains(leaf *x509.Certificate, came []*x509.Certificate, at time.Time) ([][]*x509.Certificate, error) {
	pool := x509.NewCertPool()
	for _, list := range [][]*x509.Certificate{o.intermediates, came} {
		for _, c := range list {
			pool.AddCert(c)
		}
	}
	return leaf.Verify(x509.VerifyOptions{
		CurrentTime: at, Roots: o.roots, Intermediates: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
}

// window is when a certificate and all that issued it are valid, for one whose
// signature nobody dates.
func (o *ownAuthorities) window(leaf *x509.Certificate, came []*x509.Certificate) (from, until time.Time, err error) {
	chains, err := o.chains(leaf, came, leaf.NotBefore)
	if err != nil {
		if chains, err = o.chains(leaf, came, leaf.NotAfter); err != nil {
			return from, until, err
		}
	}
	from, until = leaf.NotBefore, leaf.NotAfter
	for _, c := range chains[0] {
		if c.NotBefore.After(from) {
			from = c.NotBefore
		}
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	return from.UTC(), until.UTC(), nil
}

// certifies checks that own authorities certified somebody, at each time that
// is known, and says whom.
func (o *ownAuthorities) certifies(leaf *x509.Certificate, came []*x509.Certificate, at []time.Time) (policy.Signer, error) {
	var signer policy.Signer
	var err error
	if signer.Certificate, err = ownIdentity(leaf); err != nil {
		return signer, because(CodeCertificateUntrusted, err, "its certificate does not say who signed")
	}
	if len(came) > bounds.ChainLength {
		return signer, reject(CodeTooLarge, "comes with %d certificates, more than the %d that are read", len(came), bounds.ChainLength)
	}
	if leaf.IsCA || leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return signer, reject(CodeCertificateUntrusted, "its certificate is not for signing: it is that of a certificate authority, or its key usage leaves digitalSignature out")
	}
	for _, t := range at {
		if _, err := o.chains(leaf, came, t); err != nil {
			return signer, o.chainError(leaf, came, t)
		}
	}
	if len(at) == 0 {
		if signer.ValidFrom, signer.ValidUntil, err = o.window(leaf, came); err != nil {
			return signer, o.chainError(leaf, came, leaf.NotBefore)
		}
	}
	return signer, nil
}

// chainError says why a certificate is not trusted for a time.
func (o *ownAuthorities) chainError(leaf *x509.Certificate, came []*x509.Certificate, t time.Time) error {
	if outside(leaf, t) {
		return expired(leaf, t)
	}
	_, err := o.chains(leaf, came, t)
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage {
		return reject(CodeCertificateUntrusted, "its certificate was not issued for signing code: the extended key usage codeSigning is not in it, or not in one that issued it")
	}
	if _, now := o.chains(leaf, came, leaf.NotBefore); now == nil || errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return reject(CodeCertificateExpired, "was signed at %s, when an authority that issued its certificate was not valid", t.UTC().Format(time.RFC3339))
	}
	return reject(CodeCertificateUntrusted, "its certificate was not issued by an authority that the policy names: it says that it was by %q", oneLine(leaf.Issuer.String()))
}

// ownIdentity reads whom a certificate names: its one subject alternative name
// or, if it has none, its common name. Two names would let policy see one and
// people the other. What a Fulcio of one's own adds is read too.
func ownIdentity(leaf *x509.Certificate) (*policy.Certificate, error) {
	var names []string
	for _, uri := range leaf.URIs {
		names = append(names, uri.String())
	}
	names = append(append(names, leaf.EmailAddresses...), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 1 {
		return nil, fmt.Errorf("it has %d subject alternative names", len(names))
	}
	if summary, err := certificate.SummarizeCertificate(leaf); err == nil && summary.Issuer != "" {
		dropSubjectName(leaf)
		return readIdentity(leaf)
	}
	if len(names) == 0 {
		if leaf.Subject.CommonName == "" || slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(cryptoutils.SANOID) }) {
			return nil, errors.New("it has no subject alternative name that can be read, and no common name in its place")
		}
		names = []string{leaf.Subject.CommonName}
	}
	return &policy.Certificate{Subject: names[0]}, nil
}
