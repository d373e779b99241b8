package cases_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/policy/jsonschema/schematest"
)

// everyField is a file with cases in which every field is written.
const everyField = `apiVersion: syncgate.dev/v1alpha1
kind: PolicyTest
spec:
  policies: [signed.yaml]
  at: 2026-11-01T10:00:00Z
  trustedRoot: root.json
  kev: kev.json
  epss: epss.csv
  signers:
    psirt: {key: psirt.pub}
    release: {certificate: {issuer: "https://a", subject: b, extensions: {runnerEnvironment: c}}}
  cases:
    - name: every field
      image: ghcr.io/acme/app:v1
      digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
      platforms: {linux/arm64: "sha256:0000000000000000000000000000000000000000000000000000000000000001"}
      runs: [{unit: u, apiVersion: v1, kind: Pod, namespace: n, name: o, labels: {a: b}, class: podspec, object: {kind: Pod}}]
      at: 2026-11-02T10:00:00+01:00
      evidence: [{file: e.json, of: linux/arm64, annotations: {a: b}}]
      facts:
        - signature: {by: psirt, of: linux/arm64, age: 1h, log: yes, annotations: {a: b}}
          certificateLog: none
          stamped: true
          root: own
          kept: {repository: ghcr.io/acme/signatures, tagPrefix: v1-}
        - attestation: {by: release, of: linux/arm64, age: 1d12h, log: none, predicateType: "https://a", predicate: {a: b}}
        - attestation: {by: release, predicateType: "https://a", file: p.json}
      expect: {verdict: fail, findings: [signature-missing], requirements: {signed: fail}}
    - name: a snapshot
      image: ghcr.io/acme/app@sha256:0000000000000000000000000000000000000000000000000000000000000000
      snapshot: s.tar
      expect: {verdict: pass}
`

// TestSchemaAndLoaderAgree: the JSON Schema takes every file with cases that
// loads, and says of every change of a place what the decoder says of it.
func TestSchemaAndLoaderAgree(t *testing.T) {
	text, err := cases.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	schema := schematest.Compile(t, text, cases.Decode)
	files := map[string]string{"every field": everyField}
	for _, pattern := range []string{"testdata/good/*.test.yaml", "../../examples/policies/*.test.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(text)
		}
	}
	for name, text := range files {
		if err := schema.Validate(text); err != nil {
			t.Errorf("%s: the schema refuses what loads: %v", name, err)
		}
		if err := cases.Decode(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	schema.Agrees(t, "every field", everyField)
	schema.Tried(t, 1_500)
}

// TestEveryFieldIsTried: no field of a file with cases is left out above.
func TestEveryFieldIsTried(t *testing.T) {
	for _, field := range cases.SchemaFields() {
		if !regexp.MustCompile(`[\s{]` + field + `: `).MatchString(strings.ReplaceAll(everyField, "\n", " \n")) {
			t.Errorf("no field %s", field)
		}
	}
}
