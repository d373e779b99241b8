package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// trivyReport is cosign's record around a report of Trivy, of the day's
// morning.
func trivyReport(finished time.Time, vulnerabilities ...string) string {
	return fmt.Sprintf(`{"invocation": {}, "scanner": {"uri": "pkg:github/aquasecurity/trivy@0.50", "result": {"SchemaVersion": 2, "ArtifactName": "app",
		"Results": [{"Target": "os", "Vulnerabilities": [%s]}]}}, "metadata": {"scanStartedOn": %[2]q, "scanFinishedOn": %[2]q}}`,
		strings.Join(vulnerabilities, ","), finished.Format(time.RFC3339))
}

func vulnerability(id, severity, fixed string) string {
	return fmt.Sprintf(`{"VulnerabilityID": %q, "PkgName": "openssl", "InstalledVersion": "3.0.1", "FixedVersion": %q, "Severity": %q, "PkgIdentifier": {"PURL": "pkg:deb/debian/openssl@3.0.1?distro=debian-12"}}`, id, fixed, severity)
}

// openVEX is a document of one time and several statements.
func openVEX(at time.Time, statements ...string) string {
	return fmt.Sprintf(`{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/vex/1", "author": "Acme PSIRT", "timestamp": %q, "version": 1, "statements": [%s]}`,
		at.Format(time.RFC3339), strings.Join(statements, ","))
}

const vexType = predicate.TypeOpenVEX + "/v0.2.0"

// says is a VEX statement about a vulnerability in the image.
func says(id, status string, more ...string) string {
	s := fmt.Sprintf(`{"vulnerability": {"name": %q}, "status": %q`, id, status)
	if status == "not_affected" && !strings.Contains(strings.Join(more, ""), "justification") {
		s += `, "justification": "vulnerable_code_not_in_execute_path"`
	}
	if status == "affected" {
		s += `, "action_statement": "update"`
	}
	return s + strings.Join(append([]string{""}, more...), ", ") + "}"
}

func product(id string, subcomponents ...string) string {
	var parts []string
	for _, s := range subcomponents {
		parts = append(parts, fmt.Sprintf(`{"@id": %q}`, s))
	}
	if parts == nil {
		return fmt.Sprintf(`"products": [{"@id": %q}]`, id)
	}
	return fmt.Sprintf(`"products": [{"@id": %q, "subcomponents": [%s]}]`, id, strings.Join(parts, ","))
}

var (
	morning = noon.Add(-3 * time.Hour)
	scanner = Signer{Key: fingerprint("scanner"), Logged: true, SignedAt: morning}
)

func psirt(at time.Time) Signer {
	return Signer{Key: fingerprint("psirt"), Logged: true, SignedAt: at}
}

func report(vulnerabilities ...string) Evidence {
	return attest(image, predicate.TypeCosignVuln, trivyReport(morning, vulnerabilities...), scanner)
}

func vexBy(signer Signer, statements ...string) Evidence {
	return attest(image, vexType, openVEX(signer.SignedAt, statements...), signer)
}

func strict() VulnerabilityRequirement {
	return VulnerabilityRequirement{
		Signers: []SignerRule{keyRule("scanner")}, Formats: []string{"cosign-vuln"}, MaxAge: 24 * time.Hour,
		Severity: predicate.SeverityHigh, UnknownSeverity: true,
		VEX: &VEXRule{Signers: []SignerRule{keyRule("psirt")}, Statuses: []predicate.VEXStatus{predicate.NotAffected, predicate.Fixed}},
	}
}

// vulnerabilityCase is one line of what a requirement and evidence come to.
type vulnerabilityCase struct {
	change   func(*VulnerabilityRequirement)
	evidence []Evidence
	want     Verdict
	code     Code
}

func runVulnerabilityCases(t *testing.T, cases map[string]vulnerabilityCase) {
	t.Helper()
	for name, row := range cases {
		t.Run(name, func(t *testing.T) {
			r := strict()
			if row.change != nil {
				row.change(&r)
			}
			expect(t, evaluate(t, requiring(Requirement{Vulnerabilities: &r}), inputOf(row.evidence...)), row.want, row.code)
		})
	}
}

