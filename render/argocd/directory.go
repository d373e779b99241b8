package argocd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gobwas/glob"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// skipMarker makes Argo CD pass over the file that holds it.
const skipMarker = "+argocd:skip-file-rendering"

// renderDirectory reads the manifests of a directory (findManifests of
// reposerver/repository/repository.go).
func (j *job) renderDirectory(ctx context.Context) {
	s := j.source.directory
	if s == nil {
		s = &directorySource{}
	}
	include, included := j.pattern(s.include)
	exclude, excluded := j.pattern(s.exclude)
	if !included || !excluded {
		return
	}
	left := bounds.RenderedBytes
	err := fs.WalkDir(j.from.fs, j.dir, func(name string, entry fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			j.unreadable(name, err)
			return nil
		}
		if entry.IsDir() {
			if name != j.dir && !s.recurse {
				return fs.SkipDir
			}
			return nil
		}
		inside := strings.TrimPrefix(name, j.dir+"/")
		if !s.anyExtension && !isManifest(name) || exclude != nil && exclude.Match(inside) || include != nil && !include.Match(inside) {
			return nil
		}
		return j.file(ctx, s, name, &left)
	})
	if err != nil && !errors.Is(err, errFull) {
		j.problems = append(j.problems, render.Problems(err)...)
	}
}

// isManifest tells whether a file is read without being asked for.
func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json", ".jsonnet"}, path.Ext(name))
}

// pattern compiles a pattern, in which * matches slashes too.
func (j *job) pattern(v value) (glob.Glob, bool) {
	if v.text == "" {
		return nil, true
	}
	compiled, err := glob.Compile(v.text)
	if err != nil {
		j.fail(v.at, CodeField, fmt.Sprintf("%s: pattern %q cannot be read: %v", v.at.name(), v.text, err), "correct the pattern: Argo CD takes it to match nothing")
		return nil, false
	}
	return compiled, true
}

var errFull = errors.New("full")

// file reads one file.
func (j *job) file(ctx context.Context, s *directorySource, name string, left *int) error {
	info, err := fs.Stat(j.from.fs, name)
	if errors.Is(err, fs.ErrNotExist) {
		j.unreadable(name, errors.New("it is a symlink to what does not exist"))
		j.problems[len(j.problems)-1].Severity = render.Notice
		return nil
	}
	if err != nil {
		j.unreadable(name, err)
		return nil
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	data, err := j.read(name)
	if err != nil {
		j.unreadable(name, err)
		return nil
	}
	if bytes.Contains(data, []byte(skipMarker)) {
		j.problems = append(j.problems, render.Problem{
			Code: "skip-marker", Severity: render.Notice, Origin: render.Origin{File: j.from.show(name)},
			Message: "file is marked " + skipMarker + ": Argo CD skips it", Hint: "nothing to do",
		})
		return nil
	}
	objects, problems := j.parse(ctx, s, name, data)
	if *left -= len(data); *left < 0 || len(j.objects)+len(objects) > bounds.RenderedObjects {
		j.problems = append(j.problems, render.Problem{
			Code: render.CodeUnitTooLarge, Origin: render.Origin{File: j.from.show(name)},
			Message: "directory holds more than one unit may: this file and those after it were not read", Hint: "split the directory",
		})
		return errFull
	}
	j.move.objects(objects)
	j.objects = append(j.objects, objects...)
	j.problems = append(j.problems, problems...)
	return nil
}

// parse returns the objects of a file.
func (j *job) parse(ctx context.Context, s *directorySource, name string, data []byte) ([]render.Object, []render.Problem) {
	if strings.HasSuffix(name, ".jsonnet") {
		return j.jsonnet(ctx, s, name)
	}
	objects, problems := render.ParseObjects(name, data)
	if len(objects) == 0 && !looksLikeManifest(data) {
		// Argo CD passes over what does not parse and is no manifest.
		for i := range problems {
			if problems[i].Code == render.CodeMalformed {
				problems[i].Severity = render.Notice
			}
		}
	}
	j.move.problems(problems)
	return objects, problems
}

// looksLikeManifest is how Argo CD tells a manifest that does not parse.
func looksLikeManifest(data []byte) bool {
	for _, key := range []string{"apiVersion:", "kind:", "metadata:"} {
		if !bytes.Contains(data, []byte(key)) {
			return false
		}
	}
	return true
}

// unreadable tells of a file that cannot be read.
func (j *job) unreadable(name string, err error) {
	j.problems = append(j.problems, render.Problem{
		Code: CodeFile, Origin: render.Origin{File: j.from.show(name)},
		Message: fmt.Sprintf("cannot read %s: %v", name, plainError(err)),
		Hint:    "check that it exists and does not lead out of the repository",
	})
}
