package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// shownLocations is how many places of one image text lists before it counts
// the rest.
const shownLocations = 3

// Text writes the report for somebody who has never seen the tool: what
// blocked, why, where, and what to do.
func Text(w io.Writer, r verify.Report, style Style) error {
	p := &printer{w: w, style: style}
	p.headline(r)
	for _, verdict := range []policy.Verdict{policy.Fail, policy.Unknown, policy.Pass} {
		for _, image := range r.Images {
			if image.Verdict == verdict {
				p.image(image)
			}
		}
	}
	p.findings(r)
	p.summary(r)
	return p.err
}

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
	if p.style == Plain {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

func (p *printer) headline(r verify.Report) {
	where := r.Revision.Repository
	if r.Revision.Commit != "" {
		where = fmt.Sprintf("%s at %.12s", where, r.Revision.Commit)
	}
	switch r.Verdict {
	case policy.Pass:
		p.printf("%s  %s\n", p.paint(green, "SYNC ALLOWED"), Clean(where))
	case policy.Fail:
		p.printf("%s  %s\n", p.paint(red, "SYNC BLOCKED"), Clean(where))
	default:
		p.printf("%s  %s\n", p.paint(yellow, "SYNC BLOCKED, not everything could be checked"), Clean(where))
	}
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

func (p *printer) image(image verify.ImageResult) {
	p.printf("\n%s  %s\n", p.mark(image.Verdict), p.paint(bold, Clean(image.Reference)))
	for _, f := range image.Findings {
		f.Message = within(image.Reference, f.Message)
		p.finding(f)
	}
	if image.Verdict == policy.Pass {
		p.evidence(image)
		return
	}
	for i, l := range image.Locations {
		if i == shownLocations {
			p.row("", fmt.Sprintf("and %d more places", len(image.Locations)-i))
			break
		}
		p.row(label("where", i), place(l.Origin, l.Object, l.Field))
	}
}

// row prints one labelled line; a text of several lines is indented below
// its first.
func (p *printer) row(name, text string) {
	const indent = "           "
	text = strings.ReplaceAll(strings.TrimRight(clean(text), "\n"), "\n", "\n"+indent+"      ")
	p.printf("%s%s%s\n", indent, p.paint(dim, fmt.Sprintf("%-6s", name)), text)
}

func label(name string, i int) string {
	if i > 0 {
		return ""
	}
	return name
}

func (p *printer) finding(f policy.Finding) {
	name := "why"
	if f.Verdict == policy.Pass {
		name = "note"
	} else if f.Warning {
		name = "warn"
	}
	text := f.Message
	if asked := asker(f); asked != "" {
		text += " (" + asked + ")"
	}
	p.row(name, text)
	if f.Hint != "" {
		p.row("fix", f.Hint)
	}
}

// within leaves the image's name out of a message that stands below it.
func within(reference, message string) string {
	short := reference
	if name, digest, pinned := strings.Cut(reference, "@"); pinned {
		short = fmt.Sprintf("%s@%.19s", name, digest)
	}
	for _, name := range []string{reference, short} {
		message = strings.ReplaceAll(message, " on "+name+" ", " ")
		message = strings.TrimPrefix(strings.TrimPrefix(message, name+": "), name+" ")
	}
	return message
}

func asker(f policy.Finding) string {
	switch {
	case f.Policy == "":
		return ""
	case f.Requirement == "":
		return "policy " + f.Policy
	default:
		return "policy " + f.Policy + ", requirement " + f.Requirement
	}
}

func (p *printer) evidence(image verify.ImageResult) {
	for i, e := range image.Evidence {
		what := "signature"
		if e.PredicateType != "" {
			what = e.PredicateType
		}
		text := what + " by " + signer(e.Signer)
		if e.SignedAt != nil {
			text += ", " + e.SignedAt.Format("2006-01-02 15:04 UTC")
		}
		p.row(label("proof", i), text)
	}
}

func signer(s verify.SignerSummary) string {
	if s.Certificate != nil {
		return s.Subject
	}
	return fmt.Sprintf("key %.19s…", s.Key)
}

func place(o render.Origin, id render.ObjectID, field string) string {
	object := Clean(strings.TrimSpace(id.String() + " " + field))
	if o.File == "" {
		return object
	}
	return Clean(o.String()) + "  " + object
}

// findings prints what is about the tree, units and objects.
func (p *printer) findings(r verify.Report) {
	for _, f := range r.Findings {
		mark := p.mark(f.Verdict)
		if f.Warning {
			mark = p.paint(dim, "  note   ")
		}
		p.printf("\n%s  %s\n", mark, clean(f.Message))
		if f.Hint != "" {
			p.row("fix", f.Hint)
		}
		var id render.ObjectID
		if f.Object != nil {
			id = *f.Object
		}
		where := ""
		if f.Object != nil {
			where = place(f.Origin, id, "")
		} else if f.File != "" {
			where = Clean(f.Origin.String())
		}
		if where != "" {
			p.row("where", where)
		} else if f.Unit != "" {
			p.row("unit", Clean(f.Unit))
		}
	}
}

func (p *printer) summary(r verify.Report) {
	s := r.Summary
	p.printf("\n%s: %s in %s of %s\n", images(s), plural(s.Images, "image"), plural(s.Objects, "object"), plural(len(r.Units), "unit"))
}

func images(s verify.Summary) string {
	return fmt.Sprintf("%d pass, %d fail, %d unknown", s.Pass, s.Fail, s.Unknown)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Clean takes out of one line of text what could drive a terminal, forge
// another line, or turn the reading order around: names in a repository or a
// registry are anybody's to choose.
func Clean(s string) string {
	return clean(strings.NewReplacer("\n", "\uFFFD", "\t", " ").Replace(s))
}

// clean takes control characters out of text that comes from a repository or
// a registry, so that it cannot drive the terminal or forge lines of a log.
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
