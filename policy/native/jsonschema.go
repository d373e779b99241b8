package native

import (
	_ "embed"
	"reflect"

	"github.com/syncgate/syncgate/policy/jsonschema"
)

// The sources of the schema types: their comments describe the fields.
//
//go:embed schema.go
var schemaSource string

//go:embed schema_requirement.go
var requirementSource string

// JSONSchema is the JSON Schema (draft 7, which editors know best) of a policy
// document: what one of them takes the other takes, except for what depends on
// another place of the document or on another file, such as the name of a
// signer or a key. It is made from the types that documents are read into.
func JSONSchema() ([]byte, error) {
	m, err := jsonschema.New(leafSchema, schemaSource, requirementSource)
	if err != nil {
		return nil, err
	}
	return m.Write(jsonschema.Node{
		ID:          "https://syncgate.dev/schemas/policy-v1alpha1.json",
		Title:       "syncgate policy",
		Description: "A policy on container images, or an exception to one.",
		OneOf: []*jsonschema.Node{
			m.Document(reflect.TypeFor[imagePolicy](), APIVersion, KindPolicy),
			m.Document(reflect.TypeFor[imageException](), APIVersion, KindException),
		},
	})
}

// leafSchema is the schema of a scalar: what its Read method takes. It is nil
// for what is no scalar.
func leafSchema(leaf any) *jsonschema.Node {
	zero, one := 0, 1
	switch leaf.(type) {
	case *refused:
		return &jsonschema.Node{Refused: true}
	case *count:
		return &jsonschema.Node{Type: "integer", Minimum: &one}
	case *share:
		return &jsonschema.Node{Type: "number", Minimum: &zero, Maximum: &one}
	case *name:
		return &jsonschema.Node{Type: "string", Pattern: jsonschema.NameForm}
	case *pattern:
		return &jsonschema.Node{Type: "string", Pattern: `\S`, Format: "regex"}
	case *licence:
		return &jsonschema.Node{Type: "string", Pattern: `^[0-9A-Za-z][0-9A-Za-z.+-]*$`}
	case *glob:
		return &jsonschema.Node{Type: "string", AllOf: globParts()}
	case *imageGlob:
		return imageGlobSchema()
	case *packageRule:
		const clause = `\s*(<=|>=|!=|=|<|>)?[0-9A-Za-z][0-9A-Za-z.+~:_-]*\s*`
		return &jsonschema.Node{Type: "string", Pattern: `^pkg:[a-z][a-z0-9.+-]*(/[^/@?#\s]+)+(@` + clause + `(,` + clause + `)*)?$`}
	case *repository:
		return &jsonschema.Node{Type: "string", Pattern: repositoryForm}
	case *tagPrefix:
		return &jsonschema.Node{Type: "string", Pattern: tagPrefixForm}
	case *start, *end:
		return &jsonschema.Node{Type: "string", Pattern: `^` + jsonschema.DayForm + `(` + jsonschema.TimeForm + `)?$`}
	}
	return nil
}

// globParts are what every glob is held to: no white space around it, and no
// third asterisk.
func globParts() []*jsonschema.Node {
	return []*jsonschema.Node{{Pattern: `^\S([\s\S]*\S)?$`}, {Not: &jsonschema.Node{Pattern: `\*\*\*`}}}
}

func imageGlobSchema() *jsonschema.Node {
	return &jsonschema.Node{
		Type: "string",
		AllOf: append(globParts(),
			&jsonschema.Node{Not: &jsonschema.Node{Pattern: `://`}},
			&jsonschema.Node{Pattern: `^[^ \t\n?\[\]{}!\\]+$`},
			// No upper case in a repository, which stands between the host and
			// the tag.
			&jsonschema.Node{Not: &jsonschema.Node{Pattern: `^[^/@]*/[^:@]*[A-Z]`}}),
		If:   &jsonschema.Node{Pattern: `^[^@]*@[^*]*$`},
		Then: &jsonschema.Node{Pattern: `^[^@]*@` + jsonschema.DigestForm + `$`},
	}
}
