package git_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/git/gittest"
)

// TestChanged compares two revisions by their ids, and a revision with a
// directory by content, with the same result.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	commit := func(files map[string][]byte) string {
		id, err := gittest.Commit(dir, "change", at, files)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := commit(map[string][]byte{"a/b/same": []byte("1"), "a/b/other": []byte("1"), "c/d/e": []byte("1"), "f": []byte("1"), "f.x": []byte("1")})
	commit(map[string][]byte{"a/b/other": []byte("2"), "a/new/x": []byte("1"), "g": []byte("1")})
	open := func(revision string) render.Tree {
		tree, err := git.Open(t.Context(), git.Options{Source: dir, Revision: revision})
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	changed := func(a, b render.Tree) string {
		paths, err := git.Changed(t.Context(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(paths)
		return strings.Join(paths, " ")
	}
	const want = "a/b/other a/new g"
	for name, got := range map[string]string{
		"revisions": changed(open(first), open("HEAD")), "backwards": changed(open("HEAD"), open(first)),
		"directory": changed(open(first), open("")), "from a directory": changed(open(""), open(first)),
	} {
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if got := changed(open(first), open(first)) + changed(open("HEAD"), open("")); got != "" {
		t.Errorf("the same trees differ at %s", got)
	}
	if err := os.Remove(filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("f.x", filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	if got := changed(open("HEAD"), open("")); got != "f" {
		t.Errorf("a file that became a symlink: got %s", got)
	}
}
