package report

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// comparedText says in a sentence what a change brings, or is empty where a
// report is compared to nothing.
func comparedText(r verify.Report) string {
	c := r.ComparedTo
	if c == nil {
		return ""
	}
	text := fmt.Sprintf("compared to %.12s: %s", c.Revision.Commit, plural(c.Added, "new image"))
	text += fmt.Sprintf(", %d %s because of this change", c.New, verb(c.New, "fail"))
	if c.Old > 0 {
		text += fmt.Sprintf(", %d %s as before", c.Old, verb(c.Old, "fail"))
		if c.OldFailures == verify.AllowOld {
			text += ", which does not count"
		}
	}
	return text
}

func verb(n int, word string) string {
	if n == 1 {
		return word + "s"
	}
	return word
}

// changeText is what is said beside an image that does not pass.
func changeText(c verify.Change) string {
	switch c {
	case verify.Added:
		return "new image"
	case verify.Worse:
		return "not so before"
	case verify.Old:
		return "as before"
	}
	return ""
}

// stage is a part of a report on what does not pass: what is of the change, or
// cannot be told, comes first.
type stage struct {
	verdict policy.Verdict
	old     bool
}

var stages = [...]stage{{policy.Fail, false}, {policy.Unknown, false}, {policy.Fail, true}}

func (s stage) image(image *verify.ImageResult) bool {
	return image.Verdict == s.verdict && (image.Change == verify.Old) == s.old
}

// finding tells of one that is not about an image. What was allowed to be wrong
// is a warning.
func (s stage) finding(f verify.Finding) bool {
	return !f.Warning && f.Verdict == s.verdict && (f.Change == verify.Old) == s.old
}

// allowedOld are the images whose failures do not count because they are old.
func allowedOld(r verify.Report) []*verify.ImageResult {
	var list []*verify.ImageResult
	for i := range r.Images {
		if image := &r.Images[i]; image.Verdict != policy.Pass && !r.Blocks(image) {
			list = append(list, image)
		}
	}
	return list
}

// asBefore is the section on those.
func (m markdown) asBefore() items {
	list := items{noun: "image"}
	for _, image := range allowedOld(m.report) {
		var lines []string
		for _, f := range image.Findings {
			if f.Verdict != policy.Pass {
				lines = append(lines, fmt.Sprintf("  - **%s**: %s (%s)", mdText(asker(f)), mdText(within(image.Reference, f.Message)), mdCode(string(f.Code))))
			}
		}
		list.add(m.detail.passing, "- "+mdCode(shortReference(image.Reference))+"\n"+strings.Join(lines, "\n"))
	}
	return list
}
