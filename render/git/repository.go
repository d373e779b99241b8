package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// repository is the objects and references of a repository on disk.
type repository struct {
	// name is the location, for reports and messages.
	name string
	// dir is the slash-separated directory of the repository that the tree is
	// rooted at, "." for the root.
	dir     string
	refs    storer.ReferenceStorer
	objects *objects
}

// openRepository opens the repository that a directory is, or is in.
func openRepository(from *location) (*repository, error) {
	info, err := os.Stat(from.dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("open repository %s: %w", from.name, pathless(err))
	case !info.IsDir():
		return nil, fmt.Errorf("open repository %s: it is not a directory", from.name)
	}
	dir, err := filepath.Abs(from.dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open repository %s: %w", from.name, pathless(err))
	}
	for root := dir; ; root = filepath.Dir(root) {
		gitDir, err := gitDirectory(root)
		if err != nil {
			return nil, fmt.Errorf("open repository %s: %w", from.name, err)
		}
		if gitDir == root && root != dir {
			gitDir = "" // somewhere inside a bare repository
		}
		if gitDir != "" {
			return openGitDirectory(from.name, gitDir, relative(root, dir))
		}
		if root == filepath.Dir(root) {
			return nil, fmt.Errorf("open repository %s: it is not in a Git repository; leave out --revision to read the files as they are", from.name)
		}
	}
}

// relative is the slash-separated path of dir below root.
func relative(root, dir string) string {
	path, err := filepath.Rel(root, dir)
	if err != nil {
		return "."
	}
	return filepath.ToSlash(path)
}

// pathless is the reason of an error without the path, which the message
// names already.
func pathless(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// gitDirectory returns the directory that holds the repository whose root is
// given: .git, what a .git file of a worktree or submodule names, or the root
// itself if it is bare. It is empty if there is none.
func gitDirectory(root string) (string, error) {
	dotGit := filepath.Join(root, ".git")
	info, err := os.Stat(dotGit)
	switch {
	case err == nil && info.IsDir():
		return dotGit, nil
	case err == nil:
		text, err := readSmall(dotGit)
		if err != nil {
			return "", err
		}
		target, ok := strings.CutPrefix(text, "gitdir: ")
		if !ok {
			return "", errors.New("its .git file does not say where the repository is")
		}
		return resolvePath(root, target), nil
	}
	for _, part := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(root, part)); err != nil {
			return "", nil
		}
	}
	return root, nil
}

// readSmall reads one of git's own one-line files.
func readSmall(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, 64<<10))
	return strings.TrimSpace(string(data)), err
}

// resolvePath is a path as git's own files write it: absolute or from base.
func resolvePath(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, filepath.FromSlash(path))
}

// openGitDirectory opens a repository with its common directory, if it is of
// a linked worktree, and its alternates.
func openGitDirectory(name, gitDir, dir string) (*repository, error) {
	common := gitDir
	if text, err := readSmall(filepath.Join(gitDir, "commondir")); err == nil {
		common = resolvePath(gitDir, text)
	}
	if err := checkFormat(common); err != nil {
		return nil, fmt.Errorf("open repository %s: %w", name, err)
	}
	files := osfs.New(gitDir)
	if common != gitDir {
		files = dotgit.NewRepositoryFilesystem(files, osfs.New(common))
	}
	lru := cache.NewObjectLRU(objectCache)
	storage := filesystem.NewStorageWithOptions(files, lru, storageOptions())
	stores := []*filesystem.ObjectStorage{&storage.ObjectStorage}
	for _, alternate := range alternates(filepath.Join(common, "objects"), 0) {
		other := filesystem.NewStorageWithOptions(osfs.New(filepath.Dir(alternate)), lru, storageOptions())
		stores = append(stores, &other.ObjectStorage)
	}
	_, err := os.Stat(filepath.Join(common, "shallow"))
	return &repository{
		name: name, dir: dir, refs: storage,
		objects: &objects{stores: stores, shallow: err == nil},
	}, nil
}

// objectCache is the size of the cache of inflated objects, which mostly
// holds what others are deltas of.
const objectCache = 16 * cache.MiByte

// storageOptions keep packs open: every file is read from one.
func storageOptions() filesystem.Options {
	return filesystem.Options{KeepDescriptors: true, LargeObjectThreshold: bounds.FileBytes}
}

// unsupportedFormat is a setting of a repository that go-git cannot read.
var unsupportedFormat = regexp.MustCompile(`(?i)(objectformat\s*=\s*sha256|refstorage\s*=\s*reftable)`)

