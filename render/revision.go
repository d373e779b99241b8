package render

import (
	"fmt"
	"io/fs"
	"strconv"
)

// Revision is a repository and a full commit id. It is comparable, and its
// zero value is invalid: branches and tags are resolved before one exists.
type Revision struct {
	// Repository is the URL, or the path of a local repository, without
	// credentials.
	Repository string `json:"repository,omitempty"`
	// Commit is the full commit id in lower-case hex. It is empty for a
	// directory that is read as it is.
	Commit string `json:"commit,omitempty"`
}

// Tree is the files of a revision, read-only.
type Tree struct {
	// FS holds the files. Names are slash-separated and relative to the
	// root of the repository. No name leads out of it: a symlink that would
	// leave the tree cannot be opened.
	FS fs.FS
	// Revision is where the files came from.
	Revision Revision
	// Problems are what the tree holds that cannot be read as files:
	// symlinks that leave it, submodules, Git LFS pointers.
	Problems []Problem
}

// Origin is the place in a revision that produced a thing. The zero value is
// an unknown place.
type Origin struct {
	// File is the slash-separated path from the root of the repository.
	File string `json:"file,omitempty"`
	// Line and Column count from 1; 0 is unknown. Columns count bytes.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// String returns "file:line:column", leaving out what is unknown. A file with
// control characters in its name is quoted.
func (o Origin) String() string {
	file := o.File
	if !printable(file) {
		file = strconv.Quote(file)
	}
	switch {
	case o.Line == 0:
		return file
	case o.Column == 0:
		return fmt.Sprintf("%s:%d", file, o.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", file, o.Line, o.Column)
	}
}

// Severity says what a Problem does to a verdict.
type Severity uint8

// The severities of problems. The zero value is the strictest that is not a
// judgement: what could not be looked at.
const (
	// Unseen means that something could not be looked at: the verdict is
	// unknown.
	Unseen Severity = iota
	// Broken means that it was looked at and is wrong: the verdict is fail.
	Broken
	// Notice is worth telling and changes no verdict.
	Notice
)

// Problem is what went wrong with a tree, a unit or an object while it was
// rendered: the rendering half of a finding. It is also an error.
type Problem struct {
	// Code names the kind of problem, in kebab case.
	Code string
	// Severity says what it does to the verdict.
	Severity Severity
	// Message says what is so, in lower case, naming the object.
	Message string
	// Hint says what to do next.
	Hint string
	// Unit is the name of the unit, if it is about one.
	Unit string
	// Object is the object, if it is about one.
	Object ObjectID
	// Origin is where it is.
	Origin Origin
	// Retryable tells that trying again may help.
	Retryable bool
}

// Error returns the origin and the message.
func (p *Problem) Error() string {
	if p.Origin.File == "" {
		return p.Message
	}
	return p.Origin.String() + ": " + p.Message
}
