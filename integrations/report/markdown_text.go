package report

import (
	"strings"
	"unicode"

	"github.com/syncgate/syncgate/render"
)

// plain tells of a word that no forge makes anything of it: no markup, no
// mention, no reference, no link, no formula, no emoji.
func plain(word string) bool {
	if len(word) >= 4 && strings.EqualFold(word[:4], "www.") {
		return false
	}
	for _, r := range word {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".,;!?'\"%+=–—…-", r) {
			return false
		}
	}
	return true
}

// mdText is text for Markdown. What is not plain prose stands in code spans:
// there a forge reads nothing into it, and names are easier to see. The
// punctuation around a word belongs to the sentence.
func mdText(text string) string {
	words := strings.Fields(Clean(strings.ReplaceAll(text, "\n", " ")))
	for i, word := range words {
		inner := strings.TrimLeft(word, `("'`)
		core := strings.TrimRight(inner, `)"'.,;:!?`)
		if !plain(core) {
			words[i] = word[:len(word)-len(inner)] + mdCode(core) + inner[len(core):]
		}
	}
	return strings.Join(words, " ")
}

// mdCode is a code span.
func mdCode(text string) string {
	text = strings.Join(strings.Fields(Clean(text)), " ")
	if text == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// mdBlock is a block of code, indented by some spaces.
func mdBlock(text, indent string) string {
	text = strings.Trim(clean(text), "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	lines := append([]string{fence + "text"}, strings.Split(text, "\n")...)
	return indent + strings.Join(append(lines, fence), "\n"+indent)
}

func longestRun(text string, of rune) int {
	longest, run := 0, 0
	for _, r := range text {
		if r != of {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// mdSite is a place, linked to where it can be looked at.
func mdSite(revision render.Revision, s site) string {
	var parts []string
	if s.File != "" {
		at := mdCode(s.Origin.String())
		if url := link(revision, s.Origin); url != "" {
			at = "[" + at + "](" + url + ")"
		}
		parts = append(parts, at)
	}
	if s.object != (render.ObjectID{}) {
		parts = append(parts, mdCode(s.object.String()))
		if !strings.HasSuffix(s.field, "].image") && s.field != "" {
			parts = append(parts, mdCode(s.field))
		}
	}
	if s.more > 0 {
		parts = append(parts, "and "+plural(s.more, "more object"))
	}
	if len(parts) == 0 && s.unit != "" {
		parts = []string{"unit " + mdCode(s.unit)}
	}
	return strings.Join(parts, " ")
}
