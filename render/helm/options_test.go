package helm_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
)

// TestOptionsOfDeployers shows what each option that only deployers set does
// alone.
func TestOptionsOfDeployers(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tree := render.Tree{FS: fstest.MapFS{
		"c/Chart.yaml":               file("apiVersion: v2\nname: c\nversion: 1.0.0\n"),
		"c/values.yaml":              file("a: x\n"),
		"c/values.schema.json":       file(`{"properties": {"a": {"type": "string"}}}`),
		"c/crds/crd.yaml":            file("{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: crd}}"),
		"c/templates/map.yaml":       file("{apiVersion: v1, kind: ConfigMap, metadata: {name: map}, data: {a: {{ toJson .Values.a | quote }}}}"),
		"c/templates/test.yaml":      file("{apiVersion: v1, kind: Pod, metadata: {name: test, annotations: {helm.sh/hook: test}}}"),
		"c/templates/hook.yaml":      file("{apiVersion: v1, kind: Pod, metadata: {name: hook, annotations: {helm.sh/hook: pre-install}}}"),
		"files/a,b.txt":              file("1,2\n"),
		"c/templates/dual-hook.yaml": file("{apiVersion: v1, kind: Pod, metadata: {name: dual, annotations: {helm.sh/hook: \"post-install,test\"}}}"),
	}}
	for _, c := range []struct {
		name, names, data string
		options           render.HelmOptions
	}{
		{"none", "crd map dual hook test", `"x"`, render.HelmOptions{}},
		{"SkipCRDs", "map dual hook test", `"x"`, render.HelmOptions{Skip: render.SkipCRDs}},
		{"SkipTests", "crd map hook", `"x"`, render.HelmOptions{Skip: render.SkipTests}},
		{"SkipHooks", "crd map", `"x"`, render.HelmOptions{Skip: render.SkipHooks}},
		{"Set against the schema", "", "", render.HelmOptions{Set: []string{"a=1"}}},
		{"SkipSchema", "crd map dual hook test", "1", render.HelmOptions{Set: []string{"a=1"}, Skip: render.SkipSchema}},
		{"SetString over Set", "crd map dual hook test", `"2"`, render.HelmOptions{Set: []string{"a=1"}, SetString: []string{"a=2"}}},
		{"SetFile over SetString", "crd map dual hook test", `"1,2\n"`, render.HelmOptions{SetString: []string{"a=2"}, SetFile: []string{`a=files/a\,b.txt`}}},
		{"SetFile out of the tree", "", "", render.HelmOptions{SetFile: []string{"a=../../etc/passwd"}}},
		{"SetFile that is not there", "", "", render.HelmOptions{SetFile: []string{"a=files/none"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			objects, err := helm.Renderer{}.Render(t.Context(), tree, render.Source{Kind: render.Helm, Path: "c", Helm: c.options})
			if (err != nil) != (c.names == "") {
				t.Fatalf("error %v", err)
			}
			var names []string
			for _, o := range objects {
				names = append(names, o.ID.Name)
				if data := render.Child(render.Child(o.Node, "data"), "a"); data != nil && data.Value != c.data {
					t.Errorf("data %s, want %s", data.Value, c.data)
				}
			}
			if got := strings.Join(names, " "); got != c.names {
				out, _ := yaml.Marshal(names)
				t.Errorf("got %s want %s", out, c.names)
			}
		})
	}
}
