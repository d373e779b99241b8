package main

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
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

// deployers are objects of Argo CD and Flux that deploy the monorepo.
func deployers() map[string]string {
	const self = "https://git.example.com/acme/deploy"
	application := func(name, source string) string {
		return fmt.Sprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: %s}\nspec:\n  destination: {namespace: %s, server: https://kubernetes.default.svc}\n%s", name, name, source)
	}
	kustomization := func(name, dir, more string) string {
		return fmt.Sprintf("---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: flux-system}\nspec:\n  path: %s\n  sourceRef: {kind: GitRepository, name: deploy}\n%s", name, dir, more)
	}
	data := func(kind, name, image string) string {
		return fmt.Sprintf("apiVersion: v1\nkind: %s\nmetadata: {name: %s, namespace: flux-system}\n%s: {image: '%s'}\n", kind, name, map[string]string{"ConfigMap": "data", "Secret": "stringData"}[kind], image)
	}
	release := func(name, more string) string {
		return fmt.Sprintf("---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: %s, namespace: flux-system}\nspec:\n  chart: {spec: {chart: charts/app2, sourceRef: {kind: GitRepository, name: deploy}}}\n%s", name, more)
	}
	return map[string]string{
		"argo/values.yaml":  application("values", "  source: {repoURL: "+self+", path: charts/app1, helm: {valueFiles: [../app2/values.yaml, missing.yaml], ignoreMissingValueFiles: true}}\n"),
		"argo/overlay.yaml": application("overlay", "  source: {repoURL: "+self+", path: overlays/0, kustomize: {components: [../../component]}}\n"),
		"argo/plain.yaml":   application("plain", "  source: {repoURL: "+self+", path: plain/1}\n"),
		"argo/pinned.yaml":  application("pinned", "  source: {repoURL: "+self+", path: plain/2, kustomize: {commonAnnotations: {at: $ARGOCD_APP_REVISION}}}\n"),
		"argo/several.yaml": application("several", "  sources:\n  - {repoURL: "+self+", path: charts/app3, helm: {valueFiles: [$values/charts/lib/values.yaml]}}\n  - {repoURL: "+self+", ref: values}\n"),
		"argo/more.yaml":    application("more", "  source: {repoURL: "+self+", path: more}\n"),
		"more/app.yaml":     application("below", "  source: {repoURL: "+self+", path: overlays/3}\n"),
		"argo/set.yaml":     "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set}\nspec:\n  generators: [{git: {repoURL: " + self + ", revision: HEAD, directories: [{path: bases/*}]}}]\n  template:\n    metadata: {name: 'set-{{path.basename}}'}\n    spec: {destination: {namespace: set}, source: {repoURL: " + self + ", path: '{{path}}'}}\n",
		"flux/source.yaml":  "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: deploy, namespace: flux-system}\nspec: {url: " + self + ", ref: {branch: main}}\n",
		"flux/all.yaml": kustomization("settings", "./settings", "") + kustomization("apps", "./apps", "  postBuild: {substituteFrom: [{kind: ConfigMap, name: cluster-settings}]}\n") +
			kustomization("bases", "./bases", "") + kustomization("overlay", "./overlays/1", "  components: [../../component]\n") +
			release("web", "  valuesFrom: [{kind: ConfigMap, name: web-values, valuesKey: image, targetPath: image}]\n") +
			release("own", "  values: {image: 'own:1'}\n"),
		"settings/settings.yaml":        data("ConfigMap", "cluster-settings", "settings:1"),
		"settings/web/values.yaml":      data("ConfigMap", "web-values", "values:1"),
		"apps/app/pod.yaml":             "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: c, image: '${image}'}]}\n",
		"apps/other/kustomization.yaml": "resources: [../../bases/3, ../../plain/0/pod.yaml]\n",
		"apps/.sourceignore":            "ignored.yaml\n",
		"apps/app/ignored.yaml":         "apiVersion: v1\nkind: Pod\nmetadata: {name: ignored}\nspec: {containers: [{name: c, image: 'ignored:1'}]}\n",
	}
}

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
			files[name] = strings.NewReplacer(":1'", fmt.Sprintf(":%d'", random.IntN(9)), ":1\n", fmt.Sprintf(":%d\n", random.IntN(9)), "v1}", "v2}", "tag: v1", "tag: v3").Replace(files[name])
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
	slices.Sort(lines) // units come in the order in which they are found
	return strings.Join(lines, "")
}

