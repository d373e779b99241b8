package kustomize

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// fileSystem is what kustomize sees of a plan: read-only, and of the
// kustomization files only those that the plan has checked. So whatever path
// kustomize may find to a kustomization that was not checked for remote
// entries, it cannot follow it.
type fileSystem struct{ plan *plan }

var _ filesys.FileSystem = fileSystem{}

// ReadFile returns the content of a file, as the plan would have it.
func (s fileSystem) ReadFile(name string) ([]byte, error) {
	return s.plan.serve(name)
}

// CleanedAbs splits a name into a directory without symlinks and a file,
// which is empty if the name is a directory.
func (s fileSystem) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	if err := s.plan.sealed(name); err != nil {
		return "", "", err
	}
	resolved, info, err := s.plan.files.resolve(name)
	if err != nil {
		return "", "", fmt.Errorf("'%s' cannot be read: %w", name, cause(err))
	}
	if info.IsDir() {
		return filesys.ConfirmedDir(resolved), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(resolved)), path.Base(resolved), nil
}

// IsDir tells whether a name is a directory.
func (s fileSystem) IsDir(name string) bool { return s.plan.files.isDir(name) }

// Exists tells whether there is something of that name.
func (s fileSystem) Exists(name string) bool {
	_, _, err := s.plan.files.resolve(name)
	return err == nil
}

// ReadDir is not needed to build.
func (s fileSystem) ReadDir(name string) ([]string, error) { return nil, unsupported("list", name) }

// Glob is not needed to build.
func (s fileSystem) Glob(pattern string) ([]string, error) { return nil, unsupported("glob", pattern) }

// Walk is not needed to build.
func (s fileSystem) Walk(name string, _ filepath.WalkFunc) error { return unsupported("walk", name) }

// Open is not needed to build.
func (s fileSystem) Open(name string) (filesys.File, error) { return nil, unsupported("open", name) }

// Create refuses to write.
func (s fileSystem) Create(name string) (filesys.File, error) {
	return nil, unsupported("create", name)
}

// Mkdir refuses to write.
func (s fileSystem) Mkdir(name string) error { return unsupported("create", name) }

// MkdirAll refuses to write.
func (s fileSystem) MkdirAll(name string) error { return unsupported("create", name) }

// RemoveAll refuses to write.
func (s fileSystem) RemoveAll(name string) error { return unsupported("remove", name) }

// WriteFile refuses to write.
func (s fileSystem) WriteFile(name string, _ []byte) error { return unsupported("write", name) }

func unsupported(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: errReadOnly}
}
