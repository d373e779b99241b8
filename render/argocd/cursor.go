package argocd

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// document is an object that fields are read from.
type document struct {
	object render.Object
	// places are of nodes that were written elsewhere.
	places map[*yaml.Node]render.Origin
}

// cursor is a node of a document, with its path. Its node is nil where there
// is none.
type cursor struct {
	node  *yaml.Node
	field render.Field
	in    *document
}

// rootOf is the cursor of a whole object.
func rootOf(object render.Object) cursor {
	return cursor{node: object.Node, in: &document{object: object, places: map[*yaml.Node]render.Origin{}}}
}

// at returns a field below.
func (c cursor) at(keys ...string) cursor {
	for _, key := range keys {
		c = cursor{render.Child(c.node, key), append(slices.Clip(c.field), render.Step{Key: key}), c.in}
	}
	return c
}

// items returns the items of a sequence.
func (c cursor) items() []cursor {
	if c.node == nil || c.node.Kind != yaml.SequenceNode {
		return nil
	}
	list := make([]cursor, len(c.node.Content))
	for i, item := range c.node.Content {
		list[i] = cursor{item, append(slices.Clip(c.field), render.Step{Index: i}), c.in}
	}
	return list
}

// has tells whether there is a value that is not null.
func (c cursor) has() bool {
	return c.node != nil && !(c.node.Kind == yaml.ScalarNode && c.node.ShortTag() == "!!null")
}

// text is the value of a scalar, or "".
func (c cursor) text() string {
	if !c.has() || c.node.Kind != yaml.ScalarNode {
		return ""
	}
	return c.node.Value
}

// name is the path as users write it.
func (c cursor) name() string { return c.field.String() }

// origin is where the value was written, as far as can be told.
func (c cursor) origin() render.Origin {
	if c.in == nil {
		return render.Origin{}
	}
	object := c.in.object
	if c.node == nil {
		return object.Origin
	}
	if at, ok := c.in.places[c.node]; ok {
		return at
	}
	if object.Locator != nil {
		if c.node.Kind == yaml.ScalarNode {
			return object.Locator.Locate(object.ID, c.field, c.node.Value)
		}
		return object.Origin
	}
	if c.node.Line == 0 {
		return object.Origin
	}
	return render.Origin{File: object.Origin.File, Line: c.node.Line, Column: c.node.Column}
}

// decoder reads fields and gathers what is wrong with them.
type decoder struct {
	// id is the object that the problems are about.
	id       render.ObjectID
	problems []render.Problem
}

// fields say what is done with each field of a mapping.
type fields map[string]func(cursor)

// ignore is what is done with fields that change nothing that is rendered.
func ignore(cursor) {}

// mapping reads a mapping. A field that is not named is a problem.
func (d *decoder) mapping(c cursor, known fields) {
	if !c.has() {
		return
	}
	if c.node.Kind != yaml.MappingNode {
		d.wrong(c, "a mapping")
		return
	}
	for i := 0; i+1 < len(c.node.Content); i += 2 {
		key := c.node.Content[i]
		below := c.at(key.Value)
		below.node = c.node.Content[i+1]
		read, ok := known[key.Value]
		if !ok {
			d.unknown(below, key)
			continue
		}
		if below.has() {
			read(below)
		}
	}
}

// unknown tells of a field that is not known.
func (d *decoder) unknown(c cursor, key *yaml.Node) {
	at := cursor{node: key, field: c.field, in: c.in}
	d.problems = append(d.problems, render.Problem{
		Code: CodeUnknownField, Object: d.id, Origin: at.origin(),
		Message: fmt.Sprintf("%s has a field that is not known, which could change what is deployed: %s", d.id, c.name()),
		Hint:    "check its spelling, or remove it; a field of a newer Argo CD needs a newer syncgate",
	})
}

// wrong tells of a field of the wrong type, which the API server refuses.
func (d *decoder) wrong(c cursor, want string) {
	d.fail(c, CodeField, fmt.Sprintf("%s is not %s", c.name(), want), "Argo CD accepts nothing else there")
}

// fail tells of a field that is wrong.
func (d *decoder) fail(c cursor, code, message, hint string) {
	d.problems = append(d.problems, render.Problem{
		Code: code, Severity: render.Broken, Object: d.id, Origin: c.origin(),
		Message: fmt.Sprintf("%s: %s", d.id, message), Hint: hint,
	})
}

// unseen tells of what cannot be known.
func (d *decoder) unseen(c cursor, code, message, hint string) {
	d.fail(c, code, message, hint)
	d.problems[len(d.problems)-1].Severity = render.Unseen
}

// notice tells of what is worth telling.
func (d *decoder) notice(c cursor, code, message, hint string) {
	d.fail(c, code, message, hint)
	d.problems[len(d.problems)-1].Severity = render.Notice
}

// value is a text and where it stands.
type value struct {
	text string
	at   cursor
}

// str reads a string.
func (d *decoder) str(into *string) func(cursor) {
	return func(c cursor) {
		if c.node.Kind != yaml.ScalarNode || c.node.ShortTag() != "!!str" && c.node.ShortTag() != "!!timestamp" {
			d.wrong(c, "a string")
			return
		}
		*into = c.node.Value
	}
}

// value reads a string and its place.
func (d *decoder) value(into *value) func(cursor) {
	return func(c cursor) {
		into.at = c
		d.str(&into.text)(c)
	}
}

// flag reads a boolean.
func (d *decoder) flag(into *bool) func(cursor) {
	return func(c cursor) {
		if c.node.Kind != yaml.ScalarNode || c.node.ShortTag() != "!!bool" {
			d.wrong(c, "true or false")
			return
		}
		*into = strings.EqualFold(c.node.Value, "true")
	}
}

// list reads a sequence.
func (d *decoder) list(read func(cursor)) func(cursor) {
	return func(c cursor) {
		if c.node.Kind != yaml.SequenceNode {
			d.wrong(c, "a list")
			return
		}
		for _, item := range c.items() {
			read(item)
		}
	}
}

// values reads a list of strings.
func (d *decoder) values(into *[]value) func(cursor) {
	return d.list(func(c cursor) {
		var v value
		d.value(&v)(c)
		*into = append(*into, v)
	})
}

// pair is an entry of a mapping of strings.
type pair struct {
	key   string
	value value
}

// pairs reads a mapping of strings.
func (d *decoder) pairs(into *[]pair) func(cursor) {
	return func(c cursor) {
		if c.node.Kind != yaml.MappingNode {
			d.wrong(c, "a mapping")
			return
		}
		for i := 0; i+1 < len(c.node.Content); i += 2 {
			p := pair{key: c.node.Content[i].Value}
			below := c.at(p.key)
			below.node = c.node.Content[i+1]
			if below.has() {
				d.value(&p.value)(below)
			}
			*into = append(*into, p)
		}
	}
}

// texts are the texts of values.
func texts(values []value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.text
	}
	return list
}

// originOf returns what tells where the nodes below a cursor were written.
func (in *document) originOf(c cursor) func(*yaml.Node) render.Origin {
	fields := map[*yaml.Node]render.Field{}
	var walk func(c cursor)
	walk = func(c cursor) {
		fields[c.node] = c.field
		for _, item := range c.items() {
			walk(item)
		}
		if c.node.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(c.node.Content); i += 2 {
				field := append(slices.Clip(c.field), render.Step{Key: c.node.Content[i].Value})
				fields[c.node.Content[i]] = field
				walk(cursor{c.node.Content[i+1], field, c.in})
			}
		}
	}
	walk(c)
	return func(node *yaml.Node) render.Origin { return cursor{node, fields[node], in}.origin() }
}
