package images_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpus finds every image of a PodSpec that the corpus knows of, at its
// field and its line, and no PodSpec image that it does not know of. Patches
// and assets that leave an image out are part of the corpus: that they are
// told is right, everything else that is Broken is not.
func TestCorpus(t *testing.T) {
	renderers := map[string]render.Renderer{"dir": manifests.New()}
	rows := imageRows(t)
	for kind, renderer := range renderers {
		for _, unit := range rendertest.Units(t, kind) {
			t.Run(unit.Name, func(t *testing.T) { checkUnit(t, unit, renderer, rows[unit.Name]) })
		}
	}
}

// checkUnit compares what is found in a unit with its rows.
func checkUnit(t *testing.T, unit rendertest.Unit, renderer render.Renderer, rows map[string]string) {
	tree := unit.Tree(t)
	source := render.Source{Kind: render.Manifests, Path: unit.Path}
	objects, err := renderer.Render(t.Context(), tree, source)
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
			checkOrigin(t, tree, image.Reference, l.Origin)
		}
	}
	for _, p := range problems {
		if p.Severity == render.Broken && p.Code != images.CodeMissing && !strings.HasSuffix(p.Message, "is empty") {
			t.Errorf("problem: %v", &p)
		}
	}
	for at, raw := range rows {
		if got[at] != raw && !wrong[unit.Name+" "+at] {
			t.Errorf("missing: %s %s", at, raw)
		}
	}
	for at, raw := range got {
		if _, known := rows[at]; !known {
			t.Errorf("unexpected: %s %s", at, raw)
		}
	}
}

// wrong are rows that are held to be wrong, with the reason beside them.
var wrong = map[string]bool{}

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
