package forge

import "context"

// Level is how much an annotation matters.
type Level uint8

// The levels of annotations.
const (
	// Notice explains.
	Notice Level = iota
	// Warning is wrong, or could not be checked, or does not count.
	Warning
	// Fault is a reason for the verdict to be fail.
	Fault
)

// Annotation is a finding at a line of a file.
type Annotation struct {
	// ID tells it apart from the others of a report.
	ID string
	// Path is that of the file, from the root of the repository, and Line counts
	// from 1.
	Path string
	Line int
	// Title is one line, and Text is all of it.
	Title, Text string
	Level       Level
}

// Review is a report on a commit with annotations.
type Review struct {
	Status
	// Summary is the report in Markdown.
	Summary     string
	Annotations []Annotation
}

// Annotator is a publisher that can write findings at the lines that they are
// about. It is called with a pending review first.
type Annotator interface {
	Publisher
	// Annotate publishes a review, in place of the one of the same name.
	Annotate(ctx context.Context, r Review) error
}
