package kustomize

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// place is a line and column, both from 1, columns in bytes; 0 is unknown.
type place struct{ line, column int }

// placeOf returns where a node of data is written.
func placeOf(node *yaml.Node, data []byte) place {
	if node == nil {
		return place{}
	}
	line := lineAt(data, node.Line)
	at := 0
	for i := 1; i < node.Column && at < len(line); i++ {
		_, size := utf8.DecodeRune(line[at:])
		at += size
	}
	return place{node.Line, at + 1}
}

// lineAt returns a line of data, counted from 1.
func lineAt(data []byte, number int) []byte {
	for ; number > 1; number-- {
		_, after, found := bytes.Cut(data, []byte("\n"))
		if !found {
			return nil
		}
		data = after
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return line
}

// child returns the value of a key of a mapping, with letters of either case
// as kustomize reads its own files.
func child(node *yaml.Node, key string) *yaml.Node {
	node = unalias(node)
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if strings.EqualFold(node.Content[i].Value, key) {
			return unalias(node.Content[i+1])
		}
	}
	return nil
}

// items returns the items of a sequence.
func items(node *yaml.Node) []*yaml.Node {
	node = unalias(node)
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

// item returns an item of a sequence, or nil.
func item(node *yaml.Node, index int) *yaml.Node {
	if all := items(node); index >= 0 && index < len(all) {
		return unalias(all[index])
	}
	return nil
}

func unalias(node *yaml.Node) *yaml.Node {
	for node != nil && (node.Kind == yaml.AliasNode || node.Kind == yaml.DocumentNode) {
		switch {
		case node.Kind == yaml.AliasNode:
			node = node.Alias
		case len(node.Content) == 0:
			return nil
		default:
			node = node.Content[0]
		}
	}
	return node
}

// find returns the first scalar in a node, or alias of one, for which match
// holds.
func find(node *yaml.Node, match func(*yaml.Node) bool) *yaml.Node {
	if node == nil {
		return nil
	}
	if node.Kind == yaml.AliasNode {
		if node.Alias.Kind == yaml.ScalarNode && match(node.Alias) {
			return node
		}
		return nil
	}
	if node.Kind == yaml.ScalarNode && match(node) {
		return node
	}
	for _, below := range node.Content {
		if found := find(below, match); found != nil {
			return found
		}
	}
	return nil
}

// inText returns where text that begins in a scalar is written: for a literal
// block the line and column of the text, else those of the scalar.
func inText(node *yaml.Node, data []byte, inside place) place {
	at := placeOf(node, data)
	if node == nil || node.Style&yaml.LiteralStyle == 0 || inside.line == 0 {
		return at
	}
	first := lineAt(data, node.Line+1)
	for n := node.Line + 2; len(bytes.TrimSpace(first)) == 0 && n <= node.Line+8; n++ {
		first = lineAt(data, n)
	}
	text, _, _ := strings.Cut(strings.TrimLeft(node.Value, "\n"), "\n")
	indent := bytes.Index(first, []byte(text))
	if indent < 0 {
		return place{node.Line + inside.line, 0}
	}
	return place{node.Line + inside.line, indent + inside.column}
}
