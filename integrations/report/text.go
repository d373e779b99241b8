package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// shownLocations is how many places of one image text lists before it counts
// the rest.
const shownLocations = 3

// Text writes the report for somebody who has never seen the tool: what
// blocked, why, where, and what to do. Images that are wrong for the same
// reasons share them.
func Text(w io.Writer, r verify.Report, style Style) error {
	p := &printer{w: w, style: style}
	p.headline(r)
	p.units(r)
	for _, verdict := range []policy.Verdict{policy.Fail, policy.Unknown} {
		p.blocking(r, verdict)
		p.findings(r, func(f verify.Finding) bool { return !f.Warning && f.Verdict == verdict })
	}
	if r.Summary.Pass > 0 {
		p.printf("\n")
	}
	for _, image := range r.Images {
		if image.Verdict == policy.Pass {
			p.passing(image)
		}
	}
	p.findings(r, func(f verify.Finding) bool { return f.Warning })
	p.summary(r)
	return p.err
}

func (p *printer) headline(r verify.Report) {
	where := r.Revision.Repository
	if r.Revision.Commit != "" {
		where = fmt.Sprintf("%s at %.12s", where, r.Revision.Commit)
	}
	if r.EvaluatedAt != nil {
		where += ", as of " + r.EvaluatedAt.Format("2006-01-02 15:04:05 UTC")
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

// units says what was taken as what, in short where there is much.
func (p *printer) units(r verify.Report) {
	const shown = 8
	var names []string
	for _, unit := range r.Units {
		if unit.Name == unit.Path {
			names = append(names, fmt.Sprintf("%s (%s)", unit.Name, unit.Kind))
		} else {
			names = append(names, fmt.Sprintf("%s (%s %s)", unit.Name, unit.Kind, unit.Path))
		}
	}
	if len(names) > shown && p.style&Verbose == 0 {
		names = append(names[:shown], fmt.Sprintf("and %d more", len(names)-shown))
	}
	if len(names) > 0 {
		p.printf("%s\n", p.paint(dim, "rendered: "+Clean(strings.Join(names, ", "))))
	}
}

// blocking prints the images of one verdict that is not a pass, those with
// the same reasons together.
func (p *printer) blocking(r verify.Report, verdict policy.Verdict) {
	var order []string
	groups := map[string][]verify.ImageResult{}
	for _, image := range r.Images {
		if image.Verdict != verdict {
			continue
		}
		reasons := fmt.Sprint(p.reasons(image))
		if groups[reasons] == nil {
			order = append(order, reasons)
		}
		groups[reasons] = append(groups[reasons], image)
	}
	for _, reasons := range order {
		p.printf("\n")
		for _, image := range groups[reasons] {
			p.printf("%s  %s\n", p.mark(verdict), p.paint(bold, title(image)))
			for i, l := range image.Locations {
				if i == shownLocations {
					p.row("", fmt.Sprintf("and %d more places", len(image.Locations)-i))
					break
				}
				p.row(label("where", i), place(l.Origin, l.Object, l.Field))
			}
		}
		for _, row := range p.reasons(groups[reasons][0]) {
			p.row(row[0], row[1])
		}
	}
}

// reasons are the labelled lines that say why an image does not pass.
func (p *printer) reasons(image verify.ImageResult) [][2]string {
	var rows [][2]string
	var unchecked []string
	fixes := map[string]bool{}
	findings := slices.Clone(image.Findings)
	slices.SortStableFunc(findings, func(a, b policy.Finding) int { return rank(a) - rank(b) })
	caused := slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Verdict == policy.Unknown && f.Policy == "" })
	for _, f := range findings {
		switch {
		case f.Code == policy.CodeReportDecided && p.style&Verbose == 0:
			continue
		case caused && f.Verdict == policy.Unknown && f.Policy != "":
			// What could not be looked at has been said; that requirements
			// rest on it is one line and not one each.
			unchecked = append(unchecked, asker(f))
			continue
		}
		rows = append(rows, [2]string{kind(f), message(image, f)})
		if f.Hint != "" && !fixes[f.Hint] {
			fixes[f.Hint] = true
			rows = append(rows, [2]string{"fix", within(image.Reference, f.Hint)})
		}
	}
	if len(unchecked) > 0 {
		rows = append(rows, [2]string{"so", "not checked: " + strings.Join(slices.Compact(unchecked), ", ")})
	}
	return rows
}

