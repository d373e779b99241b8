package helm

import (
	"fmt"
	"text/template"
	"text/template/parse"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// The names under which templates find the guard.
const (
	showName          = "syncgateShow"
	keepName          = "syncgateKeep"
	turnName          = "syncgateTurn"
	enterTemplateName = "syncgateEnterTemplate"
	leaveTemplateName = "syncgateLeaveTemplate"
)

// protect adds calls of the guard to the parsed templates of a set: to what
// is printed and what is kept in a variable, to each turn of a loop, and
// around each {{template}}. html/template adds its escapers in the same way.
// Positions, and so messages, stay as they are.
//
// It refuses a template that nests so deeply that executing it, included by
// others, could overflow the stack.
func (e *executor) protect(set *template.Template) error {
	for _, t := range set.Templates() {
		if t.Tree == nil || e.guarded[t.Tree] {
			continue
		}
		e.guarded[t.Tree] = true
		if protectList(t.Root) > bounds.TemplateNesting {
			return &templateError{
				at:    []position{{name: t.Name()}},
				cause: tooLarge(render.Origin{}, "the nesting of a template", fmt.Sprint(bounds.TemplateNesting)),
			}
		}
	}
	return nil
}

// protectList returns how deeply the list nests.
func protectList(list *parse.ListNode) int {
	if list == nil {
		return 0
	}
	deepest := 0
	var nodes []parse.Node
	for _, node := range list.Nodes {
		depth := 0
		switch n := node.(type) {
		case *parse.ActionNode:
			depth = depthOf(n.Pipe)
			protectAction(n)
		case *parse.IfNode:
			depth = protectBranch(&n.BranchNode)
		case *parse.WithNode:
			depth = protectBranch(&n.BranchNode)
		case *parse.RangeNode:
			depth = protectBranch(&n.BranchNode)
			n.List.Nodes = append([]parse.Node{action(turnName, n.Pos)}, n.List.Nodes...)
		case *parse.TemplateNode:
			depth = depthOf(n.Pipe)
			nodes = append(nodes, action(enterTemplateName, n.Pos), n)
			node = action(leaveTemplateName, n.Pos)
		}
		deepest = max(deepest, depth)
		nodes = append(nodes, node)
	}
	list.Nodes = nodes
	return 1 + deepest
}

func protectBranch(n *parse.BranchNode) int {
	return max(depthOf(n.Pipe), protectList(n.List), protectList(n.ElseList))
}

func protectAction(n *parse.ActionNode) {
	name := showName
	if len(n.Pipe.Decl) > 0 {
		name = keepName
	}
	n.Pipe.Cmds = append(n.Pipe.Cmds, command(name, n.Pos))
}

func action(name string, pos parse.Pos) parse.Node {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{command(name, pos)},
	}}
}

func command(name string, pos parse.Pos) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{
		parse.NewIdentifier(name).SetTree(nil).SetPos(pos),
	}}
}

// depthOf returns how deeply a pipeline nests in parentheses.
func depthOf(pipe *parse.PipeNode) int {
	if pipe == nil {
		return 0
	}
	deepest := 0
	for _, command := range pipe.Cmds {
		for _, arg := range command.Args {
			if chain, ok := arg.(*parse.ChainNode); ok {
				arg = chain.Node
			}
			if inner, ok := arg.(*parse.PipeNode); ok {
				deepest = max(deepest, 1+depthOf(inner))
			}
		}
	}
	return deepest
}
