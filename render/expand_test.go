package render_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
)

// apps expands objects of kind App, whose metadata.labels.path names what
// they deploy.
type apps struct{}

func (apps) Expand(_ context.Context, _ render.Tree, rendering render.Rendering) ([]render.Unit, []render.Problem) {
	var units []render.Unit
	for _, object := range rendering.Objects {
		if object.ID.Kind == "App" {
			path := render.Child(render.Child(render.Child(object.Node, "metadata"), "labels"), "path").Value
			units = append(units, render.Unit{
				Name: "app/" + object.ID.Name, Deployer: object.ID,
				Sources: []render.Source{{Kind: render.Manifests, Path: path}},
			})
		}
	}
	return units, nil
}

func app(name, path string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("apiVersion: example.com/v1\nkind: App\nmetadata: {name: " + name + ", labels: {path: " + path + "}}\n")}
}

func configMap(name string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n")}
}

func renderAll(t *testing.T, files fstest.MapFS) (names []string, rendering render.Rendering) {
	t.Helper()
	tree := render.Tree{FS: files}
	units, problems := render.Discover(t.Context(), tree, render.DiscoverOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rendering = render.RenderAll(t.Context(), tree, units,
		render.Engine{Renderers: map[render.SourceKind]render.Renderer{render.Manifests: manifests.New()}, Expanders: []render.Expander{apps{}}})
	for unit, objects := range rendering.ByUnit() {
		var ids []string
		for _, object := range objects {
			ids = append(ids, object.ID.Name)
		}
		names = append(names, unit.Name+": "+strings.Join(ids, " "))
	}
	return names, rendering
}

// Applications deploy Applications, and what they deploy is not rendered by
// itself too.
func TestRenderAllExpandsToAnyDepth(t *testing.T) {
	names, rendering := renderAll(t, fstest.MapFS{
		"root/a.yaml":   app("middle", "middle"),
		"middle/b.yaml": app("leaf", "leaf"),
		"leaf/c.yaml":   configMap("c"),
		"other/d.yaml":  configMap("d"),
	})
	want := []string{"other: d", "root: middle", "app/leaf: c", "app/middle: leaf"}
	if !slices.Equal(names, want) {
		t.Errorf("units %q, want %q", names, want)
	}
	var told []string
	for _, p := range rendering.Problems {
		told = append(told, p.Code+" "+p.Unit)
	}
	if want := []string{"deployed-by leaf", "deployed-by middle"}; !slices.Equal(told, want) {
		t.Errorf("problems %q, want %q", told, want)
	}
}

// A directory of which a deployer leaves out a file stays: nobody else would
// look at that file.
func TestRenderAllKeepsWhatIsOnlyPartlyDeployed(t *testing.T) {
	files := fstest.MapFS{
		"root/a.yaml":     app("leaf", "leaf/sub"),
		"leaf/c.yaml":     configMap("c"),
		"leaf/sub/d.yaml": configMap("d"),
	}
	names, _ := renderAll(t, files)
	if want := []string{"leaf: c", "root: leaf", "app/leaf: d"}; !slices.Equal(names, want) {
		t.Errorf("units %q, want %q", names, want)
	}
}

// What a user names is rendered as it is, whatever an Application of the same
// revision says: a change must not take its own files out of sight.
func TestRenderAllKeepsWhatIsNamed(t *testing.T) {
	tree := render.Tree{FS: fstest.MapFS{"root/a.yaml": app("leaf", "leaf"), "leaf/c.yaml": configMap("c")}}
	units, _ := render.Discover(t.Context(), tree, render.DiscoverOptions{Paths: []string{"leaf", "root"}})
	rendering := render.RenderAll(t.Context(), tree, units,
		render.Engine{Renderers: map[render.SourceKind]render.Renderer{render.Manifests: manifests.New()}, Expanders: []render.Expander{apps{}}})
	if len(rendering.Units) != 3 {
		t.Errorf("%d units, want leaf, root and the application", len(rendering.Units))
	}
}

// Applications that deploy each other end.
func TestRenderAllEndsWithCircles(t *testing.T) {
	names, _ := renderAll(t, fstest.MapFS{"a/a.yaml": app("b", "b"), "b/b.yaml": app("a", "a")})
	if len(names) == 0 {
		t.Error("applications that deploy each other deploy nothing")
	}
}
