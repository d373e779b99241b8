package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/syncgate/syncgate/bounds"
)

// snapshot is the files of a tree object. The names are in memory; files are
// read when they are opened. It follows symlinks within the tree.
//
// It implements fs.FS, fs.ReadDirFS, fs.ReadFileFS, fs.StatFS and
// fs.ReadLinkFS, and may be used by several goroutines.
type snapshot struct {
	objects *objects
	// dirs are the entries of each directory, in the order of their names.
	dirs map[string][]entry
	// targets are the symlinks' targets by blob.
	targets map[plumbing.Hash]string
}

// entry is a name in a directory.
type entry struct {
	name string
	mode filemode.FileMode
	hash plumbing.Hash
}

// newSnapshot reads the tree objects below dir, which is slash-separated and
// "." for all.
func newSnapshot(ctx context.Context, objects *objects, tree plumbing.Hash, dir string) (*snapshot, error) {
	s := &snapshot{objects: objects, dirs: map[string][]entry{}, targets: map[plumbing.Hash]string{}}
	root, err := s.descend(tree, dir)
	if err != nil {
		return nil, err
	}
	type pending struct {
		path string
		hash plumbing.Hash
	}
	files := 0
	known := map[plumbing.Hash][]entry{} // directories that are alike are read once
	for todo := []pending{{".", root}}; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, ok := known[next.hash]
		if !ok {
			if entries, err = s.read(next.path, next.hash); err != nil {
				return nil, err
			}
			known[next.hash] = entries
		}
		if files += len(entries); files > bounds.TreeFiles {
			return nil, fmt.Errorf("the tree holds more than %d files", bounds.TreeFiles)
		}
		if len(next.path) > maxPath {
			return nil, fmt.Errorf("the tree holds a name of more than %d bytes", maxPath)
		}
		s.dirs[next.path] = entries
		for _, found := range entries {
			switch found.mode {
			case filemode.Dir:
				todo = append(todo, pending{path.Join(next.path, found.name), found.hash})
			case filemode.Symlink:
				if err := s.readTarget(found.hash); err != nil {
					return nil, err
				}
			}
		}
	}
	return s, nil
}

// descend returns the tree object of a directory.
func (s *snapshot) descend(tree plumbing.Hash, dir string) (plumbing.Hash, error) {
	if dir == "." {
		return tree, nil
	}
	at := "."
	for name := range strings.SplitSeq(dir, "/") {
		entries, err := s.read(at, tree)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		at = path.Join(at, name)
		i, found := find(entries, name)
		if !found || entries[i].mode != filemode.Dir {
			return plumbing.ZeroHash, fmt.Errorf("there is no directory %s in this commit", at)
		}
		tree = entries[i].hash
	}
	return tree, nil
}

// maxPath is the length of a name from the root, as Linux has it.
const maxPath = 4096

// read returns the entries of a tree object in the order of their names. Git
// keeps directories as if their names ended in a slash.
func (s *snapshot) read(dir string, hash plumbing.Hash) ([]entry, error) {
	tree, err := s.objects.tree(hash)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(tree.Entries))
	for _, found := range tree.Entries {
		if badName(found.Name) {
			return nil, fmt.Errorf("read object %s: directory %s holds a name that no file can have: %q", hash, dir, clip(found.Name))
		}
		entries = append(entries, entry{found.Name, found.Mode, found.Hash})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(entries); i++ {
		if entries[i].name == entries[i-1].name {
			return nil, fmt.Errorf("read object %s: directory %s holds %q twice", hash, dir, clip(entries[i].name))
		}
	}
	return entries, nil
}

// badName tells whether git itself would refuse to check out a name, or no
// disk could hold it.
func badName(name string) bool {
	return name == "" || len(name) > 255 || name == "." || name == ".." || strings.EqualFold(name, ".git") ||
		strings.ContainsAny(name, "/\x00")
}

// readTarget remembers the target of a symlink.
func (s *snapshot) readTarget(hash plumbing.Hash) error {
	if _, known := s.targets[hash]; known {
		return nil
	}
	size, err := s.objects.size(hash)
	if err != nil {
		return err
	}
	if size > maxPath {
		return fmt.Errorf("read object %s: a symlink of %d bytes", hash, size)
	}
	target, err := s.objects.blob(hash)
	if err != nil {
		return err
	}
	s.targets[hash] = string(target)
	return nil
}

func find(entries []entry, name string) (int, bool) {
	return slices.BinarySearchFunc(entries, name, func(e entry, name string) int { return cmp.Compare(e.name, name) })
}

// lookup returns the entry of a name, no link followed.
func (s *snapshot) lookup(name string) (entry, error) {
	if name == "." {
		return entry{name: ".", mode: filemode.Dir}, nil
	}
	entries := s.dirs[path.Dir(name)]
	i, found := find(entries, path.Base(name))
	if !found {
		return entry{}, fs.ErrNotExist
	}
	return entries[i], nil
}

