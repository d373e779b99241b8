package document

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// Disk is the machine's own file system for Load. Names are paths as a user
// writes them: absolute, or relative to the working directory, with ".." too.
type Disk struct{}

// Open opens a file for reading.
func (Disk) Open(name string) (fs.File, error) { return os.Open(filepath.FromSlash(name)) }

// TestSuffix ends the names of files with cases for policies, which stand
// beside these.
const TestSuffix = ".test.yaml"

// IsTest tells whether a file holds cases for policies, by its name.
func IsTest(name string) bool {
	return strings.HasSuffix(name, TestSuffix) || strings.HasSuffix(name, ".test.yml")
}

// Read reads the documents of policy files and directories of fsys, and hands
// each to read, which returns what is wrong with it. Of a directory it reads
// the files that end in .yaml or .yml, do not begin with a dot and hold no cases,
// in the order of their names, and no subdirectory. Where fsys is a tree such as that
// of a Git revision, nothing outside of it can be named.
//
// It returns everything that is wrong in any of the files, or nil.
func Read(fsys fs.FS, names []string, read func(*File, Document) Problems) Problems {
	if len(names) == 0 {
		return Problems{{Message: "no policy given: name a file or a directory"}}
	}
	l := &loader{files: fsys, read: read}
	files := l.expand(names)
	if recorder, ok := fsys.(*Recorder); ok {
		recorder.read(files)
	}
	for _, file := range files {
		l.file(file)
	}
	return l.problems
}

// loader reads several files.
type loader struct {
	files    fs.FS
	read     func(*File, Document) Problems
	problems Problems
	// bytes is the size of all files read so far.
	bytes int
}

func (l *loader) fail(file, format string, args ...any) {
	l.problems = append(l.problems, &Problem{File: file, Message: fmt.Sprintf(format, args...)})
}

// expand turns directories into the files to be read, each once.
func (l *loader) expand(names []string) []string {
	var files []string
	for _, name := range names {
		name = path.Clean(filepath.ToSlash(name))
		info, err := stat(l.files, name)
		switch {
		case err != nil:
			l.fail(name, "read policy: %s", Reason(err))
		case info.IsDir():
			files = append(files, l.directory(name)...)
		default:
			files = append(files, name)
		}
	}
	if len(files) > bounds.PolicyFiles {
		l.fail(names[0], "read policies: %d files, more than the %d that are read: name fewer", len(files), bounds.PolicyFiles)
		return nil
	}
	var once []string
	for _, file := range files {
		if !slices.Contains(once, file) {
			once = append(once, file)
		}
	}
	return once
}

func (l *loader) directory(name string) []string {
	entries, err := fs.ReadDir(l.files, name)
	if err != nil {
		l.fail(name, "read policies: %s", Reason(err))
		return nil
	}
	var files []string
	subdirectories := ""
	for _, entry := range entries {
		base := entry.Name()
		switch extension := path.Ext(base); {
		case strings.HasPrefix(base, "."), IsTest(base):
		case entry.IsDir():
			subdirectories = " (subdirectories are not read: name them)"
		case extension == ".yaml" || extension == ".yml":
			files = append(files, path.Join(name, base))
		}
	}
	if len(files) == 0 {
		l.fail("", "no policy in %s: no file there ends in .yaml or .yml%s", name, subdirectories)
	}
	return files
}

// file reads all documents of one file.
func (l *loader) file(name string) {
	text, err := ReadFile(l.files, name, bounds.PolicyBytes)
	if err != nil {
		l.fail(name, "read policy: %s", Reason(err))
		return
	}
	if l.bytes += len(text); l.bytes > bounds.PolicySetBytes {
		l.fail(name, "read policies: all files together are larger than %d MiB", bounds.PolicySetBytes>>20)
		return
	}
	file := newFile(name, text)
	if problem := checkText(file, text); problem != nil {
		l.problems = append(l.problems, problem)
		return
	}
	docs := split(text)
	if len(docs) > bounds.PolicyDocuments {
		l.fail(name, "read policy: %d documents, more than the %d that are read: split the file", len(docs), bounds.PolicyDocuments)
		return
	}
	empty := true
	var problems Problems
	for _, doc := range docs {
		problem := doc.parse(file)
		if problem != nil {
			problems = append(problems, problem)
		} else if doc.Root != nil {
			problems = append(problems, l.read(file, doc)...)
		}
		empty = empty && problem == nil && doc.Root == nil
		if len(problems) >= bounds.PolicyProblemsKept {
			break
		}
	}
	if empty {
		l.fail("", "no policy in %s: the file is empty", name)
	}
	l.problems = append(l.problems, problems.sorted()...)
}

// outside tells whether a name leads out of a tree. On disk every name is
// inside: it is the user's own.
func outside(fsys fs.FS, name string) bool {
	return !OnDisk(fsys) && !fs.ValidPath(name)
}

func stat(fsys fs.FS, name string) (fs.FileInfo, error) {
	if outside(fsys, name) {
		return nil, fs.ErrInvalid
	}
	return fs.Stat(fsys, name)
}

// errTooLarge is the error of ReadFile for a file above its limit.
type errTooLarge int

func (e errTooLarge) Error() string { return fmt.Sprintf("larger than %d KiB", int(e)>>10) }

// ReadFile reads a file of at most limit bytes.
func ReadFile(fsys fs.FS, name string, limit int) ([]byte, error) {
	if outside(fsys, name) {
		return nil, fs.ErrInvalid
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("is a directory")
	}
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(text) > limit {
		err = errTooLarge(limit)
	}
	if recorder, ok := fsys.(*Recorder); ok && err == nil {
		recorder.keep(name, text)
	}
	return text, err
}

// Reason is an error of the file system without the operation and the path,
// which the message has already.
func Reason(err error) string {
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or directory"
	case errors.Is(err, fs.ErrInvalid):
		return "the path leads out of the tree that policies are read from"
	case errors.As(err, &pathError):
		return pathError.Err.Error()
	}
	return err.Error()
}
