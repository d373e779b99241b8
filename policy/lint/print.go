package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy/document"
)

// Text prints findings for people: place, severity and message, the line with
// a caret under the place, and what to do.
func (r Result) Text(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s (%s)\n", document.Printable(f.File), f.Line, f.Column, f.Severity, document.Printable(f.Message), f.Code)
		if f.excerpt != "" {
			b.WriteString(f.excerpt + "\n")
		}
		if f.Hint != "" {
			fmt.Fprintf(&b, "  fix: %s\n", document.Printable(f.Hint))
		}
	}
	about := count(r.Policies, "policy", "policies")
	if r.Exceptions > 0 {
		about += " and " + count(r.Exceptions, "exception", "exceptions")
	}
	switch {
	case len(r.Findings) == 0:
		fmt.Fprintf(&b, "nothing to mend in %s\n", about)
	case r.Hints == 0:
		fmt.Fprintf(&b, "%s in %s\n", count(r.Problems, "problem", "problems"), about)
	default:
		fmt.Fprintf(&b, "%s and %s in %s\n", count(r.Problems, "problem", "problems"), count(r.Hints, "hint", "hints"), about)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON prints the result as one object.
func (r Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
