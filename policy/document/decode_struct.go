package document

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// structure reads a mapping into a schema struct, which names all fields that
// there are.
func (d *Decoder) structure(n *yaml.Node, v reflect.Value, at scope) {
	v.Addr().Interface().(Located).put(n)
	if n.Kind != yaml.MappingNode {
		d.Report(n, "%s: want a mapping with the fields %s; got %s", at, strings.Join(fieldNames(v.Type()), ", "), Describe(n))
		return
	}
	if len(n.Content) == 0 && !d.Lenient {
		d.Report(n, "%s: mapping is empty: want the fields %s", at, strings.Join(fieldNames(v.Type()), ", "))
		return
	}
	// seen holds the fields that were written, or meant by a misspelt one.
	seen := map[string]*yaml.Node{}
	for _, e := range d.entries(n, at) {
		known := d.FieldsOf(v.Type())
		i := slices.IndexFunc(known, func(f reflect.StructField) bool { return f.Tag.Get("yaml") == e.key.Value })
		if i < 0 {
			if meant := d.unknownField(n, e.key, v.Type(), at); meant != "" && seen[meant] == nil {
				seen[meant] = e.key
			}
			continue
		}
		inner := at.field(e.key)
		empty := d.noValue(e, inner)
		if !empty || !d.Lenient {
			seen[e.key.Value] = e.key
		}
		if !empty {
			d.decode(e.value, v.FieldByIndex(known[i].Index), known[i].Tag, inner)
		}
	}
	d.missing(v.Type(), seen, at)
	d.exactlyOne(v.Type(), seen, at)
}

// unknownField reports a field that the schema does not name, and returns the
// field of this mapping that was probably meant.
func (d *Decoder) unknownField(n, key *yaml.Node, t reflect.Type, at scope) string {
	names := fieldNames(t)
	if meant := nearest(key.Value, names); meant != "" {
		d.Report(key, "unknown field %s in %s; did you mean %q?", Quote(key.Value), at, meant)
		return meant
	}
	what := "want one of " + strings.Join(names, ", ")
	if section, meant := inSection(n, key.Value, t); section != "" {
		what = fmt.Sprintf("did you mean %q of %s? indent it further", meant, section)
	} else if homes := homesOf(key.Value, d.root); len(homes) > 0 {
		what = "it is a field of " + strings.Join(homes, " and of ")
	}
	d.Report(key, "unknown field %s in %s; %s", Quote(key.Value), at, what)
	return ""
}

// inSection looks for a field in the sections that are written beside it: it
// may only be indented too little.
func inSection(n *yaml.Node, name string, t reflect.Type) (section, meant string) {
	for _, f := range Fields(t) {
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() != reflect.Struct || !HasField(n, f.Tag.Get("yaml")) {
			continue
		}
		if meant := nearest(name, fieldNames(inner)); meant != "" {
			return f.Tag.Get("yaml"), meant
		}
	}
	return "", ""
}

// HasField tells whether a mapping has a field, with whatever value.
func HasField(n *yaml.Node, name string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return true
		}
	}
	return false
}

// missing reports the fields that must be written and are not.
func (d *Decoder) missing(t reflect.Type, seen map[string]*yaml.Node, at scope) {
	var names []string
	for _, f := range d.FieldsOf(t) {
		if name := f.Tag.Get("yaml"); f.Tag.Get("need") == "yes" && seen[name] == nil {
			names = append(names, strconv.Quote(name))
		}
	}
	switch last := len(names) - 1; last {
	case -1:
	case 0:
		d.Report(at.head, "missing field %s in %s", names[0], at)
	default:
		d.Report(at.head, "missing fields %s and %s in %s", strings.Join(names[:last], ", "), names[last], at)
	}
}

// exactlyOne reports groups of fields of which none or several are written.
func (d *Decoder) exactlyOne(t reflect.Type, seen map[string]*yaml.Node, at scope) {
	var groups []string
	members := map[string][]string{}
	for _, f := range d.FieldsOf(t) {
		if group := f.Tag.Get("oneof"); group != "" {
			if !slices.Contains(groups, group) {
				groups = append(groups, group)
			}
			members[group] = append(members[group], f.Tag.Get("yaml"))
		}
	}
	for _, group := range groups {
		var written []string
		for _, name := range members[group] {
			if seen[name] != nil {
				written = append(written, name)
			}
		}
		switch {
		case len(written) == 0:
			d.Report(at.head, "%s has none of the fields %s: write one of them", at, strings.Join(members[group], ", "))
		case len(written) > 1:
			slices.SortFunc(written, func(a, b string) int {
				return (seen[a].Line-seen[b].Line)*10_000 + seen[a].Column - seen[b].Column
			})
			d.Report(seen[written[1]], "%s has both %s and %s: write only one of them", at, written[0], written[1])
		}
	}
}

// Fields are the schema fields of a struct type, in their order.
func Fields(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("yaml") != "" {
			out = append(out, f)
		}
	}
	return out
}

func fieldNames(t reflect.Type) []string {
	var out []string
	for _, f := range Fields(t) {
		out = append(out, f.Tag.Get("yaml"))
	}
	return out
}

// homesOf are the first two places of the schema that have a field of this
// name.
func homesOf(name string, root reflect.Type) []string {
	var homes []string
	visited := map[reflect.Type]bool{}
	var walk func(t reflect.Type, at scope)
	walk = func(t reflect.Type, at scope) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || visited[t] {
			return
		}
		visited[t] = true
		if slices.Contains(fieldNames(t), name) && t != root && len(homes) < 2 {
			homes = append(homes, at.String())
		}
		for _, f := range Fields(t) {
			inner := at.field(&yaml.Node{Value: f.Tag.Get("yaml")})
			if label := f.Tag.Get("label"); label != "" {
				inner = scope{owner: "a " + label}
			}
			walk(f.Type, inner)
		}
	}
	walk(root, scope{})
	return homes
}

// CheckName tells what is wrong with the name of something that others refer
// to.
func CheckName(n *yaml.Node) error {
	name, err := ReadText(n)
	if err == nil && !nameForm.MatchString(name) {
		err = fmt.Errorf("name %s is not well formed: want letters, digits, '-', '_' and '.', with a letter or digit at both ends", Quote(name))
	}
	return err
}

var nameForm = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z`)

// KindOf returns the apiVersion and the kind of a document, as nodes, each nil
// where it is missing or no scalar.
func KindOf(root *yaml.Node) (apiVersion, kind *yaml.Node) {
	return child(root, "apiVersion"), child(root, "kind")
}

// child returns the scalar value of a field of a mapping, or nil.
func child(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1]
		}
	}
	return nil
}
