package predicate_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/predicate"
)

// corpus returns a file of the evidence corpus.
func corpus(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpusRoot(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func corpusRoot(t testing.TB) string {
	t.Helper()
	root := os.Getenv("SYNCGATE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	root = filepath.Join(root, "evidence")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no corpus: set SYNCGATE_CORPUS")
	}
	return root
}

// manifest returns path and expectation of each row below a folder.
func manifest(t testing.TB, folder string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for line := range strings.Lines(string(corpus(t, "MANIFEST.tsv"))) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(cells) == 7 && strings.HasPrefix(cells[0], folder) {
			rows[cells[0]] = cells[6]
		}
	}
	if len(rows) == 0 {
		t.Fatalf("the manifest has no row below %s", folder)
	}
	return rows
}

// statement is an in-toto statement, of which only the predicate is tested.
type statement struct {
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

// statements finds the statements of a file: a statement, an envelope, a
// bundle, or lines of these.
func statements(t testing.TB, data []byte) []statement {
	t.Helper()
	var found []statement
	decoder := json.NewDecoder(bytes.NewReader(data))
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			break
		}
		found = append(found, statementsIn(raw)...)
	}
	return found
}

func statementsIn(raw json.RawMessage) []statement {
	var plain statement
	if json.Unmarshal(raw, &plain) == nil && plain.PredicateType != "" {
		return []statement{plain}
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	var found []statement
	for _, key := range []string{"dsseEnvelope", "payload"} {
		var text string
		if json.Unmarshal(object[key], &text) == nil && text != "" {
			payload, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				continue
			}
			found = append(found, statementsIn(payload)...)
			continue
		}
		found = append(found, statementsIn(object[key])...)
	}
	return found
}

