package manifests_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// describe renders a source and writes objects and problems one a line.
func describe(t *testing.T, files fs.FS, source render.Source) string {
	t.Helper()
	objects, err := manifests.New().Render(t.Context(), render.Tree{FS: files}, source)
	var b strings.Builder
	for _, o := range objects {
		fmt.Fprintf(&b, "%s %s\n", o.Origin, o.ID)
	}
	for _, p := range render.Problems(err) {
		fmt.Fprintf(&b, "%s %s %d\n", p.Origin, p.Code, p.Severity)
	}
	return b.String()
}

func TestRender(t *testing.T) {
	const files = `
-- dir/b.yml --
{apiVersion: v1, kind: Pod, metadata: {name: b}}
-- dir/a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- dir/c.json --
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}}
-- dir/README.md --
kind: none
-- dir/sub/d.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: d}}
-- mixed/broken.yaml --
a: [
-- mixed/good.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: good}}
-- mixed/values.yaml --
a: b
-- skip/template.yaml --
# +argocd:skip-file-rendering
{{ if }}
kind: Pod
-- skip/values.yaml --
a: "+argocd:skip-file-rendering"
-- hide/pod.yaml --
# +argocd:skip-file-rendering
{apiVersion: v1, kind: Pod, metadata: {name: hidden}}
-- hide/twice.yaml --
# +argocd:skip-file-rendering
{apiVersion: v1, kind: Pod, metadata: {name: hidden}, metadata: {name: x}}
-- jsonnet/a.jsonnet --
{}
-- jsonnet/a.libsonnet --
{}
`
	tree := rendertest.Files(files)
	for _, c := range []struct {
		name   string
		source render.Source
		want   string
	}{
		{"a directory without those below it", render.Source{Path: "dir"}, "dir/a.yaml:1:1 Pod/a\ndir/b.yml:1:1 Pod/b\ndir/c.json:1:1 Pod/c\n"},
		{"some files of a directory", render.Source{Path: "dir", Files: []string{"c.json", "x.yaml"}}, "dir/c.json:1:1 Pod/c\n"},
		{"one file", render.Source{Path: "dir/sub/d.yaml"}, "dir/sub/d.yaml:1:1 Pod/d\n"},
		{"a broken file hides no other", render.Source{Path: "mixed"}, "mixed/good.yaml:1:1 Pod/good\nmixed/broken.yaml:1:4 manifest-malformed 1\nmixed/values.yaml:1:1 not-a-manifest 2\n"},
		{"files that Argo CD skips", render.Source{Path: "skip"}, "skip/template.yaml skip-marker 2\nskip/values.yaml skip-marker 2\n"},
		{"kyverno 16336: a comment in a manifest switches nothing off", render.Source{Path: "hide"}, "hide/pod.yaml:2:1 Pod/hidden\nhide/pod.yaml skip-marker 2\nhide/twice.yaml:2:55 manifest-ambiguous 1\nhide/twice.yaml skip-marker 2\n"},
		{"Jsonnet is Unseen", render.Source{Path: "jsonnet"}, "jsonnet/a.jsonnet jsonnet-unsupported 0\n"},
		{"a directory that is not there", render.Source{Path: "none"}, "none file-unreadable 0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := describe(t, tree, c.source); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestSymlinks is the row of the threats on symlinks: one that leaves the
// tree is refused with its path, one within it is read.
func TestSymlinks(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	for name, text := range map[string]string{
		outside:                           "{apiVersion: v1, kind: Secret, metadata: {name: secret}}",
		filepath.Join(dir, "target.yaml"): "{apiVersion: v1, kind: Pod, metadata: {name: a}}",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "app", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"in.yaml": "../target.yaml", "out.yaml": outside, "up.yaml": "../../../../etc/passwd", "dir.yaml": "sub", "dangling.yaml": "none"} {
		if err := os.Symlink(target, filepath.Join(dir, "app", name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	want := "app/in.yaml:1:1 Pod/a\napp/dangling.yaml file-unreadable 0\napp/out.yaml file-unreadable 0\napp/up.yaml file-unreadable 0\n"
	if got := describe(t, root.FS(), render.Source{Path: "app"}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestTooMuch shows that a directory is bounded as a whole, and that what was
// not read is Unseen.
func TestTooMuch(t *testing.T) {
	files := fstest.MapFS{}
	data := []byte("{}" + strings.Repeat(" ", bounds.FileBytes-100))
	for i := range bounds.RenderedBytes/bounds.FileBytes + 2 {
		files[fmt.Sprintf("a/%d.json", i)] = &fstest.MapFile{Data: data}
	}
	if got, want := describe(t, files, render.Source{Path: "a"}), "a/4.json unit-too-large 0\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	files = fstest.MapFS{"a/a.json": {Data: append(data, data...)}}
	if got, want := describe(t, files, render.Source{Path: "a"}), "a/a.json manifest-too-large 0\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func BenchmarkCorpus(b *testing.B) {
	units := rendertest.Units(b, "dir")
	trees := make([]render.Tree, len(units))
	for i, unit := range units {
		trees[i] = unit.Tree(b)
	}
	b.ReportAllocs()
	for b.Loop() {
		objects := 0
		for i, unit := range units {
			rendered, _ := manifests.New().Render(b.Context(), trees[i], render.Source{Path: unit.Path})
			objects += len(rendered)
		}
		b.ReportMetric(float64(objects), "objects")
	}
}
