package cases

import (
	_ "embed"
	"reflect"

	"github.com/syncgate/syncgate/policy/jsonschema"
)

// The source of the schema types: their comments describe the fields.
//
//go:embed schema.go
var schemaSource string

// JSONSchema is the JSON Schema of a file with cases: what it takes the loader
// takes, and the other way round, except for what depends on another place of
// the document or on another file.
func JSONSchema() ([]byte, error) {
	m, err := jsonschema.New(leafSchema, schemaSource)
	if err != nil {
		return nil, err
	}
	root := jsonschema.Node{
		ID:          "https://syncgate.dev/schemas/policy-test-v1alpha1.json",
		Title:       "syncgate policy test",
		Description: "Cases of policies: images with their evidence, and what the policies must say of them.",
	}
	root.AllOf = []*jsonschema.Node{m.Document(reflect.TypeFor[policyTest](), APIVersion, Kind)}
	return m.Write(root)
}

// leafSchema is the schema of a scalar: what its Read method takes. It is nil
// for what is no scalar.
func leafSchema(leaf any) *jsonschema.Node {
	switch leaf.(type) {
	case *moment:
		return &jsonschema.Node{Type: "string", Pattern: `^` + jsonschema.DayForm + jsonschema.TimeForm + `$`}
	case *digest:
		return &jsonschema.Node{Type: "string", Pattern: `^` + jsonschema.DigestForm + `$`}
	case *verdict:
		return &jsonschema.Node{Enum: []string{"pass", "fail", "unknown"}}
	case *image:
		return &jsonschema.Node{Type: "string", Pattern: imageForm}
	}
	return nil
}
