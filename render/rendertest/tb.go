package rendertest

import (
	"testing"

	"github.com/syncgate/syncgate/render"
)

// Tree returns the tree of the unit's repository, which is closed when the
// test ends.
func (u Unit) Tree(tb testing.TB) render.Tree {
	tb.Helper()
	tree, closeTree, err := find(tb).Tree(u.Repo)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeTree() })
	return tree
}

// find returns the corpus. Where there is none, the test is skipped.
func find(tb testing.TB) Corpus {
	tb.Helper()
	corpus, err := Find()
	if err != nil {
		tb.Skip(err)
	}
	return corpus
}

// Dir returns the directory of the corpus, or skips the test.
func Dir(tb testing.TB) string {
	tb.Helper()
	return find(tb).Dir
}

// Units returns the units of a type, or skips the test.
func Units(tb testing.TB, kind string) []Unit {
	tb.Helper()
	return must(find(tb).Units(kind))(tb)
}

// Wants returns the expected objects of every unit, or skips the test.
func Wants(tb testing.TB) map[string][]Want {
	tb.Helper()
	return must(find(tb).Wants())(tb)
}

// Images returns the expected images of every unit, or skips the test.
func Images(tb testing.TB) map[string][]WantImage {
	tb.Helper()
	return must(find(tb).Images())(tb)
}

// must ends the test if there is an error.
func must[T any](value T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return value
	}
}
