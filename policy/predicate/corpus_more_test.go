package predicate_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/predicate"
)

const (
	typeCSAF  = "https://docs.oasis-open.org/csaf/csaf/v2.0"
	typeSARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0"
	typeTrivy = "https://trivy.dev/report"
	typeGrype = "https://github.com/anchore/grype"
)

// TestCorpusVEX: every VEX document of the manifest reads as it says. What is
// beside them, such as a schema, is none.
func TestCorpusVEX(t *testing.T) {
	tested := 0
	for path, expected := range manifest(t, "vex/") {
		root := filepath.Join(corpusRoot(t), path)
		err := filepath.WalkDir(root, func(file string, entry os.DirEntry, err error) error {
			name := filepath.ToSlash(file)
			if err != nil || entry.IsDir() || filepath.Ext(file) != ".json" || strings.Contains(name, "/schema/") ||
				strings.HasPrefix(entry.Name(), "bom-") || entry.Name() == "manifest.json" {
				return err
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			tested++
			facts, err := predicate.ParseVEX(vexType(data), data)
			switch reject := strings.HasPrefix(expected, "REJECT"); {
			case reject && err == nil:
				t.Errorf("%s: read, want %s", path, expected)
			case reject && errors.Is(err, predicate.ErrUnsupported):
				t.Errorf("%s: %v, want it malformed", path, err)
			case reject:
				t.Log(path, err)
			case err != nil:
				t.Errorf("%s: %v", name, err)
			case len(facts.Statements) == 0 && !strings.Contains(path, "validator"):
				t.Errorf("%s: no statement", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if tested < 80 {
		t.Errorf("only %d documents were found", tested)
	}
}

func vexType(data []byte) string {
	var mark struct {
		BOMFormat string
		Document  json.RawMessage
	}
	_ = json.Unmarshal(data, &mark)
	switch {
	case mark.BOMFormat != "":
		return predicate.TypeCycloneDX
	case mark.Document != nil:
		return typeCSAF
	}
	return predicate.TypeOpenVEX
}

// TestCorpusVEXStatuses: the status of a document is the one that its name or
// its README says.
func TestCorpusVEXStatuses(t *testing.T) {
	const cdx, csaf = "vex/cyclonedx/bom-examples/", "vex/csaf/oasis/2022-evd-uc-"
	for path, want := range map[string]map[predicate.VEXStatus]int{
		cdx + "CISA-Use-Cases-Case-1/vex-affected.json":            {predicate.Affected: 1},
		cdx + "CISA-Use-Cases-Case-1/vex-fixed.json":               {predicate.Fixed: 1},
		cdx + "CISA-Use-Cases-Case-1/vex-not_affected.json":        {predicate.NotAffected: 1},
		cdx + "CISA-Use-Cases-Case-1/vex-under_investigation.json": {predicate.UnderInvestigation: 1},
		cdx + "CISA-Use-Cases-Case-3/vex.json":                     {predicate.NotAffected: 6, predicate.Affected: 5, predicate.UnderInvestigation: 5, predicate.Fixed: 3},
		cdx + "CISA-Use-Cases-Case-5/vex.json":                     {predicate.UnderInvestigation: 1},
		cdx + "CISA-Use-Cases-Case-7/vex.json":                     {predicate.Affected: 4, predicate.NotAffected: 5, predicate.Fixed: 1},
		cdx + "Use-Cases-Case-1/vex.json":                          {predicate.NotAffected: 1},
		cdx + "Use-Cases-Case-3/vex.json":                          {predicate.UnderInvestigation: 1},
		cdx + "Use-Cases-Case-5/vex.json":                          {predicate.Affected: 1, predicate.NotAffected: 1},
		cdx + "Use-Cases-Case-7/vex.json":                          {predicate.NotAffected: 1},
		cdx + "Use-Cases-Case-13/vex.json":                         {predicate.NotAffected: 2, predicate.Affected: 1},
		"vex/cyclonedx/guac/cyclonedx-unaffected-vex.json":         {predicate.NotAffected: 1},
		"vex/cyclonedx/guac/cyclonedx-vex-affected.json":           {predicate.Affected: 2},
		csaf + "01-a-001.json":                                     {predicate.Affected: 1},
		csaf + "01-na-001.json":                                    {predicate.NotAffected: 1},
	} {
		data := corpus(t, path)
		facts, err := predicate.ParseVEX(vexType(data), data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got := map[predicate.VEXStatus]int{}
		for _, s := range facts.Statements {
			got[s.Status]++
			if s.ID == "" || len(s.Products) != 1 && !strings.Contains(path, "/Use-Cases-Case-7/") {
				t.Errorf("%s: %+v", path, s)
			}
		}
		for status := range want {
			if got[status] != want[status] {
				t.Errorf("%s: %v, want %v", path, got, want)
				break
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

// TestCorpusReports: scanners' reports as they are attested without a record
// around them.
func TestCorpusReports(t *testing.T) {
	for path, want := range map[string]struct {
		predicateType string
		atLeast       int
		rated         bool
	}{
		"vulns/intoto-vulns-v02.json":                    {"https://in-toto.io/attestation/vulns/v0.2", 1, true},
		"vulns/sarif/nginx-grype.sarif.json":             {typeSARIF, 50, true},
		"vulns/sarif/trivy-alpine-310.sarif.json":        {typeSARIF, 4, true},
		"vulns/trivy/alpine-310.json":                    {typeTrivy, 4, true},
		"vulns/trivy/debian-stretch.json":                {typeTrivy, 4, true},
		"vulns/grype/ampel-grype.json":                   {typeGrype, 1, true},
		"vex/cyclonedx/guac/cyclonedx-vex-affected.json": {predicate.TypeCycloneDX, 1, true},
	} {
		facts, err := predicate.ParseReport(want.predicateType, corpus(t, path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(facts.Vulnerabilities) < want.atLeast {
			t.Errorf("%s: %d vulnerabilities, want %d", path, len(facts.Vulnerabilities), want.atLeast)
		}
		rated := 0
		for _, v := range facts.Vulnerabilities {
			if v.ID == "" {
				t.Errorf("%s: %+v", path, v)
			}
			if v.Severity != predicate.SeverityUnknown {
				rated++
			}
		}
		if want.rated && rated == 0 {
			t.Errorf("%s: none of %d is rated", path, len(facts.Vulnerabilities))
		}
	}
	for _, s := range statements(t, corpus(t, "intoto/statements/certify-vuln.json")) {
		facts, err := predicate.ParseReport(s.PredicateType, s.Predicate)
		if err != nil || len(facts.Vulnerabilities) != 8 || facts.Vulnerabilities[1].Severity != predicate.SeverityCritical {
			t.Errorf("certify-vuln: %+v, %v", facts, err)
		}
	}
	for _, s := range statements(t, corpus(t, "intoto/statements/certify-novuln.json")) {
		facts, err := predicate.ParseReport(s.PredicateType, s.Predicate)
		if err != nil || len(facts.Vulnerabilities) != 0 {
			t.Errorf("certify-novuln: %+v, %v", facts, err)
		}
	}
	for name, want := range map[string]bool{"trivy-many": true, "trivy-none": false} {
		for _, s := range statements(t, corpus(t, "vulns/signed/"+name+".sigstore.json")) {
			facts, err := predicate.ParseReport(s.PredicateType, s.Predicate)
			if err != nil || len(facts.Vulnerabilities) > 0 != want {
				t.Errorf("%s: %v, %v", name, facts, err)
			}
		}
	}
	if _, err := predicate.ParseReport(predicate.TypeCycloneDX, corpus(t, "sbom/cyclonedx/guac/small-deps-cyclonedx.json")); !errors.Is(err, predicate.ErrNoVulnerabilities) {
		t.Errorf("a bill of materials is no report: %v", err)
	}
}

func TestCorpusSummary(t *testing.T) {
	for _, s := range statements(t, corpus(t, "slsa/vsa/docker-attest-vsa.json")) {
		facts, err := predicate.ParseSummary(s.PredicateType, s.Predicate)
		if err != nil || facts.Verifier != "https://docker.com" || !facts.Passed || len(facts.Levels) != 1 || facts.Levels[0] != "SLSA_BUILD_LEVEL_3" {
			t.Errorf("%+v, %v", facts, err)
		}
	}
}

// TestCorpusLayout: in-toto-golang's layouts are signed by the keys that its
// own tests say, and its links meet their rules.
func TestCorpusLayout(t *testing.T) {
	const dir = "intoto/in-toto-golang/"
	alice := corpus(t, dir+"alice.pub")
	for _, name := range []string{"demo.layout", "demo.dsse.layout"} {
		layout, err := predicate.ParseLayout(corpus(t, dir+name), [][]byte{alice})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(layout.Steps) != 2 || len(layout.Inspections) != 1 || len(layout.Steps[0].Keys) != 1 {
			t.Errorf("%s: %+v", name, layout)
		}
		links := map[string]*predicate.Link{}
		for step, file := range map[string]string{"write-code": "write-code.b7d643de.link", "package": "package.d3ffd108.link"} {
			var block struct{ Signed json.RawMessage }
			if err := json.Unmarshal(corpus(t, dir+file), &block); err != nil {
				t.Fatal(err)
			}
			if links[step], err = predicate.ParseLink(predicate.TypeLink1, block.Signed); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		if err := layout.Verify(links); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		links["package"].Materials["other.py"] = map[string]string{"sha256": "00"}
		if err := layout.Verify(links); err == nil {
			t.Errorf("%s: a material that no step made is taken", name)
		}
	}
	for _, other := range []string{"carol.pub", "dan.pub"} {
		if _, err := predicate.ParseLayout(corpus(t, dir+"demo.layout"), [][]byte{alice, corpus(t, dir+other)}); err == nil {
			t.Errorf("a layout that the owner of %s did not sign is taken", other)
		}
	}
}
