package native

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// structure reads a mapping into a schema struct, which names all fields that
// there are.
func (d *decoder) structure(n *yaml.Node, v reflect.Value, at scope) {
	v.Addr().Interface().(located).put(n)
	if n.Kind != yaml.MappingNode {
		d.report(n, "%s: want a mapping with the fields %s; got %s", at, strings.Join(fieldNames(v.Type()), ", "), describe(n))
		return
	}
	if len(n.Content) == 0 {
		d.report(n, "%s: mapping is empty: want the fields %s", at, strings.Join(fieldNames(v.Type()), ", "))
		return
	}
	// seen holds the fields that were written, or meant by a misspelt one.
	seen := map[string]*yaml.Node{}
	for _, e := range d.entries(n, at) {
		known := d.fieldsOf(v.Type())
		i := slices.IndexFunc(known, func(f reflect.StructField) bool { return f.Tag.Get("yaml") == e.key.Value })
		if i < 0 {
			if meant := d.unknownField(n, e.key, v.Type(), at); meant != "" && seen[meant] == nil {
				seen[meant] = e.key
			}
			continue
		}
		seen[e.key.Value] = e.key
		if inner := at.field(e.key); !d.noValue(e, inner) {
			d.decode(e.value, v.FieldByIndex(known[i].Index), known[i].Tag, inner)
		}
	}
	d.missing(v.Type(), seen, at)
	d.exactlyOne(v.Type(), seen, at)
}

// unknownField reports a field that the schema does not name, and returns the
// field of this mapping that was probably meant.
func (d *decoder) unknownField(n, key *yaml.Node, t reflect.Type, at scope) string {
	names := fieldNames(t)
	if meant := nearest(key.Value, names); meant != "" {
		d.report(key, "unknown field %s in %s; did you mean %q?", quote(key.Value), at, meant)
		return meant
	}
	what := "want one of " + strings.Join(names, ", ")
	if section, meant := inSection(n, key.Value, t); section != "" {
		what = fmt.Sprintf("did you mean %q of %s? indent it further", meant, section)
	} else if homes := homesOf(key.Value, d.root); len(homes) > 0 {
		what = "it is a field of " + strings.Join(homes, " and of ")
	}
	d.report(key, "unknown field %s in %s; %s", quote(key.Value), at, what)
	return ""
}

// inSection looks for a field in the sections that are written beside it: it
// may only be indented too little.
func inSection(n *yaml.Node, name string, t reflect.Type) (section, meant string) {
	for _, f := range fields(t) {
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() != reflect.Struct || !hasField(n, f.Tag.Get("yaml")) {
			continue
		}
		if meant := nearest(name, fieldNames(inner)); meant != "" {
			return f.Tag.Get("yaml"), meant
		}
	}
	return "", ""
}

// hasField tells whether a mapping has a field, with whatever value.
func hasField(n *yaml.Node, name string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return true
		}
	}
	return false
}

// missing reports the fields that must be written and are not.
func (d *decoder) missing(t reflect.Type, seen map[string]*yaml.Node, at scope) {
	var names []string
	for _, f := range d.fieldsOf(t) {
		if name := f.Tag.Get("yaml"); f.Tag.Get("need") == "yes" && seen[name] == nil {
			names = append(names, strconv.Quote(name))
		}
	}
	switch last := len(names) - 1; last {
	case -1:
	case 0:
		d.report(at.head, "missing field %s in %s", names[0], at)
	default:
		d.report(at.head, "missing fields %s and %s in %s", strings.Join(names[:last], ", "), names[last], at)
	}
}

// exactlyOne reports groups of fields of which none or several are written.
func (d *decoder) exactlyOne(t reflect.Type, seen map[string]*yaml.Node, at scope) {
	var groups []string
	members := map[string][]string{}
	for _, f := range d.fieldsOf(t) {
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
			d.report(at.head, "%s has none of the fields %s: write one of them", at, strings.Join(members[group], ", "))
		case len(written) > 1:
			slices.SortFunc(written, func(a, b string) int {
				return (seen[a].Line-seen[b].Line)*10_000 + seen[a].Column - seen[b].Column
			})
			d.report(seen[written[1]], "%s has both %s and %s: write only one of them", at, written[0], written[1])
		}
	}
}

// fields are the schema fields of a struct type, in their order.
func fields(t reflect.Type) []reflect.StructField {
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
	for _, f := range fields(t) {
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
		for _, f := range fields(t) {
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
