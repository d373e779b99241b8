package images_test

import (
	"bufio"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpus finds every image of a PodSpec that the corpus knows of, at its
// field and its line, and no PodSpec image that it does not know of. Patches
// and assets that leave an image out are part of the corpus: that they are
// told is right, everything else that is Broken is not. Of a chart one set of
// values will do: the renderers have their own tests. With -short only plain
// manifests are rendered.
func TestCorpus(t *testing.T) {
	rows := imageRows(t)
	for kind, renderer := range map[string]render.Renderer{
		"dir": manifests.New(), "helm": helm.Renderer{}, "kustomize": kustomize.New(nil),
	} {
		if kind != "dir" && testing.Short() {
			continue
		}
		seen := map[string]bool{}
		for _, unit := range rendertest.Units(t, kind) {
			dir := unit.Repo + "/" + unit.Path
			if unit.OK != rendertest.OK || seen[dir] || len(rows[unit.Name]) == 0 && kind != "dir" {
				continue
			}
			seen[dir] = true
			t.Run(unit.Name, func(t *testing.T) {
				if reason := wrongUnits()[unit.Name]; reason != "" {
					t.Skip(reason)
				}
				checkUnit(t, unit, renderer, rows[unit.Name])
			})
		}
	}
}

// wrongUnits are units whose rows are held to be wrong, with the reason.
func wrongUnits() map[string]string {
	const library = "the symlink charts/library is a file in the corpus"
	return map[string]string{
		"stefanprodan+podinfo:helm:charts/podinfo":       "the names of its test Pods are random",
		"rook+rook:helm:deploy/charts/rook-ceph":         library,
		"rook+rook:helm:deploy/charts/rook-ceph-cluster": library,
	}
}

// sourceOf is how the corpus rendered a unit.
func sourceOf(unit rendertest.Unit) render.Source {
	source := render.Source{Kind: render.Manifests, Path: unit.Path}
	switch unit.Type {
	case "helm":
		source.Kind = render.Helm
		source.Helm.KubeVersion = "v1.35.0"
		if unit.Values != "" {
			source.Helm.ValueFiles = []string{path.Join(unit.Path, unit.Values)}
		}
	case "kustomize":
		source.Kind = render.Kustomize
		if strings.Contains(unit.Note, "LoadRestrictionsNone") {
			source.Load = render.LoadTree
		}
	}
	return source
}

// checkUnit compares what is found in a unit with its rows.
func checkUnit(t *testing.T, unit rendertest.Unit, renderer render.Renderer, rows map[string]string) {
	tree := unit.Tree(t)
	objects, err := renderer.Render(t.Context(), tree, sourceOf(unit))
	for _, p := range render.Problems(err) {
		if p.Severity != render.Notice {
			t.Fatal(&p)
		}
	}
	found, problems := images.Extract(render.Rendering{
		Units:   []render.Rendered{{Unit: render.Unit{Name: unit.Name}, Objects: len(objects)}},
		Objects: objects,
	})
	got := map[string]string{}
	for _, image := range found {
		for _, l := range image.Locations {
			got[place(l.Object, l.Field)] = image.Reference
			if unit.Type == "dir" {
				checkOrigin(t, tree, image.Reference, l.Origin)
			}
		}
	}
	for _, p := range problems {
		if p.Severity == render.Broken && p.Code != images.CodeMissing && !strings.HasSuffix(p.Message, "is empty") {
			t.Errorf("problem: %v", &p)
		}
	}
	for at, raw := range rows {
		if got[at] != raw {
			t.Errorf("missing: %s %s", at, raw)
		}
	}
	for at, raw := range got {
		if _, known := rows[at]; !known {
			t.Errorf("unexpected: %s %s", at, raw)
		}
	}
}

// checkOrigin reads the line that an image is said to come from.
func checkOrigin(t *testing.T, tree render.Tree, reference string, origin render.Origin) {
	t.Helper()
	file, err := tree.FS.Open(origin.File)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		if n == origin.Line {
			rest := strings.TrimLeft(lines.Text()[origin.Column-1:], `"'`)
			if !strings.HasPrefix(rest, reference) {
				t.Errorf("%s: has %q, want %q", origin, rest, reference)
			}
			return
		}
	}
	t.Errorf("%s: no such line", origin)
}

func place(id render.ObjectID, field string) string {
	return id.APIVersion + " " + id.Kind + " " + id.Name + " " + field
}

// imageRows returns the images in PodSpecs of each unit: place to reference.
func imageRows(t *testing.T) map[string]map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(rendertest.Dir(t), "images.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := map[string]map[string]string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		class, verdict := c[6], c[11]
		if verdict != "image" || class != "podspec" && class != "cr-podspec" && class != "image-volume" {
			continue
		}
		if rows[c[0]] == nil {
			rows[c[0]] = map[string]string{}
		}
		id := render.ObjectID{APIVersion: c[1], Kind: c[2], Name: c[3]}
		rows[c[0]][place(id, strings.TrimPrefix(c[4], "$."))] = c[5]
	}
	return rows
}
