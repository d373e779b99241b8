package native_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/native"
)

func signerOf(t *testing.T, text string) policy.SignerRule {
	t.Helper()
	return loadText(t, text).Policies[0].Require[0].Signature.Signers[0]
}

// TestHoldersOfCertificates: the policy's own authorities judge certificates,
// and logs and timestamps remain those of the root that the signer names.
func TestHoldersOfCertificates(t *testing.T) {
	rule := signerOf(t, held("ca.pem", "ci@acme.example", ""))
	parts := rule.Root.Parts
	if rule.X509 == nil || rule.X509.Subject != "ci@acme.example" || rule.Key != nil || !rule.Root.OwnCertificates() ||
		len(parts.Certificates.Certificates) != 2 || parts.Logs != nil || parts.Timestamps != nil {
		t.Errorf("rule is %+v of %+v", rule, rule.Root)
	}
	rule = signerOf(t, held("ca.pem", "b", ", trustedRoot: internal"))
	if parts := rule.Root.Parts; parts.Logs == nil || parts.Logs.Name != "internal" || parts.Timestamps.Name != "internal" || !rule.Root.OwnCertificates() {
		t.Errorf("root is %+v", rule.Root.Parts)
	}
}

// TestSignersRelaxNothingByThemselves: every relaxation is off unless written.
func TestSignersRelaxNothingByThemselves(t *testing.T) {
	for _, text := range []string{keyless(""), held("ca.pem", "b", ""), withSigner("{key: {file: psirt.pub}}")} {
		if rule := signerOf(t, text); rule.IgnoreTransparencyLog || rule.IgnoreCertificateLog || rule.Source != (policy.Source{}) {
			t.Errorf("rule is %+v", rule)
		}
	}
	rule := signerOf(t, withSigner(`{keyless: {issuer: "https://a", subject: b}, insecureIgnoreTransparencyLog: true, insecureIgnoreCertificateLog: true}`))
	if !rule.IgnoreTransparencyLog || !rule.IgnoreCertificateLog {
		t.Errorf("rule is %+v", rule)
	}
}

func TestPeriodsOfKeys(t *testing.T) {
	key := signerOf(t, withSigner("{key: {file: psirt.pub, notBefore: 2026-01-31, notAfter: 2026-12-31}}")).Key
	if want := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC); !key.NotBefore.Equal(want) {
		t.Errorf("valid from %v, want %v", key.NotBefore, want)
	}
	if want := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC); !key.NotAfter.Equal(want) {
		t.Errorf("valid until %v, want %v", key.NotAfter, want)
	}
}

func TestSignersThatDoNotLoad(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"intermediate.pem", "leaf.pem", "scanner.pub"} {
		text, err := os.ReadFile("testdata/keys/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	for text, want := range map[string]string{
		held("intermediate.pem", "b", ""):                                                      "none of its certificates is a root",
		held("leaf.pem", "b", ""):                                                              "certificate 2 is not that of a certificate authority",
		held("scanner.pub", "b", ""):                                                           `PEM block 1 is of type "PUBLIC KEY": want CERTIFICATE`,
		held("nowhere.pem", "b", ""):                                                           `read key file "nowhere.pem"`,
		held("root.layout", "b", ""):                                                           "no PEM block",
		held("ca.pem", "b", ", insecureIgnoreCertificateLog: true"):                            "only certificates of Fulcio's are in a log",
		withSigner("{key: {file: psirt.pub}, insecureIgnoreCertificateLog: true}"):             "only certificates of Fulcio's are in a log",
		withSigner("{key: {x509: {roots: ca.pem, subject: b}, notAfter: 2026-01-01}}"):         "key has both x509 and a period",
		withSigner("{key: {file: psirt.pub, notBefore: 2026-02-01, notAfter: 2026-01-01}}"):    "notAfter must be later than notBefore",
		keptIn("repository: acme/signatures"):                                                  "is no repository",
		keptIn("repository: ghcr.io/acme/signatures:v1"):                                       "is no repository",
		keptIn("tagPrefix: \"../x\""):                                                          "is no beginning of a tag",
		keptIn(""):                                                                             "mapping is empty",
		withSigner(`{keyless: {issuer: "https://a", subject: b}, trustedRoot: "https://x/y"}`): "name \"https://x/y\" is not well formed",
	} {
		files["p.yaml"] = text
		if _, err := native.Load(tree(t, files), "p.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q\n%s", err, want, text)
		}
	}
}
