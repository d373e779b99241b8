package argocd

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// overlay is a tree in which some files are replaced or added, and other trees
// are mounted. It cannot be written to.
type overlay struct {
	fs.FS
	// files are by name.
	files map[string][]byte
	// mounts are other trees by the directory that they are seen at.
	mounts map[string]fs.FS
	// opened are the files that were opened.
	opened *sync.Map
}

// wasOpened tells whether a file was opened.
func (o *overlay) wasOpened(name string) bool {
	_, ok := o.opened.Load(name)
	return ok
}

// newOverlay returns an overlay that changes nothing yet.
func newOverlay(below fs.FS) *overlay {
	return &overlay{FS: below, files: map[string][]byte{}, mounts: map[string]fs.FS{}, opened: &sync.Map{}}
}

// mount returns the mounted tree that a name is in, and the name there.
func (o *overlay) mount(name string) (fs.FS, string, bool) {
	for dir, files := range o.mounts {
		if name == dir {
			return files, ".", true
		}
		if inside, ok := strings.CutPrefix(name, dir+"/"); ok {
			return files, inside, true
		}
	}
	return nil, "", false
}

// Open opens a file.
func (o *overlay) Open(name string) (fs.File, error) {
	if data, ok := o.files[name]; ok {
		o.opened.Store(name, true)
		return &memoryFile{Reader: bytes.NewReader(data), info: memoryInfo{path.Base(name), int64(len(data))}}, nil
	}
	if files, inside, ok := o.mount(name); ok {
		return files.Open(inside)
	}
	return o.FS.Open(name)
}

// Stat describes what a name leads to.
func (o *overlay) Stat(name string) (fs.FileInfo, error) {
	if data, ok := o.files[name]; ok {
		return memoryInfo{path.Base(name), int64(len(data))}, nil
	}
	if files, inside, ok := o.mount(name); ok {
		return fs.Stat(files, inside)
	}
	return fs.Stat(o.FS, name)
}

// Lstat describes what has a name.
func (o *overlay) Lstat(name string) (fs.FileInfo, error) {
	if data, ok := o.files[name]; ok {
		return memoryInfo{path.Base(name), int64(len(data))}, nil
	}
	if files, inside, ok := o.mount(name); ok {
		return fs.Lstat(files, inside)
	}
	return fs.Lstat(o.FS, name)
}

// ReadLink returns where a symlink leads.
func (o *overlay) ReadLink(name string) (string, error) {
	if _, ok := o.files[name]; ok {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	if files, inside, ok := o.mount(name); ok {
		return fs.ReadLink(files, inside)
	}
	return fs.ReadLink(o.FS, name)
}

// ReadDir lists a directory. Files that are added are not listed, but those
// that are replaced are.
func (o *overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	if files, inside, ok := o.mount(name); ok {
		return fs.ReadDir(files, inside)
	}
	entries, err := fs.ReadDir(o.FS, name)
	entries = slices.Clone(entries)
	for i, entry := range entries {
		if data, ok := o.files[path.Join(name, entry.Name())]; ok {
			entries[i] = fs.FileInfoToDirEntry(memoryInfo{entry.Name(), int64(len(data))})
		}
	}
	return entries, err
}

// memoryFile is a file of an overlay.
type memoryFile struct {
	*bytes.Reader
	info memoryInfo
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memoryFile) Close() error               { return nil }

// memoryInfo describes a file of an overlay.
type memoryInfo struct {
	name string
	size int64
}

func (i memoryInfo) Name() string       { return i.name }
func (i memoryInfo) Size() int64        { return i.size }
func (i memoryInfo) Mode() fs.FileMode  { return 0o444 }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return false }
func (i memoryInfo) Sys() any           { return nil }

// cleanPath is a path of a source as a name in a tree. It may lead out of the
// tree: then it is no valid name.
func cleanPath(name string) string { return path.Clean(path.Join(".", name)) }
