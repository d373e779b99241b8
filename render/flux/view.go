package flux

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"

	"github.com/syncgate/syncgate/bounds"
)

// files is a tree of files that knows where each of them really is. It holds
// no symlinks: artifacts have none.
type files interface {
	fs.ReadDirFS
	fs.StatFS
	// show returns the place in the revision, or elsewhere, of a name.
	show(name string) string
}

// plain is a tree of files as it is.
type plain struct {
	fs.FS
	// prefix and suffix make the place of a name.
	prefix, suffix string
}

func (p plain) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(p.FS, name) }

func (p plain) Stat(name string) (fs.FileInfo, error) { return fs.Stat(p.FS, name) }

func (p plain) show(name string) string { return p.prefix + name + p.suffix }

// Lstat and ReadLink let a view see which names are symlinks.
func (p plain) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(p.FS, name) }

func (p plain) ReadLink(name string) (string, error) { return fs.ReadLink(p.FS, name) }

// view is what an artifact holds of a tree of files: neither symlinks nor what
// is ignored.
type view struct {
	files
	// sparse are the prefixes of the names that are checked out, if any.
	sparse []string
	// checkout tells that nothing is ignored yet: it is what an artifact is
	// made from. generated tells that ignore files are not read.
	checkout, generated bool
	// extra are the patterns of the source itself.
	extra []gitignore.Pattern

	mu sync.Mutex
	// patterns are those of the ignore file of a directory.
	patterns map[string][]gitignore.Pattern
	// links tells which directories are reached through a symlink.
	links map[string]bool
	some  func() bool
}

// newView returns the view of an artifact whose source says what to ignore.
func newView(base files, spec *repositorySpec) *view {
	v := &view{files: base, patterns: map[string][]gitignore.Pattern{}, links: map[string]bool{".": false}}
	if spec != nil {
		if spec.Ignore != nil {
			v.extra = sourceignore.ReadPatterns(strings.NewReader(*spec.Ignore), nil)
		}
		for _, dir := range spec.SparseCheckout {
			v.sparse = append(v.sparse, strings.TrimPrefix(dir, "./"))
		}
	}
	v.some = sync.OnceValue(v.ignoresSomething)
	return v
}

// lstat describes a name itself.
func (v *view) lstat(name string) (fs.FileInfo, error) { return fs.Lstat(v.files, name) }

// linked tells whether a name is a symlink or lies below one.
func (v *view) linked(name string) bool {
	if name == "." {
		return false
	}
	v.mu.Lock()
	linked, known := v.links[name]
	v.mu.Unlock()
	if known {
		return linked
	}
	linked = v.linked(path.Dir(name))
	if !linked {
		info, err := v.lstat(name)
		linked = err == nil && info.Mode()&fs.ModeSymlink != 0
		if err == nil && !info.IsDir() {
			return linked
		}
	}
	v.mu.Lock()
	v.links[name] = linked
	v.mu.Unlock()
	return linked
}

// checkedOut tells whether a name is in the directories that are checked out.
func (v *view) checkedOut(name string, dir bool) bool {
	if len(v.sparse) == 0 || name == "." {
		return true
	}
	for _, prefix := range v.sparse {
		if strings.HasPrefix(name, prefix) || dir && strings.HasPrefix(prefix, name+"/") {
			return true
		}
	}
	return false
}

// read returns the patterns of the ignore file of a directory.
func (v *view) read(dir string) []gitignore.Pattern {
	v.mu.Lock()
	defer v.mu.Unlock()
	if patterns, known := v.patterns[dir]; known {
		return patterns
	}
	if v.generated {
		return nil
	}
	var patterns []gitignore.Pattern
	name := path.Join(dir, sourceignore.IgnoreFile)
	if data, err := readFile(v.files, name); err == nil && v.checkedOut(name, false) {
		var domain []string
		if dir != "." {
			domain = strings.Split(dir, "/")
		}
		patterns = sourceignore.ReadPatterns(bufio.NewReader(bytes.NewReader(data)), domain)
	}
	v.patterns[dir] = patterns
	return patterns
}