// rank orders findings: what says no, what could not be looked at, what only
// warns, what explains.
func rank(f policy.Finding) int {
	switch {
	case f.Warning:
		return 3
	case f.Verdict == policy.Fail:
		return 0
	case f.Verdict == policy.Unknown && f.Policy == "":
		return 1
	case f.Verdict == policy.Unknown:
		return 2
	}
	return 4
}

func kind(f policy.Finding) string {
	switch {
	case f.Warning:
		return "warn"
	case f.Verdict == policy.Pass:
		return "note"
	case f.Verdict == policy.Unknown:
		return "?"
	}
	return "why"
}

func message(image verify.ImageResult, f policy.Finding) string {
	text := within(image.Reference, f.Message)
	if by := asker(f); by != "" {
		text = by + ": " + text
	}
	return text
}

func asker(f policy.Finding) string {
	if f.Policy == "" || f.Requirement == "" {
		return f.Policy
	}
	return f.Policy + "/" + f.Requirement
}

// passing prints an image that passes: one line, and what somebody should
// know who relies on it.
func (p *printer) passing(image verify.ImageResult) {
	by := ""
	if len(image.Policies) > 0 {
		by = "  " + p.paint(dim, "by "+strings.Join(image.Policies, ", "))
	}
	p.printf("%s  %s%s\n", p.mark(policy.Pass), p.paint(bold, title(image)), by)
	for _, row := range p.reasons(image) {
		p.row(row[0], row[1])
	}
	if p.style&Verbose == 0 {
		return
	}
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

// title is the image as written, with what a tag stood for.
func title(image verify.ImageResult) string {
	if image.Digest.IsZero() || strings.Contains(image.Reference, "@") {
		return Clean(image.Reference)
	}
	return Clean(image.Reference) + " = " + image.Digest.String()
}

// within leaves the image's name out of a message that stands below it.
func within(reference, message string) string {
	short := reference
	if name, digest, pinned := strings.Cut(reference, "@"); pinned {
		short = fmt.Sprintf("%s@%.19s", name, digest)
	}
	for _, name := range []string{reference, short} {
		message = strings.ReplaceAll(message, " on "+name+" ", " ")
		message = strings.ReplaceAll(message, "resolve "+name+": ", "")
		message = strings.TrimPrefix(strings.TrimPrefix(message, name+": "), name+" ")
	}
	return message
}

func signer(s verify.SignerSummary) string {
	if s.Certificate != nil {
		return s.Subject
	}
	return fmt.Sprintf("key %.19s…", s.Key)
}

func place(o render.Origin, id render.ObjectID, field string) string {
	object := ""
	if id != (render.ObjectID{}) {
		object = Clean(strings.TrimSpace(id.String() + " " + field))
	}
	if o.File == "" {
		return object
	}
	return strings.TrimSpace(Clean(o.String()) + "  " + object)
}

// findings prints what is about the tree, units and objects.
func (p *printer) findings(r verify.Report, which func(verify.Finding) bool) {
	for _, f := range r.Findings {
		if !which(f) {
			continue
		}
		mark := p.mark(f.Verdict)
		if f.Warning {
			mark = p.paint(dim, "  note   ")
		}
		p.printf("\n%s  %s\n", mark, indented(clean(f.Message)))
		var id render.ObjectID
		if f.Object != nil {
			id = *f.Object
		}
		if where := place(f.Origin, id, ""); where != "" {
			p.row("where", where)
		} else if f.Unit != "" {
			p.row("unit", Clean(f.Unit))
		}
		if f.Hint != "" {
			p.row("fix", f.Hint)
		}
	}
}

func (p *printer) summary(r verify.Report) {
	s := r.Summary
	others := 0
	for _, f := range r.Findings {
		if !f.Warning && f.Verdict != policy.Pass {
			others++
		}
	}
	counted := fmt.Sprintf("%s: %d pass, %d fail, %d unknown", plural(s.Images, "image"), s.Pass, s.Fail, s.Unknown)
	if others > 0 {
		counted += "; " + plural(others, "other problem")
	}
	p.printf("\n%s (%s, %s)\n", counted, plural(len(r.Units), "unit"), plural(s.Objects, "object"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
