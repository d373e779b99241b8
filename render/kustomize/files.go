package kustomize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

const (
	// treeMount is where the tree lies in the file system that kustomize sees.
	treeMount = "/tree"
	// remoteMounts is the directory of the repositories that were fetched.
	remoteMounts = "/remote"
	// symlinks is how many symlinks one path may go through, as on Linux.
	symlinks = 40
)

var (
	errLeaves   = errors.New("leads out of the repository")
	errReadOnly = errors.New("the file system is read-only")
)

// files are all that kustomize can see: the tree and the repositories that
// were fetched for it. Names are absolute and begin with a mount.
type files struct {
	// ctx ends all reading when it ends.
	ctx context.Context
	// mounts are the file systems by the directory that they are seen at.
	mounts map[string]fs.FS
	// contents are the files that were read, so that what was checked is what
	// is built.
	contents map[string][]byte
	// added are files by name that are in none of them.
	added map[string][]byte
	// problem is the first refusal of a file that makes the unit unseen.
	problem *render.Problem
}

func newFiles(ctx context.Context, tree fs.FS) *files {
	return &files{ctx: ctx, mounts: map[string]fs.FS{treeMount: tree}, contents: map[string][]byte{}, added: map[string][]byte{}}
}

// mountOf returns the mount that holds a clean absolute name.
func mountOf(name string) (string, bool) {
	if name == treeMount || strings.HasPrefix(name, treeMount+"/") {
		return treeMount, true
	}
	rest, ok := strings.CutPrefix(name, remoteMounts+"/")
	number, _, _ := strings.Cut(rest, "/")
	return remoteMounts + "/" + number, ok
}

// resolve follows every symlink of a name and returns the name that is left,
// with what lies there. No name leads out of its mount.
func (f *files) resolve(name string) (string, fs.FileInfo, error) {
	if err := f.ctx.Err(); err != nil {
		return "", nil, err
	}
	name = path.Clean(name)
	if content, ok := f.added[name]; ok {
		return name, addedFile{path.Base(name), int64(len(content))}, nil
	}
	mount, ok := mountOf(name)
	fsys := f.mounts[mount]
	if !ok || fsys == nil {
		return "", nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	rest := strings.Split(strings.TrimPrefix(strings.TrimPrefix(name, mount), "/"), "/")
	done, links := ".", 0
	info, err := fs.Stat(fsys, ".")
	for len(rest) > 0 && err == nil {
		var part string
		part, rest = rest[0], rest[1:]
		if part == "" || part == "." {
			continue
		}
		if part == ".." && done == "." {
			return "", nil, &fs.PathError{Op: "open", Path: name, Err: errLeaves}
		}
		next := path.Join(done, part)
		info, err = fs.Lstat(fsys, next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > symlinks {
			return "", nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("too many symlinks")}
		}
		var target string
		target, err = fs.ReadLink(fsys, next)
		if path.IsAbs(target) {
			return "", nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("symlink to %s %w", target, errLeaves)}
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	return path.Join(mount, done), info, nil
}

// cause is the error without the path that it happened at.
func cause(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// isDir tells whether a name is a directory.
func (f *files) isDir(name string) bool {
	_, info, err := f.resolve(name)
	return err == nil && info.IsDir()
}

// isFile tells whether a name is a file.
func (f *files) isFile(name string) bool {
	_, info, err := f.resolve(name)
	return err == nil && info.Mode().IsRegular()
}

// read returns the content of a file, read once and within bounds.
func (f *files) read(name string) (resolved string, data []byte, err error) {
	resolved, info, err := f.resolve(name)
	if err != nil {
		return "", nil, err
	}
	if data, ok := f.contents[resolved]; ok {
		return resolved, data, nil
	}
	if data, ok := f.added[resolved]; ok {
		return resolved, data, nil
	}
	if !info.Mode().IsRegular() {
		return "", nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	mount, _ := mountOf(resolved)
	file, err := f.mounts[mount].Open(strings.TrimPrefix(resolved, mount+"/"))
	if err != nil {
		return "", nil, &fs.PathError{Op: "open", Path: name, Err: cause(err)}
	}
	defer file.Close()
	data, err = io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
	if err != nil {
		return "", nil, &fs.PathError{Op: "read", Path: name, Err: cause(err)}
	}
	if len(data) > bounds.FileBytes {
		return "", nil, f.refuse(&render.Problem{
			Code: render.CodeTooLarge, Severity: render.Unseen,
			Message: fmt.Sprintf("file has more than %d bytes", bounds.FileBytes),
			Hint:    "split the file",
			Origin:  render.Origin{File: resolved},
		})
	}
	f.contents[resolved] = data
	return resolved, data, nil
}

// refuse remembers why a file was refused, whatever kustomize makes of it.
func (f *files) refuse(problem *render.Problem) error {
	if f.problem == nil {
		f.problem = problem
	}
	return problem
}
