package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
)

// walk lists the directories of the tree, hidden ones left out.
func (s *survey) walk(ctx context.Context) {
	entries := 0
	err := fs.WalkDir(s.tree.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.unreadable(name, err)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entries++; entries > bounds.TreeFiles {
			return errTreeTooLarge
		}
		if entry.IsDir() {
			if name != "." && strings.HasPrefix(path.Base(name), ".") {
				return fs.SkipDir
			}
			s.dirs[name] = &directory{}
			s.names = append(s.names, name)
			return nil
		}
		s.add(name, entry)
		return nil
	})
	switch {
	case errors.Is(err, errTreeTooLarge):
		s.problems = append(s.problems, Problem{
			Code:    CodeTreeTooLarge,
			Message: fmt.Sprintf("tree has more than %d files: not all were looked at", bounds.TreeFiles),
			Hint:    "name the directories that are deployed with --path",
		})
	case err != nil:
		s.problems = append(s.problems, Problems(err)...)
	}
	slices.Sort(s.names)
}

// errTreeTooLarge ends a walk.
var errTreeTooLarge = errors.New("tree is too large")

// add notes a file if its name matters. A symlink to a directory does not:
// the directory is in the tree under its own name.
func (s *survey) add(name string, entry fs.DirEntry) {
	base := path.Base(name)
	kustomization := slices.Contains(kustomizationNames(), base)
	if !kustomization && !isManifestName(base) {
		return
	}
	if entry.Type()&fs.ModeSymlink != 0 {
		if info, err := fs.Stat(s.tree.FS, name); err == nil && info.IsDir() {
			return
		}
	}
	dir := s.dirs[path.Dir(name)]
	switch {
	case kustomization && dir.kustomization == "":
		dir.kustomization = base
	case base == chartName:
		dir.chart = base
	}
	if isManifestName(base) {
		dir.files = append(dir.files, base)
	}
}

// unreadable reports a part of the tree that could not be looked at.
func (s *survey) unreadable(name string, err error) {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	s.problems = append(s.problems, Problem{
		Code: CodeTreeUnreadable, Origin: Origin{File: name},
		Message: fmt.Sprintf("cannot read %s: %v", name, err),
		Hint:    "check that it does not lead out of the repository, or name the directories that are deployed with --path",
	})
}

// isManifestName tells whether a file is read as manifests by its name.
func isManifestName(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// readBounded reads a file of at most bounds.FileBytes; of a longer one it
// returns one byte more.
func readBounded(tree Tree, name string) ([]byte, error) {
	file, err := tree.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
}

// sniffManifests finds the files that hold plain manifests: those that no
// kustomization reads, outside of charts and of kustomizations' directories.
func (s *survey) sniffManifests(ctx context.Context) {
	type candidate struct {
		dir, file string
		manifest  bool
		err       error
	}
	var candidates []*candidate
	for _, name := range s.names {
		dir := s.dirs[name]
		if dir.kustomization != "" || dir.inChart != "" {
			continue
		}
		for _, file := range dir.files {
			if _, claimed := s.claimed[path.Join(name, file)]; !claimed {
				candidates = append(candidates, &candidate{dir: name, file: file})
			}
		}
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range candidates {
		group.Go(func() error {
			if c.err = ctx.Err(); c.err == nil {
				c.manifest, c.err = s.sniff(path.Join(c.dir, c.file))
			}
			return nil
		})
	}
	_ = group.Wait()
	for _, c := range candidates {
		switch {
		case c.err != nil:
			s.unreadable(path.Join(c.dir, c.file), c.err)
		case c.manifest:
			s.dirs[c.dir].manifests = append(s.dirs[c.dir].manifests, c.file)
		}
	}
}

// sniff tells whether a file holds a manifest. Most files are told by their
// text; one that might hide its keys is parsed. What cannot be told is taken
// for a manifest, so that its renderer says what is wrong with it.
func (s *survey) sniff(name string) (bool, error) {
	data, err := readBounded(s.tree, name)
	if err != nil {
		return false, err
	}
	if len(data) > bounds.FileBytes {
		return true, nil
	}
	words := bytes.Contains(data, []byte("apiVersion")) && bytes.Contains(data, []byte("kind"))
	if !words && !hidesText(data) {
		return false, nil
	}
	if words && hasTopLevelKey(data, "apiVersion") && hasTopLevelKey(data, "kind") {
		return true, nil
	}
	objects, problems := ParseObjects(name, data)
	return len(objects) > 0 || words && blocks(problems), nil
}

// hidesText tells whether a key could be in a file without its letters: in
// escapes of YAML or JSON, in base64 or in UTF-16.
func hidesText(data []byte) bool {
	if isUTF16(data) {
		return true
	}
	for i := 0; ; i++ {
		next := bytes.IndexByte(data[i:], '\\')
		if next < 0 || i+next+1 >= len(data) {
			return false
		}
		i += next
		if strings.IndexByte("xuU\r\n", data[i+1]) >= 0 {
			return true
		}
	}
}

// hasTopLevelKey tells whether a key stands at the start of a line.
func hasTopLevelKey(data []byte, key string) bool {
	for at := 0; ; {
		next := bytes.Index(data[at:], []byte(key))
		if next < 0 {
			return false
		}
		start, end := at+next, at+next+len(key)
		at = end
		if start > 0 && (data[start-1] == '"' || data[start-1] == '\'') && end < len(data) && data[end] == data[start-1] {
			start, end = start-1, end+1
		}
		rest := bytes.TrimLeft(data[end:], " \t")
		if (start == 0 || data[start-1] == '\n') && len(rest) > 0 && rest[0] == ':' {
			return true
		}
	}
}
