package policy

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

func evidencePack(t *testing.T) string {
	t.Helper()
	root := os.Getenv("SYNCGATE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpus")
	}
	root = filepath.Join(root, "evidence")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no corpus: set SYNCGATE_CORPUS")
	}
	return root
}

// TestRealVEX applies real VEX documents as their origin's own tests do: what
// each silences in which image, and what it does not.
func TestRealVEX(t *testing.T) {
	root := evidencePack(t)
	const (
		alpine = "sha256:124c7d2707904eea7431fffe91522a01e5a861a624ee31d03372cc1d138a3126"
		nginx  = "sha256:13d22ec63300e16014d4a42aed735207a8b33c223cff19627dd3042e5a10a3a0"
		ampel  = "sha256:9579c854c652497e48a7bfc278149b12bdd0e3c2189f0c3b42bda4366cf9b15d"
		any    = "sha256:0000000000000000000000000000000000000000000000000000000000000001"
		ssl    = "pkg:apk/alpine/libssl3@3.0.8-r3?arch=x86_64&upstream=openssl&distro=alpine-3.17.3"
	)
	for _, row := range []struct {
		docs, image, digest, id, purl string
		silenced                      bool
	}{
		{"trivy/openvex-oci.json", "debian", any, "CVE-2022-3715", "pkg:deb/debian/bash@5.1?distro=debian-11", true},
		{"trivy/openvex-oci.json", "debian", any, "CVE-2022-3715", "pkg:deb/debian/dash@5.1", false},
		{"trivy/openvex-oci.json", "debian", any, "CVE-2022-3716", "pkg:deb/debian/bash@5.1", false},
		{"trivy/openvex-oci.json", "ubuntu", any, "CVE-2022-3715", "pkg:deb/debian/bash@5.1", false},
		{"trivy/openvex-oci-mismatch.json", "debian", any, "CVE-2022-3715", "pkg:deb/debian/bash@5.1", false},
		{"trivy/openvex.json", "acme/shop", any, "CVE-2021-44228", "pkg:maven/org.springframework.boot/spring-boot@2.6.0", true},
		{"trivy/openvex.json", "acme/shop", any, "CVE-2021-44228", "pkg:maven/org.springframework.boot/spring-boot@2.6.1", false},
		{"grype/openvex-demo1.json", "alpine", alpine, "CVE-2023-1255", ssl, true},
		{"grype/openvex-demo1.json", "alpine", any, "CVE-2023-1255", ssl, false},
		{"grype/openvex-demo1.json", "alpine", alpine, "CVE-2023-2650", ssl, false},
		{"grype/openvex-demo1.json", "alpine", alpine, "CVE-2023-1255", strings.Replace(ssl, "r3", "r4", 1), false},
		{"grype/openvex-demo2.json", "alpine", alpine, "CVE-2023-2650", ssl, true},
		{"grype/openvex-demo2.json", "alpine", alpine, "CVE-2023-3446", ssl, true},
		{"grype/openvex-debian.json", "debian", alpine, "CVE-2014-fake-1", "pkg:deb/debian/bash@5.1", true},
		{"grype/openvex-debian.json", "acme/debian", alpine, "CVE-2014-fake-1", "pkg:deb/debian/bash@5.1", false},
		{"grype/csaf-demo1.json", "alpine", alpine, "CVE-2023-1255", "pkg:apk/alpine/libcrypto3@3.0.8-r3?arch=x86_64&upstream=openssl&distro=alpine-3.17.3", true},
		{"grype/csaf-demo1.json", "alpine", alpine, "CVE-2023-1255", "pkg:apk/alpine/libcrypto3@3.0.8-r3?arch=aarch64&upstream=openssl&distro=alpine-3.17.3", false},
		{"openvex/vexctl/sample-1statement.openvex.json", "nginx", nginx, "CVE-2023-27103", "pkg:deb/debian/libde265-0@1.0.11", true},
		{"openvex/vexctl/sample-1statement.openvex.json", "nginx", nginx, "SNYK-DEBIAN12-LIBDE265-3361563", "pkg:deb/debian/libde265-0@1.0.11", true},
		{"openvex/vexctl/sample-1statement.openvex.json", "nginx", any, "CVE-2023-27103", "pkg:deb/debian/libde265-0@1.0.11", false},
		{"openvex/vexctl/document1.vex.json", "acme/app", any, "CVE-1234-5678", "pkg:apk/wolfi/bash@1.0.0", false},
		{"openvex/vexctl/document2.vex.json", "acme/app", any, "CVE-1234-5678", "pkg:apk/wolfi/bash@1.0.0", true},
		{"openvex/vexctl/document2.vex.json openvex/vexctl/document1.vex.json", "acme/app", any, "CVE-1234-5678", "pkg:apk/wolfi/bash@1.0.0", true},
		{"openvex/guac/open-vex-affected.json", "acme/app", any, "CVE-1234-5678", "pkg:apk/wolfi/bash@1.0.0", false},
		{"openvex/vexctl/demo.vex.json", "acme/app", any, "CVE-2014-123456", "pkg:apk/distro/git@2.39.0-r1?arch=x86_64", true},
		{"openvex/vexctl/demo.vex.json", "acme/app", any, "CVE-2014-123456", "pkg:apk/distro/git@2.39.0-r1?arch=ppc64", false},
		{"openvex/ampel/CVE-2025-27144.openvex.json", "acme/ampel", ampel, "GHSA-c6gw-w398-hv78", "pkg:golang/github.com/go-jose/go-jose/v4@4.0.2", true},
		{"openvex/ampel/CVE-2025-27144.openvex.json", "acme/ampel", any, "GHSA-c6gw-w398-hv78", "pkg:golang/github.com/go-jose/go-jose/v4@4.0.2", false},
		{"openvex/ampel/CVE-2025-27144.openvex.json", "acme/ampel", ampel, "GHSA-c6gw-w398-hv78", "pkg:golang/github.com/go-jose/go-jose/v4@4.0.1", false},
		{"openvex/rancher/rancher_backup-restore-operator.openvex.json", "rancher/backup-restore-operator", any, "SUSE-SU-2026:1510-1", "pkg:rpm/suse/libncurses6@6.1", true},
		{"openvex/rancher/rancher_backup-restore-operator.openvex.json", "rancher/other", any, "SUSE-SU-2026:1510-1", "pkg:rpm/suse/libncurses6@6.1", false},
	} {
		t.Run(fmt.Sprint(row.docs, " ", row.image, " ", row.id, " ", row.purl), func(t *testing.T) {
			in := inputOf()
			in.Subject = subjectNamed(row.image)
			digest, err := ParseDigest(row.digest)
			if err != nil {
				t.Fatal(err)
			}
			in.Subject.Digest, in.At = digest, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
			vulnerable := fmt.Sprintf(`{"VulnerabilityID": %q, "PkgName": "x", "InstalledVersion": "", "Severity": "HIGH", "PkgIdentifier": {"PURL": %q}}`, row.id, row.purl)
			in.Evidence = []Evidence{attest(digest, predicate.TypeCosignVuln, trivyReport(in.At.Add(-time.Hour), vulnerable), Signer{Key: fingerprint("scanner"), Logged: true, SignedAt: in.At.Add(-time.Hour)})}
			for _, doc := range strings.Fields(row.docs) {
				data, err := os.ReadFile(filepath.Join(root, "vex", doc))
				if err != nil {
					t.Fatal(err)
				}
				kind := vexType
				if strings.Contains(doc, "csaf") {
					kind = csafType
				}
				in.Evidence = append(in.Evidence, attest(digest, kind, string(data), psirt(in.At.Add(-time.Minute))))
			}
			r := strict()
			set := requiring(Requirement{Vulnerabilities: &r})
			set.Policies[0].Match.Images = []string{"**"}
			got := evaluate(t, set, in)
			if (got.Verdict == Pass) != row.silenced || row.silenced != (len(got.Silenced) == 1) {
				t.Errorf("want silenced: %v\n%s", row.silenced, describe(got))
			}
		})
	}
}

