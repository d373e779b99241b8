package report

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// MarkdownLimit is the size of Markdown where no limit is asked for. It is
// what GitHub takes as the summary of a step; comments take less.
const MarkdownLimit = 1 << 20

// Markdown writes the report for a comment or a job summary. What blocks comes
// first. Where a limit does not let it be whole, first what passes is counted
// only, then each image is told in less, and in the end images that block are
// counted; what was left out is said.
func Markdown(w io.Writer, r verify.Report, o Options) error {
	limit := o.Limit
	if limit <= 0 {
		limit = MarkdownLimit
	}
	var text string
	for detail := range len(markdownDetails) {
		m := markdown{report: r, detail: markdownDetails[detail], html: o.Style&NoHTML == 0}
		if text = m.page(limit); text != "" {
			_, err := io.WriteString(w, text)
			return err
		}
	}
	return fmt.Errorf("write report: not even its verdict has %d bytes; allow more", limit)
}

// markdownDetail is how much is told.
type markdownDetail struct {
	findings, sites int
	// passing is how many images that pass, and how many notes, are listed.
	passing int
	// cut lets images that block be left out.
	cut bool
	// missing says what is left out at this detail.
	missing string
}

var markdownDetails = []markdownDetail{
	{findings: 50, sites: 20, passing: 5000},
	{findings: 10, sites: 5, passing: 20, missing: "at most 10 findings and 5 places of an image, and 20 images that pass"},
	{findings: 3, sites: 2, missing: "at most 3 findings and 2 places of an image, and no image that passes"},
	{findings: 1, sites: 1, missing: "one finding and one place of an image, and no image that passes"},
	{findings: 1, sites: 1, missing: "one finding and one place of an image, and no image that passes", cut: true},
}

// markdown is a page in the making.
type markdown struct {
	report verify.Report
	detail markdownDetail
	html   bool
}

// page is the whole page, or "" where it is larger than the limit.
func (m markdown) page(limit int) string {
	tail := m.tail()
	var b strings.Builder
	b.WriteString(m.head())
	told, total := 0, m.others()+m.report.Summary.Fail+m.report.Summary.Unknown-len(allowedOld(m.report))
	for block := range m.blocking() {
		rest := ""
		if m.detail.cut {
			rest = fmt.Sprintf("\n**… and %d more that block. The whole report has them.**\n", total-told)
		}
		if b.Len()+len(block)+len(rest)+len(tail) > limit {
			if !m.detail.cut {
				return ""
			}
			b.WriteString(rest)
			break
		}
		b.WriteString(block)
		told++
	}
	b.WriteString(tail)
	if b.Len() > limit {
		return ""
	}
	return b.String()
}

func (m markdown) head() string {
	r := m.report
	title := map[policy.Verdict]string{policy.Pass: "✅ Sync allowed", policy.Fail: "❌ Sync blocked", policy.Unknown: "❓ Sync blocked: not everything could be checked"}[r.Verdict]
	where := mdCode(r.Revision.Repository)
	if r.Revision.Commit != "" {
		where += fmt.Sprintf(" at %s", mdCode(fmt.Sprintf("%.12s", r.Revision.Commit)))
	}
	if r.EvaluatedAt != nil {
		where += ", as of " + r.EvaluatedAt.Format("2006-01-02 15:04:05 UTC")
	}
	s := r.Summary
	counts := fmt.Sprintf("**%s**: %d pass, %s, %s", plural(s.Images, "image"), s.Pass, strong(s.Fail, "fail"), strong(s.Unknown, "unknown"))
	if others := m.others(); others > 0 {
		counts += ", and **" + plural(others, "other problem") + "**"
	}
	if compared := comparedText(r); compared != "" {
		where += ", " + compared
	}
	return fmt.Sprintf("## %s\n\n%s (%s, %s)\n\n%s\n", title, counts, plural(len(r.Units), "unit"), plural(s.Objects, "object"), where)
}

func strong(n int, name string) string {
	if n == 0 {
		return "0 " + name
	}
	return fmt.Sprintf("**%d %s**", n, name)
}

func (m markdown) others() int {
	return len(sameOnce(m.report.Findings, func(f verify.Finding) bool { return weigh(f.Finding) < warned }))
}

