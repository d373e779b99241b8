package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/config"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// openDirectory opens a directory as it is. It has no commit: what is on disk
// may not be committed, and asking git would cost more than all the rest.
func openDirectory(ctx context.Context, from *location) (render.Tree, error) {
	root, err := os.OpenRoot(from.dir)
	if err != nil {
		return render.Tree{}, fmt.Errorf("open directory %s: %w", from.name, pathless(err))
	}
	tree := &directory{root: root}
	found, err := survey(ctx, tree)
	if err != nil {
		return render.Tree{}, fmt.Errorf("read directory %s: %w", from.name, err)
	}
	tree.links = found.links
	problems := append(tree.missingSubmodules(), found.problems...)
	slices.SortStableFunc(problems, func(a, b render.Problem) int { return strings.Compare(a.Origin.File, b.Origin.File) })
	return render.Tree{FS: tree, Revision: render.Revision{Repository: from.name}, Problems: problems}, nil
}

// directory is the files of a directory on disk, without .git. Names that
// lead out of it are refused by the operating system's own means, so that a
// file that changes meanwhile makes no difference.
//
// It implements fs.FS, fs.ReadDirFS, fs.ReadFileFS, fs.StatFS and
// fs.ReadLinkFS, and may be used by several goroutines.
type directory struct {
	root *os.Root
	// links are the symlinks that the survey found. A name that leads through
	// none of them is opened without looking at its parts again.
	links map[string]bool
}

// errNotRegular is why a name is not opened.
var errNotRegular = errors.New("is a device, a pipe or a socket")

// check refuses what is not in the tree before it is opened: opening a pipe
// would wait for ever.
func (d *directory) check(op, name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	real, err := d.resolve(name)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: pathless(err)}
	}
	if hidden(real) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	info, err := d.root.Lstat(real)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: pathless(err)}
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: op, Path: name, Err: errNotRegular}
	}
	return info, nil
}

// resolve returns the name that a name leads to.
func (d *directory) resolve(name string) (string, error) {
	for end := 0; len(d.links) > 0 && end < len(name); end++ {
		next := strings.IndexByte(name[end:], '/')
		if next < 0 {
			next = len(name) - end
		}
		if end += next; d.links[name[:end]] {
			return follow(d, name)
		}
	}
	return name, nil
}

// explain says it where a name leads out of the tree.
func (d *directory) explain(op, name string, err error) error {
	if _, reason := follow(d, name); errors.Is(reason, errOutside) || errors.Is(reason, errLoop) {
		err = reason
	}
	return &fs.PathError{Op: op, Path: name, Err: pathless(err)}
}

// hidden tells whether a name is of git's own files, which may hold
// credentials.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == ".git" {
			return true
		}
	}
	return false
}

// link implements linkReader.
func (d *directory) link(name string) (target string, isLink bool, err error) {
	info, err := d.root.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return "", false, err
	}
	target, err = d.root.Readlink(name)
	return target, err == nil, err
}

// Open implements fs.FS.
func (d *directory) Open(name string) (fs.File, error) {
	info, err := d.check("open", name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := d.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &diskDir{info, openDir{entries: entries, info: &fileInfo{name: path.Base(name)}}}, nil
	}
	data, err := d.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &diskFile{bytes.NewReader(data), info}, nil
}

// ReadFile implements fs.ReadFileFS.
func (d *directory) ReadFile(name string) ([]byte, error) {
	info, err := d.check("open", name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	case info.Size() > bounds.FileBytes:
		return nil, &fs.PathError{Op: "read", Path: name, Err: errTooLarge}
	}
	file, err := d.root.Open(name)
	if err != nil {
		return nil, d.explain("open", name, err)
	}
	defer file.Close()
	var data bytes.Buffer
	data.Grow(int(info.Size()) + bytes.MinRead)
	read, err := data.ReadFrom(io.LimitReader(file, bounds.FileBytes+1))
	switch {
	case err != nil:
	case read > bounds.FileBytes:
		err = errTooLarge
	case isPointer(data.Bytes()):
		err = errPointer
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: pathless(err)}
	}
	return data.Bytes(), nil
}

// ReadDir implements fs.ReadDirFS.
func (d *directory) ReadDir(name string) ([]fs.DirEntry, error) {
	if _, err := d.check("readdir", name); err != nil {
		return nil, err
	}
	file, err := d.root.Open(name)
	if err != nil {
		return nil, d.explain("readdir", name, err)
	}
	defer file.Close()
	entries, err := file.ReadDir(-1)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: pathless(err)}
	}
	entries = slices.DeleteFunc(entries, func(found fs.DirEntry) bool { return found.Name() == ".git" })
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Stat implements fs.StatFS.
func (d *directory) Stat(name string) (fs.FileInfo, error) { return d.check("stat", name) }

// Lstat implements fs.ReadLinkFS.
func (d *directory) Lstat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrInvalid}
	}
	if hidden(name) {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, d.explain("lstat", name, err)
	}
	return info, nil
}

// ReadLink implements fs.ReadLinkFS.
func (d *directory) ReadLink(name string) (string, error) {
	if _, err := d.Lstat(name); err != nil {
		return "", err
	}
	target, err := d.root.Readlink(name)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: pathless(err)}
	}
	return target, nil
}

// diskFile is an open file, read whole: it cannot change under its reader.
type diskFile struct {
	*bytes.Reader
	info fs.FileInfo
}

// Stat implements fs.File.
func (f *diskFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *diskFile) Close() error { return nil }

// diskDir is an open directory.
type diskDir struct {
	info fs.FileInfo
	openDir
}

// Stat implements fs.File.
func (d *diskDir) Stat() (fs.FileInfo, error) { return d.info, nil }

// missingSubmodules are those that .gitmodules names and that were not
// checked out: empty directories, which would pass for having no manifests.
func (d *directory) missingSubmodules() []render.Problem {
	text, err := d.ReadFile(".gitmodules")
	if err != nil {
		return nil
	}
	modules := config.NewModules()
	if err := modules.Unmarshal(text); err != nil {
		return []render.Problem{{
			Code: CodeSubmodule, Message: "cannot be read, so that it is unknown which submodules are missing: " + clip(err.Error()),
			Origin: render.Origin{File: ".gitmodules"},
		}}
	}
	var problems []render.Problem
	for _, module := range modules.Submodules {
		name := path.Clean(module.Path)
		if !fs.ValidPath(name) || hidden(name) {
			continue
		}
		entries, err := d.ReadDir(name)
		if (err == nil && len(entries) == 0) || errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, render.Problem{
				Code: CodeSubmodule, Message: "is a submodule that is not checked out, so that its files were not looked at",
				Hint: "run: git submodule update --init", Origin: render.Origin{File: name},
			})
		}
	}
	return problems
}
