package git_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render/git"
)

// monorepo makes a repository with n files in directories of ten, one pack.
func monorepo(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	run(b, dir, "init", "-q")
	var script strings.Builder
	script.WriteString("commit refs/heads/main\ncommitter a <a@example.org> 0 +0000\ndata 0\n")
	for i := range n {
		text := fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c%d\n", i)
		fmt.Fprintf(&script, "M 644 inline apps/team-%d/app-%d/%d.yaml\ndata %d\n%s", i/1000, i/10, i%10, len(text), text)
	}
	load := exec.Command("git", "fast-import", "--quiet")
	load.Dir, load.Stdin = dir, strings.NewReader(script.String())
	if out, err := load.CombinedOutput(); err != nil {
		b.Fatalf("git fast-import: %v\n%s", err, out)
	}
	run(b, dir, "repack", "-q", "-a", "-d")
	run(b, dir, "symbolic-ref", "HEAD", "refs/heads/main")
	return dir
}

func BenchmarkOpen(b *testing.B) {
	dir := monorepo(b, 50_000)
	run(b, dir, "checkout", "-q", "main")
	for name, revision := range map[string]string{"revision": "main", "directory": ""} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := git.Open(b.Context(), git.Options{Source: dir, Revision: revision}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	dir := monorepo(b, 50_000)
	run(b, dir, "checkout", "-q", "main")
	for name, revision := range map[string]string{"revision": "main", "directory": ""} {
		tree, err := git.Open(b.Context(), git.Options{Source: dir, Revision: revision})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("names/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				files := 0
				err := fs.WalkDir(tree.FS, ".", func(_ string, _ fs.DirEntry, err error) error { files++; return err })
				if err != nil || files < 50_000 {
					b.Fatal(files, err)
				}
			}
		})
		b.Run("files/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				n := i * 7919 % 50_000
				if _, err := fs.ReadFile(tree.FS, fmt.Sprintf("apps/team-%d/app-%d/%d.yaml", n/1000, n/10, n%10)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFetch fetches one commit of 10,000 files from a server on
// loopback, into an empty cache each time.
func BenchmarkFetch(b *testing.B) {
	alone(b)
	root := b.TempDir()
	if err := os.Rename(filepath.Join(monorepo(b, 10_000), ".git"), filepath.Join(root, "x.git")); err != nil {
		b.Fatal(err)
	}
	s := serve(b, root, "")
	for b.Loop() {
		if _, err := git.Open(b.Context(), git.Options{Source: s.URL + "/x.git", CacheDir: b.TempDir()}); err != nil {
			b.Fatal(err)
		}
	}
}
