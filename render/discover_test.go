package render_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
)

// treeOf makes a tree of files given one a line as "path" or "path: content",
// in which a semicolon ends a line of the content. A path without content
// that ends in .yaml holds a manifest.
func treeOf(text string) render.Tree {
	files := fstest.MapFS{}
	for line := range strings.Lines(text) {
		name, content, found := strings.Cut(strings.TrimSpace(line), ": ")
		if name == "" {
			continue
		}
		if !found {
			content = "apiVersion: v1; kind: Pod; metadata: {name: a}"
		}
		var data strings.Builder
		for row := range strings.SplitSeq(content, ";") {
			data.WriteString(strings.TrimPrefix(row, " ") + "\n")
		}
		files[name] = &fstest.MapFile{Data: []byte(data.String())}
	}
	return render.Tree{FS: files}
}

// describe writes units and problems one a line.
func describe(units []render.Unit, problems []render.Problem) string {
	var b strings.Builder
	for _, u := range units {
		fmt.Fprintf(&b, "%s %s", u.Sources[0].Kind, u.Name)
		if len(u.Sources[0].Files) > 0 {
			fmt.Fprint(&b, " ", u.Sources[0].Files)
		}
		b.WriteString("\n")
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %s\n", p.Code, p.Origin)
	}
	return b.String()
}