// ignoresSomething tells whether the source or any ignore file has a pattern:
// the default exclusions hold only where none has.
func (v *view) ignoresSomething() bool {
	if len(v.extra) > 0 || v.generated {
		return len(v.extra) > 0
	}
	found := errors.New("found")
	err := fs.WalkDir(v.files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case entry.IsDir() && (entry.Name() == ".git" || !v.checkedOut(name, true)):
			return fs.SkipDir
		case entry.Name() == sourceignore.IgnoreFile && len(v.read(path.Dir(name))) > 0:
			return found
		}
		return nil
	})
	return errors.Is(err, found)
}

// ignored tells whether a name is left out of the artifact.
func (v *view) ignored(name string, dir bool) bool {
	if name == "." || v.checkout {
		return false
	}
	steps := strings.Split(name, "/")
	patterns := append(sourceignore.VCSPatterns(nil), v.read(".")...)
	for i := 1; i < len(steps); i++ {
		patterns = append(patterns, v.read(strings.Join(steps[:i], "/"))...)
	}
	patterns = append(patterns, v.extra...)
	if sourceignore.NewMatcher(patterns).Match(steps, dir) {
		return true
	}
	defaults := sourceignore.NewMatcher(sourceignore.DefaultPatterns(nil))
	return defaults.Match(steps, dir) && !v.some()
}

// visible tells whether a name is in the artifact.
func (v *view) visible(name string, info fs.FileInfo) bool {
	if v.linked(name) || !v.checkedOut(name, info.IsDir()) {
		return false
	}
	if !info.IsDir() {
		return info.Mode().IsRegular() && !v.ignored(name, false)
	}
	if !v.ignored(name, true) {
		return true
	}
	entries, _ := v.ReadDir(name)
	return len(entries) > 0
}

// ReadDir lists what the artifact holds of a directory.
func (v *view) ReadDir(name string) ([]fs.DirEntry, error) {
	if v.linked(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	all, err := v.files.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, entry := range all {
		below := path.Join(name, entry.Name())
		if entry.Type()&^fs.ModeDir != 0 {
			continue
		}
		if info, err := v.lstat(below); err == nil && v.visible(below, info) {
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// Stat implements fs.StatFS.
func (v *view) Stat(name string) (fs.FileInfo, error) {
	info, err := v.files.Stat(name)
	if err != nil {
		return nil, err
	}
	if !v.visible(name, info) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return info, nil
}

// Open implements fs.FS.
func (v *view) Open(name string) (fs.File, error) {
	info, err := v.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openDir(v, name, info), nil
	}
	return v.files.Open(name)
}

// dirFile is an open directory.
type dirFile struct {
	fs.FileInfo
	list func() ([]fs.DirEntry, error)
	left []fs.DirEntry
	read bool
}

func openDir(fsys fs.ReadDirFS, name string, info fs.FileInfo) *dirFile {
	return &dirFile{FileInfo: info, list: func() ([]fs.DirEntry, error) { return fsys.ReadDir(name) }}
}

func (d *dirFile) Stat() (fs.FileInfo, error) { return d.FileInfo, nil }

func (d *dirFile) Close() error { return nil }

func (d *dirFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.Name(), Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (d *dirFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		d.read = true
		left, err := d.list()
		if err != nil {
			return nil, err
		}
		d.left = left
	}
	if n <= 0 {
		n = len(d.left)
	} else if len(d.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.left))
	entries := d.left[:n]
	d.left = d.left[n:]
	return entries, nil
}

// readFile reads a file within bounds.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, bounds.FileBytes+1))
	if err == nil && len(data) > bounds.FileBytes {
		err = errors.New("file is too large")
	}
	return data, err
}
