package lint

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
)

// source is one document as it is written.
type source struct {
	file *document.File
	root *yaml.Node
}

// native tells whether the document is of syncgate's own language.
func (s *source) native() bool {
	version, _ := document.KindOf(s.root)
	return version != nil && version.Value == native.APIVersion
}

// writtenPolicy is a policy with where it is written.
type writtenPolicy struct {
	*policy.Policy
	source  *source
	require []writtenRequirement
}

// writtenRequirement is a requirement with where it is written.
type writtenRequirement struct {
	*policy.Requirement
	node *yaml.Node
	of   []writtenRequirement
}

// locate finds where a policy is written: the document that begins where the
// policy says that it does.
func (l *linter) locate(p *policy.Policy) writtenPolicy {
	w := writtenPolicy{Policy: p, source: l.document(p.Source)}
	if w.source.native() {
		w.require = inOrder(p.Require, at(w.source.root, "spec", "require"))
	} else {
		w.require = byLine(p.Require)
	}
	return w
}

// document is the one that begins at "file:line".
func (l *linter) document(place string) *source {
	for _, s := range l.docs {
		if fmt.Sprintf("%s:%d", s.file.Name, s.root.Line) == place {
			return s
		}
	}
	return l.docs[0]
}

// inOrder pairs requirements with the entries of a list.
func inOrder(list []policy.Requirement, n *yaml.Node) []writtenRequirement {
	var out []writtenRequirement
	for i := range list {
		w := writtenRequirement{Requirement: &list[i], node: at(n, i)}
		if g := list[i].Group; g != nil {
			path := []any{g.Kind}
			if g.Kind == "atLeast" {
				path = append(path, "of")
			}
			w.of = inOrder(g.Of, at(w.node, path...))
		}
		out = append(out, w)
	}
	return out
}

// byLine places requirements of other languages at the lines that they name.
func byLine(list []policy.Requirement) []writtenRequirement {
	var out []writtenRequirement
	for i := range list {
		w := writtenRequirement{Requirement: &list[i], node: lineNode(list[i].Source)}
		switch {
		case list[i].Group != nil:
			w.of = byLine(list[i].Group.Of)
		case list[i].Program != nil:
			w.of = byLine(list[i].Program.Of)
		}
		out = append(out, w)
	}
	return out
}

// lineNode is a place that is known by "file:line" or "file:line:column" alone.
func lineNode(place string) *yaml.Node {
	parts := strings.Split(place, ":")
	numbers := make([]int, 0, 2)
	for i := len(parts) - 1; i > 0 && len(numbers) < 2; i-- {
		number, err := strconv.Atoi(parts[i])
		if err != nil {
			break
		}
		numbers = append(numbers, number)
	}
	switch len(numbers) {
	case 1:
		return &yaml.Node{Line: numbers[0], Column: 1}
	case 2:
		return &yaml.Node{Line: numbers[1], Column: numbers[0]}
	}
	return nil
}

// all are the requirement itself and those within it.
func (w writtenRequirement) all() []writtenRequirement {
	out := []writtenRequirement{w}
	for _, child := range w.of {
		out = append(out, child.all()...)
	}
	return out
}

// leaves are all requirements of a policy, those within others too.
func (w *writtenPolicy) all() []writtenRequirement {
	var out []writtenRequirement
	for _, r := range w.require {
		out = append(out, r.all()...)
	}
	return out
}

// at follows fields (texts) and entries (numbers) from a node. It is nil where
// there is nothing.
func at(n *yaml.Node, path ...any) *yaml.Node {
	for _, step := range path {
		n = resolved(n)
		switch step := step.(type) {
		case string:
			_, n = field(n, step)
		case int:
			if n == nil || n.Kind != yaml.SequenceNode || step >= len(n.Content) {
				return nil
			}
			n = n.Content[step]
		}
	}
	return resolved(n)
}

func resolved(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// field is a field of a mapping, both nil where there is none.
func field(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// key is where a field is named, or the mapping where it is not written.
func key(n *yaml.Node, path ...string) *yaml.Node {
	for i, name := range path {
		k, value := field(resolved(n), name)
		switch {
		case k == nil:
			return n
		case i == len(path)-1:
			return k
		}
		n = value
	}
	return n
}
