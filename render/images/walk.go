package images

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// walk searches one object, or one document inside of a string of it.
type walk struct {
	object   render.Object
	location render.Location
	found    *extraction
	rules    []fieldRule
	// field is the path of the node that is being looked at.
	field render.Field
	// visits is how many nodes may still be visited.
	visits int
	// mode, hub and so on are those of the node that is being looked at.
	mode mode
	hub  hub
	// outer is the string that the document is in, or nil.
	outer *outerString
}

// hub is a registry and a tag that the images below share, as Istio has it.
type hub struct{ registry, tag string }

// node searches a node and everything below it, and tells whether that stayed
// within the bounds.
func (w *walk) node(n *yaml.Node, depth int) bool {
	if w.visits--; n == nil || w.visits < 0 || depth > bounds.YAMLDepth {
		return false
	}
	switch n.Kind {
	case yaml.ScalarNode:
		w.scalar(n)
	case yaml.SequenceNode:
		if w.mode != modeSchema && slices.Contains(argumentKeys, w.key()) {
			w.arguments(n)
		}
		for i, item := range n.Content {
			if !w.step(render.Step{Index: i}, item, depth) {
				return false
			}
		}
	case yaml.MappingNode:
		return w.mapping(n, depth)
	}
	return w.visits >= 0
}

// step searches what lies one step further.
func (w *walk) step(step render.Step, n *yaml.Node, depth int) bool {
	w.field = append(w.field, step)
	ok := w.node(n, depth+1)
	w.field = w.field[:len(w.field)-1]
	return ok
}

// mapping searches a mapping: first what its keys say together, then each of
// those that have no part in that.
func (w *walk) mapping(n *yaml.Node, depth int) bool {
	mode, hub := w.mode, w.hub
	done := w.together(n)
	ok := true
	for i := 0; ok && i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if value := n.Content[i+1]; !done[key] {
			inner := w.mode
			w.mode = w.modeBelow(key)
			ok = w.step(render.Step{Key: key}, value, depth)
			w.mode = inner
		}
	}
	w.mode, w.hub = mode, hub
	return ok
}

// modeBelow is the mode below a key of the mapping that is being looked at.
// The status says what ran, metadata who and what, and schemas what may be.
func (w *walk) modeBelow(key string) mode {
	switch {
	case key == "openAPIV3Schema", key == "metadata" && w.mode != modeData:
		return modeSchema
	case key == "status" && len(w.field) == 0 && w.outer == nil:
		return modeSchema
	}
	return w.mode
}

// together looks at what the keys of a mapping say together, and returns the
// keys that are dealt with.
func (w *walk) together(n *yaml.Node) keySet {
	switch list, item := w.listKey(); {
	case item && slices.Contains(containerKeys, list):
		w.container(n)
		return keySet{"image": true}
	case item && list == "volumes" && w.volume(n):
		return keySet{"image": true}
	}
	if metadata := render.Child(n, "metadata"); metadata != nil && w.mode != modeSchema {
		w.annotations(render.Child(metadata, "annotations"))
	}
	if how, known := w.rule(); known && how.user && how.kind == howSplit {
		return w.compose(n, how.split, keyExact)
	}
	switch w.mode {
	case modePods:
		if list, item := w.listKey(); item && list == "env" {
			return w.named(n)
		}
	case modeResource, modeText:
		return w.parts(n)
	}
	return nil
}

// key is the last key of the path: that of a list for its items.
func (w *walk) key() string {
	for i := len(w.field) - 1; i >= 0; i-- {
		if w.field[i].Key != "" {
			return w.field[i].Key
		}
	}
	return ""
}

// listKey tells whether the node is an item of a list, and the key of that.
func (w *walk) listKey() (key string, item bool) {
	last := len(w.field) - 1
	if last < 1 || w.field[last].Key != "" {
		return "", false
	}
	return w.field[last-1].Key, w.field[last-1].Key != ""
}

// candidate is what may be an image: where it stands, below the node that is
// being looked at, and what it is found as.
type candidate struct {
	reference string
	class     render.Class
	// node is where it was written.
	node *yaml.Node
	path []render.Step
	// several tells that more than one scalar makes the reference, of which
	// tag, if there is one, ends it.
	several bool
	tag     *yaml.Node
}

// add tells of an image.
func (w *walk) add(c candidate) {
	h := hit{reference: c.reference, location: w.location}
	if w.outer != nil && c.class == render.ClassPodSpec {
		c.class = render.ClassText
	}
	h.location.Class = c.class
	h.location.Field, h.location.Origin = w.place(c.node, c.path)
	switch {
	case c.several && w.outer == nil:
		h.node, h.tag = c.tag, c.tag != nil
	case c.several:
	case w.outer != nil:
		h.node = w.outer.node
	default:
		h.node = c.node
	}
	w.found.found(h)
}

// place is the path of a value below the node that is being looked at, and
// where it was written.
func (w *walk) place(n *yaml.Node, path []render.Step) (string, render.Origin) {
	field := append(slices.Clone(w.field), path...)
	switch {
	case w.outer != nil:
		return w.outer.field + "!" + field.String(), w.outer.line(n.Line)
	case w.object.Locator != nil:
		return field.String(), w.object.Locator.Locate(w.object.ID, field, n.Value)
	}
	return field.String(), render.Origin{File: w.object.Origin.File, Line: n.Line, Column: n.Column}
}

// report adds a problem with a field.
func (w *walk) report(n *yaml.Node, path []render.Step, problem render.Problem) {
	field, origin := w.place(n, path)
	problem.Unit, problem.Object, problem.Origin = w.location.Unit, w.location.Object, origin
	problem.Message = fmt.Sprintf("%s: %s: %s", w.location.Object, field, problem.Message)
	w.found.problems = append(w.found.problems, problem)
}
