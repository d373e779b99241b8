package render

import (
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// expander replaces aliases and merge keys, and refuses what readers of YAML
// do not agree on: two readings of one manifest would let through what only
// one of them was asked about.
type expander struct {
	// nodes is how many nodes there are, counting each alias as what it
	// stands for.
	nodes int
	// sizes are of the anchored nodes that are done.
	sizes map[*yaml.Node]extent
	// open are the anchored nodes that are not.
	open map[*yaml.Node]bool
}

// Expand returns a node with its aliases and merge keys replaced, as
// ParseObjects does, or a *Problem if that goes beyond a bound or is
// ambiguous. It changes the node in place; one that has neither, as those of
// ParseObjects, is returned as it is.
func Expand(n *yaml.Node) (*yaml.Node, error) {
	if !needsExpanding(n, bounds.YAMLDepth) {
		return n, nil
	}
	var e expander
	node, err := e.expand(n, 1)
	if err != nil {
		return nil, &Problem{Code: err.code, Message: err.message, Origin: Origin{Line: err.line, Column: err.column}}
	}
	return node, nil
}

// needsExpanding tells whether a node holds an alias or a merge key in its
// upper levels.
func needsExpanding(n *yaml.Node, levels int) bool {
	if n == nil || levels == 0 {
		return false
	}
	if n.Kind == yaml.AliasNode || n.Kind == yaml.ScalarNode && isMerge(n) {
		return true
	}
	for _, child := range n.Content {
		if needsExpanding(child, levels-1) {
			return true
		}
	}
	return false
}

// extent is how many nodes a node holds, itself included, and how many levels.
type extent struct{ nodes, height int }

// expand returns the node that n stands for, at a depth that counts from 1.
func (e *expander) expand(n *yaml.Node, depth int) (*yaml.Node, *failure) {
	node, _, err := e.visit(n, depth)
	return node, err
}

// visit expands a node and returns its height too.
func (e *expander) visit(n *yaml.Node, depth int) (*yaml.Node, int, *failure) {
	if n.Kind == yaml.AliasNode {
		return e.alias(n, depth)
	}
	if depth > bounds.YAMLDepth {
		return nil, 0, failAt(n, CodeTooLarge, "document nests deeper than %d levels", bounds.YAMLDepth)
	}
	if err := e.count(n, 1); err != nil {
		return nil, 0, err
	}
	if shortTag(n) == "!!binary" {
		return nil, 0, failAt(n, CodeAmbiguous, "tag !!binary is not allowed in a manifest")
	}
	anchored, before := n.Anchor != "", e.nodes-1
	if anchored {
		e.enter(n)
	}
	height, err := e.children(n, depth)
	if err != nil {
		return nil, 0, err
	}
	if anchored {
		delete(e.open, n)
		e.sizes[n] = extent{e.nodes - before, height + 1}
		n.Anchor = ""
	}
	return n, height + 1, nil
}

// enter remembers that an anchored node is being expanded.
func (e *expander) enter(n *yaml.Node) {
	if e.sizes == nil {
		e.sizes, e.open = map[*yaml.Node]extent{}, map[*yaml.Node]bool{}
	}
	e.open[n] = true
}

// count adds nodes, within the bound.
func (e *expander) count(n *yaml.Node, nodes int) *failure {
	e.nodes += nodes
	if e.nodes > bounds.YAMLNodes {
		return failAt(n, CodeTooLarge, "file has more than %d nodes once its aliases are expanded", bounds.YAMLNodes)
	}
	return nil
}

// alias returns what an alias stands for. An anchor comes before its aliases,
// so its node is done, or it holds the alias itself.
func (e *expander) alias(n *yaml.Node, depth int) (*yaml.Node, int, *failure) {
	size, done := e.sizes[n.Alias]
	if !done {
		return nil, 0, failAt(n, CodeMalformed, "alias *%s stands for a node that holds it", n.Value)
	}
	if depth+size.height-1 > bounds.YAMLDepth {
		return nil, 0, failAt(n, CodeTooLarge, "document nests deeper than %d levels once its aliases are expanded", bounds.YAMLDepth)
	}
	return n.Alias, size.height, e.count(n, size.nodes)
}

// children expands what a node holds and returns how high that is.
func (e *expander) children(n *yaml.Node, depth int) (int, *failure) {
	height := 0
	for i, child := range n.Content {
		node, h, err := e.visit(child, depth+1)
		if err != nil {
			return 0, err
		}
		n.Content[i] = node
		height = max(height, h)
	}
	if n.Kind != yaml.MappingNode {
		return height, nil
	}
	return height, mergeKeys(n)
}

// mergeKeys checks the keys of a mapping and replaces its merge key.
func mergeKeys(n *yaml.Node) *failure {
	seen := make(map[string]int, len(n.Content)/2)
	merge := -1
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return failAt(key, CodeMalformed, "key is not a scalar")
		}
		if key.Style&yaml.TaggedStyle != 0 && shortTag(key) != "!!str" {
			return failAt(key, CodeAmbiguous, "key has the tag %s", shortTag(key))
		}
		if first, twice := seen[key.Value]; twice {
			return failAt(key, CodeAmbiguous, "key %q is given twice, first in line %d", key.Value, n.Content[first].Line)
		}
		seen[key.Value] = i
		if isMerge(key) {
			merge = i
		}
	}
	if merge < 0 {
		return nil
	}
	return applyMerge(n, merge, seen)
}

// applyMerge replaces the merge key at an index. A key that the mapping has
// itself wins; some readers hold that it does not if it stands before the
// merge key, so that is refused unless both say the same.
func applyMerge(n *yaml.Node, merge int, seen map[string]int) *failure {
	value := n.Content[merge+1]
	sources := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		sources = value.Content
	}
	content := append(append([]*yaml.Node{}, n.Content[:merge]...), n.Content[merge+2:]...)
	for _, source := range sources {
		if source.Kind != yaml.MappingNode {
			return failAt(n.Content[merge], CodeMalformed, "merge key << takes a mapping or a list of mappings")
		}
		for i := 0; i+1 < len(source.Content); i += 2 {
			key, value := source.Content[i], source.Content[i+1]
			at, have := seen[key.Value]
			switch {
			case !have:
				seen[key.Value] = len(n.Content)
				content = append(content, key, value)
			case at < merge && !sameScalar(n.Content[at+1], value):
				f := failAt(n.Content[at], CodeAmbiguous, "key %q stands before a merge key that also sets it, in line %d: tools differ in which one wins", key.Value, n.Content[merge].Line)
				f.hint = "write the merge key << first in its mapping"
				return f
			}
		}
	}
	n.Content = content
	return nil
}

// isMerge tells whether a key is the merge key; a quoted one is not.
func isMerge(key *yaml.Node) bool {
	return key.Value == "<<" && shortTag(key) == "!!merge"
}

// sameScalar tells whether two nodes are scalars that say the same.
func sameScalar(a, b *yaml.Node) bool {
	return a == b || a.Kind == yaml.ScalarNode && b.Kind == yaml.ScalarNode &&
		a.Value == b.Value && shortTag(a) == shortTag(b)
}

// shortTag is the tag of a node, explicit or resolved.
func shortTag(n *yaml.Node) string {
	return n.ShortTag()
}
