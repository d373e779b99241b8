package helm

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// decode returns the objects of manifests. All documents of a text are
// decoded: Helm looks at the first, but what applies its output sees what
// comes after a "..." too. Of a List, the items are the objects.
func decode(manifests []manifest) ([]render.Object, error) {
	var objects []render.Object
	for _, m := range manifests {
		// Helm prints a newline after each, which a block scalar at the end
		// then holds.
		decoder := yaml.NewDecoder(strings.NewReader(m.text + "\n"))
		for {
			var document yaml.Node
			err := decoder.Decode(&document)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, unseen(m.place(yamlLine(err)), "read rendered object: "+oneLine(err.Error()))
			}
			found, err := m.objects(document.Content[0])
			if err != nil {
				return nil, err
			}
			if objects = append(objects, found...); len(objects) > bounds.RenderedObjects {
				return nil, tooLarge(m.origin, "the number of objects of the chart", fmt.Sprint(bounds.RenderedObjects))
			}
		}
	}
	return objects, nil
}

// plain tells that the lines of the text are those of a file in the revision.
func (m manifest) plain() bool { return m.name == "" && !m.packed }

// place returns the place of a line of the text.
func (m manifest) place(line int) render.Origin {
	origin := m.origin
	if m.plain() {
		origin.Line = line
	}
	return origin
}

// objects returns the objects of a document: none if it is empty.
func (m manifest) objects(node *yaml.Node) ([]render.Object, error) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil, nil
	}
	size := counter{}.measure(node, 0)
	if size.nodes > bounds.YAMLNodes {
		return nil, tooLarge(m.place(node.Line), "the number of YAML nodes of a rendered object, aliases expanded,", fmt.Sprint(bounds.YAMLNodes))
	}
	if size.depth > bounds.YAMLDepth {
		return nil, tooLarge(m.place(node.Line), "the nesting of a rendered object", fmt.Sprint(bounds.YAMLDepth))
	}
	return m.expand(node)
}

// expand returns the object that a node is, or those that it lists.
func (m manifest) expand(node *yaml.Node) ([]render.Object, error) {
	if node = resolve(node); node.Kind != yaml.MappingNode {
		return nil, broken(m.place(node.Line), "a rendered document is no object but "+kindName(node.Kind))
	}
	items := field(node, "items")
	if items == nil || items.Kind != yaml.SequenceNode || !strings.HasSuffix(scalar(field(node, "kind")), "List") {
		return []render.Object{m.object(node)}, nil
	}
	var objects []render.Object
	for _, item := range items.Content {
		inside, err := m.expand(item)
		if err != nil {
			return nil, err
		}
		objects = append(objects, inside...)
	}
	return objects, nil
}

func (m manifest) object(node *yaml.Node) render.Object {
	metadata := field(node, "metadata")
	object := render.Object{
		ID: render.ObjectID{
			APIVersion: scalar(field(node, "apiVersion")), Kind: scalar(field(node, "kind")),
			Namespace: scalar(field(metadata, "namespace")), Name: scalar(field(metadata, "name")),
		},
		Node: node, Origin: m.place(node.Line),
	}
	if m.plain() {
		object.Origin.Column = node.Column
	}
	return object
}

func kindName(kind yaml.Kind) string {
	if kind == yaml.SequenceNode {
		return "a list"
	}
	return "a scalar"
}

// field returns the value of a key of a mapping, or nil. The last of two
// equal keys counts, as where Kubernetes reads it.
func field(node *yaml.Node, key string) *yaml.Node {
	if node = resolve(node); node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	var value *yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		switch name := resolve(node.Content[i]); {
		case name.Value == key:
			value = node.Content[i+1]
		case name.Tag == "!!merge" && value == nil:
			value = merged(node.Content[i+1], key)
		}
	}
	return resolve(value)
}

// merged looks for a key in what stands after "<<".
func merged(node *yaml.Node, key string) *yaml.Node {
	node = resolve(node)
	if node.Kind != yaml.SequenceNode {
		return field(node, key)
	}
	for _, item := range node.Content {
		if value := field(item, key); value != nil {
			return value
		}
	}
	return nil
}

func resolve(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func scalar(node *yaml.Node) string {
	if node == nil || node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return ""
	}
	return node.Value
}

// extent is how large a tree of nodes is with aliases expanded.
type extent struct{ nodes, depth int }

// counter measures trees. An anchor is measured once.
type counter map[*yaml.Node]extent

// measure returns the extent of a tree. It looks no deeper than the limit,
// and counts little more than it.
func (c counter) measure(node *yaml.Node, depth int) extent {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if known, ok := c[node]; ok {
		return known
	}
	if depth > bounds.YAMLDepth {
		return extent{1, 1}
	}
	if node.Anchor != "" {
		// An alias within its own anchor has no end.
		c[node] = extent{bounds.YAMLNodes + 1, bounds.YAMLDepth + 1}
	}
	total := extent{1, 0}
	for _, child := range node.Content {
		below := c.measure(child, depth+1)
		total.nodes = min(total.nodes+below.nodes, bounds.YAMLNodes+1)
		total.depth = max(total.depth, below.depth)
	}
	total.depth++
	if node.Anchor != "" {
		c[node] = total
	}
	return total
}
