package render_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
)

// severities writes the units, and the problems with what they do to a
// verdict, one a line.
func severities(units []render.Unit, problems []render.Problem) string {
	var b strings.Builder
	b.WriteString(describe(units, nil))
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %s %s\n", []string{"unseen", "broken", "notice"}[p.Severity], p.Code, p.Origin)
	}
	return b.String()
}

// TestNothingTakesAManifestOutOfSight holds ways in which a change could hide
// prod/pod.yaml from a discovery of the whole tree: each must leave it in a
// unit, or make the verdict unknown. What cannot be a way round is a Notice.
func TestNothingTakesAManifestOutOfSight(t *testing.T) {
	const pod = ": apiVersion: v1; kind: Pod; metadata: {name: a}; spec: {containers: [{image: evil}]}\n"
	const evil = "prod/pod.yaml" + pod
	for _, c := range []struct{ name, tree, want string }{
		{"a library chart above it", evil + "Chart.yaml: type: library\nprod/Chart.yaml: type: library",
			"unseen manifests-unread prod/pod.yaml\n"},
		{"a library chart, further up", "apps/" + evil + "apps/Chart.yaml: type: library",
			"manifests apps/prod\n"},
		{"a chart, further up", "apps/" + evil + "apps/Chart.yaml: name: x\napps/templates/a.yaml",
			"helm apps\nmanifests apps/prod\n"},
		{"the templates of a chart that is not rendered", "prod/templates/a.yaml" + pod + "prod/Chart.yaml: type: library",
			"unseen manifests-unread prod/templates/a.yaml\n"},
		{"directories of a chart that Helm does not render", "c/ci/a.yaml" + pod + "c/charts/_x/a.yaml" + pod + "c/charts/x/a.yaml" + pod + "c/Chart.yaml: name: c",
			"helm c\nunseen manifests-unread c/charts/_x/a.yaml\nunseen manifests-unread c/charts/x/a.yaml\nunseen manifests-unread c/ci/a.yaml\n"},
		{"a subchart that Helm passes over", "c/Chart.yaml: name: c\nc/charts/_x/Chart.yaml: name: x",
			"helm c\nhelm c/charts/_x\n"},
		{"a component that nothing uses claims it", evil + "decoy/kustomization.yaml: kind: Component; resources: [../prod/pod.yaml]",
			"manifests prod\nunseen component-unused decoy/kustomization.yaml\n"},
		{"a component that nothing uses inflates its chart", "decoy/charts/x/Chart.yaml: name: x\ndecoy/kustomization.yaml: kind: Component; helmCharts: [{name: x}]",
			"helm decoy/charts/x\nunseen component-unused decoy/kustomization.yaml\n"},
		{"its own kustomization is a component that nothing uses", evil + "prod/kustomization.yaml: kind: Component; resources: [pod.yaml]",
			"unseen component-unused prod/kustomization.yaml\n"},
		{"a component that only patches", "c/kustomization.yaml: kind: Component; patches: [{path: patch.yaml}]\nc/patch.yaml",
			"notice component-unused c/kustomization.yaml\nnotice manifests-unread c/patch.yaml\n"},
		{"a component that does not parse", "c/kustomization.yaml: kind: Component; resources: [", "kustomize c\n"},
		{"a generator claims it as data", evil + "kustomization.yaml: configMapGenerator: [{name: x, files: [prod/pod.yaml]}]",
			"kustomize .\nmanifests prod\n"},
		{"crds claims it", evil + "kustomization.yaml: crds: [prod/pod.yaml]", "kustomize .\nmanifests prod\n"},
		{"a patch for nothing claims it", evil + "kustomization.yaml: patches: [{path: prod/pod.yaml, target: {kind: X}}]",
			"kustomize .\nmanifests prod\n"},
		{"data without an image is data", "prod/rules.yaml\nkustomization.yaml: configMapGenerator: [{name: x, files: [prod/rules.yaml]}]",
			"kustomize .\n"},
		{"its kind is in base64", "prod/pod.yaml: apiVersion: v1; !!binary a2luZA==: Pod; metadata: {name: a}; spec: {containers: [{image: evil}]}\n", "manifests prod\n"},
		{"data of a kustomization beside it", evil + "prod/kustomization.yaml: configMapGenerator: [{name: x, files: [pod.yaml]}]",
			"kustomize prod\n"},
		{"a kustomization beside it does not list it", evil + "prod/b.yaml\nprod/kustomization.yaml: resources: []",
			"kustomize prod\nunseen manifests-unread prod/b.yaml\n"},
		{"another kustomization rewrites its image", evil + "prod/kustomization.yaml: resources: [pod.yaml]\ndecoy/kustomization.yaml: resources: [../prod]; images: [{name: evil, newName: good}]",
			"kustomize decoy\nnotice kustomization-used prod/kustomization.yaml\n"},
		{"a kustomization beside a chart claims the chart's dependency", "a/kustomization.yaml: resources: []\na/Chart.yaml: dependencies: [{repository: 'file://../b'}]\nb/Chart.yaml: name: b",
			"kustomize a\nhelm b\n"},
		{"a hidden directory", "." + evil, "manifests .prod\n"},
		{"Jsonnet alone", "prod/a.jsonnet: {}\nlib/a.libsonnet: {}", "unseen jsonnet-not-rendered prod/a.jsonnet\n"},
		{"Jsonnet beside what a kustomization claims", "prod/a.jsonnet: {}\nprod/b.yaml\nprod/c.yaml\nkustomization.yaml: resources: [prod/b.yaml]",
			"kustomize .\nmanifests prod [c.yaml a.jsonnet]\n"},
		{"what is no object of a cluster", "prod/kustomization.yaml: resources: []\nprod/crd.yaml: apiVersion: apiextensions.k8s.io/v1; kind: CustomResourceDefinition; description: an image\nprod/policy.yaml: apiVersion: syncgate.dev/v1alpha1; kind: ImagePolicy",
			"kustomize prod\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := severities(render.Discover(t.Context(), treeOf(c.tree), render.DiscoverOptions{})); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestNamedDirectoryHidesNothingBelow shows that a directory of plain
// manifests that is named stands for all below it.
func TestNamedDirectoryHidesNothingBelow(t *testing.T) {
	tree := treeOf(`
		p/a.yaml
		p/sub/b.yaml
		p/k/kustomization.yaml: resources: [../../base]
		p/c/Chart.yaml: name: c
		base/kustomization.yaml: resources: []
		q/sub/b.yaml
		k/kustomization.yaml: resources: []
		k/sub/b.yaml`)
	for _, c := range []struct{ path, want string }{
		{"p", "manifests p\nhelm p/c\nkustomize p/k\nmanifests p/sub\n"},
		{"q", "manifests q/sub\n"},
		{"k", "kustomize k\n"},
	} {
		units, problems := render.Discover(t.Context(), tree, render.DiscoverOptions{Paths: []string{c.path}})
		if got := severities(units, problems); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.path, got, c.want)
		}
		for _, u := range units {
			if !u.Named {
				t.Errorf("%s: unit %s is not named", c.path, u.Name)
			}
		}
	}
}

// TestSymlinksToDirectoriesAreFollowed shows that each real directory is
// looked at once, whatever leads to it, and that circles end.
func TestSymlinksToDirectoriesAreFollowed(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		links map[string]string
		want  string
	}{
		{"to a directory that is passed over", map[string]string{".github/x/pod.yaml": pod}, map[string]string{"prod": ".github/x"}, "manifests prod\n"},
		{"to a directory that is walked", map[string]string{".h/pod.yaml": pod}, map[string]string{"prod": ".h"}, "manifests .h\n"},
		{"to what is above", map[string]string{"a/pod.yaml": pod}, map[string]string{"a/up": "..", "self": "."}, "manifests a\n"},
		{"in circles", map[string]string{".git/a/pod.yaml": pod}, map[string]string{".git/a/b": "../a", "x": ".git/a", "y": "x"}, "manifests x\n"},
		{"of a base", map[string]string{".h/kustomization.yaml": "resources: [pod.yaml]", ".h/pod.yaml": pod, "k/kustomization.yaml": "resources: [../prod]"},
			map[string]string{"prod": ".h"}, "kustomize k\nnotice kustomization-used .h/kustomization.yaml\n"},
		{"out of the tree", map[string]string{"a/pod.yaml": pod}, map[string]string{"out": "/", "up": "../.."}, "manifests a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for name, target := range c.links {
				if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			if got := severities(render.Discover(t.Context(), render.Tree{FS: root.FS()}, render.DiscoverOptions{})); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestNamesInjectNothing shows that a path with control characters is no
// unit, and is quoted wherever it is told.
func TestNamesInjectNothing(t *testing.T) {
	pod := &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")}
	for _, name := range []string{"a\n---\nb/p.yaml", "a\x1b[31m/p.yaml", "a/p\u202e.yaml", "a\xff/p.yaml", "a/\u009b.yaml"} {
		tree := render.Tree{FS: fstest.MapFS{"ok/a.yaml": pod, name: pod}}
		units, problems := render.Discover(t.Context(), tree, render.DiscoverOptions{})
		if len(units) != 1 || len(problems) != 1 || problems[0].Severity != render.Unseen {
			t.Errorf("%q: %v %v", name, units, problems)
		}
		_, named := render.Discover(t.Context(), tree, render.DiscoverOptions{Paths: []string{filepath.Dir(name), "ok"}})
		own := &render.Problem{Message: "m", Origin: render.Origin{File: name, Line: 1}}
		for _, text := range []string{own.Error(), problems[0].Error(), named[0].Error()} {
			if strings.ContainsAny(text, "\n\x1b\u202e\u009b") || strings.Contains(text, "\xff") {
				t.Errorf("%q is told as %q", name, text)
			}
		}
	}
}

// TestManyUnreadDirectoriesAreToldInFew shows that the list of problems stays
// short, and that what is summed up is Unseen too.
func TestManyUnreadDirectoriesAreToldInFew(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "a%d/kustomization.yaml: resources: []\na%d/pod.yaml: apiVersion: v1; kind: Pod; image: x\n", i, i)
	}
	_, problems := render.Discover(t.Context(), treeOf(text.String()), render.DiscoverOptions{})
	if len(problems) != 50 || problems[49].Severity != render.Unseen || !strings.Contains(problems[49].Message, "950 more") {
		t.Errorf("%d problems, the last %v", len(problems), problems[len(problems)-1])
	}
}
