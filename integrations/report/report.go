// Package report writes a verify.Report in the formats that people and
// machines read: one small file a format. All that a report holds was chosen
// by others, in a repository or a registry, so each format escapes it.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/syncgate/syncgate/verify"
)

// Style says how text is to look: Plain, or other styles joined with |.
type Style uint8

// The styles of text.
const (
	// Colour is for terminals; without it text is fit for files and logs.
	Colour Style = 1 << iota
	// Verbose adds the evidence of what passes.
	Verbose
	// NoHTML is for Markdown of forges that take no HTML in it.
	NoHTML
	// Plain is neither.
	Plain Style = 0
)

// Options say how a report is written. The zero value writes all of it, for a
// file. Each format takes what concerns it.
type Options struct {
	Style Style
	// Width is the number of columns that text is wrapped to. 0 does not
	// wrap.
	Width int
	// Limit is the number of bytes that markdown, sarif and gitlab may have.
	// What matters least is left out, and they say so where they can. 0 is
	// the format's own limit, if it has one.
	Limit int
	// Version is that of syncgate.
	Version string
	// Time is when the check was made, for formats that tell it.
	Time time.Time
	// Verifier is the URI of who verifies, and Seal signs a statement, for
	// verification summaries.
	Verifier string
	Seal     func(statement []byte) ([]byte, error)
}

// Writer writes a report in one format. The same report and options make the
// same bytes.
type Writer func(w io.Writer, r verify.Report, o Options) error

// Format is one way to write a report.
type Format struct {
	Name string
	// For says who reads it.
	For   string
	Write Writer
}

// All returns the formats, in the order in which help lists them.
func All() []Format {
	return []Format{
		{"text", "people, in a terminal", Text},
		{"json", "scripts", JSON},
		{"yaml", "scripts", YAML},
		{"markdown", "comments and job summaries", Markdown},
		{"html", "reviewers: one page, for any browser", HTML},
		{"sarif", "code scanning", SARIF},
		{"junit", "test results of CI systems", JUnit},
		{"github", "log and annotations of GitHub Actions", GitHub},
		{"gitlab", "GitLab Code Quality", GitLab},
		{"policyreport", "dashboards of clusters: a ClusterReport of openreports.io", PolicyReport},
		{"vsa", "whoever deploys later: a SLSA verification summary of each image, one a line", VSA},
	}
}

// Formats are the names of the formats, in the order in which help lists them.
func Formats() []string {
	var names []string
	for _, f := range All() {
		names = append(names, f.Name)
	}
	return names
}

// For returns the writer of a format. Its error lists the formats there are.
func For(format string) (Writer, error) {
	for _, f := range All() {
		if f.Name == format {
			return f.Write, nil
		}
	}
	return nil, fmt.Errorf("write report: unknown format %q; want one of %s", format, strings.Join(Formats(), ", "))
}

// Bytes is a report in one format.
func Bytes(write Writer, r verify.Report, o Options) ([]byte, error) {
	var b bytes.Buffer
	err := write(&b, r, o)
	return b.Bytes(), err
}

// JSON writes the report as one indented JSON object.
func JSON(w io.Writer, r verify.Report, _ Options) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
