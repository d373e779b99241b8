package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// printer keeps the first error, so that the text reads as one page.
type printer struct {
	w     io.Writer
	style Style
	err   error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// colour is an SGR parameter of ECMA-48.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	bold   colour = "1"
	dim    colour = "2"
)

func (p *printer) paint(c colour, text string) string {
	if p.style&Colour == 0 {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

func (p *printer) mark(v policy.Verdict) string {
	switch v {
	case policy.Pass:
		return p.paint(green, "✓ pass   ")
	case policy.Fail:
		return p.paint(red, "✗ fail   ")
	default:
		return p.paint(yellow, "? unknown")
	}
}

// indent is the width of a mark.
const indent = "           "

// row prints one labelled line; a text of several lines is indented below
// its first.
func (p *printer) row(name, text string) {
	text = strings.ReplaceAll(strings.TrimRight(clean(text), "\n"), "\n", "\n"+indent+"      ")
	p.printf("%s%s%s\n", indent, p.paint(dim, fmt.Sprintf("%-6s", name)), text)
}

// indented puts the lines of a text below its first.
func indented(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+indent)
}

func label(name string, i int) string {
	if i > 0 {
		return ""
	}
	return name
}

// Clean takes out of one line of text what could drive a terminal, forge
// another line, or turn the reading order around: names in a repository or a
// registry are anybody's to choose.
func Clean(s string) string {
	return clean(strings.NewReplacer("\n", "\uFFFD", "\t", " ").Replace(s))
}

// clean is Clean for text that may have several lines.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r < ' ' || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '\uFFFD'
		}
		return r
	}, s)
}
