package sigstore

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/syncgate/syncgate/policy"
)

// certified is what is known of a signature by a certificate, before whose
// that is is asked.
type certified struct {
	leaf *x509.Certificate
	// came are certificates that came with it.
	came []*x509.Certificate
	// times are those that somebody trusted vouches for.
	times times
	// logged tells that a trusted log has it.
	logged bool
}

// signer checks a certificate against a trusted root: that it chains to an
// authority, each certificate of the chain being valid at each trusted time,
// and that a certificate log knows it. It returns whom the certificate names.
func (c certified) signer(t policy.Trust, m *material) (policy.Signer, error) {
	signer, err := c.holder(t, m)
	signer.Logged, signer.Stamped, signer.SignedAt = c.logged, c.times.stamped, c.times.earliest()
	return signer, err
}

func (c certified) holder(t policy.Trust, m *material) (policy.Signer, error) {
	if m.own != nil {
		if len(c.times.trusted) == 0 && !t.IgnoreTransparencyLog {
			return policy.Signer{}, reject(CodeTimestampMissing, "is signed with a certificate, and nobody who is trusted says when")
		}
		return m.own.certifies(c.leaf, c.came, c.times.trusted)
	}
	identity, err := readIdentity(c.leaf)
	if err != nil {
		return policy.Signer{}, because(CodeCertificateUntrusted, err, "its certificate does not say who signed")
	}
	signer, times := policy.Signer{Certificate: identity}, c.times.trusted
	if len(times) == 0 {
		if !m.asCosign || !t.IgnoreTransparencyLog {
			return policy.Signer{}, reject(CodeTimestampMissing, "is signed with a certificate, and nobody who is trusted says when")
		}
		// Both ends lie in the time of each authority above, or neither counts.
		signer.ValidFrom, signer.ValidUntil = c.leaf.NotBefore.UTC(), c.leaf.NotAfter.UTC()
		times = []time.Time{c.leaf.NotBefore, c.leaf.NotAfter}
	}
	dropSubjectName(c.leaf)
	var chains [][]*x509.Certificate
	for _, at := range times {
		if chains, err = sgverify.VerifyLeafCertificate(at, c.leaf, m); err != nil {
			return policy.Signer{}, chainError(c.leaf, at, m)
		}
	}
	if !m.certLogs {
		return signer, nil
	}
	if err := sgverify.VerifySignedCertificateTimestamp(chains, 1, m); err == nil {
		signer.CertificateLogged = true
	} else if !t.IgnoreCertificateLog {
		return policy.Signer{}, because(CodeCertificateUntrusted, err, "its certificate is in no certificate log that the trusted root names")
	}
	return signer, nil
}

// chainError says why a certificate is not trusted for a time.
func chainError(leaf *x509.Certificate, t time.Time, m *material) error {
	if outside(leaf, t) {
		return expired(leaf, t)
	}
	when := t.UTC().Format(time.RFC3339)
	if _, err := sgverify.VerifyLeafCertificate(leaf.NotBefore, leaf, m); err == nil {
		return reject(CodeCertificateExpired, "was signed at %s, when the authority that issued its certificate had expired", when)
	}
	return reject(CodeCertificateUntrusted, "its certificate was not issued by an authority of the trusted root for signing code: it says that it was by %q", leaf.Issuer.String())
}

func outside(leaf *x509.Certificate, t time.Time) bool {
	return t.Before(leaf.NotBefore) || t.After(leaf.NotAfter)
}

func expired(leaf *x509.Certificate, t time.Time) error {
	return reject(CodeCertificateExpired, "was signed at %s, and its certificate was valid from %s to %s",
		t.UTC().Format(time.RFC3339), leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))
}

// readIdentity reads whom a certificate names: one subject, and what Fulcio
// adds. Two names would let policy see one and people the other.
func readIdentity(leaf *x509.Certificate) (*policy.Certificate, error) {
	names := len(leaf.URIs) + len(leaf.EmailAddresses) + len(leaf.DNSNames) + len(leaf.IPAddresses)
	if names > 1 {
		return nil, fmt.Errorf("it has %d subject alternative names", names)
	}
	summary, err := certificate.SummarizeCertificate(leaf)
	if err != nil {
		return nil, err
	}
	if len(leaf.DNSNames) > 0 || len(leaf.IPAddresses) > 0 {
		return nil, errors.New("its subject alternative name is neither a URI nor an e-mail address")
	}
	extensions, err := extensionMap(summary.Extensions)
	if err != nil {
		return nil, err
	}
	return &policy.Certificate{
		Issuer: summary.Issuer, Subject: summary.SubjectAlternativeName, Extensions: extensions,
	}, nil
}

// extensionMap is Fulcio's extensions by the names of Fulcio's documentation,
// which the JSON names of sigstore-go are.
func extensionMap(extensions certificate.Extensions) (map[string]string, error) {
	extensions.Issuer = ""
	data, err := json.Marshal(extensions)
	if err != nil {
		return nil, err
	}
	var out map[string]string
	if err := json.Unmarshal(data, &out); err != nil || len(out) == 0 {
		return nil, err
	}
	return out, nil
}

// dropSubjectName takes the subject alternative name off the list of critical
// extensions that Go does not know: it knows no names that are neither a URI
// nor an e-mail address, and Fulcio issues such. readIdentity reads them.
func dropSubjectName(leaf *x509.Certificate) {
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, cryptoutils.SANOID.Equal)
}
