package native_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/jsonschema/schematest"
	"github.com/syncgate/syncgate/policy/native"
)

func compileSchema(t *testing.T) *schematest.Schema {
	t.Helper()
	text, err := native.JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	return schematest.Compile(t, text, native.Decode)
}

// TestSchemaTakesWhatLoads holds every policy that loads in these tests, in
// the documentation and in the examples to the JSON Schema.
func TestSchemaTakesWhatLoads(t *testing.T) {
	schema := compileSchema(t)
	texts := []string{}
	for _, pattern := range []string{"testdata/good/*.yaml", "../../examples/policies/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if document.IsTest(file) {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
	}
	texts = append(texts, docsBlocks(t)...)
	for _, docs := range fieldCases {
		texts = append(texts, docs[0], docs[1])
	}
	for _, text := range texts {
		if err := schema.Validate(text); err != nil {
			t.Errorf("the schema refuses what loads: %v\n%s", err, text)
		}
	}
}

// TestSchemaAndDecoderAgree changes policies in one place after the other: the
// schema and the decoder must say the same of every result. What the loader
// checks beyond that lies in two places of a document, or in other files.
func TestSchemaAndDecoderAgree(t *testing.T) {
	schema := compileSchema(t)
	for _, field := range slices.Sorted(maps.Keys(fieldCases)) {
		schema.Agrees(t, field, fieldCases[field][1])
	}
	schema.Tried(t, 4_000)
}
