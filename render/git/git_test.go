package git_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/git/gittest"
)

// at is when the commits of tests are made.
func at(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }

// commit makes a commit with gittest.
func commit(t testing.TB, dir string, day int, files map[string]string) string {
	t.Helper()
	contents := map[string][]byte{}
	for name, text := range files {
		contents[name] = []byte(text)
	}
	id, err := gittest.Commit(dir, fmt.Sprint("day ", day), at(day), contents)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// run runs git itself, for what only it can make.
func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
		"GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z", "GIT_ALLOW_PROTOCOL=file")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func open(t testing.TB, source, revision string) render.Tree {
	t.Helper()
	tree, err := git.Open(t.Context(), git.Options{Source: source, Revision: revision, CacheDir: filepath.Join(t.TempDir(), "cache")})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// read returns all files of a tree, and what symlinks lead to.
func read(t testing.TB, tree render.Tree) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(tree.FS, ".", func(name string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree.FS, name)
		if err != nil {
			return err
		}
		files[name] = string(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// history is a repository with three commits: b.yaml, then c/d.yaml too, then
// b.yaml changed.
func history(t testing.TB) (dir string, ids [3]string) {
	t.Helper()
	dir = t.TempDir()
	ids[0] = commit(t, dir, 1, map[string]string{"b.yaml": "one"})
	ids[1] = commit(t, dir, 2, map[string]string{"c/d.yaml": "deep"})
	ids[2] = commit(t, dir, 3, map[string]string{"b.yaml": "two"})
	return dir, ids
}

func TestRevisions(t *testing.T) {
	dir, ids := history(t)
	run(t, dir, "tag", "light", ids[0])
	run(t, dir, "tag", "-a", "-m", "x", "v1.0.0", ids[0])
	run(t, dir, "tag", "-a", "-m", "x", "again", "v1.0.0")
	run(t, dir, "branch", "feature/x", ids[1])
	run(t, dir, "update-ref", "refs/remotes/origin/upstream", ids[1])
	run(t, dir, "update-ref", "refs/pull/7/head", ids[0])
	run(t, dir, "tag", "-a", "-m", "x", "tree", ids[0]+"^{tree}")
	shared := filepath.Join(t.TempDir(), "shared")
	run(t, dir, "clone", "-q", "--shared", dir, shared)
	relative := filepath.Join(t.TempDir(), "relative")
	run(t, dir, "clone", "-q", "--shared", dir, relative)
	path, _ := filepath.Rel(filepath.Join(relative, ".git", "objects"), filepath.Join(dir, ".git", "objects"))
	if err := os.WriteFile(filepath.Join(relative, ".git", "objects", "info", "alternates"), []byte(path+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "bare.git")
	run(t, dir, "clone", "-q", "--mirror", dir, bare)
	worktree := filepath.Join(t.TempDir(), "worktree")
	run(t, dir, "worktree", "add", "-q", "--detach", worktree, ids[2])
	packed := filepath.Join(t.TempDir(), "packed")
	run(t, dir, "clone", "-q", "--mirror", "file://"+dir, packed)
	run(t, packed, "gc", "-q", "--aggressive", "--prune=now")
	run(t, packed, "pack-refs", "--all")

	all := map[string]int{
		"HEAD": 2, "@": 2, "main": 2, "refs/heads/main": 2, "heads/main": 2,
		"light": 0, "v1.0.0": 0, "again": 0, "refs/tags/v1.0.0": 0, "tags/v1.0.0": 0,
		"feature/x": 1, "refs/pull/7/head": 0, "pull/7/head": 0,
		"HEAD~1": 1, "HEAD^": 1, "main~2": 0, "main^^": 0, "main~1^1": 0, "v1.0.0^0": 0, "main~": 1,
		ids[1]: 1, ids[1][:7]: 1, ids[0][:12]: 0, ids[2][:11]: 2, strings.ToUpper(ids[1]): 1, ids[1][:8] + "~1": 0,
	}
	with := func(more map[string]int) map[string]int {
		for revision, i := range all {
			more[revision] = i
		}
		return more
	}
	for where, revisions := range map[string]map[string]int{
		dir:             with(map[string]int{"upstream": 1, "origin/upstream": 1}),
		bare:            with(map[string]int{"origin/upstream": 1}),
		packed:          all,
		worktree:        all,
		"file://" + dir: all,
		shared:          {"HEAD": 2, "main": 2, "v1.0.0": 0, ids[1]: 1, ids[1][:7]: 1, "feature/x": 1, "origin": 2},
		relative:        {"HEAD~1": 1, ids[1][:7]: 1},
	} {
		for revision, i := range revisions {
			t.Run(filepath.Base(where)+" "+revision, func(t *testing.T) {
				tree := open(t, where, revision)
				equal(t, "commit", tree.Revision.Commit, ids[i])
				equal(t, "repository", tree.Revision.Repository, where)
				equal(t, "files", read(t, tree), []map[string]string{
					{"b.yaml": "one"}, {"b.yaml": "one", "c/d.yaml": "deep"}, {"b.yaml": "two", "c/d.yaml": "deep"},
				}[i])
				if len(tree.Problems) > 0 {
					t.Errorf("problems: %v", tree.Problems)
				}
			})
		}
	}
}

func TestDirectoryAsItIs(t *testing.T) {
	dir, _ := history(t)
	write(t, dir, "b.yaml", "changed")
	write(t, dir, "new.yaml", "untracked")
	tree := open(t, dir, "")
	equal(t, "revision", tree.Revision, render.Revision{Repository: dir})
	equal(t, "files", read(t, tree), map[string]string{"b.yaml": "changed", "new.yaml": "untracked", "c/d.yaml": "deep"})
	for _, name := range []string{".git", ".git/config", ".git/HEAD"} {
		if _, err := fs.Stat(tree.FS, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want it not to be there", name, err)
		}
	}
	t.Chdir(dir)
	equal(t, "revision of .", open(t, ".", "").Revision, render.Revision{Repository: dir})
}

// A directory below the root of a repository is the root of the tree, with
// and without a revision.
func TestDirectoryBelowTheRoot(t *testing.T) {
	dir, ids := history(t)
	below := filepath.Join(dir, "c")
	want := map[string]string{"d.yaml": "deep"}
	equal(t, "as it is", read(t, open(t, below, "")), want)
	tree := open(t, below, "HEAD")
	equal(t, "at HEAD", read(t, tree), want)
	equal(t, "revision", tree.Revision, render.Revision{Repository: below, Commit: ids[2]})
	_, err := git.Open(t.Context(), git.Options{Source: below, Revision: ids[0]})
	wantError(t, err, "there is no directory c in this commit")
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q\nlacks %q", err, part)
		}
	}
}

func TestUnknownRevisionNamesWhatIsNear(t *testing.T) {
	dir, ids := history(t)
	for _, name := range []string{"production", "staging", "release/2026.01"} {
		run(t, dir, "branch", name)
	}
	for _, name := range []string{"v1.0.0", "v1.1.0", "v2.0.0"} {
		run(t, dir, "tag", name, ids[0])
	}
	run(t, dir, "branch", "both", ids[0])
	run(t, dir, "tag", "both", ids[1])
	for revision, want := range map[string][]string{
		"mian":                        {`resolve revision "mian" of ` + dir, `no branch, tag or commit has that name; did you mean branch "main"`},
		"prod":                        {`did you mean branch "production"`},
		"v1.0":                        {`did you mean tag "v1.0.0"`},
		"2026.01":                     {`did you mean branch "release/2026.01"`},
		"zzzzzzzzzz":                  {"there are 5 branches (both, main, production, release/2026.01, staging) and 4 tags (both, v1.0.0, v1.1.0, v2.0.0)"},
		"deadbeef":                    {`no branch, tag or commit has that name`},
		"HEAD~5":                      {"has 0 parents"},
		"HEAD^2":                      {"has 1 parents"},
		"main~10001":                  {"goes back more than 10000 commits"},
		"main~x":                      {"want ~ and ^ with numbers"},
		"HEAD^{tree}":                 {"does not name one commit"},
		"a..b":                        {"does not name one commit"},
		"main:b.yaml":                 {"does not name one commit"},
		"-x":                          {"looks like an option"},
		"a b":                         {"spaces or control characters"},
		"both":                        {"a tag and a branch have that name; write refs/tags/both or refs/heads/both"},
		"refs/heads/":                 {"no branch, tag or commit has that name"},
		strings.Repeat("0", 39) + "1": {"resolve revision", "is not in the repository"},
	} {
		t.Run(revision, func(t *testing.T) {
			_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: revision})
			wantError(t, err, want...)
		})
	}
}

