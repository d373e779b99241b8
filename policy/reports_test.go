package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

const (
	csafType  = "https://docs.oasis-open.org/csaf/csaf/v2.0"
	sarifType = "https://docs.oasis-open.org/sarif/sarif/v2.1.0"
)

// cdx is a CycloneDX document of the morning that says something of a
// vulnerability in openssl.
func cdx(analysis, affects string) string {
	return fmt.Sprintf(`{"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "version": 1,
		"metadata": {"timestamp": %q, "component": {"type": "container", "name": "app", "bom-ref": "me"}},
		"components": [{"type": "library", "name": "openssl", "version": "3.0.1", "bom-ref": "ssl", "purl": "pkg:deb/debian/openssl@3.0.1?distro=debian-12"}],
		"vulnerabilities": [{"id": "CVE-2026-1", "ratings": [{"severity": "high"}], "analysis": {%s}, "affects": [%s]}]}`,
		morning.Format(time.RFC3339), analysis, affects)
}

func csaf(status, purl string) string {
	at := morning.Format(time.RFC3339)
	return fmt.Sprintf(`{"document": {"category": "csaf_vex", "csaf_version": "2.0", "title": "t", "publisher": {"category": "vendor", "name": "Acme", "namespace": "https://acme.example"},
		"tracking": {"id": "1", "status": "final", "version": "1", "initial_release_date": %[1]q, "current_release_date": %[1]q, "revision_history": [{"date": %[1]q, "number": "1", "summary": "s"}]}},
		"product_tree": {"full_product_names": [{"name": "app", "product_id": "P", "product_identification_helper": {"purl": %[3]q}}]},
		"vulnerabilities": [{"cve": "CVE-2026-1", "product_status": {%[2]q: ["P"]}, "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["P"]}],
			"remediations": [{"category": "none_available", "details": "d", "product_ids": ["P"]}]}]}`, at, status, purl)
}

// Each format in which vulnerabilities are reported.
func TestReportFormats(t *testing.T) {
	in := func(formats ...string) func(*VulnerabilityRequirement) {
		return func(r *VulnerabilityRequirement) { r.Formats = formats }
	}
	by := func(predicateType, doc string) []Evidence {
		return []Evidence{attest(image, predicateType, doc, scanner)}
	}
	vulns := func(result string) []Evidence {
		return by("https://in-toto.io/attestation/vulns/v0.2", fmt.Sprintf(`{"scanner": {"uri": "s", "version": "1", "result": [%s]}, "metadata": {"scanFinishedOn": %q}}`, result, morning.Format(time.RFC3339)))
	}
	trivy := func(severity string) []Evidence {
		return by("https://trivy.dev/report", fmt.Sprintf(`{"SchemaVersion": 2, "CreatedAt": %q, "ArtifactName": "app", "Results": [{"Vulnerabilities": [%s]}]}`, morning.Format(time.RFC3339), vulnerability("CVE-2026-1", severity, "")))
	}
	grype := func(severity string) []Evidence {
		return by("https://github.com/anchore/grype", fmt.Sprintf(`{"matches": [{"vulnerability": {"id": "CVE-2026-1", "severity": %q}, "artifact": {"name": "openssl", "version": "3.0.1"}}], "descriptor": {"name": "grype", "timestamp": %q}}`, severity, morning.Format(time.RFC3339)))
	}
	sarif := func(severity string) []Evidence {
		return by(sarifType, fmt.Sprintf(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Trivy", "rules": [{"id": "CVE-2026-1", "name": "OsPackageVulnerability", "help": {"text": "Severity: %s"}}]}},
			"results": [{"ruleId": "CVE-2026-1", "message": {"text": "Package: openssl\nInstalled Version: 3.0.1"}}]}]}`, severity))
	}
	runVulnerabilityCases(t, map[string]vulnerabilityCase{
		"in-toto: clean":               {in("in-toto-vulns"), vulns(""), Pass, ""},
		"in-toto: high":                {in("in-toto-vulns"), vulns(`{"id": "CVE-2026-1", "severity": [{"method": "nvd", "score": "high"}]}`), Fail, CodeVulnerabilityDenied},
		"in-toto: a vector":            {in("in-toto-vulns"), vulns(`{"id": "CVE-2026-1", "severity": [{"method": "CVSSv31", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}`), Fail, CodeVulnerabilityDenied},
		"in-toto: low":                 {in("in-toto-vulns"), vulns(`{"id": "CVE-2026-1", "severity": [{"method": "cvss_score", "score": "3.1"}]}`), Pass, ""},
		"in-toto: malformed":           {in("in-toto-vulns"), vulns(`{}`), Fail, CodePredicateMalformed},
		"Trivy: high":                  {in("trivy"), trivy("HIGH"), Fail, CodeVulnerabilityDenied},
		"Trivy: low":                   {in("trivy"), trivy("LOW"), Pass, ""},
		"Grype: high":                  {in("grype"), grype("High"), Fail, CodeVulnerabilityDenied},
		"Grype: low":                   {in("grype"), grype("Low"), Pass, ""},
		"SARIF: high":                  {in("sarif"), sarif("HIGH"), Fail, CodeVulnerabilityDenied},
		"SARIF: low":                   {in("sarif"), sarif("LOW"), Pass, ""},
		"SARIF is not asked for":       {in(), sarif("LOW"), Fail, CodeReportFormat},
		"CycloneDX: high":              {in("cyclonedx"), by(predicate.TypeCycloneDX, cdx("", `{"ref": "ssl"}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: not affected":      {in("cyclonedx"), by(predicate.TypeCycloneDX, cdx(`"state": "not_affected"`, `{"ref": "ssl"}`)), Pass, ""},
		"CycloneDX is not asked for":   {in(), by(predicate.TypeCycloneDX, cdx(`"state": "not_affected"`, `{"ref": "ssl"}`)), Fail, CodeReportFormat},
		"CycloneDX of components only": {in("cyclonedx"), by(predicate.TypeCycloneDX, `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}`), Fail, CodeReportMissing},
		"CycloneDX that has the word":  {in("cyclonedx"), by(predicate.TypeCycloneDX, `{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "file", "name": "vulnerabilities"}]}`), Fail, CodeReportMissing},
		"CSAF: affected":               {in("csaf"), by(csafType, csaf("known_affected", "pkg:oci/app?repository_url=ghcr.io/acme/app")), Fail, CodeVulnerabilityDenied},
		"CSAF: fixed":                  {in("csaf"), by(csafType, csaf("fixed", "pkg:oci/app?repository_url=ghcr.io/acme/app")), Pass, ""},
		"all that are sure":            {in(), vulns(""), Pass, ""},
	})
}

