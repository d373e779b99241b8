package flux

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// overlay is a tree of files with some files replaced or added and with other
// trees mounted in it. A mount hides what lies below it.
type overlay struct {
	base  files
	added map[string][]byte
	// mounts are looked through from the last to the first.
	mounts []mount
	// shown are the places of the added files.
	shown map[string]string
}

// mount is a part of a tree that is seen at a directory, or at a file.
type mount struct {
	at    string
	files files
	from  string
	// merge lets what lies below show through.
	merge bool
}

// nothing holds no files.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) { return nil, absent("open", name) }
func (nothing) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "." {
		return nil, nil
	}
	return nil, absent("readdir", name)
}
func (nothing) Stat(name string) (fs.FileInfo, error) { return nil, absent("stat", name) }
func (nothing) show(name string) string               { return name }

func absent(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// layers returns where a name may be, the first that has it wins.
func (o *overlay) layers(name string) []mount {
	var layers []mount
	for _, m := range slices.Backward(o.mounts) {
		if m.at != "." && m.at != name && !strings.HasPrefix(name, m.at+"/") {
			continue
		}
		rest := name
		if m.at != "." {
			rest = strings.TrimPrefix(strings.TrimPrefix(name, m.at), "/")
		}
		layers = append(layers, mount{files: m.files, from: path.Join(m.from, rest)})
		if !m.merge {
			return layers
		}
	}
	return append(layers, mount{files: o.base, from: name})
}

func (o *overlay) show(name string) string {
	if shown, ok := o.shown[name]; ok {
		return shown
	}
	layers := o.layers(name)
	for _, l := range layers {
		if _, err := l.files.Stat(l.from); err == nil {
			return l.files.show(l.from)
		}
	}
	return layers[len(layers)-1].files.show(name)
}

// Stat implements fs.StatFS.
func (o *overlay) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, absent("stat", name)
	}
	if data, ok := o.added[name]; ok {
		return addedInfo{path.Base(name), int64(len(data)), 0o644}, nil
	}
	for _, l := range o.layers(name) {
		if info, err := l.files.Stat(l.from); err == nil {
			return info, nil
		}
	}
	if name == "." || len(o.below(name)) > 0 {
		return addedInfo{path.Base(name), 0, fs.ModeDir | 0o755}, nil
	}
	return nil, absent("stat", name)
}

// below returns the names in a directory that added files and mounts make.
func (o *overlay) below(dir string) []string {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	var names []string
	note := func(name string) {
		if rest, ok := strings.CutPrefix(name, prefix); ok && name != "." && rest != "" {
			first, _, _ := strings.Cut(rest, "/")
			names = append(names, first)
		}
	}
	for name := range o.added {
		note(name)
	}
	for _, m := range o.mounts {
		note(m.at)
	}
	return names
}

// ReadDir implements fs.ReadDirFS.
func (o *overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := o.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	names := o.below(name)
	for _, l := range o.layers(name) {
		entries, err := l.files.ReadDir(l.from)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
	}
	slices.Sort(names)
	var list []fs.DirEntry
	for _, below := range slices.Compact(names) {
		if info, err := o.Stat(path.Join(name, below)); err == nil {
			list = append(list, namedEntry{fs.FileInfoToDirEntry(info), below})
		}
	}
	return list, nil
}

// namedEntry is an entry under the name that it has in the overlay.
type namedEntry struct {
	fs.DirEntry
	name string
}

func (e namedEntry) Name() string { return e.name }

// Open implements fs.FS.
func (o *overlay) Open(name string) (fs.File, error) {
	info, err := o.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openDir(o, name, info), nil
	}
	if data, ok := o.added[name]; ok {
		return &addedFile{bytes.NewReader(data), info}, nil
	}
	for _, l := range o.layers(name) {
		if _, err := l.files.Stat(l.from); err == nil {
			return l.files.Open(l.from)
		}
	}
	return nil, absent("open", name)
}

// addedFile is an open file that was added.
type addedFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *addedFile) Stat() (fs.FileInfo, error) { return f.info, nil }

func (f *addedFile) Close() error { return nil }

// addedInfo describes what was added.
type addedInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i addedInfo) Name() string       { return i.name }
func (i addedInfo) Size() int64        { return i.size }
func (i addedInfo) Mode() fs.FileMode  { return i.mode }
func (i addedInfo) ModTime() time.Time { return time.Time{} }
func (i addedInfo) IsDir() bool        { return i.mode.IsDir() }
func (i addedInfo) Sys() any           { return nil }