func TestAmbiguousShortID(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "init", "-q")
	var script strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&script, "commit refs/heads/main\ncommitter a <a@example.org> %d +0000\ndata 0\n", i)
	}
	load := exec.Command("git", "fast-import", "--quiet")
	load.Dir, load.Stdin = dir, strings.NewReader(script.String())
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	seen := map[string]string{}
	for id := range strings.FieldsSeq(run(t, dir, "rev-list", "--all")) {
		if other, ok := seen[id[:5]]; ok {
			_, err := git.Open(t.Context(), git.Options{Source: dir, Revision: id[:5]})
			ids := []string{id, other}
			slices.Sort(ids)
			wantError(t, err, "it is short for 2 commits ("+strings.Join(ids, ", ")+"); give more digits")
			return
		}
		seen[id[:5]] = id
	}
	t.Fatal("no two commits begin with the same five digits")
}

func TestBranchNamedLikeACommit(t *testing.T) {
	dir, ids := history(t)
	run(t, dir, "update-ref", "refs/heads/"+ids[0], ids[2])
	equal(t, "full id", open(t, dir, ids[0]).Revision.Commit, ids[0])
	equal(t, "reference", open(t, dir, "refs/heads/"+ids[0]).Revision.Commit, ids[2])
}

func TestSourcesThatAreNoRepository(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(empty, "file")
	write(t, empty, "file", "x")
	unborn := t.TempDir()
	run(t, unborn, "init", "-q")
	reftable := t.TempDir()
	run(t, reftable, "init", "-q")
	run(t, reftable, "config", "extensions.refStorage", "reftable")
	sha256 := t.TempDir()
	run(t, sha256, "init", "-q", "--object-format=sha256")
	broken := t.TempDir()
	write(t, broken, ".git", "nonsense")
	for name, test := range map[string]struct{ source, revision, want string }{
		"missing directory":             {filepath.Join(empty, "none"), "", "no such file or directory"},
		"missing repository":            {filepath.Join(empty, "none"), "main", "no such file or directory"},
		"file":                          {file, "", "not a directory"},
		"file at a revision":            {file, "main", "it is not a directory"},
		"directory without repository":  {empty, "main", "it is not in a Git repository; leave out --revision"},
		"file URL without repository":   {"file://" + empty, "", "it is not in a Git repository"},
		"repository without commits":    {unborn, "HEAD", "it has no commit yet"},
		"repository without references": {unborn, "main", "the repository has no branches and no tags"},
		"reftable":                      {reftable, "main", "git refs migrate --ref-format=files"},
		"SHA-256":                       {sha256, "main", "SHA-256"},
		"broken .git file":              {broken, "main", "its .git file does not say where the repository is"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := git.Open(t.Context(), git.Options{Source: test.source, Revision: test.revision})
			wantError(t, err, test.want)
		})
	}
}

