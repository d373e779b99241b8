package images_test

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpus finds every image that the corpus knows of. Those of PodSpecs are
// found at their field and their line, and no others are. Of all others the
// distinct references of a unit count: each one of known fields has to be
// found, 98% of the rest, and 95% of what is found as text has to be right.
//
// Patches and assets that leave an image out are part of the corpus: that they
// are told is right, everything else that is Broken is not. Of a chart one set
// of values will do: the renderers have their own tests. With -short only
// plain manifests are rendered.
func TestCorpus(t *testing.T) {
	rows := rendertest.Images(t)
	var total rendertest.Score
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
				if reason := rendertest.Wrong(unit.Name, "*"); reason != "" {
					t.Skip(reason)
				}
				checkUnit(t, unit, renderer, rows[unit.Name], &total)
			})
		}
	}
	t.Log(strings.Join(append(total.Notes, total.String()), "\n"))
	if !total.Good() {
		t.Error("want all of the known fields, 98% of the rest, and 95% of text right")
	}
}

// checkUnit compares what is found in a unit with its rows.
func checkUnit(t *testing.T, unit rendertest.Unit, renderer render.Renderer, rows []rendertest.WantImage, total *rendertest.Score) {
	tree := unit.Tree(t)
	objects, err := renderer.Render(t.Context(), tree, unit.Source())
	for _, p := range render.Problems(err) {
		if p.Severity != render.Notice {
			t.Fatal(&p)
		}
	}
	found, problems := images.Extract(render.Rendering{
		Units:   []render.Rendered{{Unit: render.Unit{Name: unit.Name}, Objects: len(objects)}},
		Objects: objects,
	})
	for _, p := range problems {
		if p.Severity == render.Broken && p.Code != images.CodeMissing && !strings.HasSuffix(p.Message, "is empty") {
			t.Errorf("problem: %v", &p)
		}
	}
	got := map[string]string{}
	for _, image := range found {
		for _, l := range image.Locations {
			if l.Class == render.ClassPodSpec {
				got[place(l.Object, l.Field)] = image.Reference
			}
			if unit.Type == "dir" && l.Class == render.ClassPodSpec {
				checkOrigin(t, tree, image.Reference, l.Origin)
			}
		}
	}
	for _, row := range rows {
		if at := place(row.Object, row.Field); row.PodSpec() && got[at] != row.Reference {
			t.Errorf("missing: %s %s", at, row.Reference)
		}
	}
	for _, row := range rows {
		delete(got, place(row.Object, row.Field))
	}
	for at, reference := range got {
		t.Errorf("unexpected: %s %s", at, reference)
	}
	if err := total.Add(unit.Name, rows, found); err != nil {
		t.Error(err)
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
	id = rendertest.Steady(id)
	return id.APIVersion + " " + id.Kind + " " + id.Name + " " + field
}

// TestCorpusPaths finds an image at every path of crd_paths.tsv, under which
// kinds that are not built in were seen to name images.
func TestCorpusPaths(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(rendertest.Dir(t), "crd_paths.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		c := strings.Split(line, "\t")
		if i == 0 {
			continue
		}
		text := pathObject(strings.TrimPrefix(c[2], "$."), c[6])
		found, problems := images.Extract(rendering(of(c[0]+"/v1", c[1], text[1:len(text)-1])))
		if len(found) != 1 || !strings.HasSuffix(found[0].Reference, "/acme/web:v1") || len(problems) != 0 {
			t.Errorf("%s %s: got %s", c[1], c[2], classes(found, problems))
		}
	}
}

// pathObject is a mapping that names an image at a path, which may lead into a
// string after "!$".
func pathObject(path, class string) string {
	value := "ghcr.io/acme/web:v1"
	switch {
	case class == "cr-field-split":
		value = "{repository: ghcr.io/acme/web, tag: v1}"
	case class == "cr-field-text":
		value = `'Object.spec{image: "ghcr.io/acme/web:v1", x: 1}'`
	}
	if outer, inner, embedded := strings.Cut(path, "!$"); embedded {
		path, value = outer, strconv.Quote(pathObject(strings.TrimPrefix(inner, "."), ""))
	}
	steps := strings.Split(path, ".")
	for _, step := range slices.Backward(steps) {
		if strings.HasPrefix(step, "{") {
			value = "{repository: ghcr.io/acme, image: web, version: v1}"
			continue
		}
		lists := strings.Count(step, "[]")
		value = strings.Repeat("[", lists) + value + strings.Repeat("]", lists)
		switch step = strings.TrimRight(step, "[]"); {
		case class == "env" && step == "value":
			value = "{name: RELATED_IMAGE_X, value: " + value + "}"
		case step != "":
			value = "{" + step + ": " + value + "}"
		}
	}
	return value
}
