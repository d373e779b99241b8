package git

import (
	"io/fs"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// fileInfo describes an entry of a snapshot. It implements fs.FileInfo and
// fs.DirEntry.
type fileInfo struct {
	objects *objects
	name    string
	entry   entry
}

// Name implements fs.FileInfo.
func (i *fileInfo) Name() string { return i.name }

// Size implements fs.FileInfo. It looks into the repository each time.
func (i *fileInfo) Size() int64 {
	if !i.entry.mode.IsFile() {
		return 0
	}
	size, err := i.objects.size(i.entry.hash)
	if err != nil {
		return 0 // reading the file says what is wrong
	}
	return size
}

// Mode implements fs.FileInfo.
func (i *fileInfo) Mode() fs.FileMode {
	switch i.entry.mode {
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Submodule:
		return fs.ModeIrregular
	case filemode.Executable:
		return 0o755
	}
	return 0o644
}

// ModTime implements fs.FileInfo. Git keeps none: it is the zero time.
func (i *fileInfo) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (i *fileInfo) IsDir() bool { return i.entry.mode == filemode.Dir }

// Sys implements fs.FileInfo.
func (i *fileInfo) Sys() any { return nil }

// Type implements fs.DirEntry.
func (i *fileInfo) Type() fs.FileMode { return i.Mode().Type() }

// Info implements fs.DirEntry.
func (i *fileInfo) Info() (fs.FileInfo, error) { return i, nil }
