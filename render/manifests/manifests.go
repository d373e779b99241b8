// Package manifests renders directories of plain YAML and JSON: what
// "kubectl apply -f" and an Argo CD source of type Directory deploy.
package manifests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// The codes of what Renderer finds besides those of render.ParseObjects.
const (
	// CodeUnreadable is a file or directory that cannot be read.
	CodeUnreadable = "file-unreadable"
	// CodeTooLarge is a directory whose files are too large together.
	CodeTooLarge = "unit-too-large"
	// CodeSkipMarker is a file that Argo CD is told to skip.
	CodeSkipMarker = "skip-marker"
	// CodeJsonnet is a Jsonnet file, which Argo CD would render.
	CodeJsonnet = "jsonnet-unsupported"
)

// skipMarker makes Argo CD pass over the file that holds it.
const skipMarker = "+argocd:skip-file-rendering"

// Renderer renders sources of kind render.Manifests: the files of a directory
// that end in .yaml, .yml or .json, in the order of their names, or one file.
// It does not descend into directories. Nodes carry the places of their
// files, so objects have no Locator.
//
// One broken file is a problem and the others are read all the same.
type Renderer struct{}

var _ render.Renderer = Renderer{}

// New returns a Renderer.
func New() Renderer { return Renderer{} }

// Render implements render.Renderer.
func (Renderer) Render(ctx context.Context, tree render.Tree, source render.Source) ([]render.Object, error) {
	r := reading{tree: tree, left: bounds.RenderedBytes}
	files, err := r.list(source)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !r.file(file) {
			break
		}
	}
	return r.objects, render.Join(r.problems)
}

// reading is the reading of one source.
type reading struct {
	tree     render.Tree
	left     int
	objects  []render.Object
	problems []render.Problem
}

// list returns the paths of the files of a source.
func (r *reading) list(source render.Source) ([]string, error) {
	info, err := fs.Stat(r.tree.FS, source.Path)
	if err != nil {
		return nil, unreadable(source.Path, err)
	}
	if !info.IsDir() {
		return []string{source.Path}, nil
	}
	entries, err := fs.ReadDir(r.tree.FS, source.Path)
	if err != nil {
		return nil, unreadable(source.Path, err)
	}
	var files []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || len(source.Files) > 0 && !slices.Contains(source.Files, name) {
			continue
		}
		switch path.Ext(name) {
		case ".yaml", ".yml", ".json", ".jsonnet":
			files = append(files, path.Join(source.Path, name))
		}
	}
	return files, nil
}

// file reads one file, and tells whether there is room for more.
func (r *reading) file(name string) bool {
	if path.Ext(name) == ".jsonnet" {
		r.problems = append(r.problems, render.Problem{
			Code: CodeJsonnet, Origin: render.Origin{File: name},
			Message: "cannot render Jsonnet, which Argo CD renders in a directory of manifests",
			Hint:    "commit what it renders to, or move it out of the directory",
		})
		return true
	}
	data, err := r.read(name)
	if err != nil {
		r.problems = append(r.problems, *err)
		return true
	}
	if r.left -= len(data); r.left < 0 {
		r.problems = append(r.problems, render.Problem{
			Code: CodeTooLarge, Origin: render.Origin{File: name},
			Message: fmt.Sprintf("directory holds more than %d bytes of manifests: this file and those after it were not read", bounds.RenderedBytes),
			Hint:    "split the directory",
		})
		return false
	}
	objects, problems := render.ParseObjects(name, data)
	if bytes.Contains(data, []byte(skipMarker)) {
		problems = marked(name, len(objects), problems)
	}
	if len(r.objects)+len(objects) > bounds.RenderedObjects {
		r.problems = append(r.problems, render.Problem{
			Code: CodeTooLarge, Origin: render.Origin{File: name},
			Message: fmt.Sprintf("directory holds more than %d objects: this file and those after it were left out", bounds.RenderedObjects),
			Hint:    "split the directory",
		})
		return false
	}
	r.objects = append(r.objects, objects...)
	r.problems = append(r.problems, problems...)
	return true
}

// read returns the bytes of a file, or nil for a symlink to a directory.
func (r *reading) read(name string) ([]byte, *render.Problem) {
	file, err := r.tree.FS.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, unreadable(name, err)
	}
	if info.IsDir() {
		return nil, nil
	}
	if !info.Mode().IsRegular() {
		return nil, unreadable(name, errors.New("not a regular file"))
	}
	data, err := io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	return data, nil
}

// marked judges a file that Argo CD is told to skip. Other deployers know no
// such marker, so it must not take an object out of sight: it excuses only
// what no deployer could read.
func marked(name string, objects int, problems []render.Problem) []render.Problem {
	notice := render.Problem{
		Code: CodeSkipMarker, Severity: render.Notice, Origin: render.Origin{File: name},
		Message: "file is marked " + skipMarker + " and holds no object that can be read: it is skipped",
		Hint:    "nothing to do",
	}
	if objects > 0 {
		notice.Message = "file is marked " + skipMarker + ": only Argo CD heeds that, so its objects are looked at"
		notice.Hint = "move the file out of the directory if nothing deploys it"
		return append(problems, notice)
	}
	kept := slices.DeleteFunc(problems, func(p render.Problem) bool {
		return p.Code == render.CodeMalformed || p.Severity == render.Notice
	})
	return append(kept, notice)
}

// unreadable says that a file or directory cannot be read. It is Unseen: what
// it holds is not known.
func unreadable(name string, err error) *render.Problem {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return &render.Problem{
		Code: CodeUnreadable, Origin: render.Origin{File: name},
		Message: fmt.Sprintf("cannot read %s: %v", name, err),
		Hint:    "check that it exists and does not lead out of the repository",
	}
}
