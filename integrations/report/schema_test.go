package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// compiled is a JSON Schema, formats asserted.
func compiled(t testing.TB, schema any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	c.AssertFormat()
	if err := c.AddResource("https://schema.test/it.json", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://schema.test/it.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func jsonFile(t testing.TB, name string) any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "schemas", name))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func jsonValue(t testing.TB, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %.2000s", err, text)
	}
	return v
}

func TestSARIFMeetsItsSchema(t *testing.T) {
	schema := compiled(t, jsonFile(t, "sarif-2.1.0.json"))
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			text := written(t, "sarif", r, Options{Version: "v1.2.3"})
			if err := schema.Validate(jsonValue(t, text)); err != nil {
				t.Errorf("%v\n%.4000s", err, text)
			}
		})
	}
}

// TestPolicyReportMeetsItsSchema holds it to the definition that an API server
// has, which drops fields that it does not know.
func TestPolicyReportMeetsItsSchema(t *testing.T) {
	var definition struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPIV3Schema map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	text, err := os.ReadFile(filepath.Join("testdata", "schemas", "openreports.io_clusterreports.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &definition); err != nil || definition.Spec.Versions[0].Name != "v1alpha1" {
		t.Fatalf("%v: %v", err, definition)
	}
	published := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	closed(published)
	asJSON, err := json.Marshal(published)
	if err != nil {
		t.Fatal(err)
	}
	schema := compiled(t, jsonValue(t, string(asJSON)))
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			var v any
			text := written(t, "policyreport", r, Options{Time: signedAt})
			if err := yaml.Unmarshal([]byte(text), &v); err != nil {
				t.Fatal(err)
			}
			asJSON, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(jsonValue(t, string(asJSON))); err != nil {
				t.Errorf("%v\n%.4000s", err, text)
			}
			if len(asJSON) > policyReportLimit {
				t.Errorf("it has %d bytes", len(asJSON))
			}
		})
	}
}

// closed lets objects of a structural schema have no field but those it names.
func closed(schema map[string]any) {
	delete(schema, "format")
	properties, _ := schema["properties"].(map[string]any)
	if properties != nil && schema["additionalProperties"] == nil {
		schema["additionalProperties"] = false
	}
	for name, child := range properties {
		if object, ok := child.(map[string]any); ok && name != "metadata" {
			closed(object)
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		closed(items)
	}
}

// codeQualitySchema is what GitLab's parser and documentation ask for. GitLab
// stops reading at the first entry without one of the fields.
const codeQualitySchema = `{"type": "array", "items": {"type": "object",
 "required": ["description", "check_name", "fingerprint", "severity", "location"],
 "properties": {
  "description": {"type": "string", "minLength": 1}, "check_name": {"type": "string"}, "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
  "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
  "location": {"type": "object", "required": ["path", "lines"], "properties": {"path": {"type": "string", "minLength": 1},
   "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}}}}}}}`

func TestGitLabMeetsItsSchema(t *testing.T) {
	schema := compiled(t, jsonValue(t, codeQualitySchema))
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			text := written(t, "gitlab", r, Options{})
			if err := schema.Validate(jsonValue(t, text)); err != nil {
				t.Errorf("%v\n%.4000s", err, text)
			}
			var list []codeQuality
			if err := json.Unmarshal([]byte(text), &list); err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, e := range list {
				if seen[e.Fingerprint] {
					t.Errorf("fingerprint %s of %q is there twice: GitLab shows one", e.Fingerprint, e.Description)
				}
				seen[e.Fingerprint] = true
			}
		})
	}
}

func TestJUnitMeetsItsSchema(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (libxml2-utils): JUnit reports are not held to Jenkins' schema")
	}
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), lint, "--nonet", "--noout", "--schema", filepath.Join("testdata", "schemas", "jenkins-junit.xsd"), "-")
			cmd.Stdin = strings.NewReader(written(t, "junit", r, Options{}))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %.2000s", err, out)
			}
		})
	}
}

// TestJUnitIsWellFormed holds even where xmllint is not installed.
func TestJUnitIsWellFormed(t *testing.T) {
	for name, r := range reports(t) {
		d := xml.NewDecoder(strings.NewReader(written(t, "junit", r, Options{})))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}