// checkFormat refuses repositories that would look empty or broken.
func checkFormat(gitDir string) error {
	text, err := readSmall(filepath.Join(gitDir, "config"))
	if err != nil {
		return nil // a repository needs no configuration
	}
	found := strings.ToLower(unsupportedFormat.FindString(text))
	switch {
	case strings.Contains(found, "sha256"):
		return errors.New("its objects are named by SHA-256, which is not supported; give a directory without --revision")
	case strings.Contains(found, "reftable"):
		return errors.New("its references are kept as reftable, which is not supported; run: git refs migrate --ref-format=files")
	}
	return nil
}

// alternates are the object directories that an object directory borrows
// from, and those that they borrow from, as gitrepository-layout(5) has it.
func alternates(objectDir string, depth int) []string {
	const deepest = 5
	text, err := readSmall(filepath.Join(objectDir, "info", "alternates"))
	if err != nil || depth == deepest {
		return nil
	}
	var found []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		other := resolvePath(objectDir, line)
		if filepath.Base(other) == "objects" && !slices.Contains(found, other) {
			found = append(append(found, other), alternates(other, depth+1)...)
		}
	}
	return found
}

// reference implements references.
func (r *repository) reference(name plumbing.ReferenceName) (plumbing.Hash, bool) {
	found, err := storer.ResolveReference(r.refs, name)
	if err != nil || found.Hash().IsZero() {
		return plumbing.ZeroHash, false
	}
	return found.Hash(), true
}

// names implements references.
func (r *repository) names() []plumbing.ReferenceName {
	iter, err := r.refs.IterReferences()
	if err != nil {
		return nil
	}
	var names []plumbing.ReferenceName
	_ = iter.ForEach(func(found *plumbing.Reference) error {
		names = append(names, found.Name())
		return nil
	})
	return names
}

// resolve returns the commit that a revision stands for.
func (r *repository) resolve(revision string) (*object.Commit, error) {
	name, steps, err := splitSteps(revision)
	if err != nil {
		return nil, err
	}
	hash, err := r.find(name)
	if err != nil {
		return nil, err
	}
	commit, err := r.objects.commit(hash)
	if err != nil {
		return nil, fmt.Errorf("resolve revision %q of %s: %w", revision, r.name, err)
	}
	for _, step := range steps {
		for range step.times {
			if len(commit.ParentHashes) < step.parent {
				return nil, fmt.Errorf("resolve revision %q of %s: commit %s has %d parents", revision, r.name, commit.Hash, len(commit.ParentHashes))
			}
			if commit, err = r.objects.commit(commit.ParentHashes[step.parent-1]); err != nil {
				return nil, fmt.Errorf("resolve revision %q of %s: %w", revision, r.name, err)
			}
		}
	}
	return commit, nil
}

// find returns what a name or a commit id stands for. A full id is never
// taken for a branch, whatever branches there are.
func (r *repository) find(name string) (plumbing.Hash, error) {
	if fullID.MatchString(name) {
		return plumbing.NewHash(name), nil
	}
	hash, err := findReference(r, name)
	if err == nil {
		return hash, nil
	}
	if !errors.Is(err, errUnknown) {
		return hash, fmt.Errorf("resolve revision %q of %s: %w", name, r.name, err)
	}
	if shortID.MatchString(name) {
		return r.findShort(name)
	}
	return hash, unknownRevision(r, r.name, name)
}

// findShort returns the one commit or tag whose id begins so.
func (r *repository) findShort(prefix string) (plumbing.Hash, error) {
	found := r.objects.commits(strings.ToLower(prefix))
	switch len(found) {
	case 0:
		return plumbing.ZeroHash, unknownRevision(r, r.name, prefix)
	case 1:
		return found[0], nil
	}
	var ids []string
	for _, hash := range found {
		ids = append(ids, hash.String())
	}
	return plumbing.ZeroHash, fmt.Errorf("resolve revision %q of %s: it is short for %s; give more digits", prefix, r.name, some(ids, "commit", "commits"))
}

// tree returns the files of a commit.
func (r *repository) tree(ctx context.Context, commit *object.Commit) (render.Tree, error) {
	files, err := newSnapshot(ctx, r.objects, commit.TreeHash, r.dir)
	if err != nil {
		return render.Tree{}, fmt.Errorf("read commit %s of %s: %w", commit.Hash, r.name, err)
	}
	found, err := survey(ctx, files)
	if err != nil {
		return render.Tree{}, fmt.Errorf("read commit %s of %s: %w", commit.Hash, r.name, err)
	}
	return render.Tree{
		FS:       files,
		Revision: render.Revision{Repository: r.name, Commit: commit.Hash.String()},
		Problems: found.problems,
	}, nil
}
