package document

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"time"
)

// Recorder hands on the files of another file system, and keeps those that
// ReadFile reads of it. Several goroutines may use it.
type Recorder struct {
	// From is where the files are.
	From fs.FS

	mu        sync.Mutex
	files     Files
	documents []string
}

// Open opens a file of the other file system.
func (r *Recorder) Open(name string) (fs.File, error) { return r.From.Open(name) }

// Files are those that were read.
func (r *Recorder) Files() Files {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.files)
}

// Documents are the names of the files whose documents were read, in order. To
// name them to Read, of Files, is to read the same documents again.
func (r *Recorder) Documents() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.documents)
}

func (r *Recorder) read(documents []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.documents = append(r.documents, documents...)
}

func (r *Recorder) keep(name string, text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.files == nil {
		r.files = Files{}
	}
	r.files[name] = text
}

// Files is a file system of what a Recorder kept, by the names under which it
// was read. It has no directories.
type Files map[string][]byte

// Open opens a file. Names are those that were asked for, whatever they were
// relative to.
func (f Files) Open(name string) (fs.File, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{Reader: bytes.NewReader(text), name: path.Base(name)}, nil
}

// file is an open one of Files. It is its own fs.FileInfo.
type file struct {
	*bytes.Reader
	name string
}

func (f *file) Stat() (fs.FileInfo, error) { return f, nil }
func (*file) Close() error                 { return nil }
func (f *file) Name() string               { return f.name }
func (*file) Mode() fs.FileMode            { return 0o444 }
func (*file) ModTime() time.Time           { return time.Time{} }
func (*file) IsDir() bool                  { return false }
func (*file) Sys() any                     { return nil }

// OnDisk tells whether names of a file system are an operator's own paths: they
// may be absolute and lead anywhere.
func OnDisk(fsys fs.FS) bool {
	switch from := fsys.(type) {
	case Disk, Files:
		return true
	case *Recorder:
		return OnDisk(from.From)
	}
	return false
}
