package document

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Place is where a value was written. The zero value says that it was not
// written at all.
type Place struct{ Node *yaml.Node }

func (p *Place) put(n *yaml.Node) { p.Node = n }

// Written tells whether the value was written.
func (p Place) Written() bool { return p.Node != nil }

// Where is the place itself, of whatever embeds it.
func (p Place) Where() Place { return p }

// Located is what every schema type is: a value with its place. Types become
// one by embedding a Place.
type Located interface {
	put(*yaml.Node)
	Where() Place
}

// Leaf is a schema type that a node is read into as a whole. Its error says
// what was wanted, without the place.
type Leaf interface {
	Located
	Read(n *yaml.Node) error
}

// Text is a string that is not empty.
type Text struct {
	Place
	Value string
}

// Read reads a scalar that is text.
func (t *Text) Read(n *yaml.Node) error {
	value, err := ReadText(n)
	t.Value = value
	return err
}

// Word is the text, of whatever embeds it.
func (t Text) Word() string { return t.Value }

// ReadText returns the value of a scalar that is text and not empty.
func ReadText(n *yaml.Node) (string, error) {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "", fmt.Errorf("want text, got %s", Describe(n))
	case n.Tag != "!!str":
		return "", fmt.Errorf("want text, got %s: put it in quotes", Describe(n))
	case strings.TrimSpace(n.Value) == "":
		return "", fmt.Errorf("want text, got an empty string")
	}
	return n.Value, nil
}

// Flag is true or false.
type Flag struct {
	Place
	Value bool
}

// Read reads a scalar that is a truth value.
func (f *Flag) Read(n *yaml.Node) error {
	f.Value = strings.EqualFold(n.Value, "true")
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || !f.Value && !strings.EqualFold(n.Value, "false") {
		return fmt.Errorf("want true or false, got %s", Describe(n))
	}
	return nil
}

// Describe says what a node is, for messages about wrong types.
func Describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!str":
		return "the text " + Quote(n.Value)
	case "!!int", "!!float":
		return "the number " + Printable(n.Value)
	case "!!bool":
		return "the truth value " + Printable(n.Value)
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "the date " + Printable(n.Value)
	}
	return "a value with the tag " + Quote(n.Tag)
}
