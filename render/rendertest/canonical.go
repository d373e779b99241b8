package rendertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"gopkg.in/yaml.v3"
)

// Sum returns the hex SHA-256 of Canonical.
func Sum(node *yaml.Node) (string, error) {
	text, err := Canonical(node)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Canonical returns the form of an object that objects.tsv holds the hash of:
// compact JSON with sorted keys, UTF-8 unescaped, aliases and merge keys
// expanded, and every scalar as the text that it has in the YAML.
func Canonical(node *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	if err := write(&out, node); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func write(out *bytes.Buffer, node *yaml.Node) error {
	switch node.Kind {
	case yaml.DocumentNode:
		return write(out, node.Content[0])
	case yaml.AliasNode:
		return write(out, node.Alias)
	case yaml.ScalarNode:
		quote(out, node.Value)
		return nil
	case yaml.SequenceNode:
		for i, item := range node.Content {
			out.WriteByte("[,"[min(i, 1)])
			if err := write(out, item); err != nil {
				return err
			}
		}
		out.WriteString("[]"[min(len(node.Content), 1):])
		return nil
	case yaml.MappingNode:
		return writeMapping(out, node)
	default:
		return fmt.Errorf("line %d: a YAML node of kind %d has no canonical form", node.Line, node.Kind)
	}
}

func writeMapping(out *bytes.Buffer, node *yaml.Node) error {
	fields := map[string]*yaml.Node{}
	if err := collect(fields, node); err != nil {
		return err
	}
	for i, key := range slices.Sorted(maps.Keys(fields)) {
		out.WriteByte("{,"[min(i, 1)])
		quote(out, key)
		out.WriteByte(':')
		if err := write(out, fields[key]); err != nil {
			return err
		}
	}
	out.WriteString("{}"[min(len(fields), 1):])
	return nil
}

// collect adds the fields of a mapping. Its own win over merged ones, and of
// those the first.
func collect(fields map[string]*yaml.Node, node *yaml.Node) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: only a mapping can be merged", node.Line)
	}
	var merged []*yaml.Node
	own := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Tag == "!!merge" && value.Kind == yaml.SequenceNode:
			merged = append(merged, value.Content...)
		case key.Tag == "!!merge":
			merged = append(merged, value)
		case fields[key.Value] == nil || own[key.Value]:
			fields[key.Value], own[key.Value] = value, true
		}
	}
	for _, value := range merged {
		if err := collect(fields, value); err != nil {
			return err
		}
	}
	return nil
}

// quote writes a JSON string. encoding/json would escape more than it must.
func quote(out *bytes.Buffer, s string) {
	out.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c >= ' ':
			out.WriteByte(c)
		default:
			if short := bytes.IndexByte([]byte("\b\t\n\f\r"), c); short >= 0 {
				out.WriteByte('\\')
				out.WriteByte("btnfr"[short])
			} else {
				fmt.Fprintf(out, `\u%04x`, c)
			}
		}
	}
	out.WriteByte('"')
}
