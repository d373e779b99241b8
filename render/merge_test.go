package render_test

import (
	"testing"

	"github.com/syncgate/syncgate/render"
)

// What lies outside of the paths that are asked for must not block them, and
// what lies on the way to them must.
func TestWithin(t *testing.T) {
	for file, want := range map[string]render.Severity{
		"apps/shop/x.yaml": render.Unseen,
		"apps/shop":        render.Unseen,
		"apps":             render.Unseen,
		"apps/shopping":    render.Notice,
		"docs":             render.Notice,
	} {
		problems := []render.Problem{{Code: "symlink-outside", Origin: render.Origin{File: file}}}
		for _, path := range []string{"apps/shop", "./apps/shop/"} {
			if got := render.Within(problems, []string{path})[0].Severity; got != want {
				t.Errorf("%s with --path %s: severity %d, want %d", file, path, got, want)
			}
		}
		for _, paths := range [][]string{nil, {"."}, {"docs", ""}} {
			if got := render.Within(problems, paths)[0].Severity; got != render.Unseen {
				t.Errorf("%s with paths %q: severity %d, want unseen", file, paths, got)
			}
		}
	}
}

func TestMergeTellsAFileOnce(t *testing.T) {
	file := func(name string, line int) render.Problem {
		return render.Problem{Code: "x", Origin: render.Origin{File: name, Line: line}}
	}
	got := render.Merge([]render.Problem{file("a", 0), file("b", 0)}, []render.Problem{file("a", 0), file("a", 3), file("c", 0), file("", 0)}, []render.Problem{file("c", 0), file("", 0)})
	if len(got) != 6 {
		t.Errorf("%d problems, want a, b, a:3, c and two of no file: %v", len(got), got)
	}
}
