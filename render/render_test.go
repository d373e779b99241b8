package render_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// rendererFunc is a renderer made of a function.
type rendererFunc func(ctx context.Context, source render.Source) ([]render.Object, error)

func (f rendererFunc) Render(ctx context.Context, _ render.Tree, source render.Source) ([]render.Object, error) {
	return f(ctx, source)
}

// unitsOf makes units of one source of manifests each.
func unitsOf(names ...string) []render.Unit {
	var units []render.Unit
	for _, name := range names {
		units = append(units, render.Unit{Name: name, Namespace: "n", Sources: []render.Source{{Kind: render.Manifests, Path: name}}})
	}
	return units
}

// parse returns the objects of a file.
func parse(file, data string) []render.Object {
	objects, _ := render.ParseObjects(file, []byte(data))
	return objects
}

// render1 renders units with one renderer and describes what comes of it.
func render1(ctx context.Context, units []render.Unit, f rendererFunc) (render.Rendering, string) {
	r := render.Render(ctx, render.Tree{}, units, map[render.SourceKind]render.Renderer{render.Manifests: f})
	var b strings.Builder
	for unit, objects := range r.ByUnit() {
		fmt.Fprintf(&b, "%s %d\n", unit.Name, len(objects))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s %s %d %s\n", p.Unit, p.Code, p.Severity, p.Origin)
	}
	return r, b.String()
}

// TestRender has the rows of the threats on zero objects and on a renderer
// that panics.
func TestRender(t *testing.T) {
	for _, c := range []struct {
		name, want string
		units      []render.Unit
		renderer   rendererFunc
	}{
		{"objects in the order of the units", "a 1\nb 2\nc 1\n", unitsOf("a", "b", "c"), func(_ context.Context, s render.Source) ([]render.Object, error) {
			if s.Path == "b" {
				return parse("b", pod+"x\n---\n"+pod+"y\n"), nil
			}
			return parse(s.Path, pod+"x\n"), nil
		}},
		{"zero objects are never a pass", "a 0\na no-objects 0 a\n", unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) { return nil, nil }},
		{"zero objects with a notice are never a pass", "a 0\na x 2 a\na no-objects 0 a\n", unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) {
			return nil, &render.Problem{Code: "x", Severity: render.Notice}
		}},
		{"zero units are never a pass", " nothing-found 0 \n", nil, nil},
		{"one failure hides no other", "a 0\nb 1\na x 1 f:1\na y 0 a\na render-failed 0 a\n", unitsOf("a", "b"), func(_ context.Context, s render.Source) ([]render.Object, error) {
			if s.Path == "b" {
				return parse("b", pod+"x\n"), nil
			}
			return nil, errors.Join(
				&render.Problem{Code: "x", Severity: render.Broken, Origin: render.Origin{File: "f", Line: 1}},
				fmt.Errorf("wrapped: %w", &render.Problem{Code: "y"}), errors.New("z"))
		}},
		{"objects beside a failure", "a 1\na x 1 a\n", unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) {
			return parse("a", pod+"x\n"), &render.Problem{Code: "x", Severity: render.Broken}
		}},
		{"a renderer that panics is a finding, not a crash", "a 0\nb 1\na renderer-panicked 0 a\n", unitsOf("a", "b"), func(_ context.Context, s render.Source) ([]render.Object, error) {
			if s.Path == "a" {
				panic("broken")
			}
			return parse("b", pod+"x\n"), nil
		}},
		{"a kind that nothing renders", "a 0\na no-renderer 0 \n", []render.Unit{{Name: "a", Sources: []render.Source{{Kind: "jsonnet"}}}}, nil},
		{"the same object twice", "a 4\na duplicate-object 2 a:6:1\n", unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) {
			return parse("a", pod+"x\n---\n"+pod+"x\n  namespace: n\n---\n"+"{apiVersion: v1, kind: Pod, metadata: {generateName: x}}\n---\n{apiVersion: v1, kind: Pod, metadata: {generateName: x}}"), nil
		}},
		{"too many objects", fmt.Sprintf("a %d\na unit-too-large 0 a:1:1\n", bounds.RenderedObjects), unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) {
			return slices.Repeat(parse("a", "{apiVersion: v1, kind: Pod, metadata: {generateName: x}}"), bounds.RenderedObjects+1), nil
		}},
		{"too many bytes", "a 127\na unit-too-large 0 a:1:1\n", unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) {
			return slices.Repeat(parse("a", "{apiVersion: v1, kind: Pod, metadata: {generateName: x}, x: "+strings.Repeat("x", 1<<20)+"}"), 200), nil
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := render1(t.Context(), c.units, c.renderer); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestRenderForever is the row of the threats on a chart that renders
// forever: neither one that heeds its context nor one that does not holds the
// others up.
func TestRenderForever(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	_, got := render1(ctx, unitsOf("heeds", "ignores"), func(ctx context.Context, s render.Source) ([]render.Object, error) {
		cancel()
		if s.Path == "ignores" {
			<-release
		}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	want := "heeds 0\nignores 0\nheeds render-failed 0 heeds\nignores render-failed 0 ignores\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestTimeoutIsUnseen shows that running out of time is told as such, and as
// worth another try.
func TestTimeoutIsUnseen(t *testing.T) {
	problems := render.Problems(fmt.Errorf("template: %w", context.DeadlineExceeded))
	if len(problems) != 1 || problems[0].Code != render.CodeTimeout || problems[0].Severity != render.Unseen || !problems[0].Retryable {
		t.Errorf("%+v", problems)
	}
}

// TestNoObjectIsPassedOver holds even where the counts do not add up.
func TestNoObjectIsPassedOver(t *testing.T) {
	r := render.Rendering{
		Units:   []render.Rendered{{Unit: render.Unit{Name: "a"}, Objects: 1}, {Unit: render.Unit{Name: "b"}, Objects: -1}},
		Objects: slices.Repeat(parse("f", pod+"x\n"), 3),
	}
	got := ""
	for unit, objects := range r.ByUnit() {
		got += fmt.Sprint(unit.Name, len(objects), " ")
	}
	if got != "a1 b0 2 " {
		t.Errorf("got %q", got)
	}
}

// TestPanicHoldsNoValue is the row of the threats on a renderer that panics: a
// finding, not a crash, and what it panicked with is not told.
func TestPanicHoldsNoValue(t *testing.T) {
	r, _ := render1(t.Context(), unitsOf("a"), func(context.Context, render.Source) ([]render.Object, error) {
		panic(fmt.Errorf("password hunter2"))
	})
	if strings.Contains(r.Problems[0].Message, "hunter2") || !strings.Contains(r.Problems[0].Message, "cannot render manifests a") {
		t.Error(r.Problems[0].Message)
	}
}
