// Package lint finds what loads in a policy and is still not what anybody
// means: what can never match or never pass, what nothing uses, what lets
// more through than it seems to, and what ends soon.
package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
)

// Severity says how much a finding counts.
type Severity string

// The severities.
const (
	// Problem is what cannot be meant: it never works, no longer works, or
	// trusts everybody.
	Problem Severity = "problem"
	// Hint is what is likely a mistake, or could be better.
	Hint Severity = "hint"
)

// Code names a kind of finding. Codes are never renamed.
type Code string

// Finding is one thing to look at in a policy file.
type Finding struct {
	File string `json:"file"`
	// Line and Column count from 1.
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	// Hint says what to do about it.
	Hint string `json:"hint,omitempty"`
	// excerpt is the line with a caret under the place.
	excerpt string
}

// Options are those of a run.
type Options struct {
	// At is the time relative to which ends are told.
	At time.Time
	// Soon is how long before its end something is told to end. The zero
	// value is 14 days for exceptions and 30 for keys.
	Soon time.Duration
}

// How long before an end it is told, where the options do not say.
const (
	soonExceptions = 14 * 24 * time.Hour
	soonKeys       = 30 * 24 * time.Hour
)

// Result is what is found in a set of policies.
type Result struct {
	Findings   []Finding `json:"findings"`
	Policies   int       `json:"policies"`
	Exceptions int       `json:"exceptions"`
	Problems   int       `json:"problems"`
	Hints      int       `json:"hints"`
}

// Files looks at policy files and directories of fsys. Its error says that
// they do not load, and is of type document.Problems.
func Files(fsys fs.FS, names []string, o Options) (Result, error) {
	set, err := dialect.Load(fsys, names...)
	if err != nil {
		return Result{}, err
	}
	l := &linter{o: o, set: set}
	problems := document.Read(fsys, names, func(file *document.File, doc document.Document) document.Problems {
		l.docs = append(l.docs, &source{file: file, root: doc.Root})
		return nil
	})
	if len(problems) > 0 {
		return Result{}, problems
	}
	l.run()
	return l.result(), nil
}

// linter gathers the findings of one set.
type linter struct {
	o        Options
	set      policy.Set
	docs     []*source
	written  []writtenPolicy
	findings []Finding
}

func (l *linter) run() {
	for i := range l.set.Policies {
		l.written = append(l.written, l.locate(&l.set.Policies[i]))
	}
	for i := range l.written {
		w := &l.written[i]
		l.matches(w)
		l.passes(w)
		l.ends(w)
		l.superfluous(w)
	}
	for _, doc := range l.docs {
		l.signers(doc)
		l.patterns(doc)
	}
	for i := range l.set.Exceptions {
		l.exception(&l.set.Exceptions[i])
	}
}

func (l *linter) result() Result {
	slices.SortStableFunc(l.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(l.order(a.File), l.order(b.File)), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	r := Result{Findings: slices.Compact(l.findings), Policies: len(l.set.Policies), Exceptions: len(l.set.Exceptions)}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	for _, f := range r.Findings {
		if f.Severity == Problem {
			r.Problems++
		} else {
			r.Hints++
		}
	}
	return r
}

// order is the place of a file among those that were read.
func (l *linter) order(file string) int {
	return slices.IndexFunc(l.docs, func(s *source) bool { return s.file.Name == file })
}

// note is a finding in the making.
type note struct {
	severity Severity
	code     Code
	hint     string
}

// report adds a finding at a node of a file.
func (l *linter) report(s *source, n *yaml.Node, w note, format string, args ...any) {
	if n == nil {
		n = s.root
	}
	p := s.file.Problem(n.Line, n.Column, fmt.Sprintf(format, args...))
	l.findings = append(l.findings, Finding{
		File: p.File, Line: p.Line, Column: p.Column, Severity: w.severity, Code: w.code,
		Message: p.Message, Hint: w.hint, excerpt: p.Excerpt,
	})
}