// TestRealReportsBlock: a real report with holes blocks, in each of its forms.
func TestRealReportsBlock(t *testing.T) {
	root := evidencePack(t)
	for file, row := range map[string]struct{ predicateType, format string }{
		"vulns/sarif/nginx-grype.sarif.json":             {sarifType, "sarif"},
		"vulns/sarif/trivy-alpine-310.sarif.json":        {sarifType, "sarif"},
		"vulns/trivy/debian-stretch.json":                {"https://trivy.dev/report", "trivy"},
		"vulns/trivy/spring4shell-jre8.json":             {"https://trivy.dev/report", "trivy"},
		"vulns/grype/ampel-grype.json":                   {"https://github.com/anchore/grype", "grype"},
		"vulns/intoto-vulns-v02.json":                    {"https://in-toto.io/attestation/vulns/v0.2", "in-toto-vulns"},
		"vex/cyclonedx/guac/cyclonedx-vex-affected.json": {predicate.TypeCycloneDX, "cyclonedx"},
	} {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil || !json.Valid(data) {
			t.Fatal(file, err)
		}
		r := strict()
		r.Formats, r.MaxAge, r.VEX, r.Severity = []string{row.format}, 0, nil, predicate.SeverityLow
		got := evaluate(t, requiring(Requirement{Vulnerabilities: &r}), inputOf(attest(image, row.predicateType, string(data), scanner)))
		if got.Verdict != Fail || !hasFinding(got, CodeVulnerabilityDenied) {
			t.Errorf("%s: %s", file, describe(got))
		}
	}
}
