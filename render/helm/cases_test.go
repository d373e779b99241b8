package helm_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCases renders the charts of testdata. The file options holds what helm
// template is told, want the objects with the places of their images.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			tree := rendertest.Txtar(t, file)
			want, err := fs.ReadFile(tree, "want")
			if err != nil {
				t.Fatal(err)
			}
			options, _ := fs.ReadFile(tree, "options")
			objects, err := renderApp(context.Background(), tree, readOptions(t, string(options)))
			if got := list(objects, err); got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func readOptions(t *testing.T, text string) render.HelmOptions {
	var options render.HelmOptions
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "release":
			options.ReleaseName = value
		case "namespace":
			options.Namespace = value
		case "values":
			options.ValueFiles = strings.Fields(value)
		case "set":
			options.Set = append(options.Set, value)
		case "kube":
			options.KubeVersion = value
		case "api":
			options.APIVersions = append(options.APIVersions, value)
		default:
			t.Fatalf("unknown option %q", key)
		}
	}
	return options
}

// list writes objects with their places and those of their images, then
// problems.
func list(objects []render.Object, err error) string {
	var out strings.Builder
	for _, object := range objects {
		fmt.Fprintln(&out, object.ID, object.Origin)
		eachImage(object.Node, nil, func(field render.Field, value string) {
			at := object.Origin
			if object.Locator != nil {
				at = object.Locator.Locate(object.ID, field, value)
			}
			fmt.Fprintln(&out, " ", value, at)
		})
	}
	for _, p := range render.Problems(err) {
		severity := map[render.Severity]string{render.Unseen: "unseen", render.Broken: "broken", render.Notice: "notice"}[p.Severity]
		fmt.Fprintln(&out, severity, p.Code, p.Error())
	}
	return out.String()
}

// eachImage calls f for the images of pods and for their arguments.
func eachImage(node *yaml.Node, field render.Field, f func(render.Field, string)) {
	at := func(step render.Step) render.Field { return append(field[:len(field):len(field)], step) }
	switch {
	case node.Kind == yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			eachImage(node.Content[i+1], at(render.Step{Key: node.Content[i].Value}), f)
		}
	case node.Kind == yaml.SequenceNode:
		for i, item := range node.Content {
			eachImage(item, at(render.Step{Index: i}), f)
		}
	case len(field) > 1 && (field[len(field)-1].Key == "image" || field[len(field)-2].Key == "args"):
		f(field, node.Value)
	}
}

