package render

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/syncgate/syncgate/bounds"
)

// walk lists a directory and those below it.
func (s *survey) walk(ctx context.Context, root string) {
	w := walker{survey: s}
	err := w.below(ctx, root)
	for err == nil && len(w.links) > 0 {
		link := w.links[0]
		w.links = w.links[1:]
		if real := realPath(s.tree, link); real != "" && s.real[real] == "" {
			err = w.below(ctx, link)
		}
	}
	switch {
	case errors.Is(err, errTreeTooLarge):
		s.problems = append(s.problems, Problem{
			Code:    CodeTreeTooLarge,
			Message: fmt.Sprintf("tree has more than %d files: not all were looked at", bounds.TreeFiles),
			Hint:    "name the directories that are deployed with --path",
		})
	case err != nil:
		s.problems = append(s.problems, Problems(err)...)
	}
	slices.Sort(s.names)
}

// errTreeTooLarge ends a walk.
var errTreeTooLarge = errors.New("tree is too large")

// walker walks a tree.
type walker struct {
	*survey
	entries int
	// links are the symlinks to directories, to be followed once all else was
	// walked.
	links []string
}

// below lists a directory and those below it, each real directory once.
func (w *walker) below(ctx context.Context, root string) error {
	real := realPath(w.tree, root)
	return fs.WalkDir(w.tree.FS, root, func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			w.unreadable(name, err)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if w.entries++; w.entries > bounds.TreeFiles {
			return errTreeTooLarge
		}
		if !entry.IsDir() {
			w.add(name, entry)
			return nil
		}
		if name == root {
			return w.enter(name, real)
		}
		if passedOver(path.Base(name)) {
			return fs.SkipDir
		}
		return w.enter(name, path.Join(real, below(root, name)))
	})
}

// enter notes a directory, unless it is known by another name.
func (w *walker) enter(name, real string) error {
	if w.real[real] != "" || w.unprintable(name) {
		return fs.SkipDir
	}
	w.real[real] = name
	w.dirs[name] = &directory{}
	w.names = append(w.names, name)
	return nil
}

// add notes a file if its name matters, and a symlink to a directory.
func (w *walker) add(name string, entry fs.DirEntry) {
	base := path.Base(name)
	if entry.Type()&fs.ModeSymlink != 0 {
		if info, err := fs.Stat(w.tree.FS, name); err == nil && info.IsDir() {
			if !passedOver(base) {
				w.links = append(w.links, name)
			}
			return
		}
	}
	kustomization := slices.Contains(kustomizationNames(), base)
	jsonnet := path.Ext(base) == ".jsonnet"
	if !kustomization && !jsonnet && !isManifestName(base) || w.unprintable(name) {
		return
	}
	dir := w.dirs[path.Dir(name)]
	switch {
	case kustomization && dir.kustomization == "":
		dir.kustomization = base
	case base == chartName:
		dir.chart = base
	case jsonnet:
		dir.jsonnet = append(dir.jsonnet, base)
	}
	if isManifestName(base) {
		dir.files = append(dir.files, base)
	}
}

// unprintable refuses a name with control characters: no deployer has such
// paths, and whoever prints one could print anything.
func (s *survey) unprintable(name string) bool {
	if printable(name) {
		return false
	}
	s.problems = append(s.problems, Problem{
		Code: CodePathUnprintable, Origin: Origin{File: path.Dir(name)},
		Message: fmt.Sprintf("path %q has control characters in it: what it holds was not looked at", name),
		Hint:    "rename it",
	})
	return true
}

// printable tells whether a path can be printed as it is.
func printable(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
	})
}

// passedOver tells whether a directory is one of version control, a forge or
// an editor, by its name. All other hidden directories are looked at.
func passedOver(base string) bool {
	switch base {
	case ".git", ".hg", ".svn", ".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".buildkite",
		".vscode", ".idea", ".devcontainer", ".husky", ".terraform":
		return true
	}
	return false
}

// realPath is a path without the symlinks in it, or "" where it leads nowhere.
func realPath(tree Tree, name string) string {
	const most = 40
	at, left := ".", strings.Split(name, "/")
	for links := 0; len(left) > 0; {
		next := path.Join(at, left[0])
		left = left[1:]
		if !fs.ValidPath(next) {
			return ""
		}
		info, err := fs.Lstat(tree.FS, next)
		if err != nil {
			return ""
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		target, err := fs.ReadLink(tree.FS, next)
		if links++; err != nil || links > most || path.IsAbs(target) {
			return ""
		}
		left = append(strings.Split(target, "/"), left...)
	}
	return at
}

// unreadable reports a part of the tree that could not be looked at.
func (s *survey) unreadable(name string, err error) {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	s.problems = append(s.problems, Problem{
		Code: CodeTreeUnreadable, Origin: Origin{File: name},
		Message: fmt.Sprintf("cannot read %s: %v", name, err),
		Hint:    "check that it does not lead out of the repository, or name the directories that are deployed with --path",
	})
}

// isManifestName tells whether a file is read as manifests by its name.
func isManifestName(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// readBounded reads a file of at most bounds.FileBytes; of a longer one it
// returns one byte more.
func readBounded(tree Tree, name string) ([]byte, error) {
	file, err := tree.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
}
