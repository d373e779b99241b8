package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/syncgate/syncgate/policy"
)

// printer keeps the first error, so that the text reads as one page.
type printer struct {
	w io.Writer
	Options
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) verbose() bool { return p.Style&Verbose != 0 }

// colour is an SGR parameter of ECMA-48.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
	bold   colour = "1"
	dim    colour = "2"
)

func (p *printer) paint(c colour, text string) string {
	if p.Style&Colour == 0 || text == "" {
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

// indent is the width of a mark and of a label, with the space after it: all
// text begins in one column.
const indent = "           "

// row is one labelled piece of text, and what stands behind it in brackets.
type row struct{ label, text, code string }

// row prints a row. What does not fit into a line goes on below its first, at
// spaces only: a terminal breaks long words better, because it copies them
// whole.
func (p *printer) row(r row) {
	text := strings.TrimRight(clean(r.text), "\n")
	if r.code != "" {
		text += " [" + Clean(r.code) + "]"
	}
	lines := p.wrap(text, !strings.HasPrefix(text, "cosign "))
	if r.code != "" {
		last := len(lines) - 1
		if rest, ok := strings.CutSuffix(lines[last], "["+Clean(r.code)+"]"); ok {
			lines[last] = rest + p.paint(dim, "["+Clean(r.code)+"]")
		}
	}
	if r.label == "fix" {
		for i := range lines {
			lines[i] = p.paint(cyan, lines[i])
		}
	}
	label := fmt.Sprintf("    %-5s", r.label)
	p.printf("%s  %s\n", p.paint(dim, label), strings.Join(lines, "\n"+indent))
}

// wrap breaks text into lines. Where breaking is not allowed, only at the
// line breaks that it has.
func (p *printer) wrap(text string, breaking bool) []string {
	width := p.Width - len(indent)
	lines := strings.Split(text, "\n")
	if p.Width == 0 || !breaking || width < 20 {
		return lines
	}
	var wrapped []string
	for _, line := range lines {
		for utf8.RuneCountInString(line) > width {
			at := breakAt(line, width)
			if at < 0 {
				break
			}
			wrapped = append(wrapped, strings.TrimRight(line[:at], " "))
			line = strings.TrimLeft(line[at:], " ")
		}
		wrapped = append(wrapped, line)
	}
	return wrapped
}

// breakAt is the index of the last space within width columns, or else of the
// first one, or -1 where there is none.
func breakAt(line string, width int) int {
	at, column := -1, 0
	for i, r := range line {
		if r == ' ' && i > 0 {
			if column > width && at > 0 {
				return at
			}
			at = i
			if column >= width {
				return at
			}
		}
		column++
	}
	if at == len(strings.TrimRight(line, " ")) {
		return -1
	}
	return at
}

func label(name string, i int) string {
	if i > 0 {
		return ""
	}
	return name
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