// The rows "CVE-2025-29778" and "CVE-2024-23332" of what must never happen.
func TestEachFieldOfAReportAloneMakesItFail(t *testing.T) {
	high := vulnerability("CVE-2026-1", "HIGH", "3.0.2")
	unfixed := vulnerability("CVE-2026-1", "HIGH", "")
	at := func(signed, own time.Time, vulnerabilities ...string) Evidence {
		s := scanner
		s.SignedAt = signed
		return attest(image, predicate.TypeCosignVuln, trivyReport(own, vulnerabilities...), s)
	}
	day := 24 * time.Hour
	undated := attest(image, predicate.TypeCosignVuln, strings.ReplaceAll(trivyReport(morning), morning.Format(time.RFC3339), ""), Signer{Key: fingerprint("scanner"), Logged: true})
	ignoreUntil := func(until time.Time) func(*VulnerabilityRequirement) {
		return func(r *VulnerabilityRequirement) {
			r.Ignore = []Ignore{{ID: "cve-2026-1", Reason: "not reachable", Until: until, Source: "p.yaml:9"}}
		}
	}
	runVulnerabilityCases(t, map[string]vulnerabilityCase{
		"clean":                     {nil, []Evidence{report()}, Pass, CodeReportDecided},
		"none":                      {nil, nil, Fail, CodeReportMissing},
		"scanner":                   {nil, []Evidence{attest(image, predicate.TypeCosignVuln, trivyReport(morning), signedBy("mallory"))}, Fail, CodeSignerMismatch},
		"format":                    {func(r *VulnerabilityRequirement) { r.Formats = []string{"openvex"} }, []Evidence{report()}, Fail, CodeReportFormat},
		"format by the scanner":     {nil, []Evidence{attest(image, vexType, openVEX(morning), scanner)}, Fail, CodeReportFormat},
		"malformed":                 {nil, []Evidence{attest(image, predicate.TypeCosignVuln, `{"scanner": 1}`, scanner)}, Fail, CodePredicateMalformed},
		"of a scanner not read":     {nil, []Evidence{attest(image, predicate.TypeCosignVuln, `{"scanner": {"uri": "x", "result": {"found": []}}}`, scanner)}, Unknown, CodePredicateUnsupported},
		"high":                      {nil, []Evidence{report(high)}, Fail, CodeVulnerabilityDenied},
		"critical":                  {nil, []Evidence{report(vulnerability("CVE-2026-1", "CRITICAL", ""))}, Fail, CodeVulnerabilityDenied},
		"medium":                    {nil, []Evidence{report(vulnerability("CVE-2026-1", "MEDIUM", ""))}, Pass, ""},
		"medium, medium denied":     {func(r *VulnerabilityRequirement) { r.Severity = predicate.SeverityMedium }, []Evidence{report(vulnerability("CVE-2026-1", "MEDIUM", ""))}, Fail, CodeVulnerabilityDenied},
		"unknown":                   {nil, []Evidence{report(vulnerability("CVE-2026-1", "UNKNOWN", ""))}, Fail, CodeVulnerabilityDenied},
		"unknown, allowed":          {func(r *VulnerabilityRequirement) { r.UnknownSeverity = false }, []Evidence{report(vulnerability("CVE-2026-1", "UNKNOWN", ""))}, Pass, ""},
		"unknown denied only":       {func(r *VulnerabilityRequirement) { r.Severity = predicate.SeverityUnknown }, []Evidence{report(high)}, Pass, ""},
		"no fix, all denied":        {nil, []Evidence{report(unfixed)}, Fail, CodeVulnerabilityDenied},
		"no fix, fixable denied":    {func(r *VulnerabilityRequirement) { r.FixableOnly = true }, []Evidence{report(unfixed)}, Pass, ""},
		"fix, fixable denied":       {func(r *VulnerabilityRequirement) { r.FixableOnly = true }, []Evidence{report(high)}, Fail, CodeVulnerabilityDenied},
		"ignored":                   {ignoreUntil(noon.Add(time.Hour)), []Evidence{report(high)}, Pass, CodeVulnerabilityIgnored},
		"ignored until now":         {ignoreUntil(noon), []Evidence{report(high)}, Fail, CodeVulnerabilityDenied},
		"stale by signature":        {nil, []Evidence{at(noon.Add(-day-time.Second), morning)}, Fail, CodeReportStale},
		"stale by its own time":     {nil, []Evidence{at(morning, noon.Add(-day-time.Second))}, Fail, CodeReportStale},
		"as old as allowed":         {nil, []Evidence{at(noon.Add(-day), noon.Add(-day))}, Pass, ""},
		"any age":                   {func(r *VulnerabilityRequirement) { r.MaxAge = 0 }, []Evidence{at(noon.Add(-99*day), noon.Add(-99*day))}, Pass, ""},
		"future by signature":       {nil, []Evidence{at(noon.Add(6*time.Minute), morning)}, Fail, CodeReportFuture},
		"future by its own time":    {nil, []Evidence{at(morning, noon.Add(6*time.Minute))}, Fail, CodeReportFuture},
		"future, any age":           {func(r *VulnerabilityRequirement) { r.MaxAge = 0 }, []Evidence{at(morning, noon.Add(6*time.Minute))}, Fail, CodeReportFuture},
		"a moment ahead":            {nil, []Evidence{at(noon.Add(4*time.Minute), noon.Add(4*time.Minute))}, Pass, ""},
		"undated":                   {nil, []Evidence{undated}, Fail, CodeReportUndated},
		"undated, any age":          {func(r *VulnerabilityRequirement) { r.MaxAge = 0 }, []Evidence{undated}, Pass, ""},
		"newest is clean":           {nil, []Evidence{at(morning, morning), at(morning.Add(-time.Hour), morning.Add(-time.Hour), high)}, Pass, ""},
		"newest is not clean":       {nil, []Evidence{at(morning.Add(-time.Hour), morning), at(morning, morning, high)}, Fail, CodeVulnerabilityDenied},
		"two of one time":           {nil, []Evidence{at(morning, morning), at(morning, morning, high)}, Fail, CodeVulnerabilityDenied},
		"newest is malformed":       {nil, []Evidence{at(morning.Add(-time.Hour), morning), attest(image, predicate.TypeCosignVuln, `{}`, scanner)}, Fail, CodePredicateMalformed},
		"another scanner is stale":  {twoScanners, []Evidence{report(), attest(image, predicate.TypeCosignVuln, trivyReport(morning), Signer{Key: fingerprint("second"), Logged: true, SignedAt: noon.Add(-2 * day)})}, Fail, CodeReportStale},
		"another scanner finds it":  {twoScanners, []Evidence{report(), attest(image, predicate.TypeCosignVuln, trivyReport(morning, high), Signer{Key: fingerprint("second"), Logged: true, SignedAt: morning.Add(-time.Hour)})}, Fail, CodeVulnerabilityDenied},
		"another scanner is silent": {twoScanners, []Evidence{report()}, Pass, ""},
	})
}

