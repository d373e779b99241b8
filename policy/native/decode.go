package native

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// decoder reads YAML nodes into schema types and collects what is wrong.
type decoder struct {
	source   *source
	problems Problems
	// root is the schema type of the document.
	root reflect.Type
	*budget
}

// budget is what the documents of one Load share.
type budget struct {
	// nodes counts what was read, aliases expanded.
	nodes int
	// full tells that a bound was exceeded, so that nothing more is read.
	full bool
	// schema remembers the fields of schema types.
	schema map[reflect.Type][]reflect.StructField
}

// fieldsOf is fields, remembered.
func (b *budget) fieldsOf(t reflect.Type) []reflect.StructField {
	if b.schema[t] == nil {
		b.schema[t] = fields(t)
	}
	return b.schema[t]
}

// scope is where in a document the decoder is.
type scope struct {
	// path is the dotted path of fields since owner.
	path string
	// owner is the nearest thing that has a name: `requirement "x"`. It is
	// empty in the document itself.
	owner string
	// head is the node that a missing field is reported at: the key.
	head  *yaml.Node
	depth int
}

func (s scope) field(key *yaml.Node) scope {
	s.path = strings.TrimPrefix(s.path+"."+key.Value, ".")
	s.head = key
	s.depth++
	return s
}

func (s scope) item(i int, n *yaml.Node) scope {
	s.path += fmt.Sprintf("[%d]", i)
	s.head = n
	s.depth++
	return s
}

// labelled is the scope of something that has a name of its own.
func (s scope) labelled(label, name string) scope {
	s.path, s.owner = "", label+" "+quote(name)
	return s
}

func (s scope) String() string {
	switch {
	case s.owner == "" && s.path == "":
		return "the document"
	case s.owner == "":
		return s.path
	case s.path == "":
		return s.owner
	}
	return s.path + " of " + s.owner
}

func (d *decoder) report(n *yaml.Node, format string, args ...any) {
	if len(d.problems) >= bounds.PolicyProblemsKept {
		return
	}
	d.problems = append(d.problems, d.source.problem(n.Line, n.Column, fmt.Sprintf(format, args...)))
}

// decode reads a node into a schema value. The tag is that of the field which
// holds it.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, tag reflect.StructTag, at scope) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.exceeded(n, at) {
		return
	}
	if l, ok := v.Addr().Interface().(leaf); ok {
		d.leaf(n, l, tag, at)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem(), tag, at)
	case reflect.Struct:
		d.structure(n, v, at)
	case reflect.Slice:
		d.list(n, v, tag, at)
	case reflect.Map:
		d.mapping(n, v, tag, at)
	}
}

func (d *decoder) exceeded(n *yaml.Node, at scope) bool {
	d.nodes++
	switch {
	case d.full:
	case d.nodes > bounds.PolicyNodes:
		d.full = true
		d.report(n, "policies hold more than %d values together, aliases expanded", bounds.PolicyNodes)
	case at.depth > bounds.PolicyDepth:
		d.full = true
		d.report(n, "document nests more than %d levels deep", bounds.PolicyDepth)
	}
	return d.full
}

func (d *decoder) leaf(n *yaml.Node, l leaf, tag reflect.StructTag, at scope) {
	l.put(n)
	if err := l.read(n); err != nil {
		d.report(n, "%s: %v", at, err)
		return
	}
	words := strings.Fields(tag.Get("enum"))
	if t, ok := l.(*text); ok && len(words) > 0 && !slices.Contains(words, t.Value) {
		d.report(n, "%s: unknown value %s%s", at, quote(t.Value), suggest(t.Value, words))
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, tag reflect.StructTag, at scope) {
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && !strings.ContainsAny(n.Value, " \n") {
			hint = fmt.Sprintf(": write [%s]", printable(n.Value))
		}
		d.report(n, "%s: want a list, got %s%s", at, describe(n), hint)
		return
	}
	if len(n.Content) == 0 && tag.Get("empty") != "ok" {
		d.report(n, "%s: list is empty: write at least one entry%s", at, unlessNeeded(tag))
	}
	items := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, child := range n.Content {
		d.decode(child, items.Index(i), tag, childScope(child, tag.Get("label"), at.item(i, child)))
	}
	v.Set(items)
}

// unlessNeeded ends the message about something empty.
func unlessNeeded(tag reflect.StructTag) string {
	if tag.Get("need") == "yes" || tag.Get("oneof") != "" || tag.Get("empty") == "no" {
		return ""
	}
	return ", or leave the field out"
}

// childScope names an element of a list by its field "name".
func childScope(n *yaml.Node, label string, at scope) scope {
	if label == "" || n.Kind != yaml.MappingNode {
		return at
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if value := n.Content[i+1]; n.Content[i].Value == "name" && value.Kind == yaml.ScalarNode && value.Value != "" {
			return at.labelled(label, value.Value)
		}
	}
	return at
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, tag reflect.StructTag, at scope) {
	if n.Kind != yaml.MappingNode {
		d.report(n, "%s: want a mapping of names to values, got %s", at, describe(n))
		return
	}
	if len(n.Content) == 0 {
		d.report(n, "%s: mapping is empty: write at least one entry%s", at, unlessNeeded(tag))
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	for _, entry := range d.entries(n, at) {
		inner := at.field(entry.key)
		if label := tag.Get("label"); label != "" {
			inner = inner.labelled(label, entry.key.Value)
			if err := new(name).read(entry.key); err != nil {
				d.report(entry.key, "%s: %v", at, err)
			}
		}
		if d.noValue(entry, inner) {
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(entry.value, value, "", inner)
		out.SetMapIndex(reflect.ValueOf(entry.key.Value), value)
	}
	v.Set(out)
}

// entry is one key of a mapping with its value.
type entry struct{ key, value *yaml.Node }

// entries are the entries of a mapping whose keys are text and written once.
func (d *decoder) entries(n *yaml.Node, at scope) []entry {
	first := map[string]*yaml.Node{}
	var out []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		before, twice := first[key.Value]
		switch {
		case key.Tag == "!!merge":
			d.report(key, "merge keys (<<) are not read: write the fields of %s out", at)
			continue
		case key.Kind != yaml.ScalarNode || key.Tag != "!!str":
			d.report(key, "want a field name in %s, got %s", at, describe(key))
			continue
		case twice:
			d.report(key, "field %s is written twice in %s, first on line %d", quote(key.Value), at, before.Line)
			continue
		}
		first[key.Value] = key
		out = append(out, entry{key, n.Content[i+1]})
	}
	return out
}

// noValue reports a key without a value: most often a mistake of indentation.
func (d *decoder) noValue(e entry, at scope) bool {
	if e.value.Kind != yaml.ScalarNode || e.value.Tag != "!!null" {
		return false
	}
	d.report(e.key, "%s has no value: write one, or leave the field out", at)
	return true
}
