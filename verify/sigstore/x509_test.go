package sigstore_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// heldBy is a rule for holders of certificates of authorities.
func heldBy(certificates ...*x509.Certificate) policy.SignerRule {
	return policy.SignerRule{X509: &policy.X509{Subject: "**"}, Root: &policy.TrustedRoot{
		Parts: &policy.TrustedParts{Certificates: &policy.TrustedRoot{Certificates: certificates}},
	}}
}

// relax takes what no log has.
func relax(rule policy.SignerRule) policy.SignerRule {
	rule.IgnoreTransparencyLog = true
	return rule
}

func newCA(s *scene, expires time.Time) *verifytest.CA {
	s.t.Helper()
	ca, err := s.CA(expires)
	must(s.t, err)
	return ca
}

func holder(s *scene, ca *verifytest.CA, h verifytest.Holding) *verifytest.Signer {
	s.t.Helper()
	signer, err := ca.Holder(h)
	must(s.t, err)
	return signer
}

// forms are all ways in which a certificate of one's own comes.
func forms() map[string]struct {
	format  policy.Format
	version string
} {
	return map[string]struct {
		format  policy.Format
		version string
	}{
		"simplesigning": {policy.FormatSimpleSigning, ""}, "dsse": {policy.FormatDSSE, ""},
		"bundle 0.1": {policy.FormatBundle, "0.1"}, "bundle 0.2": {policy.FormatBundle, "0.2"}, "bundle 0.3": {policy.FormatBundle, ""},
	}
}

const dave = "dave@acme.example"

func TestOwnCertificates(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	now, ca := s.Now(), newCA(s, time.Time{})
	short := newCA(s, now.Add(time.Hour))
	stranger := newCA(s, time.Time{})
	name := verifytest.Holding{Subjects: []string{dave}}
	lapsed := verifytest.Holding{Subjects: []string{dave}, From: now.Add(-3 * time.Hour), Until: now.Add(-2 * time.Hour)}
	unlogged, stamped := verifytest.How{Log: verifytest.LogNone}, verifytest.How{Log: verifytest.LogNone, Stamped: true}
	strict, whole := heldBy(ca.Root()), heldBy(ca.Root(), ca.Issuer())
	for title, row := range map[string]struct {
		rule   policy.SignerRule
		holder *verifytest.Signer
		how    verifytest.How
		want   policy.Code
	}{
		"logged":                   {whole, holder(s, ca, name), verifytest.How{}, ""},
		"logged and stamped":       {whole, holder(s, ca, name), verifytest.How{Stamped: true}, ""},
		"issued by the root":       {strict, holder(s, ca, verifytest.Holding{Subjects: []string{dave}, Direct: true}), verifytest.How{}, ""},
		"common name alone":        {whole, holder(s, ca, verifytest.Holding{CommonName: dave}), verifytest.How{}, ""},
		"in no log":                {whole, holder(s, ca, name), unlogged, sigstore.CodeLogEntryMissing},
		"stamped, in no log":       {whole, holder(s, ca, name), stamped, sigstore.CodeLogEntryMissing},
		"stamped, relaxed":         {relax(whole), holder(s, ca, name), stamped, ""},
		"at no time, relaxed":      {relax(whole), holder(s, ca, name), unlogged, ""},
		"expired when it was made": {whole, holder(s, ca, lapsed), verifytest.How{}, sigstore.CodeCertificateExpired},
		"expired since":            {whole, holder(s, ca, lapsed), verifytest.How{At: now.Add(-150 * time.Minute)}, ""},
		"issuer expired":           {heldBy(short.Root(), short.Issuer()), holder(s, short, name), verifytest.How{At: now.Add(2 * time.Hour)}, sigstore.CodeCertificateExpired},
		"another authority":        {whole, holder(s, stranger, name), verifytest.How{}, sigstore.CodeCertificateUntrusted},
		"not for signing code":     {whole, holder(s, ca, verifytest.Holding{Subjects: []string{dave}, Use: x509.ExtKeyUsageServerAuth}), verifytest.How{}, sigstore.CodeCertificateUntrusted},
		"two names":                {whole, holder(s, ca, verifytest.Holding{Subjects: []string{dave, "https://acme.example"}}), verifytest.How{}, sigstore.CodeCertificateUntrusted},
		"no name":                  {whole, holder(s, ca, verifytest.Holding{}), verifytest.How{}, sigstore.CodeCertificateUntrusted},
		"keyless":                  {whole, s.keyless, verifytest.How{}, sigstore.CodeCertificateUntrusted},
	} {
		for form, how := range forms() {
			t.Run(title+" "+form, func(t *testing.T) {
				s.t = t
				row.how.Version = how.version
				v, b := s.forPolicies(own(t, s), row.rule), s.made(how.format, row.holder, row.how)
				if row.want != "" {
					s.expect(v, b, row.want)
					return
				}
				got := s.accept(v, b).Signers
				if len(got) != 1 || got[0].Certificate == nil || got[0].Certificate.Subject != dave || got[0].Trust != row.rule.Trust() {
					t.Fatalf("signers %+v", got)
				}
				dated := row.how.Log != verifytest.LogNone || row.how.Stamped
				if got[0].SignedAt.IsZero() == dated || got[0].ValidFrom.IsZero() != dated || got[0].Stamped != row.how.Stamped {
					t.Errorf("signer %+v", got[0])
				}
			})
		}
	}
}