// Whoever may push can have the signature of a key logged anew.
func TestAReplayedReportIsNotTheNewest(t *testing.T) {
	high := vulnerability("CVE-2026-1", "HIGH", "3.0.2")
	at := func(signed, own time.Time, vulnerabilities ...string) Evidence {
		s := scanner
		s.SignedAt = signed
		return attest(image, predicate.TypeCosignVuln, trivyReport(own, vulnerabilities...), s)
	}
	first, second := morning, morning.Add(time.Hour)
	undated := attest(image, predicate.TypeCosignVuln, strings.ReplaceAll(trivyReport(first), first.Format(time.RFC3339), ""), Signer{Key: fingerprint("scanner"), Logged: true, SignedAt: noon})
	runVulnerabilityCases(t, map[string]vulnerabilityCase{
		"a clean one, logged again":   {nil, []Evidence{at(first, first), at(second, second, high), at(noon, first)}, Fail, CodeVulnerabilityDenied},
		"and the first one removed":   {nil, []Evidence{at(second, second, high), at(noon, first)}, Fail, CodeVulnerabilityDenied},
		"one that tells no time":      {nil, []Evidence{at(second, second, high), undated}, Fail, CodeVulnerabilityDenied},
		"a bad one, logged again":     {nil, []Evidence{at(second, second), at(noon, first, high)}, Fail, CodeVulnerabilityDenied},
		"a clean one after a bad one": {nil, []Evidence{at(first, first, high), at(second, second)}, Pass, CodeReportDecided},
	})
	r := strict()
	got := evaluate(t, requiring(Requirement{Vulnerabilities: &r}), inputOf(at(noon, first)))
	expect(t, got, Pass, CodeReportDecided)
	if !strings.Contains(describe(got), "3 h old") {
		t.Errorf("the age is not that of the scan:\n%s", describe(got))
	}
}

