package charts_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpusCharts serves the charts of the corpus from a registry, and wants
// the same objects of what is fetched as of the directories, by tag, by range
// and by digest.
func TestCorpusCharts(t *testing.T) {
	root := filepath.Join(rendertest.Dir(t), "charts")
	dirs, err := os.ReadDir(root)
	if err != nil || len(dirs) == 0 {
		t.Fatal("no charts", err)
	}
	w := newWorld(t)
	nameAndVersion := regexp.MustCompile(`^(.+)-(\d+\.\d+\.\d+.*)$`)
	cache := t.TempDir()
	rendered := 0
	for _, dir := range dirs {
		match := nameAndVersion.FindStringSubmatch(dir.Name())
		if match == nil {
			t.Fatalf("the directory %s names no version", dir.Name())
		}
		name, version := match[1], match[2]
		tree := os.DirFS(filepath.Join(root, dir.Name()))
		digest := w.push("acme/"+name, version, configType, packTree(t, tree, name))
		want := objects(t, tree)
		for _, asked := range []string{version, "^" + version, "", digest} {
			files, err := charts.New(cached(cache)).FetchChart(t.Context(), w.oci(), name, asked)
			if err != nil {
				t.Fatal(err)
			}
			if got := objects(t, files); got != want {
				t.Errorf("%s %s: other objects than those of the directory", name, asked)
			}
		}
		o := cached(cache)
		o.Network = charts.Offline
		if _, err := charts.New(o).FetchChart(t.Context(), w.oci(), name, digest); err != nil {
			t.Errorf("%s: not in the cache: %v", name, err)
		}
		rendered += strings.Count(want, "\n")
	}
	t.Logf("%d charts, %d objects", len(dirs), rendered)
}

// objects renders a chart that is the whole of a tree. What differs from one
// render to the next is left out.
func objects(t *testing.T, tree fs.FS) string {
	t.Helper()
	objects, err := helm.Renderer{}.Render(t.Context(), render.Tree{FS: tree}, render.Source{
		Kind: render.Helm, Path: ".", Helm: render.HelmOptions{KubeVersion: "v1.35.0"},
	})
	var out strings.Builder
	for _, object := range objects {
		text, err := rendertest.Canonical(object.Node)
		if err != nil {
			t.Fatal(err)
		}
		if object.ID.Kind == "Secret" || strings.Contains(string(text), "checksum/") {
			text = nil // passwords and certificates, and hashes of them
		}
		out.WriteString(object.ID.String() + " " + string(text) + "\n")
	}
	for _, p := range render.Problems(err) {
		out.WriteString(p.Message + "\n")
	}
	return out.String()
}

func packTree(t *testing.T, tree fs.FS, name string) []byte {
	t.Helper()
	var pairs []string
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, file)
		pairs = append(pairs, path.Join(name, file), string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pack(t, pairs...)
}
