package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

//go:embed page/page.js
var pageJS string

// HTML writes one page that needs nothing else: no network, no other file. It
// can be read without its script, which adds search, filters and keys. Its own
// Content-Security-Policy lets nothing run or load but what it was written
// with.
func HTML(w io.Writer, r verify.Report, o Options) error {
	page, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var b strings.Builder
	if err := page.Execute(&b, newPage(r, o)); err != nil {
		return err
	}
	_, err = io.WriteString(w, visible(b.String()))
	return err
}

// page is what the template shows. Strings are as they are in the report: the
// template escapes them.
type page struct {
	CSP     string
	CSS     template.CSS
	JS      template.JS
	Icon    template.URL
	Version string

	Verdict                                         policy.Verdict
	Headline, Lead, Repository, Commit, EvaluatedAt string

	Bar         []pageBar
	Tally       []pageCount
	Reasons     []pageReason
	Problems    []pageFinding
	Columns     []pageColumn
	Groups      []pagePolicy
	Filters     []pageCount
	Images      []pageImage
	Accepted    []pageAccepted
	Notes       []pageFinding
	Units       []verify.UnitResult
	UnitCount   string
	Policies    []verify.PolicyRef
	PolicyCount string
	Codes       []pageCode
}

type pageBar struct{ Class, X, Width string }

type pageCount struct {
	Class, Name string
	N           int
}

type pageReason struct {
	Code    policy.Code
	Title   string
	Verdict policy.Verdict
	N       int
}

// pageCode is what a code means.
type pageCode struct {
	Code  policy.Code
	Title string
	Help  []pagePiece
}

type pageAccepted struct {
	Image                int
	Subject, Message, By string
	Code                 policy.Code
}

func newPage(r verify.Report, o Options) page {
	p := page{
		Version: o.Version, Verdict: r.Verdict, Repository: r.Revision.Repository, Commit: r.Revision.Commit,
		Headline: pageHeadline(r.Verdict), Lead: pageLead(r),
		Units: r.Units, UnitCount: plural(len(r.Units), "unit"), Policies: r.Policies, PolicyCount: policies(len(r.Policies)),
		JS: template.JS(pageJS), Icon: pageIcon(r.Verdict),
	}
	if len(p.Commit) > 12 {
		p.Commit = p.Commit[:12]
	}
	if r.EvaluatedAt != nil {
		p.EvaluatedAt = r.EvaluatedAt.Format("2006-01-02 15:04:05 UTC")
	}
	columns := columnsOf(r)
	p.Columns, p.Groups = columns.list, columns.groups()
	p.CSS = template.CSS(pageCSS + columns.css())
	p.CSP = fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
		sourceHash(string(p.JS)), sourceHash(string(p.CSS)))
	for _, stage := range append(stages[:], stage{verdict: policy.Pass}) {
		for i := range r.Images {
			if stage.image(&r.Images[i]) {
				p.Images = append(p.Images, columns.image(r, &r.Images[i], len(p.Images)+1))
			}
		}
	}
	p.count(r)
	p.tell(r)
	return p
}

func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func pageHeadline(v policy.Verdict) string {
	switch v {
	case policy.Pass:
		return "Sync allowed"
	case policy.Fail:
		return "Sync blocked"
	}
	return "Sync blocked: not everything could be checked"
}

func pageLead(r verify.Report) string {
	others := 0
	for _, f := range r.Findings {
		if weigh(f.Finding) < warned {
			others++
		}
	}
	s := r.Summary
	var parts []string
	if s.Fail > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s fail", s.Fail, plural(s.Images, "image")))
	}
	if s.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be checked", s.Unknown))
	}
	if others > 0 {
		parts = append(parts, plural(others, "problem")+" beside them")
	}
	if len(parts) == 0 {
		parts = []string{"Every one of " + plural(s.Images, "image") + " passes"}
		if s.Images == 0 {
			parts = []string{"No image was found"}
		}
	}
	lead := fmt.Sprintf("%s. %s and %s were looked at.", strings.Join(parts, ", "), plural(len(r.Units), "unit"), plural(s.Objects, "object"))
	if compared := comparedText(r); compared != "" {
		lead += " " + strings.ToUpper(compared[:1]) + compared[1:] + "."
	}
	return lead
}

func policies(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return fmt.Sprintf("%d policies", n)
}

// pageIcon is a dot in the colour of the verdict, for the tab of a browser.
func pageIcon(v policy.Verdict) template.URL {
	colour := map[policy.Verdict]string{policy.Pass: "17713f", policy.Fail: "bb1f2a", policy.Unknown: "b57a00"}[v]
	return template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23" + colour + "'/%3E%3C/svg%3E")
}

// count fills in what is counted.
func (p *page) count(r verify.Report) {
	s, at := r.Summary, 0.0
	p.Filters = []pageCount{{"all", "All", s.Images}}
	for _, c := range []pageCount{{"fail", "Fail", s.Fail}, {"unknown", "Unknown", s.Unknown}, {"pass", "Pass", s.Pass}} {
		width := 0.0
		if s.Images > 0 {
			width = 100 * float64(c.N) / float64(s.Images)
		}
		p.Bar = append(p.Bar, pageBar{c.Class, fmt.Sprintf("%.3f", at), fmt.Sprintf("%.3f", width)})
		at += width
		p.Tally = append(p.Tally, pageCount{c.Class, strings.ToLower(c.Name), c.N})
		p.Filters = append(p.Filters, c)
	}
	accepted, brought, old := 0, 0, 0
	for _, image := range p.Images {
		if image.Accepted {
			accepted++
		}
		switch image.of.Change {
		case verify.Added, verify.Worse:
			brought++
		case verify.Old:
			old++
		}
	}
	for _, filter := range []pageCount{{"brought", "Of this change", brought}, {"old", "As before", old}, {"accepted", "Let through", accepted}} {
		if filter.N > 0 {
			p.Filters = append(p.Filters, filter)
		}
	}
}