func TestCorpusProvenance(t *testing.T) {
	counts := map[string]int{}
	root := corpusRoot(t)
	for _, folder := range []string{"slsa", "layouts", "bundles", "intoto/statements"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil || len(data) > 4<<20 || !bytes.Contains(data, []byte("payload")) && !bytes.Contains(data, []byte("predicateType")) {
				return err
			}
			for _, statement := range statements(t, data) {
				if !predicate.IsProvenance(statement.PredicateType) {
					continue
				}
				facts, err := predicate.ParseProvenance(statement.PredicateType, statement.Predicate)
				switch {
				case statement.PredicateType != predicate.TypeSLSA01 && statement.PredicateType != predicate.TypeSLSA02 && statement.PredicateType != predicate.TypeSLSA1:
					if !errors.Is(err, predicate.ErrUnsupported) {
						t.Errorf("%s: %s: %v, want ErrUnsupported", path, statement.PredicateType, err)
					}
				case err != nil:
					t.Errorf("%s: %v", path, err)
				case facts.Builder == "" && facts.BuildType != "https://mobyproject.org/buildkit@v1":
					t.Errorf("%s: no builder", path)
				}
				const example = "git+https://github.com/slsa-framework/example-package@"
				if strings.Contains(path, "slsa-generic-container") && strings.HasPrefix(facts.Builder, "https://github.com/slsa-framework/slsa-github-generator/") {
					if len(facts.Sources) == 0 || !facts.Sources[0].EntryPoint || !strings.HasPrefix(facts.Sources[0].URI, example+"refs/") || facts.Sources[0].Digests["sha1"] == "" {
						t.Errorf("%s: sources %+v", path, facts.Sources)
					}
					counts["entry points"]++
				}
				counts[statement.PredicateType]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if counts[predicate.TypeSLSA02] < 10 || counts[predicate.TypeSLSA1] < 30 || counts["entry points"] < 5 {
		t.Errorf("found %v: too few to mean anything", counts)
	}
}

func TestCorpusSPDX(t *testing.T) {
	packages := map[string]int{
		"sbom/spdx/dockerhub/alpine.json": 14, "sbom/spdx/dockerhub/hello-world.json": 0, "sbom/spdx/dockerhub/nats.json": 10,
		"sbom/spdx/guac/alpine-spdx.json": 14, "sbom/spdx/guac/oci-kubectl-linux-amd64-spdx.json": 88,
		"sbom/spdx/guac/small-spdx.json": 3, "sbom/spdx/ratify-syftbom.spdx.json": 16,
		"sbom/spdx/spdx-examples/example11_spdx2.3_sbom.spdx.json":                         4,
		"sbom/spdx/spdx-examples/example7_spdx2.2_example7-bin.spdx.json":                  1,
		"sbom/spdx/spdx-examples/example7_spdx2.2_example7-go-module.spdx.json":            1,
		"sbom/spdx/spdx-examples/example7_spdx2.2_example7-golang.spdx.json":               2,
		"sbom/spdx/spdx-examples/example7_spdx2.2_example7-third-party-modules.spdx.json":  3,
		"sbom/spdx/spdx-examples/example9_spdx2.2_appbomination.spdx.json":                 7,
		"sbom/spdx/spdx-examples/example1_spdx3.0_example1.json":                           1,
		"sbom/spdx/spdx-examples/example3_spdx3.0_example3-bin.json":                       1,
		"sbom/spdx/spdx-examples/example3_spdx3.0_example3-src.json":                       1,
		"sbom/spdx/spdx-examples/example5_spdx3.0_example5-bin.json":                       1,
		"sbom/spdx/spdx-examples/example5_spdx3.0_example5-src.json":                       1,
		"sbom/spdx/spdx-examples/example7_spdx3.0_example7-bin.spdx3.json":                 0,
		"sbom/spdx/spdx-examples/example7_spdx3.0_example7-go-module.spdx3.json":           1,
		"sbom/spdx/spdx-examples/example7_spdx3.0_example7-golang.spdx3.json":              1,
		"sbom/spdx/spdx-examples/example7_spdx3.0_example7-third-party-modules.spdx3.json": 2,
		"sbom/spdx/spdx-examples/example9_spdx3.0_appbomination.spdx3.json":                7,
		"sbom/spdx/spdx-examples/example11_spdx3.0_sbom.spdx3.json":                        4,
		"sbom/spdx/spdx-examples/example13_spdx3.0_example13.spdx3.json":                   4,
	}
	for path, expected := range manifest(t, "sbom/spdx/") {
		facts, err := predicate.ParseSBOM(predicate.TypeSPDX, corpus(t, path))
		want, golden := packages[path]
		switch {
		case strings.HasPrefix(expected, "REJECT"):
			if err == nil || errors.Is(err, predicate.ErrUnsupported) {
				t.Errorf("%s: %v, want it malformed", path, err)
			}
		case err != nil:
			t.Errorf("%s: %v", path, err)
		case !golden:
			t.Errorf("%s: has %d packages, not in this table", path, len(facts.Packages))
		case len(facts.Packages) != want || facts.Created.IsZero() || len(facts.Authors) == 0:
			t.Errorf("%s: %d packages, want %d; created %v by %q", path, len(facts.Packages), want, facts.Created, facts.Authors)
		}
	}
}

func TestCorpusOpenVEX(t *testing.T) {
	counts := map[string]int{}
	for path := range manifest(t, "vex/") {
		if !strings.Contains(path, "openvex") || strings.Contains(path, "schema") {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(corpusRoot(t), path, "*.openvex.json"))
		if strings.HasSuffix(path, ".json") {
			files = []string{filepath.Join(corpusRoot(t), path)}
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			facts, err := predicate.ParseVEX(predicate.TypeOpenVEX, data)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			var document struct{ Statements []any }
			if json.Unmarshal(data, &document) != nil || len(document.Statements) != len(facts.Statements) {
				t.Errorf("%s: %d statements, want %d", path, len(facts.Statements), len(document.Statements))
			}
			for _, statement := range facts.Statements {
				counts[string(statement.Status)]++
				if statement.ID == "" || statement.Time.IsZero() {
					t.Errorf("%s: %+v", path, statement)
				}
			}
		}
	}
	for _, status := range []predicate.VEXStatus{predicate.NotAffected, predicate.Affected, predicate.Fixed, predicate.UnderInvestigation} {
		t.Logf("%s: %d", status, counts[string(status)])
	}
	if counts["not_affected"] == 0 || counts["fixed"] == 0 {
		t.Errorf("statuses found: %v", counts)
	}
}

func TestCorpusTrivyAndGrype(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpusRoot(t), "vulns", "trivy", "*.json"))
	files = append(files, filepath.Join(corpusRoot(t), "vulns", "grype", "ampel-grype.json"))
	for _, file := range files {
		result, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := predicate.ParseReport(predicate.TypeCosignVuln, cosignRecord(result))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var document struct {
			Results []struct{ Vulnerabilities []any }
			Matches []any
		}
		if err := json.Unmarshal(result, &document); err != nil {
			t.Fatal(err)
		}
		want := len(document.Matches)
		for _, result := range document.Results {
			want += len(result.Vulnerabilities)
		}
		if len(facts.Vulnerabilities) != want || want == 0 {
			t.Errorf("%s: %d vulnerabilities, want %d", file, len(facts.Vulnerabilities), want)
		}
		for _, vulnerability := range facts.Vulnerabilities {
			if vulnerability.ID == "" || vulnerability.Package == "" || vulnerability.Version == "" {
				t.Errorf("%s: %+v", file, vulnerability)
			}
		}
	}
	_, err := predicate.ParseReport(predicate.TypeCosignVuln, corpus(t, "vulns/cosign-vuln-predicate.json"))
	if !errors.Is(err, predicate.ErrUnsupported) {
		t.Errorf("a record whose result is null: %v, want ErrUnsupported", err)
	}
	for _, path := range []string{"vulns/sarif/nginx-grype.sarif.json", "vulns/sarif/trivy-alpine-310.sarif.json", "vulns/osv/osv.json"} {
		if _, err := predicate.ParseReport(predicate.TypeCosignVuln, cosignRecord(corpus(t, path))); !errors.Is(err, predicate.ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", path, err)
		}
	}
}

