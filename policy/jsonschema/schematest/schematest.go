// Package schematest holds JSON Schemas to the loaders of the documents that
// they describe: what one of them takes the other takes.
package schematest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// Schema is a compiled schema, and what is read by the types that it was made
// from.
type Schema struct {
	compiled *jsonschema.Schema
	decode   func(text string) error
	// seen are the places that were changed before.
	seen           map[string]bool
	tried, refused int
}

// Compile compiles a schema. Decode reads a document into its types, and goes
// no further.
func Compile(t *testing.T, text []byte, decode func(text string) error) *Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return &Schema{compiled: compiled, decode: decode, seen: map[string]bool{}}
}

// Validate holds all documents of a file to the schema.
func (s *Schema) Validate(text string) error {
	problem := errors.New("no document")
	for _, doc := range documents(text) {
		if value := asJSON(doc); value != nil {
			if problem = s.compiled.Validate(value); problem != nil {
				break
			}
		}
	}
	return problem
}

// Agrees changes a file in one place after the other: the schema and the
// decoder must say the same of every result. Places that were changed before,
// in another file, are left alone.
func (s *Schema) Agrees(t *testing.T, name, text string) {
	t.Helper()
	for i, changed := range s.mutations(t, text) {
		loads, valid := s.decode(changed), s.Validate(changed)
		if (loads == nil) != (valid == nil) {
			t.Errorf("%s, change %d: the decoder says %v, the schema %v\n%s", name, i, loads, valid, changed)
		}
		s.tried++
		if loads != nil {
			s.refused++
		}
	}
}

// Tried fails a test that tried too little.
func (s *Schema) Tried(t *testing.T, least int) {
	t.Helper()
	if s.tried < least || s.refused < s.tried/2 || s.refused == s.tried {
		t.Errorf("%d of %d changes were refused: this test tries too little", s.refused, s.tried)
	}
}

// asJSON is a YAML value as editors see it: a time is the text that it was
// written as.
func asJSON(n *yaml.Node) any {
	switch n.Kind {
	case yaml.AliasNode:
		return asJSON(n.Alias)
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = asJSON(n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, item := range n.Content {
			out = append(out, asJSON(item))
		}
		return out
	}
	if n.Tag == "!!timestamp" {
		return n.Value
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return n.Value
	}
	return value
}

// strange are values that are wrong in most places.
var strange = []string{
	`""`, `" "`, `x`, `7`, `0`, `-1`, `0.5`, `1.5`, `true`, `null`, `[]`, `{}`, `[x]`, `{x: y}`, `"a***b"`, `" a"`,
	`https://a/b`, `a/B`, `"a/b@sha256:12"`, `"(["`, `1d`, `0d`, `1x`, `"2026-01-31"`, `"2026-13-01"`, `"2026-01-31T10:00:00Z"`, `pkg:npm/a@<1`, `pkg:x`, `MIT`, `warn`, `each`,
}

// mutations are copies of a file in each of which one place is changed: a
// field left out, one added, a value replaced. Places that were seen before are
// left alone.
func (s *Schema) mutations(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	for place, path := range places(documents(text)) {
		if s.seen[path] {
			continue
		}
		s.seen[path] = true
		for change := range 2 + len(strange) {
			docs := documents(text)
			if mutate(nth(docs, place), change) {
				out = append(out, written(t, docs))
			}
		}
	}
	return out
}

func documents(text string) []*yaml.Node {
	var docs []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		n := new(yaml.Node)
		if err := decoder.Decode(n); err != nil {
			return docs
		}
		docs = append(docs, n.Content[0])
	}
}

func written(t *testing.T, docs []*yaml.Node) string {
	t.Helper()
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	for _, doc := range docs {
		if err := encoder.Encode(doc); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// mutate makes one change to a node, where it can be made.
func mutate(n *yaml.Node, change int) bool {
	switch {
	case change == 0 && n.Kind == yaml.MappingNode && len(n.Content) > 0:
		n.Content = n.Content[2:]
	case change == 1 && n.Kind == yaml.MappingNode:
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "unheardOf"}, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "x"})
	case change >= 2:
		var value yaml.Node
		if err := yaml.Unmarshal([]byte(strange[change-2]), &value); err != nil {
			panic(fmt.Sprint(strange[change-2], ": ", err))
		}
		*n = *value.Content[0]
	default:
		return false
	}
	return true
}

// visit calls f for every value below a node, with the keys that lead there.
func visit(n *yaml.Node, path string, f func(n *yaml.Node, path string)) {
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			visit(child, path+"[]", f)
		case i%2 == 1:
			visit(child, path+"."+n.Content[i-1].Value, f)
		}
	}
	f(n, path)
}

func places(docs []*yaml.Node) (paths []string) {
	for _, doc := range docs {
		visit(doc, "", func(_ *yaml.Node, path string) { paths = append(paths, path) })
	}
	return paths
}

func nth(docs []*yaml.Node, place int) (found *yaml.Node) {
	i := 0
	for _, doc := range docs {
		visit(doc, "", func(n *yaml.Node, _ string) {
			if i == place {
				found = n
			}
			i++
		})
	}
	return found
}