func TestDiscover(t *testing.T) {
	for _, c := range []struct{ name, tree, want string }{
		{"one of each", `
			web/kustomization.yaml: resources: [deploy.yaml]
			web/deploy.yaml
			chart/Chart.yaml: name: x
			chart/templates/deploy.yaml
			plain/a.yaml
			plain/sub/b.json: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
			README.md: hello`,
			"helm chart\nmanifests plain\nmanifests plain/sub\nkustomize web\n"},
		{"overlays use bases", `
			base/kustomization.yml: resources: [a.yaml]
			base/a.yaml
			old/Kustomization: bases: [../base]
			prod/kustomization.yaml: resources: [../base, extra.yaml]
			prod/extra.yaml`,
			"kustomize old\nkustomize prod\nkustomization-used base/kustomization.yml\n"},
		{"components", `
			components/tls/kustomization.yaml: kind: Component; patches: [{path: patch.yaml}]
			components/tls/patch.yaml
			prod/kustomization.yaml: components: [../components/tls]`,
			"kustomize prod\n"},
		{"a component that nothing uses is told, and what it alone uses is not lost", `
			c/kustomization.yaml: kind: Component; resources: [../base]
			base/kustomization.yaml: resources: [a.yaml]
			base/a.yaml`,
			"kustomize base\ncomponent-unused c/kustomization.yaml\n"},
		{"kustomizations that use each other", `
			a/kustomization.yaml: resources: [../b]
			b/kustomization.yaml: resources: [../a]
			c/kustomization.yaml: resources: [../c]`,
			"kustomize a\nkustomize c\nkustomization-used b/kustomization.yaml\n"},
		{"kustomize wins over helm", `
			a/kustomization.yaml: resources: []
			a/Chart.yaml: name: a
			a/templates/x.yaml`,
			"kustomize a\n"},
		{"a kustomization that does not parse is a unit", `
			a/kustomization.yaml: resources: [`,
			"kustomize a\n"},
		{"files that kustomizations read from elsewhere", `
			overlay/kustomization.yaml: resources: [../shared/a.yaml]; patches: [{path: ../shared/patch.yaml}]; configMapGenerator: [{name: x, files: [k=../shared/c.json]}]
			shared/a.yaml
			shared/b.yaml
			shared/patch.yaml
			shared/values.yaml: a: b
			shared/c.json: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}`,
			"kustomize overlay\nmanifests shared [b.yaml values.yaml]\n"},
		{"all files are read from elsewhere", `
			overlay/kustomization.yaml: resources: [../shared/a.yaml]
			shared/a.yaml`,
			"kustomize overlay\n"},
		{"a remote base names no directory of the tree", `
			a/kustomization.yaml: resources: ["https://example.com/x?ref=base", /base]
			a/base/kustomization.yaml: resources: []
			base/a.yaml`,
			"kustomize a\nkustomize a/base\nmanifests base\n"},
		{"subcharts, libraries and file dependencies", `
			app/Chart.yaml: dependencies: [{name: lib, repository: "file://../lib"}, {name: dep, repository: "file://../dep"}]
			app/charts/sub/Chart.yaml: name: sub
			app/charts/sub/templates/a.yaml
			dep/Chart.yaml: name: dep
			lib/Chart.yaml: type: library
			old/Chart.yaml: name: old
			old/requirements.yaml: dependencies: [{repository: "file://../olddep"}]
			olddep/Chart.yaml: name: olddep`,
			"helm app\nhelm old\n"},
		{"charts that a kustomization inflates", `
			k/kustomization.yaml: helmCharts: [{name: a, valuesFile: v.yaml}]
			k/charts/a/Chart.yaml: name: a
			home/kustomization.yaml: helmGlobals: {chartHome: ../lib}; helmCharts: [{name: b}]
			lib/b/Chart.yaml: name: b`,
			"kustomize home\nkustomize k\n"},
		{"a chart has what Helm reads, and hides nothing else", `
			chart/Chart.yaml: name: x
			chart/examples/a.yaml
			chart/files/template.yaml: {{ if }}; apiVersion: v1; kind: Pod
			chart/templates/a.yaml
			chart/crds/a.yaml
			chart/templates/kustomization.yaml: resources: []
			chart/deploy/kustomization.yaml: resources: []`,
			"helm chart\nkustomize chart/deploy\nmanifests chart/examples\n"},
		{"a chart at the root does not hide the repository", `
			Chart.yaml: name: x
			templates/a.yaml
			crds/a.yaml
			ci/values.yaml: a: b
			values.yaml: a: b
			deploy/a.yaml`,
			"helm .\nmanifests deploy\n"},
		{"hidden directories are looked at, but for those of forges and the like", `
			.github/workflows/a.yaml
			.git/a.yaml
			a/.hidden/b.yaml
			a/b.yaml`,
			"manifests a\nmanifests a/.hidden\n"},
		{"what is no manifest", `
			a/values.yaml: apiVersion: v1; foo: bar
			a/nested.yaml: x: {apiVersion: v1, kind: Pod}
			a/list.yaml: - apiVersion: v1;   kind: Pod
			a/package.json: {"name": "x"}
			a/UPPER.YAML`,
			""},
		{"manifests in disguise", `
			a/flow.yaml: {apiVersion: v1, kind: Pod, metadata: {name: a}}
			b/quoted.yaml: "apiVersion": v1; 'kind' : Pod
			c/indented.yaml:   apiVersion: v1;  kind: Pod
			d/escaped.yaml: "api\x56ersion": v1; "\u006bind": Pod
			e/second.yaml: a: b; ---; apiVersion: v1; kind: Pod
			f/escaped.json: {"\u0061piVersion": "v1", "kind": "Pod"}
			g/broken.yaml: {{ if }}; apiVersion: v1; kind: Pod
			h/list.yaml: {kind: List, apiVersion: v1, items: [{apiVersion: v1, kind: Pod}]}`,
			"manifests a\nmanifests b\nmanifests c\nmanifests d\nmanifests e\nmanifests f\nmanifests g\nmanifests h\n"},
		{"nothing", "README.md: a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := describe(render.Discover(t.Context(), treeOf(c.tree), render.DiscoverOptions{}))
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestDiscoverPaths(t *testing.T) {
	tree := treeOf(`
		apps/web/kustomization.yaml: resources: [../base]
		apps/base/kustomization.yaml: resources: []
		apps/base/a.yaml
		charts/x/Chart.yaml: name: x
		charts/x/kustomization.txt: none
		plain/a.yaml
		.hidden/a.yaml
		empty/README.md: none`)
	for _, c := range []struct{ paths, want string }{
		{"apps/base", "kustomize apps/base\n"},
		{"plain apps/web/ ./apps/web charts/x", "kustomize apps/web\nhelm charts/x\nmanifests plain\n"},
		{"charts/x/templates", "path-not-found \n"},
		{".hidden empty", "manifests .hidden\nmanifests empty\n"},
		{".", "manifests .hidden\nkustomize apps/web\nhelm charts/x\nmanifests plain\nkustomization-used apps/base/kustomization.yaml\nmanifests-unread apps/base/a.yaml\n"},
		{"apps plain", "kustomize apps/web\nmanifests plain\nkustomization-used apps/base/kustomization.yaml\nmanifests-unread apps/base/a.yaml\n"},
		{"apps apps/base", "kustomize apps/base\nkustomize apps/web\nkustomization-used apps/base/kustomization.yaml\nmanifests-unread apps/base/a.yaml\n"},
		{"plain/a.yaml plain", "manifests plain\npath-not-a-directory plain/a.yaml\n"},
		{"../x /plain", "path-not-found \npath-not-found \n"},
	} {
		options := render.DiscoverOptions{Paths: strings.Fields(c.paths)}
		if got := describe(render.Discover(t.Context(), tree, options)); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.paths, got, c.want)
		}
	}
	for path, hint := range map[string]string{
		"app/wbe":    "did you mean apps/web?",
		"apps/web/x": "did you mean apps/web? it has no directories",
		"plain/prod": "did you mean plain? it has no directories",
		"zzzzzz":     ". has the directories .hidden, apps, charts, empty, plain",
		"/apps":      "give a path relative to the root of the repository, such as apps/web",
	} {
		_, problems := render.Discover(t.Context(), tree, render.DiscoverOptions{Paths: []string{path}})
		got := ""
		for _, p := range problems {
			got += p.Hint
			if p.Severity != render.Broken && hint != "" {
				t.Errorf("%s: severity %v", path, p.Severity)
			}
		}
		if got != hint {
			t.Errorf("%s: got %q, want %q", path, got, hint)
		}
	}
}

// TestDiscoverOptions shows that options reach the sources that they are for.
func TestDiscoverOptions(t *testing.T) {
	tree := treeOf(`
		chart/Chart.yaml: name: x
		k/kustomization.yaml: resources: []`)
	units, _ := render.Discover(t.Context(), tree, render.DiscoverOptions{
		Helm: render.HelmOptions{ReleaseName: "r"}, AllowRemote: true, Namespace: "n",
	})
	chart, kustomization := units[0], units[1]
	if chart.Namespace != "n" || chart.Sources[0].Helm.ReleaseName != "r" || chart.Sources[0].Helm.Namespace != "n" || !chart.Sources[0].AllowRemote {
		t.Errorf("%+v", chart)
	}
	if kustomization.Namespace != "n" || !kustomization.Sources[0].AllowRemote || kustomization.Sources[0].Helm.ReleaseName != "" {
		t.Errorf("%+v", kustomization)
	}
}

// brokenFS has a directory that cannot be listed and a file that cannot be
// read.
type brokenFS struct{ fs.FS }

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == "secret" || name == "plain/b.yaml" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.FS.Open(name)
}

func TestWhatCannotBeReadIsUnseen(t *testing.T) {
	tree := treeOf("secret/a.yaml\nplain/a.yaml\nplain/b.yaml")
	units, problems := render.Discover(t.Context(), render.Tree{FS: brokenFS{tree.FS}}, render.DiscoverOptions{})
	want := "manifests plain\ntree-unreadable secret\ntree-unreadable plain/b.yaml\n"
	if got := describe(units, problems); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, p := range problems {
		if p.Severity != render.Unseen || !strings.Contains(p.Message, "permission denied") {
			t.Errorf("%+v", p)
		}
	}
}
