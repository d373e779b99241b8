package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitattributes"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// The codes of the problems that a tree may have.
const (
	// CodeSubmodule: files that are in another repository. Unseen.
	CodeSubmodule = "submodule"
	// CodeSymlinkOutside: a symlink that leads out of the tree. Unseen.
	CodeSymlinkOutside = "symlink-outside"
	// CodePointer: a Git LFS pointer in place of a file. Unseen for files
	// that may hold manifests or values, a Notice for all others; reading
	// one is an error in any case.
	CodePointer = "lfs-pointer"
)

// problemsShown is the number of problems of one kind that are listed.
const problemsShown = 50

// files is a tree to survey.
type files interface {
	fs.ReadLinkFS
	fs.ReadFileFS
	linkReader
}

// surveyor finds what a tree holds that cannot be read as files.
type surveyor struct {
	files    files
	problems []render.Problem
	// links are the symlinks, whether they lead out or not.
	links   map[string]bool
	counts  map[string]int
	filters []gitattributes.MatchAttribute
	seen    int
}

// survey finds the problems of a tree in the order of their names, and its
// symlinks. It reads no file but .gitattributes and, where these name Git
// LFS, the small ones that they name.
func survey(ctx context.Context, tree files) (*surveyor, error) {
	s := &surveyor{files: tree, links: map[string]bool{}, counts: map[string]int{}}
	err := fs.WalkDir(tree, ".", func(name string, found fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if s.seen++; s.seen > bounds.TreeFiles {
			return fmt.Errorf("the tree holds more than %d files", bounds.TreeFiles)
		}
		return s.visit(name, found)
	})
	if err != nil {
		return nil, err
	}
	for _, code := range []string{CodePointer, CodeSubmodule, CodeSymlinkOutside} {
		if more := s.counts[code] - problemsShown; more > 0 {
			s.problems = append(s.problems, render.Problem{Code: code, Message: fmt.Sprintf("there are %d more problems of this kind in the tree", more)})
		}
	}
	return s, nil
}

func (s *surveyor) visit(name string, found fs.DirEntry) error {
	switch {
	case found.IsDir():
		s.readAttributes(name)
	case found.Type()&fs.ModeSymlink != 0:
		s.checkLink(name)
	case found.Type()&fs.ModeIrregular != 0:
		s.add(name, render.Problem{
			Code: CodeSubmodule, Message: "is a submodule, whose files are in another repository and were not looked at",
			Hint: "verify that repository by itself, or check it out with its submodules and give the directory without --revision",
		})
	case found.Type().IsRegular():
		return s.checkPointer(name, found)
	}
	return nil
}

// add keeps a problem, up to a number of its kind.
func (s *surveyor) add(name string, problem render.Problem) {
	if s.counts[problem.Code]++; s.counts[problem.Code] <= problemsShown {
		problem.Origin = render.Origin{File: name}
		s.problems = append(s.problems, problem)
	}
}

func (s *surveyor) checkLink(name string) {
	s.links[name] = true
	_, err := follow(s.files, name)
	if !errors.Is(err, errOutside) {
		return
	}
	target, _, _ := s.files.link(name)
	s.add(name, render.Problem{
		Code: CodeSymlinkOutside, Message: fmt.Sprintf("is a symlink that leads out of the tree, to %q", clip(target)),
		Hint: "put a copy of the file into the repository, or, if the repository reaches further up, give its root and --path",
	})
}

// readAttributes remembers what a directory's .gitattributes says of filters.
// The walk visits a directory before what is in it.
func (s *surveyor) readAttributes(dir string) {
	text, err := s.files.ReadFile(path.Join(dir, ".gitattributes"))
	if err != nil || !bytes.Contains(text, []byte("filter")) {
		return
	}
	var domain []string
	if dir != "." {
		domain = strings.Split(dir, "/")
	}
	attributes, err := gitattributes.ReadAttributes(bytes.NewReader(text), domain, dir == ".")
	if err != nil {
		return // git passes over such lines too
	}
	s.filters = append(s.filters, attributes...)
}

// checkPointer looks whether a file that .gitattributes hands to Git LFS is a
// pointer.
func (s *surveyor) checkPointer(name string, found fs.DirEntry) error {
	if len(s.filters) == 0 || !s.filtered(name) {
		return nil
	}
	info, err := found.Info()
	if err != nil || info.Size() >= pointerBytes {
		return nil
	}
	if _, err := s.files.ReadFile(name); !errors.Is(err, errPointer) {
		return nil
	}
	problem := render.Problem{
		Code: CodePointer, Severity: render.Notice, Message: "is a Git LFS pointer, not the file itself",
		Hint: "run git lfs pull and give the directory without --revision, or keep the file in Git itself",
	}
	if slices.Contains([]string{".yaml", ".yml", ".json", ".jsonnet", ".libsonnet", ".tpl", ".tgz"}, path.Ext(name)) {
		problem.Severity = render.Unseen
	}
	s.add(name, problem)
	return nil
}

// filtered tells whether a file has the attribute filter=lfs.
func (s *surveyor) filtered(name string) bool {
	matched, _ := gitattributes.NewMatcher(s.filters).Match(strings.Split(name, "/"), []string{"filter"})
	filter := matched["filter"]
	return filter != nil && filter.IsValueSet() && filter.Value() == "lfs"
}

// pointerBytes is what pointers are smaller than, by the specification of
// Git LFS.
const pointerBytes = 1024

// errPointer is why a file is not read.
var errPointer = errors.New("is a Git LFS pointer, not the file itself")

// isPointer tells whether a file is a pointer of Git LFS:
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
func isPointer(data []byte) bool {
	return len(data) < pointerBytes && bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/")) &&
		bytes.Contains(data, []byte("\noid sha256:"))
}
