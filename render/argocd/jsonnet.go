package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/google/go-jsonnet"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// jsonnet evaluates a Jsonnet file. It imports files of the repository alone,
// and has no functions but those of the language. An evaluation that takes too
// long is left behind: the library cannot be stopped.
func (j *job) jsonnet(ctx context.Context, s *directorySource, name string) ([]render.Object, []render.Problem) {
	failed := func(err error) []render.Problem {
		return []render.Problem{{
			Code: CodeFile, Severity: render.Broken, Origin: render.Origin{File: j.from.show(name)},
			Message: fmt.Sprintf("cannot evaluate jsonnet %s: %s", name, firstLine(err)), Hint: "check it with jsonnet",
		}}
	}
	machine, ok := j.machine(s)
	if !ok {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.JsonnetTime)
	defer cancel()
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if recover() != nil {
				r.err = errors.New("the evaluator broke down")
			}
			done <- r
		}()
		r.text, r.err = machine.EvaluateFile(name)
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, failed(r.err)
		}
		return j.jsonnetObjects(name, r.text)
	case <-ctx.Done():
		problems := failed(fmt.Errorf("it takes longer than %v", bounds.JsonnetTime))
		problems[0].Severity, problems[0].Retryable = render.Unseen, true
		return nil, problems
	}
}

// firstLine is the first line of an error.
func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}

// machine makes an evaluator (makeJsonnetVM).
func (j *job) machine(s *directorySource) (*jsonnet.VM, bool) {
	machine := jsonnet.MakeVM()
	machine.SetTraceOut(io.Discard)
	for _, v := range s.tlas {
		if text := j.expand(v.value); v.code {
			machine.TLACode(v.name, text)
		} else {
			machine.TLAVar(v.name, text)
		}
	}
	for _, v := range s.extVars {
		if text := j.expand(v.value); v.code {
			machine.ExtCode(v.name, text)
		} else {
			machine.ExtVar(v.name, text)
		}
	}
	from := &importer{fs: j.from.fs, dirs: []string{j.dir}, seen: map[string]jsonnet.Contents{}, left: bounds.RenderedBytes}
	for _, lib := range s.libs {
		dir := cleanPath(lib.text)
		if !fs.ValidPath(dir) {
			j.fail(lib.at, CodePath, fmt.Sprintf("library %q leads out of the repository", lib.text), "name a directory of the repository")
			return nil, false
		}
		from.dirs = append(from.dirs, dir)
	}
	machine.Importer(from)
	return machine, true
}

// jsonnetObjects reads what a Jsonnet file evaluated to: an object or a list
// of objects.
func (j *job) jsonnetObjects(name, text string) ([]render.Object, []render.Problem) {
	items := []json.RawMessage{json.RawMessage(text)}
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &list) == nil {
		items = slices.DeleteFunc(list, func(m json.RawMessage) bool { return string(m) == "null" })
	}
	var objects []render.Object
	var problems []render.Problem
	origin := render.Origin{File: name}
	for _, item := range items {
		parsed, wrong := render.ParseObjects(name+".json", item)
		for i := range parsed {
			parsed[i].Origin, parsed[i].Locator = origin, fixed(origin)
		}
		for i := range wrong {
			wrong[i].Origin = render.Origin{File: j.from.show(name)}
			if wrong[i].Code == render.CodeNotManifest {
				wrong[i].Severity = render.Broken
			}
		}
		objects, problems = append(objects, parsed...), append(problems, wrong...)
	}
	return objects, problems
}

// importer imports files of a tree: beside the importing file, then in the
// directories, the last first.
type importer struct {
	fs   fs.FS
	dirs []string
	seen map[string]jsonnet.Contents
	left int
}

// Import implements jsonnet.Importer.
func (i *importer) Import(importedFrom, importedPath string) (jsonnet.Contents, string, error) {
	if path.IsAbs(importedPath) {
		return jsonnet.Contents{}, "", fmt.Errorf("import of %q is refused: it is an absolute path", importedPath)
	}
	candidates := []string{path.Join(path.Dir(importedFrom), importedPath)}
	for _, dir := range slices.Backward(i.dirs) {
		candidates = append(candidates, path.Join(dir, importedPath))
	}
	if importedFrom == "" {
		candidates = []string{importedPath}
	}
	for _, name := range candidates {
		if !fs.ValidPath(name) {
			return jsonnet.Contents{}, "", fmt.Errorf("import of %q is refused: it leads out of the repository", importedPath)
		}
		contents, err := i.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return contents, name, err
	}
	return jsonnet.Contents{}, "", fmt.Errorf("couldn't open import %q: no match locally or in the library paths", importedPath)
}

// read reads a file once.
func (i *importer) read(name string) (jsonnet.Contents, error) {
	if contents, ok := i.seen[name]; ok {
		return contents, nil
	}
	file, err := i.fs.Open(name)
	if err != nil {
		return jsonnet.Contents{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(i.left)+1))
	if err != nil {
		return jsonnet.Contents{}, err
	}
	if i.left -= len(data); i.left < 0 {
		return jsonnet.Contents{}, fmt.Errorf("the files that are imported have more than %d bytes", bounds.RenderedBytes)
	}
	i.seen[name] = jsonnet.MakeContentsRaw(data)
	return i.seen[name], nil
}
