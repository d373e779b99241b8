package native

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// laterField is a field that is well formed and that is not honoured yet.
type laterField struct {
	// text is "file:line:column: field".
	text string
	// widens tells that the field could let more evidence count, so that the
	// requirement says nothing at all without it.
	widens bool
}

// laterFields finds the fields of a schema value that are written and that
// are not honoured yet. It does not look into nested requirements.
func (c *converter) laterFields(v any, path string) []laterField {
	return c.laterIn(reflect.ValueOf(v), path)
}

func (c *converter) laterIn(v reflect.Value, path string) []laterField {
	var out []laterField
	for _, f := range c.FieldsOf(v.Type()) {
		value, inner := v.FieldByIndex(f.Index), strings.TrimPrefix(path+"."+f.Tag.Get("yaml"), ".")
		if value.Kind() == reflect.Pointer {
			if value.IsNil() {
				continue
			}
			value = value.Elem()
		}
		kind, words, limited := strings.Cut(f.Tag.Get("later"), ":")
		switch {
		case f.Type == reflect.TypeFor[[]requirement]() || value.Type() == reflect.TypeFor[atLeast]():
		case kind != "" && limited:
			out = append(out, c.laterWords(value, strings.Fields(words), inner)...)
		case kind != "":
			out = append(out, c.laterValue(value, keyOf(v, f.Tag.Get("yaml")), laterField{text: inner, widens: kind == "widens"})...)
		case value.Kind() == reflect.Struct && len(c.FieldsOf(value.Type())) > 0:
			out = append(out, c.laterIn(value, inner)...)
		}
	}
	return out
}

// laterValue is the field itself, unless it is not written or switched off.
func (c *converter) laterValue(v reflect.Value, key *yaml.Node, field laterField) []laterField {
	off, isFlag := v.Interface().(flag)
	if key == nil || isFlag && !off.Value {
		return nil
	}
	field.text = c.FieldAt(key, field.text)
	return []laterField{field}
}

// keyOf is where a field of a schema struct is named, or nil.
func keyOf(v reflect.Value, field string) *yaml.Node {
	section, ok := v.Interface().(interface{ Where() place })
	if !ok || !section.Where().Written() {
		return nil
	}
	content := section.Where().Node.Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == field {
			return content[i]
		}
	}
	return nil
}

// laterWords are the words of a list that are not honoured yet.
func (c *converter) laterWords(list reflect.Value, words []string, path string) []laterField {
	var out []laterField
	texts, ok := list.Interface().([]text)
	if !ok {
		return nil
	}
	for _, t := range texts {
		if slices.Contains(words, t.Value) {
			out = append(out, laterField{text: c.FieldAt(t.Node, path+": "+t.Value), widens: true})
		}
	}
	return out
}
