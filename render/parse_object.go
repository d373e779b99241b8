package render

import (
	"encoding/base64"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// identityHints are what the items of a typed list need not say themselves.
type identityHints struct {
	apiVersion string
	kind       string
	inList     bool
	depth      int
}

// Child returns the value of a key of a mapping, or nil.
func Child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// object adds the object, or the objects of the list, that a root node is.
func (p *objectParser) object(root *yaml.Node, hints identityHints) {
	if root.Kind != yaml.MappingNode {
		p.notMapping(root, hints)
		return
	}
	id, ok := p.identity(root, hints)
	if !ok || p.list(root, id, hints) {
		return
	}
	if len(p.objects) >= bounds.RenderedObjects {
		if len(p.objects) == bounds.RenderedObjects {
			p.fail(failAt(root, CodeTooLarge, "file has more than %d objects", bounds.RenderedObjects))
		}
		return
	}
	if id.Name == "" {
		p.report(Problem{
			Code: CodeNameless, Severity: Notice, Object: id,
			Message: fmt.Sprintf("%s has neither metadata.name nor metadata.generateName: a cluster would refuse it", id.Kind),
			Hint:    "give it a name, or keep files that are not for a cluster elsewhere",
		}, root.Line, root.Column)
	}
	p.objects = append(p.objects, Object{ID: id, Node: root, Origin: Origin{File: p.file, Line: root.Line, Column: root.Column}})
}

// notMapping reports a document or list item that is no mapping. An empty
// document is nothing.
func (p *objectParser) notMapping(root *yaml.Node, hints identityHints) {
	if hints.inList {
		p.fail(failAt(root, CodeMalformed, "item of a list is not an object"))
		return
	}
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	p.notManifest(root.Line, root.Column, "document is not a mapping, so no Kubernetes object")
}

// identity reads the identity of a mapping, or reports why it has none.
func (p *objectParser) identity(root *yaml.Node, hints identityHints) (ObjectID, bool) {
	apiVersion, kind := Child(root, "apiVersion"), Child(root, "kind")
	id := ObjectID{APIVersion: hints.apiVersion, Kind: hints.kind}
	if (apiVersion == nil && id.APIVersion == "") || (kind == nil && id.Kind == "") {
		p.noIdentity(root, hints)
		return id, false
	}
	metadata := Child(root, "metadata")
	name, generate := Child(metadata, "name"), Child(metadata, "generateName")
	if isNull(name) {
		name = generate
	}
	if metadata != nil && metadata.Kind != yaml.MappingNode && !isNull(metadata) {
		p.fail(failAt(metadata, CodeMalformed, "metadata is not a mapping"))
		return id, false
	}
	for _, field := range []struct {
		name  string
		node  *yaml.Node
		into  *string
		empty bool
	}{
		{"apiVersion", apiVersion, &id.APIVersion, false},
		{"kind", kind, &id.Kind, false},
		{"metadata.name", name, &id.Name, true},
		{"metadata.namespace", Child(metadata, "namespace"), &id.Namespace, true},
	} {
		if field.node == nil || field.empty && isNull(field.node) {
			continue
		}
		if field.node.Kind != yaml.ScalarNode || !field.empty && (field.node.Value == "" || field.node.Tag != "!!str") {
			p.fail(failAt(field.node, CodeMalformed, "%s is not a string", field.name))
			return id, false
		}
		*field.into = field.node.Value
	}
	return id, true
}

// noIdentity reports a mapping without apiVersion or kind: in a list a fault,
// elsewhere some other tool's file.
func (p *objectParser) noIdentity(root *yaml.Node, hints identityHints) {
	if hints.inList {
		p.fail(failAt(root, CodeMalformed, "item of a list has no apiVersion or no kind"))
		return
	}
	message := "document has neither apiVersion nor kind, so it is no Kubernetes object"
	switch {
	case Child(root, "apiVersion") != nil:
		message = "document has an apiVersion but no kind, so it is no Kubernetes object"
	case Child(root, "kind") != nil:
		message = "document has a kind but no apiVersion, so it is no Kubernetes object"
	case len(root.Content) == 0:
		return
	}
	p.notManifest(root.Line, root.Column, message)
}

// list expands a list into its items, and tells whether the mapping was one.
// A list whose items are null counts as empty. What ends in List but holds no
// objects, as some custom resources do, is an object like any other.
func (p *objectParser) list(root *yaml.Node, id ObjectID, hints identityHints) bool {
	items := Child(root, "items")
	if items == nil || !strings.HasSuffix(id.Kind, "List") || !isNull(items) && items.Kind != yaml.SequenceNode {
		return false
	}
	if isNull(items) {
		return Child(root, "spec") == nil && Child(root, "status") == nil
	}
	for _, item := range items.Content {
		if item.Kind != yaml.MappingNode && id.Kind != "List" {
			return false
		}
	}
	below := identityHints{inList: true, depth: hints.depth + 1}
	if id.Kind != "List" {
		below.apiVersion, below.kind = id.APIVersion, strings.TrimSuffix(id.Kind, "List")
	}
	for _, item := range items.Content {
		p.object(item, below)
	}
	return true
}

// isNull tells whether a value is absent or null.
func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// namesManifest tells whether a document that could not be expanded has, as
// far as can be seen, both an apiVersion and a kind.
func namesManifest(document *yaml.Node) bool {
	apiVersion, kind := false, false
	eachNode(document, func(n *yaml.Node) {
		value := n.Value
		if n.ShortTag() == "!!binary" { // which deployers decode, in keys too
			decoded, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
			value = string(decoded)
		}
		apiVersion = apiVersion || value == "apiVersion"
		kind = kind || value == "kind"
	})
	return apiVersion && kind
}