// VEX in CSAF and CycloneDX, with what only these have.
func TestVEXFormats(t *testing.T) {
	high := vulnerability("CVE-2026-1", "HIGH", "3.0.2")
	by := func(predicateType, doc string) []Evidence {
		return []Evidence{report(high), attest(image, predicateType, doc, psirt(morning))}
	}
	ours := "pkg:oci/app?repository_url=ghcr.io/acme/app"
	const not = `"state": "not_affected", "justification": "code_not_reachable"`
	sbom := attest(image, predicate.TypeCycloneDX, `{"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:11111111-395b-41f5-a30f-a58921a69b79", "version": 3,
		"metadata": {"component": {"type": "container", "name": "app", "bom-ref": "root"}},
		"components": [{"type": "library", "name": "openssl", "bom-ref": "lib", "purl": "pkg:deb/debian/openssl@3.0.1?distro=debian-12"}]}`, psirt(morning))
	linked := func(ref string, more ...Evidence) []Evidence {
		return append(by(predicate.TypeCycloneDX, cdx(not, `{"ref": "`+ref+`"}`)), more...)
	}
	cases := map[string]vulnerabilityCase{
		"CSAF: not affected":               {nil, by(csafType, csaf("known_not_affected", ours)), Pass, CodeVEXSilenced},
		"CSAF: fixed":                      {nil, by(csafType, csaf("fixed", ours)), Pass, CodeVEXSilenced},
		"CSAF: affected":                   {nil, by(csafType, csaf("known_affected", ours)), Fail, CodeVulnerabilityDenied},
		"CSAF: another product":            {nil, by(csafType, csaf("fixed", "pkg:oci/app?repository_url=ghcr.io/acme/other")), Fail, CodeVulnerabilityDenied},
		"CSAF: the package":                {nil, by(csafType, csaf("fixed", "pkg:deb/debian/openssl@3.0.1")), Pass, CodeVEXSilenced},
		"CSAF: a draft":                    {nil, by(csafType, strings.Replace(csaf("fixed", ours), `"final"`, `"draft"`, 1)), Fail, CodeVulnerabilityDenied},
		"CSAF: contradicts itself":         {nil, by(csafType, strings.Replace(csaf("fixed", ours), `"product_status": {`, `"product_status": {"known_affected": ["P"], `, 1)), Fail, CodeVulnerabilityDenied},
		"CSAF: by the scanner":             {nil, []Evidence{report(high), attest(image, csafType, csaf("fixed", ours), scanner)}, Fail, CodeVulnerabilityDenied},
		"CycloneDX: not affected":          {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "ssl"}`)), Pass, CodeVEXSilenced},
		"CycloneDX: the whole":             {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me"}`)), Pass, CodeVEXSilenced},
		"CycloneDX: no component":          {nil, by(predicate.TypeCycloneDX, cdx(not, ``)), Pass, CodeVEXSilenced},
		"CycloneDX: another component":     {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "zlib"}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: exploitable":           {nil, by(predicate.TypeCycloneDX, cdx(`"state": "exploitable"`, `{"ref": "ssl"}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: in triage":             {nil, by(predicate.TypeCycloneDX, cdx(`"state": "in_triage"`, `{"ref": "ssl"}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: no analysis":           {nil, by(predicate.TypeCycloneDX, cdx(``, `{"ref": "ssl"}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: unknown state":         {nil, by(predicate.TypeCycloneDX, cdx(`"state": "fine"`, `{"ref": "ssl"}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: resolved":              {nil, by(predicate.TypeCycloneDX, cdx(`"state": "resolved"`, `{"ref": "ssl"}`)), Pass, CodeVEXSilenced},
		"CycloneDX: false positive":        {nil, by(predicate.TypeCycloneDX, cdx(`"state": "false_positive"`, `{"ref": "ssl"}`)), Pass, CodeVEXSilenced},
		"CycloneDX: this version":          {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "ssl", "versions": [{"version": "3.0.1", "status": "unaffected"}]}`)), Pass, CodeVEXSilenced},
		"CycloneDX: this tag":              {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me", "versions": [{"version": "1.0", "status": "unaffected"}]}`)), Pass, CodeVEXSilenced},
		"CycloneDX: another tag":           {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me", "versions": [{"version": "1.1", "status": "unaffected"}]}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: a range":               {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me", "versions": [{"range": "vers:semver/>=0.9|<1.1", "status": "unaffected"}]}`)), Pass, CodeVEXSilenced},
		"CycloneDX: another range":         {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me", "versions": [{"range": "vers:semver/>=1.1|<2.0", "status": "unaffected"}]}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: a range of who knows":  {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me", "versions": [{"range": "vers:acme/>=0", "status": "unaffected"}]}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: affected all the same": {nil, by(predicate.TypeCycloneDX, cdx(not, `{"ref": "me", "versions": [{"version": "1.0", "status": "affected"}]}`)), Fail, CodeVulnerabilityDenied},
		"CycloneDX: a link to an SBOM":     {nil, linked("urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/3#root", sbom), Pass, CodeVEXSilenced},
		"CycloneDX: a link to a part":      {nil, linked("urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/3#lib", sbom), Pass, CodeVEXSilenced},
		"CycloneDX: a link to nowhere":     {nil, linked("urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/3#root"), Fail, CodeVulnerabilityDenied},
		"CycloneDX: another version":       {nil, linked("urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/2#root", sbom), Fail, CodeVulnerabilityDenied},
		"CycloneDX: an SBOM by anybody": {nil, linked("urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/3#root", func() Evidence {
			e := sbom
			e.Signers = []Signer{signedBy("mallory")}
			return e
		}()), Fail, CodeVulnerabilityDenied},
	}
	runVulnerabilityCases(t, cases)
}

// What VEX silences is listed: status, justification, author and age.
func TestSilencedIsListed(t *testing.T) {
	r := strict()
	got := evaluate(t, requiring(Requirement{Name: "no-holes", Vulnerabilities: &r}),
		inputOf(report(vulnerability("CVE-2026-1", "HIGH", "")), vexBy(psirt(morning), says("CVE-2026-1", "not_affected")))).Silenced
	if len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	s := got[0]
	if s.Policy != "production" || s.Requirement != "no-holes" || s.Vulnerability != "CVE-2026-1" || s.Package != "openssl 3.0.1" ||
		s.Status != predicate.NotAffected || s.Justification != "vulnerable_code_not_in_execute_path" || s.Author != "Acme PSIRT" ||
		s.Signer != "psirt" || !s.At.Equal(morning) || s.Age != int64(noon.Sub(morning)/time.Second) || s.Statement.IsZero() {
		t.Errorf("%+v", s)
	}
}

func TestExploited(t *testing.T) {
	kev := func(r *VulnerabilityRequirement) { r.Exploited = true }
	epss := func(r *VulnerabilityRequirement) { r.EPSS = 0.5 }
	low := []Evidence{report(vulnerability("cve-2026-1", "LOW", "3.0.2"))}
	known, likely := map[string]bool{"CVE-2026-1": true}, map[string]float64{"CVE-2026-1": 0.5}
	for name, row := range map[string]struct {
		change   func(*VulnerabilityRequirement)
		exploits Exploits
		want     Verdict
		code     Code
	}{
		"nobody asks":              {func(*VulnerabilityRequirement) {}, Exploits{known, likely}, Pass, ""},
		"in the catalogue":         {kev, Exploits{Known: known}, Fail, CodeVulnerabilityExploited},
		"not in the catalogue":     {kev, Exploits{Known: map[string]bool{}}, Pass, ""},
		"no catalogue":             {kev, Exploits{Likely: likely}, Unknown, CodeExploitsUnknown},
		"likely":                   {epss, Exploits{Likely: likely}, Fail, CodeVulnerabilityExploited},
		"less likely":              {epss, Exploits{Likely: map[string]float64{"CVE-2026-1": 0.49}}, Pass, ""},
		"no scores":                {epss, Exploits{Known: known}, Unknown, CodeExploitsUnknown},
		"only what can be updated": {func(r *VulnerabilityRequirement) { kev(r); r.FixableOnly = true }, Exploits{Known: known}, Fail, CodeVulnerabilityExploited},
	} {
		t.Run(name, func(t *testing.T) {
			r := strict()
			row.change(&r)
			in := inputOf(low...)
			in.Exploits = row.exploits
			expect(t, evaluate(t, requiring(Requirement{Vulnerabilities: &r}), in), row.want, row.code)
		})
	}
}
