package images_test

import (
	"bufio"
	"os"
	"path"
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
	rows := imageRows(t)
	var total score
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
				checkUnit(t, unit, renderer, rows[unit.Name], &total)
			})
		}
	}
	total.check(t)
}

// score counts distinct references of units.
type score struct {
	// known are those of known fields that were found, and the rest those of
	// arguments, ConfigMaps and so on.
	known, knownAll, rest, restAll int
	// right are those found as text that the corpus has too.
	right, text int
}

func (s score) check(t *testing.T) {
	t.Logf("known fields %d of %d, the rest %d of %d; %d of %d found as text are right", s.known, s.knownAll, s.rest, s.restAll, s.right, s.text)
	if s.known < s.knownAll || s.rest*100 < s.restAll*98 || s.right*100 < s.text*95 {
		t.Error("want all of the known fields, 98% of the rest, and 95% of text right")
	}
}

// wrongRows are rows that are held to be wrong, by unit or repository and
// reference, with the reason; and images that have none and should.
func wrongRows(unit, reference string) string {
	repo, _, _ := strings.Cut(unit, ":")
	return map[string]string{
		"istio+istio quay.io/kiali/kiali:latest":                                                                    "image_version stands beside image_name: the image is quay.io/kiali/kiali:v2.27",
		"fluxcd+flux2-kustomize-helm-example public.ecr.aws/docker/library/redis:8.6.2":                             "no row, but the values name repository and tag of an image",
		"redhat-cop+gitops-catalog image-registry.openshift-image-registry.svc:5000/openshift/java:openjdk-11-ubi8": "no row, but it is the default of the parameter that is a step's image",
	}[repo+" "+reference]
}

// normal is a reference in the form of the corpus.
func normal(t *testing.T, reference string) string {
	parsed, err := images.ParseReference(reference)
	if err != nil {
		t.Errorf("%q: %v", reference, err)
	}
	if parsed.Tag+parsed.Digest == "" {
		parsed.Tag = "latest"
	}
	return strings.Replace(parsed.String(), "index.docker.io/", "docker.io/", 1)
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
func checkUnit(t *testing.T, unit rendertest.Unit, renderer render.Renderer, rows []row, total *score) {
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
		if row.podSpec() && got[row.place] != row.reference {
			t.Errorf("missing: %s %s", row.place, row.reference)
		}
	}
	for _, row := range rows {
		delete(got, row.place)
	}
	for at, reference := range got {
		t.Errorf("unexpected: %s %s", at, reference)
	}
	total.add(t, unit.Name, rows, found)
}

// add counts the references of a unit.
func (s *score) add(t *testing.T, unit string, rows []row, found []render.Image) {
	got, wanted := map[string]bool{}, map[string]bool{}
	for _, image := range found {
		got[normal(t, image.Reference)] = true
	}
	for _, row := range rows {
		want := row.normal
		if reason := wrongRows(unit, want); reason != "" {
			t.Log(want, reason)
			continue
		}
		if wanted[want] {
			continue
		}
		wanted[want] = true
		hit := 0
		if got[want] {
			hit = 1
		} else {
			t.Logf("missing: %s (%s)", want, row.class)
		}
		if row.podSpec() || strings.HasPrefix(row.class, "cr-field") && row.class != "cr-field-text" {
			s.known, s.knownAll = s.known+hit, s.knownAll+1
		} else {
			s.rest, s.restAll = s.rest+hit, s.restAll+1
		}
	}
	for _, image := range found {
		if image.Class != render.ClassText {
			continue
		}
		s.text++
		if reference := normal(t, image.Reference); wanted[reference] || wrongRows(unit, reference) != "" {
			s.right++
		} else {
			t.Logf("not in the corpus: %s %+v", reference, image.Locations[0])
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

// row is an image of the corpus.
type row struct{ place, reference, normal, class string }

// podSpec tells whether the image stands in a PodSpec that is not in a string.
func (r row) podSpec() bool {
	return r.class == "podspec" || r.class == "cr-podspec" || r.class == "image-volume"
}

// imageRows returns the images of each unit.
func imageRows(t *testing.T) map[string][]row {
	t.Helper()
	file, err := os.Open(filepath.Join(rendertest.Dir(t), "images.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := map[string][]row{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		if c[11] != "image" {
			continue
		}
		id := render.ObjectID{APIVersion: c[1], Kind: c[2], Name: c[3]}
		rows[c[0]] = append(rows[c[0]], row{place(id, strings.TrimPrefix(c[4], "$.")), c[5], c[10], c[6]})
	}
	return rows
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
