package kustomize_test

import (
	"context"
	"errors"
	"strings"
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
			got, err := renderer.Render(context.Background(), unit.Tree(t), source(unit))
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

// source is how the corpus built a unit.
func source(unit rendertest.Unit) render.Source {
	s := render.Source{Kind: render.Kustomize, Path: unit.Path}
	if strings.Contains(unit.Note, "LoadRestrictionsNone") {
		s.Load = render.LoadTree
	}
	return s
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
