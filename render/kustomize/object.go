package kustomize

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/resource"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// converter turns the nodes of kustomize into those of yaml.v3.
type converter struct {
	// bytes is about how much was converted so far.
	bytes int
}

// object converts a resource into what kustomize prints for it. Printing goes
// by way of JSON, which rewrites some scalars: a resource that has such is
// printed and parsed again.
func (c *converter) object(r *resource.Resource) (*yaml.Node, error) {
	if node, ok := c.node(r.YNode()); ok {
		return node, nil
	}
	text, err := r.AsYAML()
	if err != nil {
		return nil, err
	}
	c.bytes += len(text)
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	node := unalias(&document)
	if node == nil {
		return nil, fmt.Errorf("%s is empty", r.CurId())
	}
	node.Line = r.YNode().Line
	return node, nil
}

// node copies a node. It is not ok if printing would change a scalar, expand
// something, or fail.
func (c *converter) node(from *kyaml.Node) (*yaml.Node, bool) {
	c.bytes += len(from.Value) + 8
	to := &yaml.Node{Kind: yaml.Kind(from.Kind), Tag: from.ShortTag(), Value: from.Value, Line: from.Line, Column: from.Column}
	switch from.Kind {
	case kyaml.DocumentNode:
		if len(from.Content) != 1 {
			return nil, false
		}
		return c.node(from.Content[0])
	case kyaml.ScalarNode:
		return to, survives(to.Tag, from.Value) && !reflowed(from)
	case kyaml.MappingNode:
		return to, to.Tag == "!!map" && c.mapping(to, from)
	case kyaml.SequenceNode:
		to.Content = make([]*yaml.Node, 0, len(from.Content))
		for _, item := range from.Content {
			node, ok := c.node(item)
			if !ok {
				return nil, false
			}
			to.Content = append(to.Content, node)
		}
		return to, to.Tag == "!!seq"
	default:
		return nil, false
	}
}

// reflowed tells of text that kustomize's printer may break into lines
// otherwise than it was.
func reflowed(node *kyaml.Node) bool {
	block := node.Style&(kyaml.FoldedStyle|kyaml.LiteralStyle) != 0
	return node.Style&kyaml.FoldedStyle != 0 ||
		block && (node.Value == "" || strings.TrimSpace(node.Value[:1]) == "" || !printable(node.Value)) ||
		!block && strings.ContainsAny(node.Value, "\n\r\t") && node.Style&kyaml.DoubleQuotedStyle == 0
}

// printable tells of text that a literal block can hold as it is.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return c != '\n' && !unicode.IsPrint(c)
	})
}

// survives tells whether a scalar is printed as it is written.
func survives(tag, value string) bool {
	switch tag {
	case "!!str":
		return true
	case "!!bool":
		return value == "true" || value == "false"
	case "!!null":
		return value == "null"
	case "!!int":
		digits := value
		if len(digits) > 1 && digits[0] == '-' {
			digits = digits[1:]
		}
		if len(digits) > 15 || len(digits) > 1 && digits[0] == '0' || value == "-0" {
			return false
		}
		for _, c := range digits {
			if c < '0' || c > '9' {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// mapping copies the fields of a mapping, sorted as kustomize prints them.
func (c *converter) mapping(to *yaml.Node, from *kyaml.Node) bool {
	fields := make([]field, 0, len(from.Content)/2)
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, ok := c.node(from.Content[i])
		if !ok || key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
			return false
		}
		value, ok := c.node(from.Content[i+1])
		if !ok {
			return false
		}
		fields = append(fields, field{key, value})
	}
	return appendSorted(to, fields)
}

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