// TestDiffMissesNothing changes a repository at random, and compares what
// rendering only what the change can touch tells with what rendering everything
// does.
func TestDiffMissesNothing(t *testing.T) {
	rounds, left := 200, 0
	if testing.Short() {
		rounds = 20
	}
	if given, err := strconv.Atoi(os.Getenv("SYNCGATE_DIFF_ROUNDS")); err == nil {
		rounds = given
	}
	f := &sourceFlags{source: ".", cache: &cacheFlags{dir: t.TempDir()}, deployers: deployerFlags{self: []string{"https://git.example.com/acme/deploy"}}}
	for seed := range rounds {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		before := monorepo()
		if seed%2 == 0 {
			before = edit(random, before)
		}
		if seed%3 == 0 {
			before["plain/3/link.yaml"] = "link:../../shared/config.yaml"
		}
		if seed%4 < 3 {
			for name, text := range deployers() {
				// One of the two alone, and both.
				if seed%4 == 0 || strings.HasPrefix(name, "argo/") == (seed%4 == 1) {
					before[name] = text
				}
			}
		}
		after := edit(random, before)
		old, current := treeOf(before), treeOf(after)
		both, _, err := f.renderBoth(t.Context(), old, current)
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
		{"a file that an Application and a Kustomization deploy", "plain/0/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "plain/0"},
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
		f := &sourceFlags{source: ".", cache: &cacheFlags{dir: t.TempDir()}}
		changed, err := git.Changed(t.Context(), old, current)
		if err != nil {
			t.Fatal(err)
		}
		was, _, _ := f.discover(t.Context(), old)
		is, _, _ := f.discover(t.Context(), current)
		engine, err := f.engine()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, unit := range render.RenderChanged(t.Context(), [2]render.Side{was, is}, changed, engine)[1].Units {
			names = append(names, unit.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestDiffLeavesOutDeployersOfWhatDidNotChange names the units that a change
// touches, besides those that are always rendered: they hold deployer objects,
// or values that others are rendered with, or depend on the commit.
func TestDiffLeavesOutDeployersOfWhatDidNotChange(t *testing.T) {
	always := []string{"argo", "flux", "plain/2", "argocd/argocd/more", "argocd/argocd/pinned", "flux/kustomization/flux-system/settings"}
	for _, c := range []struct{ name, file, want string }{
		{"what nothing reads", "README.md", ""},
		{"a manifest", "plain/1/pod.yaml", "argocd/argocd/plain"},
		{"values of another chart", "charts/app2/values.yaml", "argocd/argocd/values flux/helmrelease/flux-system/own flux/helmrelease/flux-system/web"},
		{"values of another source", "charts/lib/values.yaml", "charts/lib argocd/argocd/several"},
		{"a file that is missing", "charts/app1/missing.yaml", "argocd/argocd/values"},
		{"a base of an overlay below the directory", "plain/0/pod.yaml", "apps/app apps/other flux/kustomization/flux-system/apps"},
		{"what a source ignores", "apps/.sourceignore", "apps/app overlays/1 flux/kustomization/flux-system/bases flux/kustomization/flux-system/overlay flux/kustomization/flux-system/apps flux/helmrelease/flux-system/web flux/helmrelease/flux-system/own"},
	} {
		before := monorepo()
		maps.Copy(before, deployers())
		after := maps.Clone(before)
		after[c.file] += "# changed\n"
		f := &sourceFlags{source: ".", cache: &cacheFlags{dir: t.TempDir()}, deployers: deployerFlags{self: []string{"https://git.example.com/acme/deploy"}}}
		both, _, err := f.renderBoth(t.Context(), treeOf(before), treeOf(after))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, unit := range both[1].Units {
			if !slices.Contains(always, unit.Name) {
				names = append(names, unit.Name)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// BenchmarkDiff compares two revisions of a repository with a thousand
// Applications, of which one line differs.
func BenchmarkDiff(b *testing.B) {
	before := monorepo()
	for i := range 1000 {
		name := fmt.Sprintf("app%03d", i)
		before["argo/"+name+".yaml"] = fmt.Sprintf("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: %s}\nspec:\n  destination: {namespace: %s, server: https://kubernetes.default.svc}\n  source: {repoURL: https://git.example.com/acme/deploy, path: apps/%s}\n", name, name, name)
		before["apps/"+name+"/kustomization.yaml"] = "resources: [../../bases/3, pod.yaml]\n"
		before["apps/"+name+"/pod.yaml"] = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'a:1'}]}\n"
	}
	after := maps.Clone(before)
	after["apps/app500/pod.yaml"] += "# changed\n"
	f := &sourceFlags{source: ".", cache: &cacheFlags{dir: b.TempDir()}, deployers: deployerFlags{self: []string{"https://git.example.com/acme/deploy"}}}
	for b.Loop() {
		both, _, err := f.renderBoth(b.Context(), treeOf(before), treeOf(after))
		if err != nil || len(both[1].Units) != 2 {
			b.Fatal(err, len(both[1].Units))
		}
	}
}
