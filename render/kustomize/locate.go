package kustomize

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// locator finds the places of the fields of one object. It reads only what
// the build has read.
type locator struct {
	plan   *plan
	node   *yaml.Node
	source source
}

// question is a field whose place is asked for.
type question struct {
	id render.ObjectID
	// original is the identity in the file; empty if that is not known.
	original render.ObjectID
	path     []fieldStep
	value    string
	// before is the value in the file, or "".
	before string
	// verbatim tells that the value stands somewhere as it is; set tells that
	// a transformer has set it. Neither may be known.
	verbatim, set bool
}

// fieldStep is one step of a path: a key, or an item of a list by its index and
// its name.
type fieldStep struct {
	key   string
	index int
	name  string
}

// Locate returns where the value of a field is set: the images entry, patch or
// replacement that was applied last, else the field in the file that the
// object came from, else the object.
func (l *locator) Locate(id render.ObjectID, field render.Field, value string) render.Origin {
	l.plan.mu.Lock()
	defer l.plan.mu.Unlock()
	q := question{id: id, value: value}
	rendered := q.follow(l.node, field)
	base := l.base(&q)
	if base != nil {
		q.before = base.Value
	}
	traced := l.source.moved > 0 && rendered != nil
	q.set = traced && rendered.Line == 0
	q.verbatim = traced && rendered.Line > 0
	baseOrigin := func() render.Origin {
		data := l.plan.files.contents[l.source.file]
		at := inText(base, data, offset(base.Value, value))
		if at.line == base.Line {
			at.column = base.Column // in bytes already
		}
		return render.Origin{File: l.plan.show(l.source.file), Line: at.line, Column: at.column}
	}
	if q.verbatim && base != nil && base.Value == rendered.Value && base.Line-l.source.at.line == rendered.Line-l.source.moved {
		return baseOrigin()
	}
	for _, k := range l.plan.chain(l.source) {
		if origin, ok := l.plan.sets(k, q); ok {
			origin.File = l.plan.show(origin.File)
			return origin
		}
	}
	if base != nil {
		return baseOrigin()
	}
	if origin, ok := l.generated(field, value); ok {
		origin.File = l.plan.show(origin.File)
		return origin
	}
	return render.Origin{File: l.plan.show(l.source.file), Line: l.source.at.line, Column: l.source.at.column}
}

// follow walks along a field, notes the names of list items, and returns the
// node that it ends at, if there is one.
func (q *question) follow(node *yaml.Node, field render.Field) *yaml.Node {
	for _, s := range field {
		next := fieldStep{key: s.Key, index: s.Index}
		if s.Key != "" {
			node = render.Child(node, s.Key)
		} else {
			node = item(node, s.Index)
			if name := render.Child(node, "name"); name != nil {
				next.name = name.Value
			}
		}
		q.path = append(q.path, next)
	}
	return node
}

// walk follows a path in another node: items of lists are found by name where
// they have one, else by index.
func walk(node *yaml.Node, path []fieldStep) *yaml.Node {
	for _, s := range path {
		if s.key != "" {
			node = render.Child(unalias(node), s.key)
			continue
		}
		found := item(node, s.index)
		if s.name != "" {
			found = nil
			for _, candidate := range items(node) {
				if name := render.Child(unalias(candidate), "name"); name != nil && name.Value == s.name {
					found = unalias(candidate)
					break
				}
			}
		}
		node = found
	}
	return unalias(node)
}

// base finds the field in the file that the object came from.
func (l *locator) base(q *question) *yaml.Node {
	if l.source.generator != nil {
		return nil
	}
	for _, object := range l.plan.objectsOf(l.source.file) {
		if object.Origin.Line == l.source.at.line {
			q.original = object.ID
			if node := walk(object.Node, q.path); node != nil && node.Kind == yaml.ScalarNode {
				return node
			}
		}
	}
	return nil
}

// generated finds the literal or the file that an entry of generated data is
// from.
func (l *locator) generated(field render.Field, value string) (render.Origin, bool) {
	if l.source.generator == nil || len(field) != 2 {
		return render.Origin{}, false
	}
	key, k := field[1].Key, l.source.in
	for _, literal := range l.source.generator.LiteralSources {
		if name, _, _ := strings.Cut(literal, "="); name == key {
			node := find(k.root, func(n *yaml.Node) bool { return n.Value == literal })
			return render.Origin{File: k.file, Line: placeOf(node, k.data).line, Column: placeOf(node, k.data).column}, node != nil
		}
	}
	for _, from := range l.source.generator.FileSources {
		name, _, found := strings.Cut(from, "=")
		if !found {
			name = from[strings.LastIndexByte(from, '/')+1:]
		}
		file, ok := k.names[sourcePath(from)]
		if name != key || !ok {
			continue
		}
		at := offset(string(l.plan.files.contents[file]), value)
		return render.Origin{File: file, Line: at.line, Column: at.column}, true
	}
	return render.Origin{}, false
}

// offset is where a value begins in a text.
func offset(text, value string) place {
	at := strings.Index(text, value)
	if at < 0 {
		return place{}
	}
	line := strings.LastIndexByte(text[:at], '\n')
	return place{strings.Count(text[:at], "\n") + 1, at - line}
}

// pointer writes a path as a JSON pointer.
func pointer(path []fieldStep) []string {
	var steps []string
	for _, s := range path {
		if s.key != "" {
			steps = append(steps, s.key)
		} else {
			steps = append(steps, strconv.Itoa(s.index))
		}
	}
	return steps
}
