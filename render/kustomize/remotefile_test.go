package kustomize_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/rendertest"
)

const (
	remotePod   = "apiVersion: v1\nkind: Pod\nmetadata: {name: remote}\nspec: {containers: [{name: c, image: \"example.com/remote:v1\"}]}\n"
	remotePatch = "apiVersion: v1\nkind: Pod\nmetadata: {name: remote}\nspec: {containers: [{name: c, image: \"example.com/patched:v2\"}]}\n"
)

// TestRemoteFiles gets single files that a kustomization names as resources
// and as patches, where remote entries are allowed, and each once.
func TestRemoteFiles(t *testing.T) {
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		switch r.URL.Path {
		case "/pod.yaml":
			fmt.Fprint(w, remotePod)
		case "/patch.yaml":
			fmt.Fprint(w, remotePatch)
		case "/loop.yaml":
			http.Redirect(w, r, "/loop.yaml", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	build := func(kustomization string, allow bool) ([]render.Object, error) {
		renderer := kustomize.New(nil).WithFiles(charts.New(charts.Options{}))
		tree := render.Tree{FS: rendertest.Files("-- kustomization.yaml --\n" + strings.ReplaceAll(kustomization, "URL", server.URL) + "\n-- base/kustomization.yaml --\nnamePrefix: x-\nresources: [" + server.URL + "/pod.yaml]\n")}
		return renderer.Render(t.Context(), tree, render.Source{Kind: render.Kustomize, AllowRemote: allow})
	}
	objects, err := build("resources: [base]\npatches: [{path: URL/patch.yaml}]", true)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	text, _ := rendertest.Canonical(objects[0].Node)
	if !strings.Contains(string(text), "example.com/patched:v2") {
		t.Errorf("got %s", text)
	}
	if asked["/pod.yaml"] != 1 || asked["/patch.yaml"] != 1 {
		t.Errorf("asked %v", asked)
	}
	objects, err = build("resources: [URL/pod.yaml, base]", true)
	if err != nil || len(objects) != 2 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	if file := objects[0].Origin.File; !strings.HasPrefix(file, server.URL+"/pod.yaml#sha256:") || objects[0].Origin.Line != 1 {
		t.Errorf("origin is %v", objects[0].Origin)
	}
	for kustomization, want := range map[string]string{
		"resources: ['URL/none.yaml?token=hidden']": "cannot be fetched: get " + server.URL + "/none.yaml: the server answers 404",
		"resources: [URL/loop.yaml]":                "it redirects more than",
	} {
		_, err := build(kustomization, true)
		if problems := render.Problems(err); len(problems) != 1 || problems[0].Severity != render.Unseen || problems[0].Code != kustomize.CodeRemoteFailed ||
			!strings.Contains(problems[0].Message, want) || strings.Contains(problems[0].Message, "hidden") {
			t.Errorf("%s: got %v", kustomization, err)
		}
	}
	clear(asked)
	if _, err := build("resources: [URL/pod.yaml]", false); err == nil || len(asked) > 0 {
		t.Errorf("got %v, and %v was asked for", err, asked)
	}
}
