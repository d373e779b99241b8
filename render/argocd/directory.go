package argocd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// skipMarker makes Argo CD pass over the file that holds it.
const skipMarker = "+argocd:skip-file-rendering"

// combinedBytes is the size of a directory's manifests from which on Argo CD
// refuses it, unless --max-combined-directory-manifests-size says otherwise.
const combinedBytes = 10_000_000

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
	if !strings.HasSuffix(name, ".jsonnet") {
		j.combined(name, len(data))
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

// combined counts the bytes of manifests, and tells once that they are more
// than Argo CD takes by default: then it deploys none, so nothing is missed.
func (j *job) combined(name string, bytes int) {
	before := j.manifestBytes
	if j.manifestBytes += bytes; before > combinedBytes || j.manifestBytes <= combinedBytes {
		return
	}
	j.problems = append(j.problems, render.Problem{
		Code: CodeDirectorySize, Severity: render.Notice, Origin: render.Origin{File: j.from.show(name)},
		Message: fmt.Sprintf("directory %s holds more than %d bytes of manifests, which Argo CD refuses unless it is told otherwise", j.dir, combinedBytes),
		Hint:    "split the directory, or raise --max-combined-directory-manifests-size of argocd-repo-server",
	})
}

// parse returns the objects of a file.
func (j *job) parse(ctx context.Context, s *directorySource, name string, data []byte) ([]render.Object, []render.Problem) {
	if strings.HasSuffix(name, ".jsonnet") {
		return j.jsonnet(ctx, s, name)
	}
	objects, problems := render.ParseObjects(name, data)
	if len(objects) == 0 && passedOver(name, data) {
		for i := range problems {
			if problems[i].Code == render.CodeMalformed {
				problems[i].Severity = render.Notice
			}
		}
	}
	j.move.problems(problems)
	return objects, problems
}

// passedOver tells whether Argo CD leaves out a file that does not parse here:
// one that it cannot parse either, and that does not look like a manifest. What
// it does parse it deploys, so that is never left out here.
func passedOver(name string, data []byte) bool {
	if strings.HasSuffix(name, ".json") || bytes.IndexByte(data, 0) >= 0 {
		return false // JSON has to parse, and UTF-16 is not looked into here
	}
	looks := true
	for _, key := range []string{"apiVersion:", "kind:", "metadata:"} {
		looks = looks && bytes.Contains(data, []byte(key))
	}
	return !looks && !startsWithObject(data)
}

// startsWithObject tells whether the first document of a file that is not
// empty is an object to Argo CD's own parser, which takes some of what the
// stricter one here refuses.
func startsWithObject(data []byte) bool {
	var object struct {
		Kind string `json:"kind"`
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if start := bytes.TrimLeft(data, " \t\r\n"); bytes.HasPrefix(start, []byte("{")) &&
		json.NewDecoder(bytes.NewReader(start)).Decode(&object) == nil && object.Kind != "" {
		return true
	}
	for _, document := range bytes.Split(append([]byte("\n"), data...), []byte("\n---")) {
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		var parsed map[string]json.RawMessage
		if err := sigsyaml.Unmarshal(document, &parsed); err != nil || len(parsed) > 0 {
			return err == nil && parsed["kind"] != nil
		}
	}
	return false
}

// unreadable tells of a file that cannot be read.
func (j *job) unreadable(name string, err error) {
	j.problems = append(j.problems, render.Problem{
		Code: CodeFile, Origin: render.Origin{File: j.from.show(name)},
		Message: fmt.Sprintf("cannot read %s: %v", name, plainError(err)),
		Hint:    "check that it exists and does not lead out of the repository",
	})
}