func TestShallowCloneSaysSo(t *testing.T) {
	dir, ids := history(t)
	shallow := filepath.Join(t.TempDir(), "shallow")
	run(t, dir, "clone", "-q", "--depth=1", "file://"+dir, shallow)
	equal(t, "HEAD", open(t, shallow, "HEAD").Revision.Commit, ids[2])
	for _, revision := range []string{"HEAD~1", ids[0]} {
		_, err := git.Open(t.Context(), git.Options{Source: shallow, Revision: revision})
		wantError(t, err, "the clone is shallow; fetch it with more depth")
	}
}

func TestPartialCloneSaysSo(t *testing.T) {
	dir, _ := history(t)
	run(t, dir, "config", "uploadpack.allowFilter", "true")
	partial := filepath.Join(t.TempDir(), "partial")
	run(t, dir, "clone", "-q", "--filter=blob:none", "--no-checkout", "file://"+dir, partial)
	_, err := fs.ReadFile(open(t, partial, "HEAD").FS, "b.yaml")
	wantError(t, err, "b.yaml", "shallow or partial clone")
}

func TestFileSystems(t *testing.T) {
	dir, _ := history(t)
	write(t, dir, "z/e", "empty?")
	write(t, dir, "z-first", "sorts before z/ in git, after z by name")
	write(t, dir, "z.x", "")
	if err := os.Chmod(filepath.Join(dir, "z", "e"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-q", "-m", "x")
	for _, revision := range []string{"", "HEAD"} {
		t.Run("revision "+revision, func(t *testing.T) {
			files := open(t, dir, revision).FS
			if err := fstest.TestFS(files, "b.yaml", "c/d.yaml", "z/e", "z-first", "z.x"); err != nil {
				t.Error(err)
			}
			for _, name := range []string{"none", "b.yaml/x", "../x", "/etc/passwd", "c/../b.yaml", ""} {
				if _, err := files.Open(name); err == nil {
					t.Errorf("opened %q", name)
				}
			}
			if _, err := fs.ReadFile(files, "c"); err == nil {
				t.Error("read a directory")
			}
			if _, err := fs.ReadDir(files, "b.yaml"); err == nil {
				t.Error("listed a file")
			}
		})
	}
}

// problems of a tree as "code severity file".
func problems(tree render.Tree) []string {
	var list []string
	for _, problem := range tree.Problems {
		list = append(list, fmt.Sprint(problem.Code, " ", problem.Severity, " ", problem.Origin.File))
	}
	return list
}

func TestSymlinksOutOfTheTreeAreRefused(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret", "SECRET")
	dir := t.TempDir()
	commit(t, dir, 1, map[string]string{"a/b/c.yaml": "c", "a/x.yaml": "x"})
	link := func(name, target string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	link("in", "a/b/c.yaml")
	link("a/up", "../a/./b/../x.yaml")
	link("dir", "a/b")
	link("chain", "dir/../up")
	link("absolute", filepath.Join(outside, "secret"))
	link("relative", "../"+filepath.Base(outside)+"/secret")
	link("a/deep", "../../x")
	link("sideways", "dir/../../../x")
	link("outdir", outside)
	link("root", "/")
	link("dangling", "nowhere")
	link("loop", "loop2")
	link("loop2", "loop")
	link("config", ".git/config")
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "links")
	for _, revision := range []string{"", "HEAD"} {
		t.Run("revision "+revision, func(t *testing.T) {
			tree := open(t, dir, revision)
			equal(t, "problems", problems(tree), []string{
				"symlink-outside 0 a/deep", "symlink-outside 0 absolute", "symlink-outside 0 outdir",
				"symlink-outside 0 relative", "symlink-outside 0 root", "symlink-outside 0 sideways",
			})
			for name, want := range map[string]string{"in": "c", "a/up": "x", "dir/c.yaml": "c", "chain": "x"} {
				data, err := fs.ReadFile(tree.FS, name)
				equal(t, name, fmt.Sprint(string(data), err), want+"<nil>")
				file, err := tree.FS.Open(name)
				if err != nil {
					t.Errorf("open %s: %v", name, err)
					continue
				}
				if info, err := file.Stat(); err != nil || info.Size() != int64(len(want)) || !info.Mode().IsRegular() {
					t.Errorf("%s: %v %v", name, info, err)
				}
			}
			for name, want := range map[string]string{
				"absolute": "symlink leads out of the tree", "relative": "symlink leads out of the tree", "a/deep": "symlink leads out of the tree",
				"sideways": "symlink leads out of the tree", "outdir/secret": "symlink leads out of the tree", "root/etc/passwd": "symlink leads out of the tree",
				"dangling": "", "loop": "too many levels of symlinks", "config": "",
			} {
				data, err := fs.ReadFile(tree.FS, name)
				if err == nil {
					t.Errorf("read %s: %q", name, data)
					continue
				}
				wantError(t, err, name, want)
				if _, err := fs.Stat(tree.FS, name); err == nil {
					t.Errorf("stat %s: no error", name)
				}
			}
			target, err := fs.ReadLink(tree.FS, "in")
			equal(t, "ReadLink", fmt.Sprint(target, err), "a/b/c.yaml<nil>")
			info, err := fs.Lstat(tree.FS, "absolute")
			if err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("Lstat: %v %v", info, err)
			}
			entries, err := fs.ReadDir(tree.FS, "dir")
			if err != nil || len(entries) != 1 {
				t.Errorf("ReadDir of a symlink: %v %v", entries, err)
			}
		})
	}
}

func TestPipesAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mkfifo", filepath.Join(dir, "pipe.yaml")).CombinedOutput(); err != nil {
		t.Skipf("no mkfifo: %v %s", err, out)
	}
	_, err := fs.ReadFile(open(t, dir, "").FS, "pipe.yaml")
	wantError(t, err, "pipe.yaml", "is a device, a pipe or a socket")
}

