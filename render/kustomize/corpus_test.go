package kustomize_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpus builds every kustomization of the corpus and compares it, object
// by object, with what kustomize build makes of it.
func TestCorpus(t *testing.T) {
	wants := rendertest.Wants(t)
	renderer := kustomize.New(nil)
	var built, upstream, took, placed, objects int
	for _, unit := range rendertest.Units(t, "kustomize") {
		if unit.OK == rendertest.Skip {
			continue
		}
		t.Run(unit.Repo+"/"+unit.Path, func(t *testing.T) {
			start := time.Now()
			got, err := renderer.Render(context.Background(), unit.Tree(t), unit.Source())
			elapsed := time.Since(start)
			if unit.OK == rendertest.Fail {
				wantProblem(t, err)
				return
			}
			if err != nil {
				t.Fatalf("want %d objects, got %v", unit.Objects, err)
			}
			if len(got) != unit.Objects {
				t.Errorf("got %d objects, want %d", len(got), unit.Objects)
			}
			for _, diff := range rendertest.Diff(unit, wants[unit.Name], got) {
				t.Error(diff)
			}
			for i, object := range got {
				if i < len(wants[unit.Name]) && object.ID != wants[unit.Name][i].ID {
					t.Errorf("object %d is %v, want %v", i, object.ID, wants[unit.Name][i].ID)
					break
				}
				objects++
				if object.Origin.File != "" && object.Origin.Line > 0 {
					placed++
				} else {
					t.Logf("no place: %v", object.ID)
				}
			}
			built++
			upstream += unit.UpstreamMS
			took += int(elapsed.Milliseconds())
		})
	}
	t.Logf("%d units in %d ms, kustomize build took %d ms; %d of %d objects have a line", built, took, upstream, placed, objects)
}

func wantProblem(t *testing.T, err error) {
	t.Helper()
	var problem *render.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("got error %v, want a problem", err)
	}
	if problem.Code == "" || problem.Message == "" || problem.Origin.File == "" || problem.Hint == "" {
		t.Errorf("problem lacks a code, a message, an origin or a hint: %+v", problem)
	}
	if strings.Contains(problem.Error(), "/tree") {
		t.Errorf("message has an internal path: %s", problem.Error())
	}
	t.Logf("%d %s: %s", problem.Severity, problem.Code, problem.Error())
}

// TestParallel builds units at once, one of them with a schema of its own, and
// expects what they build to alone.
func TestParallel(t *testing.T) {
	schema := `
-- kustomization.yaml --
openapi: {path: schema.json}
resources: [c.yaml]
patches: [{patch: '{apiVersion: example.com/v1, kind: Thing, metadata: {name: t}, spec: {list: [{key: a, value: "2"}]}}'}]
-- c.yaml --
apiVersion: example.com/v1
kind: Thing
metadata: {name: t}
spec: {list: [{key: a, value: "1"}, {key: b, value: "1"}]}
-- schema.json --
{"definitions": {"v1.Thing": {"type": "object", "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Thing", "version": "v1"}],
 "properties": {"spec": {"type": "object", "properties": {"list": {"type": "array", "x-kubernetes-patch-merge-key": "key", "x-kubernetes-patch-strategy": "merge",
 "items": {"type": "object", "properties": {"key": {"type": "string"}, "value": {"type": "string"}}}}}}}}}}
`
	plain := strings.Replace(schema, "openapi: {path: schema.json}\n", "", 1)
	renderer := kustomize.New(nil)
	build := func(files string) string {
		objects, err := renderer.Render(context.Background(), render.Tree{FS: rendertest.Files(files)}, render.Source{Kind: render.Kustomize})
		if err != nil || len(objects) != 1 {
			t.Error(objects, err)
			return ""
		}
		text, _ := rendertest.Canonical(objects[0].Node)
		return string(text)
	}
	want := []string{build(schema), build(plain)}
	if want[0] == want[1] || !strings.Contains(want[0], `"b"`) || strings.Contains(want[1], `"b"`) {
		t.Fatalf("the schema makes no difference: %q", want)
	}
	var wait sync.WaitGroup
	for i := range 24 {
		wait.Go(func() {
			if got := build([]string{schema, plain}[i%2]); got != want[i%2] {
				t.Errorf("got %s, want %s", got, want[i%2])
			}
		})
	}
	wait.Wait()
}

// BenchmarkOverlay builds a real overlay with components, patches and images,
// and locates every image of it.
func BenchmarkOverlay(b *testing.B) {
	for _, name := range []string{"kustomize/tests/service-mesh-istio-with-all-components", "config/overlays/all"} {
		for _, unit := range rendertest.Units(b, "kustomize") {
			if unit.Path != name {
				continue
			}
			b.Run(unit.Repo, func(b *testing.B) {
				tree, renderer := unit.Tree(b), kustomize.New(nil)
				for b.Loop() {
					if _, err := renderer.Render(context.Background(), tree, unit.Source()); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(unit.UpstreamMS), "upstream-ms")
			})
		}
	}
}