// TestProblems holds what stops a render: how severe it is, where it is, what
// Helm says about it, and what to do.
func TestProblems(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n"
	dependency := func(repository string) string {
		return chartYAML + "dependencies:\n- name: ok\n  version: 1.x\n- name: gone\n  version: 1.x\n  repository: " + repository + "\n"
	}
	okChart := strings.Replace(chartYAML, "app", "ok", 1)
	for name, c := range map[string]struct {
		files   map[string]string
		options render.HelmOptions
		want    string
	}{
		"no chart": {
			files: map[string]string{"Chart.yaml": ""},
			want:  "broken app/Chart.yaml validation: chart.metadata.name is required",
		},
		"unreadable Chart.yaml": {
			files: map[string]string{"Chart.yaml": "name: [\n"},
			want:  "broken app/Chart.yaml:1 cannot load Chart.yaml: error converting YAML to JSON: yaml: line 1: did not find expected node content",
		},
		"a chart of another Helm": {
			files: map[string]string{"Chart.yaml": "apiVersion: v9\nname: app\nversion: 1.0.0\n"},
			want:  `broken app/Chart.yaml unsupported chart version: apiVersion "v9"`,
		},
		"a library chart": {
			files: map[string]string{"Chart.yaml": chartYAML + "type: library\n"},
			want:  "broken app/Chart.yaml library charts are not installable (a library chart deploys nothing by itself: render a chart that depends on it)",
		},
		"a dependency that is not vendored": {
			files: map[string]string{"Chart.yaml": dependency("https://charts.example.com"), "charts/ok/Chart.yaml": okChart},
			want:  "unseen app/Chart.yaml:7:9 found in Chart.yaml, but missing in charts/ directory: gone (run helm dependency build app and commit app/charts)",
		},
		"a dependency in the tree that is not vendored": {
			files: map[string]string{"Chart.yaml": dependency("file://../gone"), "charts/ok/Chart.yaml": okChart, "../gone/Chart.yaml": okChart},
			want:  "unseen app/Chart.yaml:7:9 found in Chart.yaml, but missing in charts/ directory: gone (run helm dependency build app and commit app/charts: a file:// dependency, too, is rendered from charts/ alone)",
		},
		"a dependency of requirements.yaml": {
			files: map[string]string{"Chart.yaml": "name: app\nversion: 1.0.0\n", "requirements.yaml": "dependencies:\n  - name: gone\n    version: 1.x\n"},
			want:  "unseen app/requirements.yaml:2:11 found in Chart.yaml, but missing in charts/ directory: gone (run helm dependency build app and commit app/charts)",
		},
		"a file in charts": {
			files: map[string]string{"charts/README.md": "x"},
			want:  "broken app/charts/README.md/Chart.yaml error unpacking subchart README.md in app: Chart.yaml file is missing",
		},
		"unreadable values of a subchart": {
			files: map[string]string{"charts/ok/Chart.yaml": okChart, "charts/ok/values.yaml": "a: b\nc: d: e\n"},
			want:  "broken app/charts/ok/values.yaml:2 error unpacking subchart ok in app: cannot load values.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
		},
		"two copies of a subchart": {
			files: map[string]string{"charts/ok/Chart.yaml": okChart, "charts/ok-2/Chart.yaml": okChart},
			want:  "broken app/charts/ok-2 chart app holds two copies of ok, and Helm takes either: app/charts/ok and app/charts/ok-2 (remove the copy that is not meant)",
		},
		"values against the schema": {
			files: map[string]string{"values.yaml": "size: x\n", "values.schema.json": `{"properties":{"size":{"type":"number"}}}`},
			want:  "broken app/values.schema.json values don't meet the specifications of the schema(s) in the following chart(s): app: - at '/size': got string, want number",
		},
		"values against the schema of a subchart": {
			files: map[string]string{"values.yaml": "ok: {size: x}\n", "charts/ok/Chart.yaml": okChart, "charts/ok/values.schema.json": `{"required":["m"]}`},
			want:  "broken app/charts/ok/values.schema.json values don't meet the specifications of the schema(s) in the following chart(s): ok: - at '': missing property 'm'",
		},
		"a cluster that is too old": {
			files:   map[string]string{"Chart.yaml": chartYAML + "kubeVersion: \">=1.30\"\n"},
			options: render.HelmOptions{KubeVersion: "1.29"},
			want:    "broken app/Chart.yaml chart requires kubeVersion: >=1.30 which is incompatible with Kubernetes v1.29",
		},
		"a cluster version that is none": {
			options: render.HelmOptions{KubeVersion: "latest"},
			want:    `broken app/Chart.yaml invalid kube version 'latest': could not parse "latest" as version`,
		},
		"a release name that is none": {
			options: render.HelmOptions{ReleaseName: "Not_A_Name"},
			want:    `broken app/Chart.yaml release name check failed: release name "Not_A_Name": invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53`,
		},
		"an assignment that is none": {
			options: render.HelmOptions{Set: []string{"a[b]=c"}},
			want:    `broken app/Chart.yaml failed parsing --set data: error parsing index: strconv.Atoi: parsing "b": invalid syntax`,
		},
		"a value file that is not there": {
			options: render.HelmOptions{ValueFiles: []string{"app/gone.yaml"}},
			want:    `broken app/gone.yaml value file "app/gone.yaml" does not exist`,
		},
		"a value file that is no YAML": {
			files:   map[string]string{"v.yaml": "a: b\n  c\n- d\n"},
			options: render.HelmOptions{ValueFiles: []string{"app/v.yaml"}},
			want:    "broken app/v.yaml:2 failed to parse app/v.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 2: did not find expected key",
		},
		"fail in a helper": {
			files: map[string]string{
				"templates/_h.tpl": "{{ define \"h\" }}\n  {{ fail \"no luck\" }}{{ end }}",
				"templates/t.yaml": pod + "a: {{ include \"h\" . }}\n",
			},
			want: "broken app/templates/_h.tpl:2:6 execution error at (app/templates/t.yaml:5:6): no luck",
		},
		"a field of nothing in a helper": {
			files: map[string]string{
				"templates/_h.tpl": "{{ define \"h\" }}\n  {{ .Values.a.b }}{{ end }}",
				"templates/t.yaml": pod + "a: {{ include \"h\" . }}\n",
			},
			want: `broken app/templates/_h.tpl:2:13 app/templates/_h.tpl:2:12: executing "h" at <.Values.a.b>: nil pointer evaluating interface {}.b (included from app/templates/t.yaml:5:6)`,
		},
		"a function that panics": {
			files: map[string]string{"templates/t.yaml": pod + "a: {{ repeat -1 \"x\" }}\n"},
			want:  `broken app/templates/t.yaml:5:7 app/templates/t.yaml:5:6: executing "app/templates/t.yaml" at <repeat -1 "x">: error calling repeat: strings: negative Repeat count`,
		},
		"a template that does not parse": {
			files: map[string]string{"templates/t.yaml": pod + "a: {{ if }}\n"},
			want:  "broken app/templates/t.yaml:5 parse error at (app/templates/t.yaml:5): missing value for if",
		},
		"a template of a subchart": {
			files: map[string]string{"charts/ok/Chart.yaml": okChart, "charts/ok/templates/t.yaml": "{{ .Values.a.b }}"},
			want:  `broken app/charts/ok/templates/t.yaml:1:11 app/charts/ok/templates/t.yaml:1:10: executing "app/charts/ok/templates/t.yaml" at <.Values.a.b>: nil pointer evaluating interface {}.b`,
		},
		"output that is no YAML": {
			files: map[string]string{"templates/t.yaml": pod + "{{ if true }}\n---\n{{ end }}\nkind: Pod\na: b\n  c: {{ .Release.Name }}\n d: e: f\n"},
			want:  "broken app/templates/t.yaml YAML parse error on app/templates/t.yaml: error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context (the line is that of the rendered text: run helm template --debug to see it)",
		},
		"output that is no YAML, at a line that is as in the template": {
			files: map[string]string{"templates/t.yaml": pod + "  {{- if true }}\nspec: x: y\n  {{- end }}\n"},
			want:  "broken app/templates/t.yaml:6 YAML parse error on app/templates/t.yaml: error converting YAML to JSON: yaml: line 5: mapping values are not allowed in this context (the line is that of the rendered text: run helm template --debug to see it)",
		},
		"output that is no object": {
			files: map[string]string{"templates/t.yaml": "just text\n"},
			want:  "broken app/templates/t.yaml YAML parse error on app/templates/t.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type util.SimpleHead (the line is that of the rendered text: run helm template --debug to see it)",
		},
		"notes that fail": {
			files: map[string]string{"templates/NOTES.txt": `{{ required "give a host" .Values.host }}`},
			want:  "broken app/templates/NOTES.txt:1:4 execution error at (app/templates/NOTES.txt:1:3): give a host",
		},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := renderApp(context.Background(), chartWith(c.files), c.options)
			p := wantProblem(t, objects, err)
			got := map[render.Severity]string{render.Unseen: "unseen", render.Broken: "broken"}[p.Severity] + " " + p.Origin.String() + " " + p.Message
			if p.Hint != "" {
				got += " (" + p.Hint + ")"
			}
			if got != c.want || p.Code != render.CodeFailed {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestPackedSubchart wants the archive as the place of what it holds.
func TestPackedSubchart(t *testing.T) {
	tree := chartWith(map[string]string{"values.yaml": "lib: {tag: '2'}\n", "templates/none.yaml": ""})
	lib := strings.Replace(chartYAML, "app", "lib", 1)
	tree["app/charts/lib-1.0.0.tgz"] = &fstest.MapFile{Data: packed(t,
		"lib/Chart.yaml", lib,
		"lib/values.yaml", "image: quay.io/packed/lib\ntag: '1'\nbad: false\n",
		"lib/crds/c.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: c}\n",
		"lib/templates/p.yaml", "{{ if .Values.bad }}{{ fail \"bad\" }}{{ end }}apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - image: {{ .Values.image }}:{{ .Values.tag }}\n",
	)}
	objects, err := renderApp(context.Background(), tree, render.HelmOptions{})
	want := "CustomResourceDefinition/c app/charts/lib-1.0.0.tgz\nPod/p app/charts/lib-1.0.0.tgz\n  quay.io/packed/lib:2 app/charts/lib-1.0.0.tgz\n"
	if got := list(objects, err); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	_, err = renderApp(context.Background(), tree, render.HelmOptions{Set: []string{"lib.bad=true"}})
	want = "broken render-failed app/charts/lib-1.0.0.tgz: execution error at (app/charts/lib/templates/p.yaml:1:23): bad\n"
	if got := list(nil, err); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNoChart(t *testing.T) {
	objects, err := helm.Renderer{}.Render(context.Background(), render.Tree{FS: fstest.MapFS{"app/values.yaml": {}}}, render.Source{Path: "app"})
	p := wantProblem(t, objects, err)
	if p.Severity != render.Broken || p.Error() != "app: load chart: Chart.yaml file is missing" {
		t.Errorf("got %v", p)
	}
	objects, err = helm.Renderer{}.Render(context.Background(), render.Tree{FS: fstest.MapFS{}}, render.Source{Path: "app"})
	if p := wantProblem(t, objects, err); p.Origin.File != "app" {
		t.Errorf("got %v", p)
	}
}

// TestRootChart has the chart at the root of the repository.
func TestRootChart(t *testing.T) {
	tree := fstest.MapFS{
		"Chart.yaml":       {Data: []byte(chartYAML)},
		"templates/p.yaml": {Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n")},
		".git/config":      {Data: []byte("x")},
	}
	objects, err := helm.Renderer{}.Render(context.Background(), render.Tree{FS: tree}, render.Source{Kind: render.Helm, Path: "."})
	if got := list(objects, err); got != "Pod/p templates/p.yaml\n" {
		t.Errorf("got %s", got)
	}
}