func TestSubmodules(t *testing.T) {
	library, ids := history(t)
	dir := t.TempDir()
	commit(t, dir, 1, map[string]string{"a.yaml": "a"})
	run(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, "vendor/lib")
	run(t, dir, "commit", "-q", "-m", "submodule")
	tree := open(t, dir, "HEAD")
	equal(t, "problems", problems(tree), []string{"submodule 0 vendor/lib"})
	_, err := fs.ReadFile(tree.FS, "vendor/lib")
	wantError(t, err, "is a submodule")
	_, err = fs.ReadDir(tree.FS, "vendor/lib")
	wantError(t, err, "is a submodule")

	tree = open(t, dir, "")
	equal(t, "problems where it is checked out", problems(tree), []string{})
	equal(t, "files where it is checked out", read(t, tree)["vendor/lib/b.yaml"], "two")
	equal(t, "the submodule at a revision", open(t, filepath.Join(dir, "vendor", "lib"), "HEAD~1").Revision.Commit, ids[1])

	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "-q", dir, clone)
	equal(t, "problems where it is not checked out", problems(open(t, clone, "")), []string{"submodule 0 vendor/lib"})
}

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

func TestLFSPointers(t *testing.T) {
	dir := t.TempDir()
	commit(t, dir, 1, map[string]string{
		".gitattributes":      "*.png filter=lfs diff=lfs merge=lfs -text\n",
		"logo.png":            pointer,
		"real.png":            "PNG",
		"app/.gitattributes":  "*.yaml filter=lfs\nsmall.yaml -filter\n",
		"app/big.yaml":        pointer,
		"app/plain.yaml":      "kind: List",
		"app/small.yaml":      "kind: List",
		"other/app.yaml":      "kind: List",
		"other/unlisted.yaml": pointer,
	})
	for _, revision := range []string{"", "HEAD"} {
		tree := open(t, dir, revision)
		equal(t, "problems at "+revision, problems(tree), []string{"lfs-pointer 0 app/big.yaml", "lfs-pointer 2 logo.png"})
		for _, name := range []string{"logo.png", "app/big.yaml", "other/unlisted.yaml"} {
			_, err := fs.ReadFile(tree.FS, name)
			wantError(t, err, name, "is a Git LFS pointer")
			_, err = tree.FS.Open(name)
			wantError(t, err, name, "is a Git LFS pointer")
		}
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	files := map[string]string{".gitattributes": "*.yaml filter=lfs\n"}
	for i := range 60 {
		files[fmt.Sprintf("%02d.yaml", i)] = pointer
	}
	dir := t.TempDir()
	commit(t, dir, 1, files)
	tree := open(t, dir, "HEAD")
	if len(tree.Problems) != 51 || tree.Problems[50].Message != "there are 10 more problems of this kind in the tree" || tree.Problems[50].Severity != render.Unseen {
		t.Errorf("%d problems, the last %+v", len(tree.Problems), tree.Problems[len(tree.Problems)-1])
	}
}

func TestLargeFilesAreNotRead(t *testing.T) {
	dir := t.TempDir()
	commit(t, dir, 1, map[string]string{"a.yaml": "a"})
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, bytes.Repeat([]byte("a"), 32<<20+1), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-q", "-m", "big")
	for _, packed := range []bool{false, true} {
		if packed {
			run(t, dir, "gc", "-q", "--prune=now")
		}
		for _, revision := range []string{"", "HEAD"} {
			tree := open(t, dir, revision)
			_, err := fs.ReadFile(tree.FS, "big.yaml")
			wantError(t, err, "big.yaml", "larger than the limit of 32 MiB")
			_, err = tree.FS.Open("big.yaml")
			wantError(t, err, "larger than the limit")
			if info, err := fs.Stat(tree.FS, "big.yaml"); err != nil || info.Size() != 32<<20+1 {
				t.Errorf("stat: %v %v", info, err)
			}
		}
	}
}
