// Package jsonschema makes the JSON Schema of documents from the types that
// they are read into, so that editors say what the loader does.
package jsonschema

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"unicode"

	"github.com/syncgate/syncgate/policy/document"
)

// Node is one schema of a JSON Schema document.
type Node struct {
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
	PropertyNames *Node            `json:"propertyNames,omitempty"`
	Properties    map[string]*Node `json:"properties,omitempty"`
	Required      []string         `json:"required,omitempty"`
	// Additional is false for structs and a schema for maps.
	Additional  any              `json:"additionalProperties,omitempty"`
	Items       *Node            `json:"items,omitempty"`
	If          *Node            `json:"if,omitempty"`
	Then        *Node            `json:"then,omitempty"`
	Not         *Node            `json:"not,omitempty"`
	AllOf       []*Node          `json:"allOf,omitempty"`
	OneOf       []*Node          `json:"oneOf,omitempty"`
	Definitions map[string]*Node `json:"definitions,omitempty"`
	// Refused tells that the field never loads: there is none of its name.
	Refused bool `json:"-"`
}

// Maker makes schemas of types, each once.
type Maker struct {
	// leaf is the schema of a scalar of the language's own, or nil.
	leaf        func(any) *Node
	definitions map[string]*Node
	// comments are the doc comments of types and of "type.Field".
	comments map[string]string
}

// New makes a maker. The comments in the sources of the types describe their
// fields; leaf is the schema of what a scalar of these types takes, and nil for
// what is none.
func New(leaf func(any) *Node, sources ...string) (*Maker, error) {
	m := &Maker{leaf: leaf, definitions: map[string]*Node{}, comments: map[string]string{}}
	for _, source := range sources {
		if err := m.read(source); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Write writes a schema with all definitions that it needs.
func (m *Maker) Write(root Node) ([]byte, error) {
	root.Schema, root.Definitions = "http://json-schema.org/draft-07/schema#", m.definitions
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

// Document is the schema of a type that a whole document is read into.
func (m *Maker) Document(t reflect.Type, apiVersion, kind string) *Node {
	ref := m.structure(t)
	properties := m.definitions[t.Name()].Properties
	properties["apiVersion"] = &Node{Const: apiVersion}
	properties["kind"] = &Node{Const: kind}
	return ref
}

// scalar is the schema of what a scalar takes, and nil for what is none.
func (m *Maker) scalar(value any) *Node {
	switch value.(type) {
	case *document.Text:
		return &Node{Type: "string", Pattern: `\S`}
	case *document.Flag:
		return &Node{Type: "boolean"}
	case *document.Any:
		return &Node{Not: &Node{Type: "null"}}
	case *document.Span:
		return &Node{Type: "string", AllOf: []*Node{{Pattern: `^([0-9]{1,6}[wdhms])+$`}, {Pattern: `[1-9]`}}}
	}
	return m.leaf(value)
}

// DigestForm is the digest of an image.
const DigestForm = `(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})`

// The parts of a time with a zone, as RFC 3339 has it.
const (
	DayForm  = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`
	TimeForm = `T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.,][0-9]+)?(Z|[+-]([01][0-9]|2[0-4]):[0-5][0-9])`
)

// NameForm is what document.CheckName takes.
const NameForm = `^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`

// field is the schema of one field.
func (m *Maker) field(t reflect.Type, tag reflect.StructTag) *Node {
	if n := m.scalar(reflect.New(t).Interface()); n != nil {
		if words := strings.Fields(tag.Get("enum")); len(words) > 0 {
			n = &Node{Enum: words}
		}
		return n
	}
	switch t.Kind() {
	case reflect.Pointer:
		return m.field(t.Elem(), tag)
	case reflect.Slice:
		n := &Node{Type: "array", Items: m.field(t.Elem(), tag), MinItems: 1}
		if tag.Get("empty") == "ok" {
			n.MinItems = 0
		}
		return n
	case reflect.Map:
		n := &Node{Type: "object", Additional: m.field(t.Elem(), ""), MinProperties: 1}
		if tag.Get("label") != "" {
			n.PropertyNames = &Node{Type: "string", Pattern: NameForm}
		}
		return n
	}
	return m.structure(t)
}

// structure defines a struct type and refers to it.
func (m *Maker) structure(t reflect.Type) *Node {
	ref := &Node{Ref: "#/definitions/" + t.Name()}
	if m.definitions[t.Name()] != nil {
		return ref
	}
	n := &Node{
		Description: sentence(m.comments[t.Name()]), Type: "object", MinProperties: 1,
		Properties: map[string]*Node{}, Additional: false,
	}
	m.definitions[t.Name()] = n
	groups := map[string]*Node{}
	for _, f := range document.Fields(t) {
		name := f.Tag.Get("yaml")
		property := m.field(f.Type, f.Tag)
		if property.Refused {
			continue
		}
		n.Properties[name] = described(property, m.comments[t.Name()+"."+f.Name])
		if f.Tag.Get("need") == "yes" {
			n.Required = append(n.Required, name)
		}
		group := f.Tag.Get("oneof")
		if group == "" {
			continue
		}
		if groups[group] == nil {
			groups[group] = &Node{}
			n.AllOf = append(n.AllOf, groups[group])
		}
		groups[group].OneOf = append(groups[group].OneOf, &Node{Required: []string{name}})
	}
	return ref
}

// described adds what a comment says to a schema. Beside a $ref, draft 7
// ignores everything, so that one is wrapped.
func described(n *Node, comment string) *Node {
	switch {
	case comment == "":
		return n
	case n.Ref != "":
		return &Node{Description: comment, AllOf: []*Node{n}}
	}
	n.Description = comment
	return n
}

// read keeps the comments of the struct types of a Go source.
func (m *Maker) read(source string) error {
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
			m.comments[t.Name.Name] = flat(general.Doc.Text())
			body, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range body.Fields.List {
				for _, name := range f.Names {
					m.comments[t.Name.Name+"."+name.Name] = flat(f.Doc.Text())
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
