package flux

import (
	"math"

	"github.com/fluxcd/pkg/envsubst/parse"
)

// size is how many bytes a text may have once its variables are filled in, and
// no less than it then has: what replaces all of something can multiply, and be
// nested. A text that does not parse has none.
func (v *variables) size(text string) float64 {
	tree, err := parse.Parse(text)
	if err != nil {
		return 0
	}
	return v.nodeSize(tree.Root)
}

// nodeSize is the size of what a part of a text becomes.
func (v *variables) nodeSize(node parse.Node) (size float64) {
	switch node := node.(type) {
	case *parse.TextNode:
		return float64(len(node.Value))
	case *parse.ListNode:
		for _, below := range node.Nodes {
			size += v.nodeSize(below)
		}
	case *parse.FuncNode:
		value, _, _ := v.lookup(node.Param)
		// What is unknown is stood for, and a length is a number.
		own := math.Max(float64(len(value)), float64(len(stand)+20))
		for _, below := range node.Args {
			size += v.nodeSize(below)
		}
		if node.Name == "//" {
			return own + (own+1)*size
		}
		return own + size
	}
	return size
}