// link implements linkReader.
func (s *snapshot) link(name string) (target string, isLink bool, err error) {
	found, err := s.lookup(name)
	if err != nil || found.mode != filemode.Symlink {
		return "", false, err
	}
	return s.targets[found.hash], true, nil
}

// resolve returns the name and entry that a name leads to.
func (s *snapshot) resolve(op, name string) (string, entry, error) {
	if !fs.ValidPath(name) {
		return "", entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	real, err := follow(s, name)
	if err == nil {
		var found entry
		if found, err = s.lookup(real); err == nil {
			return real, found, nil
		}
	}
	return "", entry{}, &fs.PathError{Op: op, Path: name, Err: err}
}

// Open implements fs.FS.
func (s *snapshot) Open(name string) (fs.File, error) {
	real, found, err := s.resolve("open", name)
	if err != nil {
		return nil, err
	}
	info := s.info(path.Base(name), found)
	if found.mode == filemode.Dir {
		return &openDir{info: info, entries: s.entries(real)}, nil
	}
	data, err := s.content(found)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openFile{Reader: bytes.NewReader(data), info: info}, nil
}

// ReadFile implements fs.ReadFileFS.
func (s *snapshot) ReadFile(name string) ([]byte, error) {
	_, found, err := s.resolve("open", name)
	if err != nil {
		return nil, err
	}
	data, err := s.content(found)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// errSubmodule is why a submodule is not opened.
var errSubmodule = errors.New("is a submodule, whose files are in another repository")

// content returns the content of a file.
func (s *snapshot) content(found entry) ([]byte, error) {
	switch found.mode {
	case filemode.Dir:
		return nil, errors.New("is a directory")
	case filemode.Submodule:
		return nil, errSubmodule
	}
	data, err := s.objects.blob(found.hash)
	if err == nil && isPointer(data) {
		return nil, errPointer
	}
	return data, err
}

// ReadDir implements fs.ReadDirFS.
func (s *snapshot) ReadDir(name string) ([]fs.DirEntry, error) {
	real, found, err := s.resolve("readdir", name)
	if err != nil {
		return nil, err
	}
	switch found.mode {
	case filemode.Dir:
		return s.entries(real), nil
	case filemode.Submodule:
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errSubmodule}
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
}

// Stat implements fs.StatFS.
func (s *snapshot) Stat(name string) (fs.FileInfo, error) {
	_, found, err := s.resolve("stat", name)
	if err != nil {
		return nil, err
	}
	return s.info(path.Base(name), found), nil
}

// Lstat implements fs.ReadLinkFS.
func (s *snapshot) Lstat(name string) (fs.FileInfo, error) {
	real, err := s.parent("lstat", name)
	if err != nil {
		return nil, err
	}
	found, err := s.lookup(real)
	if err != nil {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return s.info(path.Base(name), found), nil
}

// ReadLink implements fs.ReadLinkFS.
func (s *snapshot) ReadLink(name string) (string, error) {
	real, err := s.parent("readlink", name)
	if err != nil {
		return "", err
	}
	target, isLink, err := s.link(real)
	if err == nil && !isLink {
		err = fs.ErrInvalid
	}
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return target, nil
}

// parent resolves all but the last part of a name.
func (s *snapshot) parent(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return ".", nil
	}
	dir, err := follow(s, path.Dir(name))
	if err != nil {
		return "", &fs.PathError{Op: op, Path: name, Err: err}
	}
	return path.Join(dir, path.Base(name)), nil
}

func (s *snapshot) entries(dir string) []fs.DirEntry {
	entries := make([]fs.DirEntry, len(s.dirs[dir]))
	for i, found := range s.dirs[dir] {
		entries[i] = s.info(found.name, found)
	}
	return entries
}

func (s *snapshot) info(name string, found entry) *fileInfo {
	return &fileInfo{objects: s.objects, name: name, entry: found}
}

// openFile is an open file.
type openFile struct {
	*bytes.Reader
	info *fileInfo
}

// Stat implements fs.File.
func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// Close implements fs.File.
func (f *openFile) Close() error { return nil }

// openDir is an open directory.
type openDir struct {
	info    *fileInfo
	entries []fs.DirEntry
}

// Stat implements fs.File.
func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }

// Close implements fs.File.
func (d *openDir) Close() error { return nil }

// Read implements fs.File.
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(d.entries) {
		if n > 0 && len(d.entries) == 0 {
			return nil, io.EOF
		}
		n = len(d.entries)
	}
	some := d.entries[:n:n]
	d.entries = d.entries[n:]
	return some, nil
}
