package native

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
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
	for _, f := range fields(v.Type()) {
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
			out = append(out, c.laterValue(value, kind, inner)...)
		case isSection(value):
			out = append(out, c.laterIn(value, inner)...)
		}
	}
	return out
}

// laterValue is the field itself, unless it is not written or switched off.
func (c *converter) laterValue(v reflect.Value, kind, path string) []laterField {
	l, ok := v.Interface().(interface{ where() place })
	off, isFlag := v.Interface().(flag)
	if !ok || !l.where().written() || isFlag && !off.Value {
		return nil
	}
	return []laterField{c.laterAt(l.where(), path, kind == "widens")}
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
			out = append(out, c.laterAt(t.place, path+": "+t.Value, true))
		}
	}
	return out
}

func (c *converter) laterAt(p place, field string, widens bool) laterField {
	return laterField{text: fmt.Sprintf("%s:%d:%d: %s", c.source.name, p.node.Line, p.node.Column, field), widens: widens}
}

// isSection tells whether a value is a schema struct with fields of its own.
func isSection(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && len(fields(v.Type())) > 0
}
