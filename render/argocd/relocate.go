package argocd

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// relocation turns places of an overlay into places of the repository.
type relocation struct {
	from checkout
	// files are those that were edited or made up.
	files map[string]func(line, column int) render.Origin
	// mounts are other checkouts by the directory that they are seen at.
	mounts map[string]checkout
}

func newRelocation(from checkout) *relocation {
	return &relocation{from: from, files: map[string]func(int, int) render.Origin{}, mounts: map[string]checkout{}}
}

// origin returns the place in the repository.
func (r *relocation) origin(at render.Origin) render.Origin {
	if place, ok := r.files[at.File]; ok {
		return place(at.Line, at.Column)
	}
	for dir, checkout := range r.mounts {
		if inside, ok := strings.CutPrefix(at.File, dir+"/"); ok {
			at.File = checkout.show(inside)
			return at
		}
	}
	if at.File != "" && !strings.Contains(at.File, "?ref=") {
		at.File = r.from.show(at.File)
	}
	return at
}

// objects relocates objects.
func (r *relocation) objects(objects []render.Object) {
	for i := range objects {
		objects[i].Origin = r.origin(objects[i].Origin)
		if objects[i].Locator != nil {
			objects[i].Locator = locator{objects[i].Locator, r}
		}
	}
}

// problems relocates problems.
func (r *relocation) problems(problems []render.Problem) {
	for i := range problems {
		problems[i].Origin = r.origin(problems[i].Origin)
	}
}

// locator relocates what another finds.
type locator struct {
	inner render.Locator
	to    *relocation
}

// Locate returns where a value was written.
func (l locator) Locate(id render.ObjectID, field render.Field, value string) render.Origin {
	return l.to.origin(l.inner.Locate(id, field, value))
}

// fixed is a Locator of objects whose places are those of one file.
type fixed render.Origin

// Locate returns the file.
func (f fixed) Locate(render.ObjectID, render.Field, string) render.Origin { return render.Origin(f) }

// written is where a node stands in a text that was made of it.
type written struct {
	line, column int
	node         *yaml.Node
}

// placesOf returns what tells, of a place in the text that a node was encoded
// to, where that was written before.
func placesOf(root *yaml.Node, text []byte, originOf func(*yaml.Node) render.Origin) func(line, column int) render.Origin {
	var list []written
	var walk func(from, to *yaml.Node)
	walk = func(from, to *yaml.Node) {
		list = append(list, written{to.Line, to.Column, from})
		for i := 0; i < len(from.Content) && i < len(to.Content); i++ {
			walk(from.Content[i], to.Content[i])
		}
	}
	var document yaml.Node
	if yaml.Unmarshal(text, &document) == nil && len(document.Content) == 1 {
		walk(root, document.Content[0])
	}
	before := func(a, b written) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	}
	slices.SortStableFunc(list, before)
	return func(line, column int) render.Origin {
		at, _ := slices.BinarySearchFunc(list, written{line: line, column: column + 1}, before)
		if at == 0 {
			return originOf(root)
		}
		found := list[at-1]
		origin := originOf(found.node)
		if below := line - found.line; below > 0 && origin.Line > 0 && isBlock(found.node) {
			origin.Line, origin.Column = origin.Line+below, 0
		}
		return origin
	}
}

// isBlock tells whether the lines of a scalar are lines of its file.
func isBlock(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Style&yaml.LiteralStyle != 0
}

// placesIn returns what tells, of a line of a text that a scalar holds, where
// it stands.
func placesIn(c cursor) func(line, column int) render.Origin {
	return func(line, _ int) render.Origin {
		origin := c.origin()
		if line > 0 && origin.Line > 0 && c.node != nil && isBlock(c.node) && c.in.object.Locator == nil {
			origin.Line, origin.Column = origin.Line+line, 0
		}
		return origin
	}
}
