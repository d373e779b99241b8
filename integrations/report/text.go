package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// What text lists before it counts the rest, unless it is verbose.
const (
	// shownLocations is for the places of one image.
	shownLocations = 3
	// shownImages is for images that are wrong for the same reasons, and for
	// images that pass.
	shownImages = 20
	// shownFindings is for findings that say the same of one requirement.
	shownFindings = 8
	// shownUnits is for units.
	shownUnits = 8
)

// Text writes the report for somebody who has never seen the tool: what
// blocked, why, where, and what to do. Images that are wrong for the same
// reasons share them.
func Text(w io.Writer, r verify.Report, o Options) error {
	p := &printer{w: w, Options: o}
	p.headline(r)
	p.units(r)
	for _, stage := range stages {
		p.images(r, stage)
		p.findings(r, stage.finding)
	}
	p.images(r, stage{verdict: policy.Pass})
	p.findings(r, func(f verify.Finding) bool { return f.Warning || f.Verdict == policy.Pass })
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
		p.printf("%s  %s\n", p.paint(green+";"+bold, "SYNC ALLOWED"), Clean(where))
	case policy.Fail:
		p.printf("%s  %s\n", p.paint(red+";"+bold, "SYNC BLOCKED"), Clean(where))
	default:
		p.printf("%s  %s\n", p.paint(yellow+";"+bold, "SYNC BLOCKED, not everything could be checked"), Clean(where))
	}
	if compared := comparedText(r); compared != "" {
		p.printf("%s\n", compared)
	}
}

// units says what was taken as what, in short where there is much.
func (p *printer) units(r verify.Report) {
	var names []string
	for _, unit := range r.Units {
		if unit.Name == unit.Path {
			names = append(names, fmt.Sprintf("%s (%s)", unit.Name, unit.Kind))
		} else {
			names = append(names, fmt.Sprintf("%s (%s %s)", unit.Name, unit.Kind, unit.Path))
		}
	}
	if len(names) > shownUnits && !p.verbose() {
		names = append(names[:shownUnits], fmt.Sprintf("and %d more", len(names)-shownUnits))
	}
	if len(names) == 0 {
		return
	}
	for i, line := range p.wrap("rendered: "+Clean(strings.Join(names, ", ")), true) {
		if i > 0 {
			line = "          " + line
		}
		p.printf("%s\n", p.paint(dim, line))
	}
}

// findings prints what is about the tree, units and objects. What several
// units share is printed once; of notices only so many of a kind.
func (p *printer) findings(r verify.Report, which func(verify.Finding) bool) {
	all := sameOnce(r.Findings, which)
	count := map[policy.Code]int{}
	for _, f := range all {
		if count[f.Code]++; f.Warning && count[f.Code] > shownFindings && !p.verbose() {
			continue
		}
		p.finding(f)
	}
	for _, f := range all {
		if more := count[f.Code] - shownFindings; f.Warning && more > 0 && !p.verbose() {
			p.printf("\n%s\n", p.paint(dim, fmt.Sprintf("%s%d more of the kind %s; -v lists them", indent, more, Clean(string(f.Code)))))
			delete(count, f.Code)
		}
	}
}

func (p *printer) finding(f sharedFinding) {
	mark := p.mark(f.Verdict)
	if f.Warning || f.Verdict == policy.Pass {
		mark = p.paint(dim, "  note   ")
	}
	message := strings.TrimRight(clean(f.Message), "\n")
	if f.Change == verify.Old {
		message = "as before: " + message
	}
	lines := p.wrap(message+" ["+Clean(string(f.Code))+"]", true)
	last := len(lines) - 1
	lines[last] = strings.TrimSuffix(lines[last], "["+Clean(string(f.Code))+"]") + p.paint(dim, "["+Clean(string(f.Code))+"]")
	p.printf("\n%s  %s\n", mark, strings.Join(lines, "\n"+indent))
	var id render.ObjectID
	if f.Object != nil {
		id = *f.Object
	}
	where := place(f.Origin, id, "")
	if where != "" {
		p.row(row{"where", where, ""})
	}
	switch {
	case len(f.units) > 1 && p.verbose():
		p.row(row{"units", strings.Join(f.units, ", "), ""})
	case len(f.units) > 1:
		p.row(row{"units", f.unitList(), ""})
	case where == "" && f.Unit != "":
		p.row(row{"unit", f.Unit, ""})
	}
	if f.Hint != "" {
		p.row(row{"fix", f.Hint, ""})
	}
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

func (p *printer) summary(r verify.Report) {
	s := r.Summary
	others := len(sameOnce(r.Findings, func(f verify.Finding) bool { return !f.Warning && f.Verdict != policy.Pass }))
	count := func(n int, name string, c colour) string {
		text := fmt.Sprintf("%d %s", n, name)
		if n == 0 {
			return text
		}
		return p.paint(c, text)
	}
	counted := fmt.Sprintf("%s: %s, %s, %s", plural(s.Images, "image"),
		count(s.Pass, "pass", green), count(s.Fail, "fail", red), count(s.Unknown, "unknown", yellow))
	if others > 0 {
		counted += "; " + plural(others, "other problem")
	}
	p.printf("\n%s %s\n", counted, p.paint(dim, fmt.Sprintf("(%s, %s)", plural(len(r.Units), "unit"), plural(s.Objects, "object"))))
}
