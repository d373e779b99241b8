package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// images prints the images of one stage, those with the same reasons together.
func (p *printer) images(r verify.Report, which stage) {
	var order []string
	verdict := which.verdict
	groups := map[string][]verify.ImageResult{}
	for _, image := range r.Images {
		if !which.image(&image) {
			continue
		}
		reasons := fmt.Sprint(p.reasons(image))
		if p.verbose() && verdict == policy.Pass {
			reasons += image.Reference // each has its own evidence
		}
		if groups[reasons] == nil {
			order = append(order, reasons)
		}
		groups[reasons] = append(groups[reasons], image)
	}
	if verdict == policy.Pass && len(order) > 0 {
		p.printf("\n")
	}
	for _, reasons := range order {
		if verdict != policy.Pass {
			p.printf("\n")
		}
		p.group(groups[reasons], verdict)
	}
}

// group prints images with the same reasons.
func (p *printer) group(images []verify.ImageResult, verdict policy.Verdict) {
	for i, image := range images {
		if i == shownImages && len(images) > i+1 && !p.verbose() {
			p.printf("%s%s\n", indent, p.paint(dim, fmt.Sprintf("and %d more images; -v lists them", len(images)-i)))
			break
		}
		by := ""
		if verdict == policy.Pass && len(image.Policies) > 0 {
			by = "  " + p.paint(dim, "by "+Clean(strings.Join(image.Policies, ", ")))
		} else if change := changeText(image.Change); verdict != policy.Pass && change != "" {
			by = "  (" + change + ")"
		}
		p.printf("%s  %s%s\n", p.mark(verdict), p.title(image), by)
		if verdict != policy.Pass {
			p.locations(image)
		}
	}
	for _, r := range p.reasons(images[0]) {
		p.row(r)
	}
	if verdict == policy.Pass && p.verbose() {
		p.evidence(images[0])
	}
}

// locations lists the places of an image: what one line of a file makes
// stands together.
func (p *printer) locations(image verify.ImageResult) {
	sites := sitesOf(image.Locations)
	for i, s := range sites {
		if i == shownLocations && len(sites) > i+1 && !p.verbose() {
			p.row(row{"", fmt.Sprintf("and %d more places", len(sites)-i), ""})
			break
		}
		text := siteText(s)
		if p.Width > 0 && utf8.RuneCountInString(text)+len(indent) > p.Width && !p.verbose() {
			s.field = "" // what is edited is at the line
			text = siteText(s)
		}
		if s.more > 0 {
			text += " and " + plural(s.more, "more object")
		}
		p.row(row{label("where", i), text, ""})
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
		p.row(row{label("proof", i), text, ""})
	}
}

// reasons are the rows that say why an image does not pass, or what somebody
// should know who relies on it.
func (p *printer) reasons(image verify.ImageResult) []row {
	b := reasoning{verbose: p.verbose(), reference: image.Reference, fixes: map[string]bool{}}
	findings := slices.Clone(image.Findings)
	slices.SortStableFunc(findings, func(a, b policy.Finding) int { return rank(a) - rank(b) })
	caused := slices.ContainsFunc(findings, func(f policy.Finding) bool { return f.Verdict == policy.Unknown && f.Policy == "" })
	var unchecked []string
	for _, f := range findings {
		switch {
		case f.Code == policy.CodeReportDecided && !b.verbose:
		case caused && f.Verdict == policy.Unknown && f.Policy != "" && !b.verbose:
			// What could not be looked at has been said; that requirements
			// rest on it is one line and not one each.
			unchecked = append(unchecked, asker(f))
		default:
			b.add(f)
		}
	}
	b.end()
	if len(unchecked) > 0 {
		b.rows = append(b.rows, row{"so", "not checked: " + strings.Join(slices.Compact(unchecked), ", "), ""})
	}
	return b.rows
}

// reasoning makes rows of findings. Those that say the same of one
// requirement after each other share its name, and are counted in the end.
type reasoning struct {
	verbose   bool
	reference string
	rows      []row
	hints     []row
	fixes     map[string]bool
	last      policy.Finding
	same      int
}

func (b *reasoning) add(f policy.Finding) {
	text := within(b.reference, f.Message)
	if b.same > 0 && f.Code == b.last.Code && asker(f) == asker(b.last) && kind(f) == kind(b.last) {
		b.same++
		if b.same <= shownFindings || b.verbose {
			b.rows = append(b.rows, row{"", text, ""})
		}
	} else {
		b.end()
		b.last, b.same = f, 1
		if by := asker(f); by != "" {
			text = by + ": " + text
		}
		b.rows = append(b.rows, row{kind(f), text, string(f.Code)})
	}
	if f.Hint != "" && !b.fixes[f.Hint] {
		b.fixes[f.Hint] = true
		b.hints = append(b.hints, row{"fix", within(b.reference, f.Hint), ""})
	}
}

// end counts what was not listed, and says what to do.
func (b *reasoning) end() {
	if more := b.same - shownFindings; more > 0 && !b.verbose {
		b.rows = append(b.rows, row{"", fmt.Sprintf("and %d more; -v lists them", more), ""})
	}
	b.rows, b.hints, b.same = append(b.rows, b.hints...), nil, 0
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

func asker(f policy.Finding) string {
	if f.Policy == "" || f.Requirement == "" {
		return f.Policy
	}
	return f.Policy + "/" + f.Requirement
}

// title is the image as written, with what a tag stood for. In a terminal the
// digest is as long as people compare it; -v and files have all of it.
func (p *printer) title(image verify.ImageResult) string {
	name, digest, _ := strings.Cut(image.Reference, "@")
	if digest == "" && !image.Digest.IsZero() {
		digest = " = " + image.Digest.String()
	} else if digest != "" {
		digest = "@" + digest
	}
	if p.Width > 0 && !p.verbose() && len(digest) > 24 {
		digest = digest[:min(len(digest), strings.LastIndexByte(digest, ':')+13)] + "…"
	}
	return p.paint(bold, Clean(name)) + p.paint(dim, Clean(digest))
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
