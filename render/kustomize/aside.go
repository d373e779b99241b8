package kustomize

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// Of the time that kustomize takes for a large CustomResourceDefinition, nearly
// all goes into copying the schemas of its versions, level by level, as often
// as they are deep. Where no kustomization can touch them, they are set aside
// while it builds, and put back into what it built.

// asideKey is what stands for a schema meanwhile.
const asideKey = "syncgate.dev/set-aside"

// asideBytes is the size of the documents for which it is worth it.
const asideBytes = 16 << 10

// aside holds the schemas that were set aside.
type aside struct {
	// versions are those of the CustomResourceDefinitions that it is done for.
	versions []string
	schemas  []setAside
}

// setAside is one schema, as kustomize prints it.
type setAside struct {
	node  *yaml.Node
	bytes int
	// back counts how often it was put back.
	back int
}

// cut returns a document without the schemas that can be set aside. It is the
// document itself if anything in it is out of the ordinary.
func (a *aside) cut(text string) string {
	if a == nil || len(text) < asideBytes || !strings.Contains(text, "openAPIV3Schema:") || strings.Contains(text, asideKey) {
		return text
	}
	var whole kyaml.Node
	if err := kyaml.Unmarshal([]byte(text), &whole); err != nil || len(whole.Content) != 1 || !ordinary(&whole) {
		return text
	}
	found := a.schemasOf(whole.Content[0])
	lines := strings.SplitAfter(text, "\n")
	var kept []setAside
	var nodes []*kyaml.Node
	for i := len(found) - 1; i >= 0; i-- {
		var c converter
		node, ok := c.node(found[i].value)
		if !ok {
			continue
		}
		from, to := found[i].key.Line, endOf(lines, found[i].key)
		if found[i].value.Line <= from || to <= from || !strings.HasSuffix(strings.TrimRight(lines[from-1], " \n"), "openAPIV3Schema:") {
			continue
		}
		lines[from-1] = fmt.Sprintf("%sopenAPIV3Schema: {%s: \"%d\"}\n", lines[from-1][:found[i].key.Column-1], asideKey, len(a.schemas)+len(kept))
		lines = append(lines[:from], lines[to:]...)
		kept, nodes = append(kept, setAside{node: node, bytes: c.bytes}), append(nodes, found[i].value)
	}
	short := strings.Join(lines, "")
	if len(kept) == 0 || !a.stands(short, &whole, nodes) {
		return text
	}
	a.schemas = append(a.schemas, kept...)
	return short
}

// stands tells whether a shortened document is the whole one, but for the
// nodes that were set aside.
func (a *aside) stands(short string, whole *kyaml.Node, nodes []*kyaml.Node) bool {
	var cut kyaml.Node
	if err := kyaml.Unmarshal([]byte(short), &cut); err != nil {
		return false
	}
	var same func(a, b *kyaml.Node) bool
	left := len(nodes)
	same = func(x, y *kyaml.Node) bool {
		for i, node := range nodes {
			if y == node {
				left--
				return asideID(x.Content, func(n *kyaml.Node) string { return n.Value }) == len(a.schemas)+i
			}
		}
		if x.Kind != y.Kind || x.Tag != y.Tag || x.Value != y.Value || x.Style != y.Style || len(x.Content) != len(y.Content) {
			return false
		}
		for i := range x.Content {
			if !same(x.Content[i], y.Content[i]) {
				return false
			}
		}
		return true
	}
	return same(&cut, whole) && left == 0
}

// keyed is a field of a document.
type keyed struct{ key, value *kyaml.Node }

// schemasOf are the schemas of the versions of a CustomResourceDefinition, in
// block style.
func (a *aside) schemasOf(root *kyaml.Node) []keyed {
	version, ours := strings.CutPrefix(fieldOf(root, "apiVersion").text(), crd("").Group+"/")
	if fieldOf(root, "kind").text() != crdKind || !ours || !slices.Contains(a.versions, version) {
		return nil
	}
	versions := fieldOf(fieldOf(root, "spec").value, "versions").value
	if versions == nil || versions.Kind != kyaml.SequenceNode {
		return nil
	}
	var list []keyed
	for _, version := range versions.Content {
		schema := fieldOf(fieldOf(version, "schema").value, "openAPIV3Schema")
		if schema.value != nil && schema.value.Kind == kyaml.MappingNode && schema.value.Style&kyaml.FlowStyle == 0 {
			list = append(list, schema)
		}
	}
	return list
}

const crdKind = "CustomResourceDefinition"

// fieldOf returns a field of a mapping, or nothing.
func fieldOf(node *kyaml.Node, name string) keyed {
	if node != nil && node.Kind == kyaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				return keyed{node.Content[i], node.Content[i+1]}
			}
		}
	}
	return keyed{}
}

func (k keyed) text() string {
	if k.value == nil {
		return ""
	}
	return k.value.Value
}

// ordinary tells that a document has no anchors, aliases and tags of its own,
// and no field twice.
func ordinary(node *kyaml.Node) bool {
	if node.Kind == kyaml.AliasNode || node.Anchor != "" || node.Style&kyaml.TaggedStyle != 0 {
		return false
	}
	fields := map[string]bool{}
	for i, below := range node.Content {
		if node.Kind == kyaml.MappingNode && i%2 == 0 {
			if below.Kind != kyaml.ScalarNode || below.Tag == "!!merge" || fields[below.Value] {
				return false
			}
			fields[below.Value] = true
		}
		if !ordinary(below) {
			return false
		}
	}
	return true
}

// endOf returns the number of the last line of what stands below a key: up to
// the next line that is not indented further.
func endOf(lines []string, key *kyaml.Node) int {
	for i := key.Line; i < len(lines); i++ {
		content := strings.TrimLeft(lines[i], " ")
		if strings.TrimSpace(content) != "" && len(lines[i])-len(content) < key.Column {
			return i
		}
	}
	return len(lines)
}

// asideID is the number of a schema that was set aside, or -1 where a mapping
// of this content stands for none.
func asideID[N any](content []N, text func(N) string) int {
	id := -1
	if len(content) == 2 && text(content[0]) == asideKey {
		if _, err := fmt.Sscanf(text(content[1]), "%d", &id); err != nil {
			return -1
		}
	}
	return id
}

// restore puts the schemas of an object back, and returns their size.
func (a *aside) restore(object *yaml.Node) (bytes int) {
	if a == nil {
		return 0
	}
	for _, version := range items(child(child(object, "spec"), "versions")) {
		schema := child(version, "schema")
		if schema == nil || schema.Kind != yaml.MappingNode {
			continue
		}
		for i := 1; i < len(schema.Content); i += 2 {
			id := asideID(schema.Content[i].Content, func(n *yaml.Node) string { return n.Value })
			if id < 0 || id >= len(a.schemas) {
				continue
			}
			schema.Content[i] = a.schemas[id].node
			a.schemas[id].back++
			bytes += a.schemas[id].bytes
		}
	}
	return bytes
}

// complete tells that every schema was put back, and once.
func (a *aside) complete() bool {
	for _, schema := range a.schemas {
		if schema.back != 1 {
			return false
		}
	}
	return true
}
