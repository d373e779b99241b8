package kustomize

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// field is a field of a mapping.
type field struct{ key, value *yaml.Node }

// appendSorted adds fields to a mapping in the order of their keys. It fails
// if two have the same.
func appendSorted(to *yaml.Node, fields []field) bool {
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.key.Value, b.key.Value) })
	to.Content = make([]*yaml.Node, 0, 2*len(fields))
	for i, f := range fields {
		if i > 0 && fields[i-1].key.Value == f.key.Value {
			return false
		}
		to.Content = append(to.Content, f.key, f.value)
	}
	return true
}
