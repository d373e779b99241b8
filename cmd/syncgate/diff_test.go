package main

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/images"
)

// monorepo is a repository of kustomizations with bases and components,
// charts with dependencies, and plain manifests.
func monorepo() map[string]string {
	pod := func(name, image string) string {
		return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: '%s'}]}\n", name, image)
	}
	files := map[string]string{
		"component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nimages: [{name: shared, newTag: v1}]\n",
		".hidden/kustomization.yaml":   "resources: [pod.yaml]\n",
		".hidden/pod.yaml":             pod("hidden", "hidden:1"),
		"charts/lib/Chart.yaml":        "apiVersion: v2\nname: lib\nversion: 1.0.0\n",
		"charts/lib/templates/a.yaml":  pod("lib", "lib:{{ .Values.tag }}"),
		"charts/lib/values.yaml":       "tag: v1\n",
		"shared/config.yaml":           pod("config", "config:1"),
	}
	for i := range 4 {
		base, overlay, chart := fmt.Sprintf("bases/%d", i), fmt.Sprintf("overlays/%d", i), fmt.Sprintf("charts/app%d", i)
		files[base+"/kustomization.yaml"] = "resources: [pod.yaml]\n"
		files[base+"/pod.yaml"] = pod("base", fmt.Sprintf("base%d:1", i))
		files[overlay+"/kustomization.yaml"] = fmt.Sprintf("namePrefix: o%d-\nresources: [../../bases/%d, ../../bases/%d, own.yaml]\ncomponents: [../../component]\nconfigMapGenerator: [{name: c, files: [image.txt]}]\n", i, i, (i+1)%4)
		files[overlay+"/own.yaml"] = pod("own", "shared:0")
		files[overlay+"/image.txt"] = fmt.Sprintf("quay.io/acme/o%d:1", i)
		files[chart+"/Chart.yaml"] = fmt.Sprintf("apiVersion: v2\nname: app%d\nversion: 1.0.0\n", i)
		files[chart+"/values.yaml"] = "image: app:1\n"
		files[chart+"/templates/a.yaml"] = pod("app", "{{ .Values.image }}")
		files[fmt.Sprintf("plain/%d/pod.yaml", i)] = pod("plain", fmt.Sprintf("plain%d:1", i))
	}
	files["bases/1/kustomization.yaml"] = "namePrefix: one-\nresources: [pod.yaml, ../2]\n"
	files["overlays/2/kustomization.yaml"] = "resources: [../../.hidden, own.yaml]\n"
	return files
}