// Authorities in between may come with the signature, where the form has room
// for them, but are not trusted: only the root is.
func TestOwnIntermediatesComeWithTheSignature(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	ca := newCA(s, time.Time{})
	dave := holder(s, ca, verifytest.Holding{Subjects: []string{dave}})
	v := s.forPolicies(own(t, s), heldBy(ca.Root()))
	for form, how := range forms() {
		b := s.made(how.format, dave, verifytest.How{Version: how.version})
		if form == "bundle 0.3" {
			// It holds one certificate.
			s.expect(v, b, sigstore.CodeCertificateUntrusted)
			continue
		}
		s.accept(v, b)
		s.expect(s.forPolicies(own(t, s), heldBy(newCA(s, time.Time{}).Root())), b, sigstore.CodeCertificateUntrusted)
	}
	b := s.made(policy.FormatDSSE, dave, verifytest.How{})
	for _, chain := range []string{"", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		s.expect(v, annotated(b, "dev.sigstore.cosign/chain", chain), sigstore.CodeCertificateUntrusted)
	}
}

// A certificate that nobody dates is told with the time in which all of its
// chain is valid.
func TestOwnCertificateWindow(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	soon := s.Now().Add(time.Hour)
	ca := newCA(s, soon)
	v := s.forPolicies(own(t, s), relax(heldBy(ca.Root(), ca.Issuer())))
	got := s.accept(v, s.made(policy.FormatSimpleSigning, holder(s, ca, verifytest.Holding{Subjects: []string{dave}}), verifytest.How{Log: verifytest.LogNone})).Signers[0]
	if !got.ValidUntil.Equal(soon) || !got.ValidFrom.Equal(s.Now().Add(-365*24*time.Hour)) {
		t.Errorf("valid from %v until %v, want until its issuer expires at %v", got.ValidFrom, got.ValidUntil, soon)
	}
}

// Authorities of a policy say nothing about keyless signers, and the other
// way round.
func TestOwnAuthoritiesAreApart(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	ca := newCA(s, time.Time{})
	rule := heldBy(ca.Root(), ca.Issuer())
	v := s.forPolicies(own(t, s), rule, anybody(nil))
	for _, format := range every() {
		got := s.accept(v, s.made(format, holder(s, ca, verifytest.Holding{Subjects: []string{dave}}), verifytest.How{}))
		if trusts := trustsOf(got); len(trusts) != 1 || trusts[0] != rule.Trust() {
			t.Errorf("%s: a holder's signature holds against %+v", format, trusts)
		}
		got = s.accept(v, s.made(format, s.keyless, verifytest.How{}))
		if trusts := trustsOf(got); len(trusts) != 1 || trusts[0] != (policy.Trust{}) {
			t.Errorf("%s: a keyless signature holds against %+v", format, trusts)
		}
	}
}

// A policy may name the key of a certificate: then the certificate says
// nothing, and nobody need have issued it.
func TestKeyOfACertificate(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	dave := holder(s, newCA(s, time.Time{}), verifytest.Holding{Subjects: []string{dave}})
	key := dave.Public()
	for form, how := range forms() {
		for _, log := range []verifytest.LogEntry{verifytest.LogUsual, verifytest.LogNone} {
			got := s.accept(s.verifier(nil, key), s.made(how.format, dave, verifytest.How{Version: how.version, Log: log})).Signers
			if len(got) != 1 || got[0].Key != key.Fingerprint || got[0].Certificate != nil || got[0].Logged != (log == verifytest.LogUsual) {
				t.Errorf("%s: signers %+v", form, got)
			}
		}
	}
}

// What is no authority, or no root, is not taken for one.
func TestOwnAuthoritiesThatAreNone(t *testing.T) {
	s := newScene(t, verifytest.Options{})
	ca := newCA(s, time.Time{})
	leaf := &x509.Certificate{Raw: []byte("x")}
	for _, certificates := range [][]*x509.Certificate{{ca.Issuer()}, {leaf}, {ca.Root(), leaf}} {
		if _, err := sigstore.ForPolicies(signedBy(heldBy(certificates...)), own(t, s)); err == nil {
			t.Errorf("%d certificates are taken for authorities", len(certificates))
		}
	}
	var rejected *verify.Rejected
	v := s.forPolicies(sigstore.Roots{}, heldBy(ca.Root(), ca.Issuer()))
	// Without a root of the run no log is known, and none is asked for, but a
	// time is.
	_, err := s.verify(v, s.made(policy.FormatDSSE, holder(s, ca, verifytest.Holding{Subjects: []string{dave}}), verifytest.How{}))
	if !errors.As(err, &rejected) || rejected.Code != sigstore.CodeTimestampMissing {
		t.Errorf("got %v", err)
	}
}