// cosignRecord wraps a scanner's report as cosign attest --type vuln does.
func cosignRecord(result []byte) []byte {
	return []byte(`{"invocation":{"parameters":null,"uri":"","event_id":"","builder.id":""},` +
		`"scanner":{"uri":"pkg:github/acme/scanner@1.0","version":"1.0","db":{"uri":"","version":""},"result":` + string(result) + `},` +
		`"metadata":{"scanStartedOn":"2026-01-02T03:04:05Z","scanFinishedOn":"2026-01-02T03:05:05Z"}}`)
}

// TestCorpusCycloneDX counts the components of each document. Of documents
// that their schema forbids, those are rejected in which what facts are made
// of is wrong; CycloneDX's schemas say much about the rest.
func TestCorpusCycloneDX(t *testing.T) {
	rejected := map[string]bool{}
	for path, expected := range manifest(t, "sbom/") {
		if !strings.Contains(path, "cyclonedx") || !strings.HasSuffix(path, ".json") {
			continue
		}
		data := corpus(t, path)
		facts, err := predicate.ParseSBOM(predicate.TypeCycloneDX, data)
		switch {
		case strings.HasPrefix(expected, "REJECT"):
			rejected[filepath.Base(path)] = err != nil
		case err != nil:
			t.Errorf("%s: %v", path, err)
		default:
			var bom map[string]any
			if err := json.Unmarshal(data, &bom); err != nil {
				t.Fatal(err)
			}
			want := components(bom)
			if metadata, ok := bom["metadata"].(map[string]any); ok {
				main, _ := metadata["component"].(map[string]any)
				want += components(main)
			}
			if facts.Format != "cyclonedx" || len(facts.Packages) != want || facts.SpecVersion != bom["specVersion"] {
				t.Errorf("%s: %s %s, %d packages, want %d", path, facts.Format, facts.SpecVersion, len(facts.Packages), want)
			}
		}
	}
	for _, name := range []string{
		"invalid-cyclonedx.json", "invalid-dependency-1.4.json", "invalid-dependency-1.5.json", "invalid-dependency-1.6.json",
		"invalid-empty-component-1.4.json", "invalid-missing-component-type-1.5.json", "invalid-missing-component-type-1.6.json",
		"invalid-metadata-timestamp-1.5.json", "invalid-metadata-timestamp-1.6.json",
		"invalid-license-choice-1.4.json", "invalid-license-choice-1.6.json",
		"invalid-component-type-1.5.json", "invalid-component-type-1.6.json",
	} {
		if wrong, found := rejected[name]; found && !wrong {
			t.Errorf("%s: read, want it malformed", name)
		}
	}
}

// components counts components, nested ones too.
func components(in map[string]any) int {
	list, _ := in["components"].([]any)
	count := len(list)
	for _, item := range list {
		component, _ := item.(map[string]any)
		count += components(component)
	}
	return count
}
