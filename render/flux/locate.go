package flux

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// filledIn locates the fields of an object whose variables were filled in, by
// what they were before.
type filledIn struct {
	object render.Object
	before *yaml.Node
}

// Locate implements render.Locator.
func (l filledIn) Locate(_ render.ObjectID, field render.Field, value string) render.Origin {
	node := nodeAt(l.before, field)
	if node == nil {
		return l.object.Origin
	}
	if node.Kind == yaml.ScalarNode {
		value = node.Value
	}
	return locateIn(l.object, field, node, value)
}

// locateIn returns the place of a field of an object.
func locateIn(object render.Object, field render.Field, node *yaml.Node, value string) render.Origin {
	if object.Locator != nil {
		return object.Locator.Locate(object.ID, field, value)
	}
	return render.Origin{File: object.Origin.File, Line: node.Line, Column: node.Column}
}

// nodeAt returns the node at a field, or nil.
func nodeAt(node *yaml.Node, field render.Field) *yaml.Node {
	for _, step := range field {
		switch {
		case step.Key != "":
			node = render.Child(node, step.Key)
		case node != nil && node.Kind == yaml.SequenceNode && step.Index < len(node.Content):
			node = node.Content[step.Index]
		default:
			return nil
		}
	}
	return node
}

// originOf returns the place of the first text of an object that names a
// variable.
func originOf(object *render.Object, variable string) render.Origin {
	var found *render.Origin
	var walk func(node *yaml.Node, field render.Field)
	walk = func(node *yaml.Node, field render.Field) {
		if found != nil {
			return
		}
		switch node.Kind {
		case yaml.ScalarNode:
			if strings.Contains(node.Value, "${"+variable) || strings.Contains(node.Value, "${#"+variable) {
				origin := locateIn(*object, field, node, node.Value)
				found = &origin
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				walk(node.Content[i+1], append(field[:len(field):len(field)], render.Step{Key: node.Content[i].Value}))
			}
		case yaml.SequenceNode:
			for i, item := range node.Content {
				walk(item, append(field[:len(field):len(field)], render.Step{Index: i}))
			}
		}
	}
	walk(object.Node, nil)
	if found == nil {
		return object.Origin
	}
	return *found
}

// about makes a problem of an object that a deployer deploys.
func (d *deployer) about(object *render.Object, severity render.Severity, code, format string, args ...any) *render.Problem {
	p := d.problem(severity, object.Origin, code, "")
	p.Message = object.ID.String() + ": "
	p.Object = object.ID
	return withMessage(p, format, args...)
}
