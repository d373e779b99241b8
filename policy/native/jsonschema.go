package native

import (
	_ "embed"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"unicode"

	"github.com/syncgate/syncgate/policy/document"
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
	w := schemaWriter{definitions: map[string]*node{}, comments: map[string]string{}}
	for _, source := range []string{schemaSource, requirementSource} {
		if err := w.read(source); err != nil {
			return nil, err
		}
	}
	root := &node{
		Schema:      "http://json-schema.org/draft-07/schema#",
		ID:          "https://syncgate.dev/schemas/policy-v1alpha1.json",
		Title:       "syncgate policy",
		Description: "A policy on container images, or an exception to one.",
		OneOf: []*node{
			w.document(reflect.TypeFor[imagePolicy](), KindPolicy),
			w.document(reflect.TypeFor[imageException](), KindException),
		},
		Definitions: w.definitions,
	}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

// node is one schema of a JSON Schema document.
type node struct {
	Schema        string           `json:"$schema,omitempty"`
	ID            string           `json:"$id,omitempty"`
	Title         string           `json:"title,omitempty"`
	Description   string           `json:"description,omitempty"`
	Ref           string           `json:"$ref,omitempty"`
	Type          string           `json:"type,omitempty"`
	Const         string           `json:"const,omitempty"`
	Enum          []string         `json:"enum,omitempty"`
	Pattern       string           `json:"pattern,omitempty"`
	Format        string           `json:"format,omitempty"`
	Minimum       *int             `json:"minimum,omitempty"`
	Maximum       *int             `json:"maximum,omitempty"`
	MinItems      int              `json:"minItems,omitempty"`
	MinProperties int              `json:"minProperties,omitempty"`
	PropertyNames *node            `json:"propertyNames,omitempty"`
	Properties    map[string]*node `json:"properties,omitempty"`
	Required      []string         `json:"required,omitempty"`
	// Additional is false for structs and a schema for maps.
	Additional  any              `json:"additionalProperties,omitempty"`
	Items       *node            `json:"items,omitempty"`
	If          *node            `json:"if,omitempty"`
	Then        *node            `json:"then,omitempty"`
	Not         *node            `json:"not,omitempty"`
	AllOf       []*node          `json:"allOf,omitempty"`
	OneOf       []*node          `json:"oneOf,omitempty"`
	Definitions map[string]*node `json:"definitions,omitempty"`
}

// schemaWriter makes schemas of types, each once.
type schemaWriter struct {
	definitions map[string]*node
	// comments are the doc comments of types and of "type.Field".
	comments map[string]string
}

// document is a type that a whole document is read into.
func (w *schemaWriter) document(t reflect.Type, kind string) *node {
	ref := w.structure(t)
	properties := w.definitions[t.Name()].Properties
	properties["apiVersion"] = &node{Const: APIVersion}
	properties["kind"] = &node{Const: kind}
	return ref
}

// field is the schema of one field, or nil where the field never loads.
func (w *schemaWriter) field(t reflect.Type, tag reflect.StructTag) *node {
	if t == reflect.TypeFor[refused]() {
		return nil
	}
	if n := leafSchema(reflect.New(t).Interface()); n != nil {
		if words := strings.Fields(tag.Get("enum")); len(words) > 0 {
			n = &node{Enum: words}
		}
		return n
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.field(t.Elem(), tag)
	case reflect.Slice:
		n := &node{Type: "array", Items: w.field(t.Elem(), tag), MinItems: 1}
		if tag.Get("empty") == "ok" {
			n.MinItems = 0
		}
		return n
	case reflect.Map:
		n := &node{Type: "object", Additional: w.field(t.Elem(), ""), MinProperties: 1}
		if tag.Get("label") != "" {
			n.PropertyNames = leafSchema(new(name))
		}
		return n
	}
	return w.structure(t)
}

// structure defines a struct type and refers to it.
func (w *schemaWriter) structure(t reflect.Type) *node {
	ref := &node{Ref: "#/definitions/" + t.Name()}
	if w.definitions[t.Name()] != nil {
		return ref
	}
	n := &node{
		Description: sentence(w.comments[t.Name()]), Type: "object", MinProperties: 1,
		Properties: map[string]*node{}, Additional: false,
	}
	w.definitions[t.Name()] = n
	groups := map[string]*node{}
	for _, f := range document.Fields(t) {
		name := f.Tag.Get("yaml")
		property := w.field(f.Type, f.Tag)
		if property == nil {
			continue
		}
		n.Properties[name] = described(property, w.comments[t.Name()+"."+f.Name])
		if f.Tag.Get("need") == "yes" {
			n.Required = append(n.Required, name)
		}
		group := f.Tag.Get("oneof")
		if group == "" {
			continue
		}
		if groups[group] == nil {
			groups[group] = &node{}
			n.AllOf = append(n.AllOf, groups[group])
		}
		groups[group].OneOf = append(groups[group].OneOf, &node{Required: []string{name}})
	}
	return ref
}

// described adds what a comment says to a schema. Beside a $ref, draft 7
// ignores everything, so that one is wrapped.
func described(n *node, comment string) *node {
	switch {
	case comment == "":
		return n
	case n.Ref != "":
		return &node{Description: comment, AllOf: []*node{n}}
	}
	n.Description = comment
	return n
}

// read keeps the comments of the struct types of a Go source.
func (w *schemaWriter) read(source string) error {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			t := spec.(*ast.TypeSpec)
			w.comments[t.Name.Name] = flat(general.Doc.Text())
			body, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					w.comments[t.Name.Name+"."+name.Name] = flat(f.Doc.Text())
				}
			}
		}
	}
	return nil
}

// flat is a comment on one line.
func flat(comment string) string { return strings.Join(strings.Fields(comment), " ") }

// sentence is the comment of a type without the type's name, which no user
// knows.
func sentence(comment string) string {
	_, rest, _ := strings.Cut(comment, " ")
	for i, r := range rest {
		return string(unicode.ToUpper(r)) + rest[i+len(string(r)):]
	}
	return rest
}
