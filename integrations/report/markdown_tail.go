package report

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// tail is what does not block: what was let through, images that pass, notes,
// and what was looked at.
func (m markdown) tail() string {
	var b strings.Builder
	m.section(&b, m.asBefore(), "fail as before, which does not count", "⚠️")
	m.section(&b, m.letThrough(), "let through by exceptions, VEX and policies", "⚠️")
	m.section(&b, m.passing(), "pass", "✅")
	m.section(&b, m.notes(), "warn or explain", "ℹ️")
	m.section(&b, m.looked(), "looked at", "🔎")
	if m.detail.missing != "" {
		fmt.Fprintf(&b, "\n_Shortened to fit: %s._\n", m.detail.missing)
	}
	return b.String()
}

// items is a list, and how many there are.
type items struct {
	noun  string
	lines []string
	total int
}

// section is a list that is folded away where HTML can do that.
func (m markdown) section(b *strings.Builder, list items, what, mark string) {
	if list.total == 0 {
		return
	}
	title := fmt.Sprintf("%s %s %s", mark, plural(list.total, list.noun), what)
	if list.total == 1 && what == "pass" {
		title = mark + " 1 image passes"
	}
	if len(list.lines) == 0 {
		fmt.Fprintf(b, "\n%s\n", title)
		return
	}
	open, end := "\n**"+title+"**\n\n", ""
	if m.html {
		open, end = "\n<details><summary>"+title+"</summary>\n\n", "\n</details>\n"
	}
	b.WriteString(open + strings.Join(list.lines, "\n") + "\n")
	if left := list.total - len(list.lines); left > 0 {
		fmt.Fprintf(b, "- and %d more\n", left)
	}
	b.WriteString(end)
}

func (list *items) add(limit int, line string) {
	list.total++
	if list.total <= limit {
		list.lines = append(list.lines, line)
	}
}

// letThrough is what is wrong and was accepted.
func (m markdown) letThrough() items {
	list := items{noun: "finding"}
	for i := range m.report.Images {
		image := &m.report.Images[i]
		for _, f := range image.Findings {
			if accepted(f) {
				list.add(m.detail.passing, fmt.Sprintf("- %s: **%s**: %s (%s)", mdCode(shortReference(image.Reference)), mdText(asker(f)), mdText(within(image.Reference, f.Message)), mdCode(string(f.Code))))
			}
		}
	}
	return list
}

// accepted tells that a finding explains why something that is wrong does not
// block.
func accepted(f policy.Finding) bool {
	switch f.Code {
	case policy.CodeExceptionApplied, policy.CodeVEXSilenced, policy.CodeVulnerabilityIgnored, policy.CodeImageAllowed, policy.CodeStaticPass:
		return f.Verdict == policy.Pass && !f.Warning
	}
	return false
}

func (m markdown) passing() items {
	list := items{noun: "image"}
	for i := range m.report.Images {
		image := &m.report.Images[i]
		if image.Verdict != policy.Pass {
			continue
		}
		var by []string
		for _, name := range image.Policies {
			by = append(by, mdCode(name))
		}
		line := "- " + mdCode(shortReference(image.Reference))
		if by != nil {
			line += " by " + strings.Join(by, ", ")
		}
		list.add(m.detail.passing, line)
	}
	return list
}

// notes are warnings and explanations: of images that pass, whose own block
// is not shown, and of what is not about an image.
func (m markdown) notes() items {
	list := items{noun: "finding"}
	for _, e := range entries(m.report) {
		if e.image != nil && (e.image.Verdict != policy.Pass || accepted(e.Finding)) || weigh(e.Finding) < warned {
			continue
		}
		var b strings.Builder
		f := e.Finding
		line := "- "
		if e.image != nil {
			line += mdCode(shortReference(e.image.Reference)) + ": "
			f.Message = within(e.image.Reference, f.Message)
		} else if at := mdSite(m.report.Revision, e.first()); at != "" {
			line += at + ": "
		}
		if by := asker(f); by != "" {
			line += "**" + mdText(by) + "**: "
		}
		fmt.Fprintf(&b, "%s%s (%s)", line, mdText(f.Message), mdCode(string(f.Code)))
		if f.Hint != "" {
			fmt.Fprintf(&b, "; fix: %s", mdHint(f.Hint))
		}
		list.add(m.detail.passing, b.String())
	}
	return list
}

// looked is what was rendered, and by which policies it was judged.
func (m markdown) looked() items {
	list := items{noun: "unit"}
	for _, u := range m.report.Units {
		list.add(m.detail.passing, fmt.Sprintf("- unit %s (%s %s, %s)", mdCode(u.Name), mdText(string(u.Kind)), mdCode(u.Path), plural(u.Objects, "object")))
	}
	if len(list.lines) > 0 {
		for _, p := range m.report.Policies {
			list.lines = append(list.lines, fmt.Sprintf("- policy %s %s", mdCode(p.Name), mdCode(p.Digest.String())))
		}
		list.total = max(list.total, len(m.report.Units))
	}
	return list
}