// blocking are the blocks of what blocks, by weight: images first.
func (m markdown) blocking() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, stage := range stages {
			for i := range m.report.Images {
				if image := &m.report.Images[i]; stage.image(image) && m.report.Blocks(image) && !yield(m.image(image)) {
					return
				}
			}
			for _, f := range sameOnce(m.report.Findings, stage.finding) {
				if !yield(m.finding(f)) {
					return
				}
			}
		}
	}
}

func icon(v policy.Verdict) string {
	switch v {
	case policy.Pass:
		return "✅"
	case policy.Fail:
		return "❌"
	}
	return "❓"
}

// image is the block of an image that blocks.
func (m markdown) image(image *verify.ImageResult) string {
	var b strings.Builder
	name := shortReference(image.Reference)
	change := changeText(image.Change)
	if change != "" {
		change = " (" + change + ")"
	}
	fmt.Fprintf(&b, "\n### %s %s%s\n\n", icon(image.Verdict), mdCode(name), change)
	sites := sitesOf(image.Locations)
	for i, s := range sites {
		if i == m.detail.sites && len(sites) > i+1 {
			fmt.Fprintf(&b, "and %d more places\n", len(sites)-i)
			break
		}
		fmt.Fprintf(&b, "%s  \n", mdSite(m.report.Revision, s))
	}
	if len(sites) > 0 {
		b.WriteString("\n")
	}
	m.findings(&b, image)
	return b.String()
}

// findings lists what is wrong with an image, then what only warns or
// explains.
func (m markdown) findings(b *strings.Builder, image *verify.ImageResult) {
	told, left := 0, 0
	hints := map[string]bool{}
	for w := failing; w <= noted; w++ {
		for _, f := range image.Findings {
			if weigh(f) != w || f.Code == policy.CodeReportDecided && image.Verdict != policy.Pass {
				continue
			}
			if told == m.detail.findings {
				left++
				continue
			}
			told++
			m.item(b, image.Reference, f)
			if f.Hint != "" && !hints[f.Hint] {
				hints[f.Hint] = true
				fmt.Fprintf(b, "  - fix: %s\n", mdHint(within(image.Reference, f.Hint)))
			}
		}
	}
	if left > 0 {
		fmt.Fprintf(b, "- and %s\n", plural(left, "more finding"))
	}
}

// mdHint is a hint: a command as a whole, so that it can be copied.
func mdHint(hint string) string {
	if strings.HasPrefix(hint, "cosign ") {
		return mdCode(hint)
	}
	return mdText(hint)
}

func (m markdown) item(b *strings.Builder, reference string, f policy.Finding) {
	first, rest, _ := strings.Cut(strings.TrimSpace(within(reference, f.Message)), "\n")
	by := ""
	if asked := asker(f); asked != "" {
		by = "**" + mdText(asked) + "**: "
	}
	prefix := map[weight]string{unchecked: "could not be checked: ", warned: "warning: "}[weigh(f)]
	fmt.Fprintf(b, "- %s%s%s (%s)\n", by, prefix, mdText(first), mdCode(string(f.Code)))
	if rest != "" && m.detail.findings > 1 {
		b.WriteString(mdBlock(rest, "  ") + "\n")
	}
}

// finding is the block of a finding that is not about one image.
func (m markdown) finding(f sharedFinding) string {
	var b strings.Builder
	s := site{Origin: f.Origin, unit: f.Unit}
	if f.Object != nil {
		s.object = *f.Object
	}
	fmt.Fprintf(&b, "\n### %s %s\n\n", icon(f.Verdict), mdText(strings.TrimSuffix(ruleOf(f.Code).title, ".")))
	if at := mdSite(m.report.Revision, s); at != "" {
		b.WriteString(at + "\n\n")
	}
	if f.Change == verify.Old {
		b.WriteString("As before:\n\n")
	}
	m.item(&b, "", f.Finding.Finding)
	if len(f.units) > 1 {
		fmt.Fprintf(&b, "  - in %s: %s\n", plural(len(f.units), "unit"), mdText(f.unitList()))
	}
	if f.Hint != "" {
		fmt.Fprintf(&b, "  - fix: %s\n", mdHint(f.Hint))
	}
	return b.String()
}