// The report says which statement decided, how old it is, and what it says.
func TestWhichReportDecidedIsTold(t *testing.T) {
	medium := vulnerability("CVE-2026-2", "MEDIUM", "")
	for want, evidence := range map[string]Evidence{
		"decided by the cosign-vuln report of 2026-06-15 09:00 UTC by scanner, 3 h old: no vulnerability (statement sha256:":             report(),
		"decided by the cosign-vuln report of 2026-06-15 09:00 UTC by scanner, 3 h old: 1 vulnerability, none denied (statement sha256:": report(medium),
		"decided by the cosign-vuln report of 2026-06-15 09:00 UTC by scanner, 3 h old: 2 vulnerabilities, 1 denied (statement sha256:":  report(medium, vulnerability("CVE-2026-1", "HIGH", "")),
	} {
		r := strict()
		got := describe(evaluate(t, requiring(Requirement{Vulnerabilities: &r}), inputOf(evidence)))
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func twoScanners(r *VulnerabilityRequirement) { r.Signers = append(r.Signers, keyRule("second")) }

// VEX counts only when signed by whom the policy names for it, by its status,
// and for the image and package that it speaks of.
func TestVEX(t *testing.T) {
	high := vulnerability("CVE-2026-1", "HIGH", "3.0.2")
	at := noon.Add(-2 * time.Hour)
	word := func(statements ...string) []Evidence {
		return []Evidence{report(high), vexBy(psirt(at), statements...)}
	}
	about := func(id string, parts ...string) []Evidence {
		return word(says("CVE-2026-1", "not_affected", product(id, parts...)))
	}
	other := digestOf("other")
	cases := map[string]vulnerabilityCase{
		"not affected":               {nil, word(says("CVE-2026-1", "not_affected")), Pass, CodeVEXSilenced},
		"fixed":                      {nil, word(says("CVE-2026-1", "fixed")), Pass, CodeVEXSilenced},
		"affected":                   {nil, word(says("CVE-2026-1", "affected")), Fail, CodeVulnerabilityDenied},
		"under investigation":        {nil, word(says("CVE-2026-1", "under_investigation")), Fail, CodeVulnerabilityDenied},
		"status that does not count": {func(r *VulnerabilityRequirement) { r.VEX.Statuses = []predicate.VEXStatus{predicate.Fixed} }, word(says("CVE-2026-1", "not_affected")), Fail, CodeVulnerabilityDenied},
		"justification": {func(r *VulnerabilityRequirement) {
			r.VEX.Justifications = []string{"vulnerable_code_not_in_execute_path"}
		}, word(says("CVE-2026-1", "not_affected")), Pass, ""},
		"another justification":        {func(r *VulnerabilityRequirement) { r.VEX.Justifications = []string{"component_not_present"} }, word(says("CVE-2026-1", "not_affected")), Fail, CodeVulnerabilityDenied},
		"nobody's word counts":         {func(r *VulnerabilityRequirement) { r.VEX = nil }, word(says("CVE-2026-1", "not_affected")), Fail, CodeVulnerabilityDenied},
		"by the scanner":               {nil, []Evidence{report(high), vexBy(scanner, says("CVE-2026-1", "not_affected"))}, Fail, CodeVulnerabilityDenied},
		"by somebody else":             {nil, []Evidence{report(high), vexBy(signedBy("mallory"), says("CVE-2026-1", "not_affected"))}, Fail, CodeVulnerabilityDenied},
		"of another image":             {nil, []Evidence{report(high), attest(other, vexType, openVEX(at, says("CVE-2026-1", "not_affected")), psirt(at))}, Fail, CodeVulnerabilityDenied},
		"another vulnerability":        {nil, word(says("CVE-2026-2", "not_affected")), Fail, CodeVulnerabilityDenied},
		"one of two":                   {nil, []Evidence{report(high, vulnerability("CVE-2026-2", "HIGH", "")), vexBy(psirt(at), says("CVE-2026-1", "not_affected"))}, Fail, CodeVulnerabilityDenied},
		"by an alias":                  {nil, word(strings.Replace(says("GHSA-x", "not_affected"), `{"name": "GHSA-x"}`, `{"name": "GHSA-x", "aliases": ["CVE-2026-1"]}`, 1)), Pass, ""},
		"in the future":                {nil, []Evidence{report(high), vexBy(psirt(noon.Add(time.Hour)), says("CVE-2026-1", "not_affected"))}, Fail, CodeVulnerabilityDenied},
		"newest says affected":         {nil, append(word(says("CVE-2026-1", "not_affected")), vexBy(psirt(at.Add(time.Minute)), says("CVE-2026-1", "affected"))), Fail, CodeVulnerabilityDenied},
		"newest says not affected":     {nil, append(word(says("CVE-2026-1", "not_affected")), vexBy(psirt(at.Add(-time.Minute)), says("CVE-2026-1", "affected"))), Pass, ""},
		"both at one time":             {nil, word(says("CVE-2026-1", "not_affected"), says("CVE-2026-1", "affected")), Fail, CodeVulnerabilityDenied},
		"newest cannot be read":        {nil, append(word(says("CVE-2026-1", "not_affected")), attest(image, vexType, `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"status": "fine"}]}`, psirt(noon))), Fail, CodeVulnerabilityDenied},
		"an older one cannot be read":  {nil, append(word(says("CVE-2026-1", "not_affected")), attest(image, vexType, `{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [{"status": "fine"}]}`, psirt(at.Add(-time.Hour)))), Pass, ""},
		"the package":                  {nil, about("pkg:oci/app@"+image.String(), "pkg:deb/debian/openssl@3.0.1"), Pass, ""},
		"the package in any version":   {nil, about("pkg:oci/app@"+image.String(), "pkg:deb/debian/openssl"), Pass, ""},
		"the package in other version": {nil, about("pkg:oci/app@"+image.String(), "pkg:deb/debian/openssl@3.0.2"), Fail, CodeVulnerabilityDenied},
		"another package":              {nil, about("pkg:oci/app@"+image.String(), "pkg:deb/debian/zlib@3.0.1"), Fail, CodeVulnerabilityDenied},
		"another package newer":        {nil, word(says("CVE-2026-1", "not_affected"), says("CVE-2026-1", "affected", `"timestamp": "2026-06-15T11:00:00Z"`, product("pkg:oci/app@"+image.String(), "pkg:deb/debian/zlib"))), Pass, ""},
		"this package newer":           {nil, word(says("CVE-2026-1", "not_affected"), says("CVE-2026-1", "affected", `"timestamp": "2026-06-15T11:00:00Z"`, product("pkg:oci/app@"+image.String(), "pkg:deb/debian/openssl"))), Fail, CodeVulnerabilityDenied},
		"by a hash":                    {nil, word(says("CVE-2026-1", "not_affected", `"products": [{"hashes": {"sha-256": "`+image.Hex()+`"}}]`)), Pass, ""},
		"by another hash":              {nil, word(says("CVE-2026-1", "not_affected", `"products": [{"hashes": {"sha-256": "`+other.Hex()+`"}}]`)), Fail, CodeVulnerabilityDenied},
		"by an identifier":             {nil, word(says("CVE-2026-1", "not_affected", `"products": [{"identifiers": {"purl": "pkg:oci/app?repository_url=ghcr.io/acme/app&tag=1.0"}}]`)), Pass, ""},
	}
	for id, matches := range map[string]bool{
		"pkg:oci/app?repository_url=ghcr.io/acme/app":                                                        true,
		"pkg:oci/app?repository_url=ghcr.io%2Facme":                                                          true,
		"pkg:oci/app?repository_url=https://ghcr.io/acme/app":                                                true,
		"pkg:oci/app@" + strings.Replace(image.String(), ":", "%3A", 1) + "?repository_url=ghcr.io/acme/app": true,
		"pkg:oci/app@" + strings.Replace(other.String(), ":", "%3A", 1) + "?repository_url=ghcr.io/acme/app": false,
		"pkg:oci/app?repository_url=ghcr.io/acme/app&tag=1.0":                                                true,
		"pkg:oci/app?repository_url=ghcr.io/acme/app&tag=2.0":                                                false,
		"pkg:oci/app?repository_url=ghcr.io/evil/app":                                                        false,
		"pkg:oci/other?repository_url=ghcr.io/acme/app":                                                      false,
		"pkg:oci/app": true, // what it leaves out may be anything
		"pkg:oci/app?repository_url=ghcr.io/acme/app&arch=amd64":  true,
		"pkg:oci/app?repository_url=ghcr.io/acme/app&vendor=acme": false,
		"pkg:oci/acme/app":                               false,
		"pkg:deb/debian/openssl@3.0.1":                   true, // the package, wherever it is
		"pkg:deb/debian/openssl@3.0.2":                   false,
		"pkg:deb/debian/openssl":                         true,
		"pkg:deb/debian/openssl?distro=debian-12":        true,
		"pkg:deb/debian/openssl?distro=debian-11":        false,
		"pkg:docker/acme/app@1.0?repository_url=ghcr.io": true,
		"pkg:docker/acme/app@1.0":                        false,
		"pkg:npm/app@1.0":                                false,
		"ghcr.io/acme/app":                               true,
		"ghcr.io/acme/app:1.0":                           true,
		"ghcr.io/acme/app:1.0@" + other.String():         false,
		"https://ghcr.io/acme/app@" + image.String():     true,
		"docker.io/acme/app":                             false,
	} {
		row := vulnerabilityCase{nil, about(id), Fail, CodeVulnerabilityDenied}
		if matches {
			row.want, row.code = Pass, CodeVEXSilenced
		}
		cases["product "+id] = row
	}
	runVulnerabilityCases(t, cases)
}

// Product identifiers of Docker Hub meet however they are spelt.
func TestVEXProductsOfDockerHub(t *testing.T) {
	for _, id := range []string{
		"pkg:oci/nginx?repository_url=docker.io/library/nginx", "pkg:oci/nginx?repository_url=index.docker.io/library/nginx", "pkg:oci/nginx?repository_url=docker.io%2Flibrary",
		"pkg:docker/nginx@1.25", "pkg:docker/library/nginx@1.25", "pkg:docker/library/nginx@1.25?repository_url=docker.io", "nginx:1.25", "docker.io/library/nginx",
	} {
		in := inputOf(report(vulnerability("CVE-2026-1", "HIGH", "")), vexBy(psirt(morning), says("CVE-2026-1", "not_affected", product(id))))
		in.Subject = subjectNamed("nginx:1.25")
		r := strict()
		set := requiring(Requirement{Vulnerabilities: &r})
		set.Policies[0].Match.Images = []string{"nginx"}
		expect(t, evaluate(t, set, in), Pass, CodeVEXSilenced)
	}
}

// Reports in VEX form, which carry no severity.
func TestReportsInVEXForm(t *testing.T) {
	vexForm := func(r *VulnerabilityRequirement) { r.Formats = []string{"openvex"} }
	by := func(statements ...string) Evidence {
		return attest(image, vexType, openVEX(morning, statements...), scanner)
	}
	lenient := func(r *VulnerabilityRequirement) { vexForm(r); r.UnknownSeverity = false }
	fixable := func(r *VulnerabilityRequirement) { vexForm(r); r.FixableOnly = true }
	affected := says("CVE-2026-1", "affected")
	stale := scanner
	stale.SignedAt = noon.Add(-25 * time.Hour)
	runVulnerabilityCases(t, map[string]vulnerabilityCase{
		"clean":                               {vexForm, []Evidence{by()}, Pass, CodeReportDecided},
		"not affected":                        {vexForm, []Evidence{by(says("CVE-2026-1", "not_affected"))}, Pass, ""},
		"affected":                            {vexForm, []Evidence{by(affected)}, Fail, CodeVulnerabilityDenied},
		"under investigation":                 {vexForm, []Evidence{by(says("CVE-2026-1", "under_investigation"))}, Fail, CodeVulnerabilityDenied},
		"affected, unknown allowed":           {lenient, []Evidence{by(affected)}, Pass, ""},
		"rated high by another report":        {lenient, []Evidence{by(affected), report(vulnerability("CVE-2026-1", "HIGH", ""))}, Fail, CodeVulnerabilityDenied},
		"rated low by another report":         {vexForm, []Evidence{by(affected), report(vulnerability("CVE-2026-1", "LOW", ""))}, Pass, ""},
		"rated low by a stranger":             {vexForm, []Evidence{by(affected), attest(image, predicate.TypeCosignVuln, trivyReport(morning, vulnerability("CVE-2026-1", "LOW", "")), signedBy("mallory"))}, Fail, CodeVulnerabilityDenied},
		"fix not told, fixable denied":        {fixable, []Evidence{by(affected)}, Fail, CodeVulnerabilityDenied},
		"no fix elsewhere, fixable denied":    {fixable, []Evidence{by(affected), report(vulnerability("CVE-2026-1", "HIGH", ""))}, Pass, ""},
		"fix elsewhere, fixable denied":       {fixable, []Evidence{by(affected), report(vulnerability("CVE-2026-1", "HIGH", "2"))}, Fail, CodeVulnerabilityDenied},
		"of another product":                  {vexForm, []Evidence{by(says("CVE-2026-1", "affected", product("pkg:oci/other")))}, Fail, CodeVulnerabilityDenied},
		"newest statement of a document":      {vexForm, []Evidence{by(affected, says("CVE-2026-1", "fixed", `"timestamp": "2026-06-15T11:00:00Z"`))}, Pass, ""},
		"newest is of another product":        {vexForm, []Evidence{by(says("CVE-2026-1", "affected", product("ghcr.io/acme/app")), says("CVE-2026-1", "fixed", `"timestamp": "2026-06-15T11:00:00Z"`, product("ghcr.io/acme/other")))}, Fail, CodeVulnerabilityDenied},
		"both at one time":                    {vexForm, []Evidence{by(affected, says("CVE-2026-1", "fixed"))}, Fail, CodeVulnerabilityDenied},
		"explained away":                      {vexForm, []Evidence{by(affected), vexBy(psirt(noon), says("CVE-2026-1", "not_affected"))}, Pass, CodeVEXSilenced},
		"explained away, in a part":           {vexForm, []Evidence{by(says("CVE-2026-1", "affected", product("ghcr.io/acme/app", "pkg:deb/debian/openssl@3.0.1"))), vexBy(psirt(noon), says("CVE-2026-1", "not_affected", product("ghcr.io/acme/app", "pkg:deb/debian/openssl@3.0.1")))}, Pass, CodeVEXSilenced},
		"explained away in part of the parts": {vexForm, []Evidence{by(says("CVE-2026-1", "affected", product("ghcr.io/acme/app", "pkg:deb/debian/openssl@3.0.1", "pkg:deb/debian/zlib@1"))), vexBy(psirt(noon), says("CVE-2026-1", "not_affected", product("ghcr.io/acme/app", "pkg:deb/debian/openssl@3.0.1")))}, Fail, CodeVulnerabilityDenied},
		"a report in another form is broken":  {vexForm, []Evidence{by(), attest(image, predicate.TypeCosignVuln, "{}", scanner)}, Pass, ""},
		"stale":                               {vexForm, []Evidence{attest(image, vexType, openVEX(morning), stale)}, Fail, CodeReportStale},
		"by who silences only":                {vexForm, []Evidence{vexBy(psirt(morning))}, Fail, CodeReportMissing},
	})
}

// With a fault a newer report or VEX statement may be what is missing.
func TestVulnerabilitiesWithFaultsAreUnknown(t *testing.T) {
	for name, evidence := range map[string][]Evidence{
		"clean": {report()}, "denied": {report(vulnerability("CVE-2026-1", "HIGH", ""))}, "none": nil,
		"silenced": {report(vulnerability("CVE-2026-1", "HIGH", "")), vexBy(psirt(noon), says("CVE-2026-1", "fixed"))},
	} {
		r := strict()
		in := inputOf(evidence...)
		in.Faults = []Finding{{Code: "registry-timeout", Message: "no answer", Retryable: true}}
		if got := evaluate(t, requiring(Requirement{Vulnerabilities: &r}), in); got.Verdict != Unknown {
			t.Errorf("%s: %s", name, describe(got))
		}
	}
}

func TestVulnerabilityMessages(t *testing.T) {
	r := strict()
	set := requiring(Requirement{Name: "no-known-holes", Vulnerabilities: &r})
	one := evaluate(t, set, inputOf(report(vulnerability("CVE-2026-1", "CRITICAL", "3.0.2")), vexBy(psirt(noon), says("CVE-2026-1", "under_investigation"))))
	for _, want := range []string{"CVE-2026-1 in openssl 3.0.1 (critical, fixed in 3.0.2); VEX by psirt says under_investigation"} {
		if !strings.Contains(one.Findings[0].Message, want) {
			t.Errorf("message does not say %q: %s", want, describe(one))
		}
	}
	var many []string
	for i := range 50 {
		many = append(many, vulnerability(fmt.Sprintf("CVE-2026-%d", i), []string{"HIGH", "CRITICAL"}[i%2], ""))
	}
	r50 := evaluate(t, set, inputOf(report(many...)))
	if len(r50.Findings) > details+1 || !strings.Contains(r50.Findings[0].Message, "50 vulnerabilities that are denied: 25 critical, 25 high") {
		t.Error(describe(r50))
	}
	if !strings.Contains(r50.Findings[1].Message, "critical") || r50.Findings[1].Hint != "" {
		t.Error("the worst does not come first:\n" + describe(r50))
	}
	silenced := evaluate(t, set, inputOf(report(vulnerability("CVE-2026-1", "HIGH", "")), vexBy(psirt(noon.Add(-2*time.Hour)), says("CVE-2026-1", "not_affected"))))
	want := "CVE-2026-1 in openssl 3.0.1 is explained away by VEX: not_affected, vulnerable_code_not_in_execute_path, says psirt (author Acme PSIRT), 2 h old"
	if !strings.Contains(describe(silenced), want) {
		t.Errorf("message does not say %q: %s", want, describe(silenced))
	}
	r.Ignore = []Ignore{{ID: "CVE-2026-1", Until: noon.Add(-time.Hour), Source: "p.yaml:9"}}
	expired := evaluate(t, set, inputOf(report(vulnerability("CVE-2026-1", "HIGH", ""))))
	if !hasFinding(expired, CodeIgnoreExpired) {
		t.Error(describe(expired))
	}
}

// With any platform, reports count wherever they are: one clean platform
// does not excuse another.
func TestVulnerabilitiesOfAnyPlatform(t *testing.T) {
	amd, arm := digestOf("amd64"), digestOf("arm64")
	clean := attest(amd, predicate.TypeCosignVuln, trivyReport(morning), scanner)
	bad := attest(arm, predicate.TypeCosignVuln, trivyReport(morning, vulnerability("CVE-2026-1", "HIGH", "")), scanner)
	r := strict()
	for _, row := range []struct {
		rule     PlatformRule
		evidence []Evidence
		want     Verdict
		code     Code
	}{
		{PlatformAny, []Evidence{clean}, Pass, ""},
		{PlatformAny, []Evidence{clean, bad}, Fail, CodeVulnerabilityDenied},
		{PlatformAny, nil, Fail, CodeReportMissing},
		{PlatformEach, []Evidence{clean}, Fail, CodeReportMissing},
		{PlatformEach, []Evidence{clean, bad}, Fail, CodeVulnerabilityDenied},
		// What the index's VEX says without naming a product is said of its
		// platforms.
		{PlatformEach, []Evidence{clean, bad, vexBy(psirt(noon), says("CVE-2026-1", "fixed"))}, Pass, ""},
	} {
		in := inputOf(row.evidence...)
		in.Subject.Platforms = []Platform{{"linux/amd64", amd}, {"linux/arm64", arm}}
		expect(t, evaluate(t, requiring(Requirement{Platforms: row.rule, Vulnerabilities: &r}), in), row.want, row.code)
	}
}
