package document

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/syncgate/syncgate/bounds"
)

// Problem is one thing that keeps a policy file from loading.
type Problem struct {
	// File is the file's name as it was given. It is empty where the problem
	// is what is not there; the message then names the places.
	File string
	// Line and Column count from 1, Column in characters. They are 0 where
	// the problem is not at a place in the file.
	Line, Column int
	// Message says what is wrong, in lower case.
	Message string
	// Excerpt is the source line with its number, and a caret beneath where
	// Column is known. It is empty where there is nothing to show, and where
	// showing it might print a private key.
	Excerpt string
}

// Error returns "file:line:column: message" and the excerpt beneath it.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Line > 0 && p.Column > 0 {
		fmt.Fprintf(&b, ":%d", p.Column)
	}
	if p.File != "" {
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Excerpt != "" {
		b.WriteString("\n")
		b.WriteString(p.Excerpt)
	}
	return b.String()
}

// Problems is everything that was found wrong, in the order of the files and
// of the lines in them. It is never empty.
type Problems []*Problem

// Error returns the problems, each on lines of its own.
func (ps Problems) Error() string {
	lines := make([]string, 0, len(ps)+1)
	for i, p := range ps {
		if i == bounds.PolicyProblems {
			lines = append(lines, fmt.Sprintf("and %d more problems", len(ps)-i))
			break
		}
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the problems one by one.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// Sorted puts the problems of each file, which come one after the other, in the
// order of its lines. There are as many at most as are kept of a file.
func (ps Problems) Sorted() Problems {
	var out Problems
	for len(ps) > 0 {
		n := 1
		for n < len(ps) && ps[n].File == ps[0].File {
			n++
		}
		of := ps[:n].sorted()
		out, ps = append(out, of[:min(len(of), bounds.PolicyProblemsKept)]...), ps[n:]
	}
	return out
}

// sorted puts the problems of one file in the order of its lines and drops
// those that say the same of the same place, as an alias used twice makes
// them.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(ps, func(a, b *Problem) bool { return *a == *b })
}

// File is the text of one policy file.
type File struct {
	// Name is as it was given.
	Name  string
	lines []string
	// secret tells that the file holds a private key or a Secret, so that none
	// of its text may be shown.
	secret bool
}

var secretForm = regexp.MustCompile(`kind["']?\s*:\s*["']?Secret\b`)

func newFile(name string, text []byte) *File {
	return &File{
		Name:   name,
		lines:  strings.Split(string(text), "\n"),
		secret: HoldsPrivateKey(string(text)) || secretForm.Match(text),
	}
}

// Problem makes a problem at a place of the file.
func (f *File) Problem(line, column int, message string) *Problem {
	return &Problem{File: f.Name, Line: line, Column: column, Message: message, Excerpt: f.excerpt(line, column)}
}

// excerptWidth is how many characters of a line an excerpt shows.
const excerptWidth = 100

func (f *File) excerpt(line, column int) string {
	if f.secret || line < 1 || line > len(f.lines) {
		return ""
	}
	text := []rune(Printable(strings.TrimRight(f.lines[line-1], "\r")))
	start := 0
	if column > excerptWidth {
		start = min(column-excerptWidth/2, len(text))
	}
	shown := string(text[start:min(start+excerptWidth, len(text))])
	out := fmt.Sprintf("%5d | %s", line, shown)
	if column > 0 {
		out += "\n      | " + strings.Repeat(" ", max(column-1-start, 0)) + "^"
	}
	return out
}

// Printable replaces what a terminal would act on. A tab becomes one space, so
// that the caret stands where the column says.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// Quote quotes a value of the user's for a message: short, printable, and
// never a private key.
func Quote(value string) string {
	if HoldsPrivateKey(value) {
		return "(a private key)"
	}
	const longest = 80
	if text := []rune(value); len(text) > longest {
		value = string(text[:longest]) + "…"
	}
	return fmt.Sprintf("%q", value)
}

// HoldsPrivateKey tells whether text holds a private key in PEM.
func HoldsPrivateKey(text string) bool {
	return strings.Contains(text, "PRIVATE KEY-----")
}
