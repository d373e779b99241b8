package document

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// Decoder reads YAML nodes into schema types and collects what is wrong.
type Decoder struct {
	File     *File
	Problems Problems
	// Lenient reads as Kubernetes does: a field that is null or empty is as
	// good as none.
	Lenient bool
	// root is the schema type of the document.
	root reflect.Type
	*Budget
}

// NewDecoder makes a decoder for one document of a file.
func NewDecoder(file *File, budget *Budget) *Decoder {
	return &Decoder{File: file, Budget: budget}
}

// Decode reads a whole document into the schema value that v points to.
func (d *Decoder) Decode(root *yaml.Node, v any) {
	value := reflect.ValueOf(v).Elem()
	d.root = value.Type()
	d.decode(root, value, "", scope{head: root})
}

// Budget is what the documents of one set of policies share.
type Budget struct {
	// nodes counts what was read, aliases expanded.
	nodes int
	// full tells that a bound was exceeded, so that nothing more is read.
	full bool
	// schema remembers the fields of schema types.
	schema map[reflect.Type][]reflect.StructField
}

// FieldsOf is Fields, remembered.
func (b *Budget) FieldsOf(t reflect.Type) []reflect.StructField {
	if b.schema == nil {
		b.schema = map[reflect.Type][]reflect.StructField{}
	}
	if b.schema[t] == nil {
		b.schema[t] = Fields(t)
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
	s.path, s.owner = "", label+" "+Quote(name)
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

// Report notes what is wrong with a node.
func (d *Decoder) Report(n *yaml.Node, format string, args ...any) {
	if len(d.Problems) >= bounds.PolicyProblemsKept {
		return
	}
	d.Problems = append(d.Problems, d.File.Problem(n.Line, n.Column, fmt.Sprintf(format, args...)))
}

// decode reads a node into a schema value. The tag is that of the field which
// holds it.
func (d *Decoder) decode(n *yaml.Node, v reflect.Value, tag reflect.StructTag, at scope) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.exceeded(n, at) {
		return
	}
	if l, ok := v.Addr().Interface().(Leaf); ok {
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

func (d *Decoder) exceeded(n *yaml.Node, at scope) bool {
	d.nodes++
	switch {
	case d.full:
	case d.nodes > bounds.PolicyNodes:
		d.full = true
		d.Report(n, "policies hold more than %d values together, aliases expanded", bounds.PolicyNodes)
	case at.depth > bounds.PolicyDepth:
		d.full = true
		d.Report(n, "document nests more than %d levels deep", bounds.PolicyDepth)
	}
	return d.full
}

func (d *Decoder) leaf(n *yaml.Node, l Leaf, tag reflect.StructTag, at scope) {
	if d.Lenient && n.Kind == yaml.ScalarNode && n.Tag == "!!str" && n.Value == "" {
		return
	}
	l.put(n)
	if err := l.Read(n); err != nil {
		d.Report(n, "%s: %v", at, err)
		return
	}
	words := strings.Fields(tag.Get("enum"))
	if t, ok := l.(*Text); ok && len(words) > 0 && !slices.Contains(words, t.Value) {
		d.Report(n, "%s: unknown value %s%s", at, Quote(t.Value), Suggest(t.Value, words))
	}
}

func (d *Decoder) list(n *yaml.Node, v reflect.Value, tag reflect.StructTag, at scope) {
	if n.Kind != yaml.SequenceNode {
		hint := ""
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && !strings.ContainsAny(n.Value, " \n") {
			hint = fmt.Sprintf(": write [%s]", Printable(n.Value))
		}
		d.Report(n, "%s: want a list, got %s%s", at, Describe(n), hint)
		return
	}
	if len(n.Content) == 0 && tag.Get("empty") != "ok" && !d.Lenient {
		d.Report(n, "%s: list is empty: write at least one entry%s", at, unlessNeeded(tag))
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

func (d *Decoder) mapping(n *yaml.Node, v reflect.Value, tag reflect.StructTag, at scope) {
	if n.Kind != yaml.MappingNode {
		d.Report(n, "%s: want a mapping of names to values, got %s", at, Describe(n))
		return
	}
	if len(n.Content) == 0 && !d.Lenient {
		d.Report(n, "%s: mapping is empty: write at least one entry%s", at, unlessNeeded(tag))
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Content)/2)
	for _, entry := range d.entries(n, at) {
		inner := at.field(entry.key)
		if label := tag.Get("label"); label != "" {
			inner = inner.labelled(label, entry.key.Value)
			if err := CheckName(entry.key); err != nil {
				d.Report(entry.key, "%s: %v", at, err)
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
func (d *Decoder) entries(n *yaml.Node, at scope) []entry {
	first := map[string]*yaml.Node{}
	var out []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		before, twice := first[key.Value]
		switch {
		case key.Tag == "!!merge":
			d.Report(key, "merge keys (<<) are not read: write the fields of %s out", at)
			continue
		case key.Kind != yaml.ScalarNode || key.Tag != "!!str":
			d.Report(key, "want a field name in %s, got %s", at, Describe(key))
			continue
		case twice:
			d.Report(key, "field %s is written twice in %s, first on line %d", Quote(key.Value), at, before.Line)
			continue
		}
		first[key.Value] = key
		out = append(out, entry{key, n.Content[i+1]})
	}
	return out
}

// noValue reports a key without a value: most often a mistake of indentation.
func (d *Decoder) noValue(e entry, at scope) bool {
	if e.value.Kind != yaml.ScalarNode || e.value.Tag != "!!null" {
		return false
	}
	if d.Lenient {
		return true
	}
	d.Report(e.key, "%s has no value: write one, or leave the field out", at)
	return true
}
