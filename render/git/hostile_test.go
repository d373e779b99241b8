package git_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/render/git"
)

// hash writes an object as it is, however wrong.
func hash(t testing.TB, dir, kind, content string) string {
	t.Helper()
	command := exec.Command("git", "hash-object", "-w", "--literally", "--stdin", "-t", kind)
	command.Dir, command.Stdin = dir, strings.NewReader(content)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("git hash-object: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// item is an entry of a tree object.
func item(t testing.TB, mode, name, id string) string {
	t.Helper()
	raw, err := hex.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	return mode + " " + name + "\x00" + string(raw)
}

// commitTree makes a commit of a tree object.
func commitTree(t testing.TB, dir, tree string) string {
	t.Helper()
	return hash(t, dir, "commit", "tree "+tree+"\nauthor a <a@example.org> 0 +0000\ncommitter a <a@example.org> 0 +0000\n\nx\n")
}

func TestTreesThatGitWouldNotCheckOut(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	blob := hash(t, dir, "blob", "x")
	sub := hash(t, dir, "tree", item(t, "100644", "x", blob))
	missing := strings.Repeat("1", 40)
	for name, test := range map[string]struct{ tree, want string }{
		"parent directory":    {item(t, "40000", "..", sub), `a name that no file can have: ".."`},
		"this directory":      {item(t, "40000", ".", sub), "no file can have"},
		"slash":               {item(t, "100644", "a/b", blob), "no file can have"},
		"git directory":       {item(t, "40000", ".git", sub), "no file can have"},
		"GIT directory":       {item(t, "40000", ".GIT", sub), "no file can have"},
		"a name twice":        {item(t, "100644", "a", blob) + item(t, "100644", "a", blob), "a"},
		"a file and a folder": {item(t, "100644", "a", blob) + item(t, "40000", "a", sub), "a"},
		"long name":           {item(t, "100644", strings.Repeat("a", 5000), blob), "no file can have"},
		"mode":                {"xyz a\x00" + strings.Repeat("\x01", 20), "malformed"},
		"cut off":             {"100644 a\x00abc", "malformed"},
		"missing folder":      {item(t, "40000", "a", missing), "read object " + missing},
		"folder that is none": {item(t, "40000", "a", blob), "read object " + blob},
		"missing symlink":     {item(t, "120000", "a", missing), "read object " + missing},
		"long symlink":        {item(t, "120000", "a", hash(t, dir, "blob", strings.Repeat("a", 5000))), "a symlink of 5000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			id := commitTree(t, dir, hash(t, dir, "tree", test.tree))
			_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: id})
			wantError(t, err, "read commit "+id, test.want)
		})
	}
}

// Folders within folders must not make names of endless length.
func TestDeepTree(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	tree := hash(t, dir, "tree", item(t, "100644", "x", hash(t, dir, "blob", "x")))
	for range 25 {
		tree = hash(t, dir, "tree", item(t, "40000", strings.Repeat("a", 200), tree))
	}
	_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: commitTree(t, dir, tree)})
	wantError(t, err, "a name of more than 4096 bytes")
}

// A tree of eight levels with fifty folders each, all the same, has more
// files than any disk, in a few kilobytes.
func TestTreeBomb(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	tree := hash(t, dir, "tree", item(t, "100644", "x", hash(t, dir, "blob", "x")))
	for range 8 {
		var items strings.Builder
		for i := range 50 {
			items.WriteString(item(t, "40000", fmt.Sprintf("%02d", i), tree))
		}
		tree = hash(t, dir, "tree", items.String())
	}
	id := commitTree(t, dir, tree)
	start := time.Now()
	_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: id})
	wantError(t, err, "the tree holds more than 500000 files")
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %s to say so", took)
	}
}

