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
