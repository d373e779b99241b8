package kustomize

import (
	"bytes"
	"context"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/rendertest"
)

// FuzzObjects builds resources and expects the objects that kustomize prints,
// whatever shortcut was taken, or a problem.
func FuzzObjects(f *testing.F) {
	head := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	for _, text := range []string{
		"data: {a: b}\n", "data:\n  a: |\n   b\n    c\n\n", "data:\n  a: >-\n   b\n    c\n\n   d\n", "x: [1, 0x1, 1e3, 1.0, ~, yes, 2020-01-01, !!str 1, -0, 0755, .5, null, NULL, True]\n",
		"x: &a {b: c}\ny: {<<: *a, d: e}\n", "\"<<\": x\n", "x: \"\\ttab\\x01\\u2028\"\n", "x: |2\n    y\n", "x: ''\n? y\n: z\n", "---\n# c\n---\n" + head, "x: !!binary aGk=\n", "a: 1\na: 2\n", "1: 2\n", "x: 'a\n\n  b'\n",
	} {
		f.Add([]byte(head + text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{"kustomization.yaml": {Data: []byte("resources: [r.yaml]\n")}, "r.yaml": {Data: data}}
		source := render.Source{Kind: render.Kustomize, Path: "."}
		objects, err := New(nil).Render(context.Background(), render.Tree{FS: files}, source)
		if err != nil {
			if p, ok := err.(*render.Problem); !ok || p.Code == "" || p.Hint == "" {
				t.Fatalf("no problem: %#v", err)
			}
			return
		}
		plan, problem := newPlan(context.Background(), files, source, New(nil))
		if problem != nil {
			t.Fatal(problem)
		}
		resources, err := plan.run()
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range resources.Resources() {
			text, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			var want yaml.Node
			if err := yaml.Unmarshal(text, &want); err != nil {
				t.Skip()
			}
			wantForm, errWant := rendertest.Canonical(&want)
			gotForm, errGot := rendertest.Canonical(objects[i].Node)
			if errWant != nil || errGot != nil || !bytes.Equal(wantForm, gotForm) {
				t.Fatalf("got %s, %v\nwant %s, %v", gotForm, errGot, wantForm, errWant)
			}
			objects[i].Locator.Locate(objects[i].ID, render.Field{{Key: "data"}, {Key: "a"}}, "b")
		}
	})
}

// FuzzKustomization plans and builds any kustomization: it must end in objects
// or a problem.
func FuzzKustomization(f *testing.F) {
	for _, text := range []string{
		"resources: [r.yaml]\nimages: [{name: x, newTag: y}]\n", "resources: [../x, https://a/b/c]\n", "bases: [d]\n", "patches: [{patch: '- op: add'}]\n",
		"transformers: ['apiVersion: builtin']\n", "components: [d]\nnamePrefix: &a x\nnameSuffix: *a\n", "secretGenerator: [{name: a, literals: [b=c]}]\n",
		"replacements: [{source: {kind: ConfigMap}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]}]\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{
			"kustomization.yaml":   {Data: data},
			"r.yaml":               {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: x}\n")},
			"d/kustomization.yaml": {Data: []byte("resources: [s.yaml]\n")},
			"d/s.yaml":             {Data: []byte("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n")},
		}
		objects, err := New(nil).Render(context.Background(), render.Tree{FS: files}, render.Source{Kind: render.Kustomize})
		if err != nil {
			if p, ok := err.(*render.Problem); !ok || p.Code == "" || p.Hint == "" {
				t.Fatalf("no problem: %#v", err)
			}
			return
		}
		for _, object := range objects {
			object.Locator.Locate(object.ID, render.Field{{Key: "data"}, {Key: "a"}}, "x")
		}
	})
}