func TestObjectsThatAreNoCommit(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	blob := hash(t, dir, "blob", "x")
	tag := func(target, kind string) string {
		return hash(t, dir, "tag", "object "+target+"\ntype "+kind+"\ntag x\ntagger a <a@example.org> 0 +0000\n\nx\n")
	}
	chain := tag(blob, "blob")
	for range 12 {
		chain = tag(chain, "tag")
	}
	for id, want := range map[string]string{
		blob:              "it is a blob, not a commit",
		tag(blob, "blob"): "it is a blob, not a commit",
		hash(t, dir, "tree", item(t, "100644", "x", blob)): "it is a tree, not a commit",
		chain: "is a tag of a tag, more than 10 deep",
	} {
		_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: id})
		wantError(t, err, "resolve revision", want)
	}
}

func TestDamagedRepositories(t *testing.T) {
	for name, damage := range map[string]func(dir, id string) error{
		"object": func(dir, id string) error {
			path := dir + "/.git/objects/" + id[:2] + "/" + id[2:]
			if err := os.Chmod(path, 0o644); err != nil {
				return err
			}
			return os.WriteFile(path, []byte("garbage"), 0o644)
		},
		"reference": func(dir, _ string) error {
			return os.WriteFile(dir+"/.git/refs/heads/main", []byte("garbage\n"), 0o644)
		},
		"HEAD": func(dir, _ string) error { return os.WriteFile(dir+"/.git/HEAD", nil, 0o644) },
		"empty object": func(dir, id string) error {
			path := dir + "/.git/objects/" + id[:2] + "/" + id[2:]
			if err := os.Chmod(path, 0o644); err != nil {
				return err
			}
			return os.Truncate(path, 0)
		},
		"another object in its place": func(dir, id string) error {
			path := dir + "/.git/objects/" + id[:2] + "/" + id[2:]
			if err := os.Remove(path); err != nil {
				return err
			}
			files, err := filepath.Glob(dir + "/.git/objects/??/*")
			if err != nil {
				return err
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				return err
			}
			return os.WriteFile(path, data, 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, ids := history(t)
			if err := damage(dir, ids[2]); err != nil {
				t.Fatal(err)
			}
			_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: "HEAD"})
			wantError(t, err, "resolve revision")
		})
	}
}

// A file whose content was changed under its id must not be read as what the
// commit holds.
func TestContentIsHeldToItsID(t *testing.T) {
	dir, _ := history(t)
	object := func(spec string) string {
		id := run(t, dir, "rev-parse", spec)
		return filepath.Join(dir, ".git", "objects", id[:2], id[2:])
	}
	evil, err := os.ReadFile(object("HEAD:c/d.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(object("HEAD:b.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(object("HEAD:b.yaml"), evil, 0o644); err != nil {
		t.Fatal(err)
	}
	tree := open(t, dir, "HEAD")
	data, err := fs.ReadFile(tree.FS, "b.yaml")
	if err == nil {
		t.Fatalf("read %q", data)
	}
	wantError(t, err, "b.yaml", "its content is not what its id stands for")
}

// Whatever bytes of a pack or its index change, the files are what they were
// or cannot be read.
func TestDamagedPacks(t *testing.T) {
	dir, _ := history(t)
	run(t, dir, "gc", "-q", "--prune=now")
	want := read(t, open(t, dir, "HEAD"))
	files, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += 1 + len(whole)/150 {
			damaged := bytes.Clone(whole)
			damaged[at] ^= 0xff
			if err := os.WriteFile(file, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			tree, err := git.Open(t.Context(), git.Options{Source: dir, Revision: "HEAD"})
			if err != nil {
				continue
			}
			for name, text := range want {
				if data, err := fs.ReadFile(tree.FS, name); err == nil && string(data) != text {
					t.Errorf("%s with byte %d changed: %s is %q, want %q", filepath.Base(file), at, name, data, text)
				}
			}
		}
		if err := os.WriteFile(file, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCommitWithoutFiles(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	run(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
	equal(t, "files", read(t, open(t, dir, "HEAD")), map[string]string{})
}
