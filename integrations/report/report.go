// Package report writes a verify.Report in the formats that people and
// machines read: one small file a format.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

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
	// Plain is neither.
	Plain Style = 0
)

// Writer writes a report in one format.
type Writer func(w io.Writer, r verify.Report, style Style) error

// Formats are the names of the formats, in the order in which help lists them.
func Formats() []string { return []string{"text", "json"} }

// For returns the writer of a format. Its error lists the formats there are.
func For(format string) (Writer, error) {
	switch format {
	case "text":
		return Text, nil
	case "json":
		return JSON, nil
	}
	hint := ""
	if later := []string{"sarif", "junit", "markdown", "html", "github", "gitlab", "yaml"}; slices.Contains(later, format) {
		hint = " (not in this release)"
	}
	return nil, fmt.Errorf("write report: unknown format %q%s; want one of %s", format, hint, strings.Join(Formats(), ", "))
}

// JSON writes the report as one indented JSON object.
func JSON(w io.Writer, r verify.Report, _ Style) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