// application deploys a chart of the repository with values of another one.
const application = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app}
spec:
  destination: {namespace: app, server: https://kubernetes.default.svc}
  source:
    repoURL: https://git.example.com/acme/deploy
    path: charts/app1
    helm: {valueFiles: [../app2/values.yaml]}
`

func treeOf(files map[string]string) render.Tree {
	tree := fstest.MapFS{}
	for name, text := range files {
		mode := fs.FileMode(0o644)
		if target, link := strings.CutPrefix(text, "link:"); link {
			mode, text = fs.ModeSymlink|0o777, target
		}
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: mode}
	}
	return render.Tree{FS: tree}
}

// edit changes some files at random.
func edit(random *rand.Rand, files map[string]string) map[string]string {
	files = maps.Clone(files)
	for range 1 + random.IntN(2) {
		names := slices.Sorted(maps.Keys(files))
		name, other := names[random.IntN(len(names))], names[random.IntN(len(names))]
		switch random.IntN(7) {
		case 0:
			delete(files, name)
		case 1:
			files[name] = files[other]
		case 2:
			files[strings.Replace(name, ".yaml", "-new.yaml", 1)] = files[name]
		case 3:
			if strings.HasSuffix(name, "pod.yaml") {
				files[name] = "link:" + strings.Repeat("../", strings.Count(name, "/")) + "shared/config.yaml"
			}
		default:
			files[name] = strings.NewReplacer(":1", fmt.Sprintf(":%d", random.IntN(9)), "v1}", "v2}", "tag: v1", "tag: v3").Replace(files[name])
		}
	}
	return files
}

// changesOf writes changes, one a line.
func changesOf(before, after render.Rendering) string {
	old, _ := images.Extract(before)
	current, _ := images.Extract(after)
	var lines []string
	for _, c := range images.Diff(old, current) {
		for _, l := range c.Locations {
			lines = append(lines, fmt.Sprintln(c.Kind, c.Reference, c.Was, l.Unit, l.Object, l.Field))
		}
	}
	return strings.Join(lines, "")
}

// TestDiffMissesNothing changes a repository at random, and compares what
// rendering only what the change can touch tells with what rendering everything
// does.
func TestDiffMissesNothing(t *testing.T) {
	rounds, left := 150, 0
	if testing.Short() {
		rounds = 20
	}
	f := &sourceFlags{source: ".", deployers: deployerFlags{self: []string{"https://git.example.com/acme/deploy"}}}
	for seed := range rounds {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		before := monorepo()
		if seed%2 == 0 {
			before = edit(random, before)
		}
		if seed%3 == 0 {
			before["plain/3/link.yaml"] = "link:../../shared/config.yaml"
		}
		if seed%5 == 0 {
			before["plain/apps/app.yaml"] = application
		}
		after := edit(random, before)
		old, current := treeOf(before), treeOf(after)
		both, err := f.renderBoth(t.Context(), old, current)
		if err != nil {
			t.Fatal(err)
		}
		var all [2]render.Rendering
		for i, tree := range []render.Tree{old, current} {
			if all[i], err = f.render(t.Context(), tree); err != nil {
				t.Fatal(err)
			}
		}
		left += len(all[1].Units) - len(both[1].Units)
		if got, want := changesOf(both[0], both[1]), changesOf(all[0], all[1]); got != want {
			t.Errorf("seed %d: got\n%swant\n%s", seed, got, want)
		}
	}
	if left < rounds*4 {
		t.Errorf("%d units left out in %d rounds: want most of those that did not change", left, rounds)
	}
}

// TestDiffLeavesOutWhatDidNotChange names the units that a change touches.
func TestDiffLeavesOutWhatDidNotChange(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"nothing", "", "", ""},
		{"a base", "bases/3/pod.yaml", "x", "overlays/3"},
		{"a base of a base", "bases/2/pod.yaml", "x", "overlays/0 overlays/1"},
		{"a component", "component/kustomization.yaml", "x", "overlays/0 overlays/1 overlays/3"},
		{"a hidden base", ".hidden/pod.yaml", "x", "overlays/2"},
		{"a file of a generator", "overlays/1/image.txt", "x", "overlays/1"},
		{"the values of a chart", "charts/app1/values.yaml", "x", "charts/app1"},
		{"a manifest", "plain/2/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "plain/2"},
		{"the target of a symlink", "shared/config.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "plain/3 shared"},
		{"what nothing reads", "README.md", "x", ""},
		{"an Application, which may stand for anything", "plain/2/pod.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: a}\n", "plain/2"},
	} {
		before, after := monorepo(), monorepo()
		if c.name == "the target of a symlink" {
			before["plain/3/link.yaml"] = "link:../../shared/config.yaml"
			after["plain/3/link.yaml"] = before["plain/3/link.yaml"]
		}
		after[c.file] = c.text
		if c.file == "" {
			delete(after, "")
		}
		old, current := treeOf(before), treeOf(after)
		f := &sourceFlags{source: "."}
		changed, err := git.Changed(t.Context(), old, current)
		if err != nil {
			t.Fatal(err)
		}
		was, _, _ := f.discover(t.Context(), old)
		is, _, _ := f.discover(t.Context(), current)
		_, units, _ := render.Touched(t.Context(), was, is, changed)
		var names []string
		for _, unit := range units {
			names = append(names, unit.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
