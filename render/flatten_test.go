package render_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
)

// parsed renders a text, with a locator for its objects or without.
type parsed struct {
	text    string
	locator render.Locator
}

func (p parsed) Render(context.Context, render.Tree, render.Source) ([]render.Object, error) {
	objects, problems := render.ParseObjects("a.yaml", []byte(p.text))
	for i := range objects {
		objects[i].Locator = p.locator
	}
	return objects, render.Join(problems)
}

// echo tells what it is asked.
type echo struct{}

func (echo) Locate(id render.ObjectID, field render.Field, value string) render.Origin {
	return render.Origin{File: fmt.Sprintf("%s %s %s", id, field, value)}
}

// TestItemsOfAnyKindAreObjects shows that a pod cannot hide its namespace or
// itself in the items of an object whose kind does not end in List: what
// applies it to a cluster looks at the items only.
func TestItemsOfAnyKindAreObjects(t *testing.T) {
	const pod = "{apiVersion: v1, kind: Pod, metadata: {name: z, namespace: prod}}"
	const head = "apiVersion: v1\nkind: Bundle\nmetadata: {name: x, namespace: dev}\n"
	for _, c := range []struct{ name, text, want string }{
		{"a list by its items", head + "items:\n- " + pod, "Pod prod/z a.yaml:5:3"},
		{"a list that says more", head + "image: evil\nitems: [" + pod + "]", "Bundle dev/x a.yaml:1:1, Pod prod/z a.yaml:5:9"},
		{"a list of lists", head + "items: [{apiVersion: v1, kind: Box, items: [" + pod + "]}]", "Pod prod/z a.yaml:4:45"},
		{"items that are no objects", head + "items: [{kind: Pod}, " + pod + "]", "Bundle dev/x a.yaml:1:1"},
		{"items that are none", head + "items: {a: b}", "Bundle dev/x a.yaml:1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			units := []render.Unit{{Name: "u", Sources: []render.Source{{Kind: "text"}}}}
			rendering := render.Render(t.Context(), render.Tree{}, units, map[render.SourceKind]render.Renderer{"text": parsed{text: c.text}})
			var got []string
			for _, o := range rendering.Objects {
				got = append(got, o.ID.String()+" "+o.Origin.String())
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if rendering.Units[0].Objects != len(got) {
				t.Errorf("the unit counts %d objects", rendering.Units[0].Objects)
			}
		})
	}
	units := []render.Unit{{Name: "u", Sources: []render.Source{{Kind: "text"}}}}
	rendering := render.Render(t.Context(), render.Tree{}, units, map[render.SourceKind]render.Renderer{
		"text": parsed{head + "items: [" + pod + "]", echo{}},
	})
	o := rendering.Objects[0]
	got := o.Locator.Locate(o.ID, render.Field{{Key: "spec"}}, "v").File
	if want := "Bundle dev/x items[0].spec v"; got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
}
