package report

import (
	"strings"

	"github.com/syncgate/syncgate/integrations/forge"
	"github.com/syncgate/syncgate/verify"
)

// Annotations are the findings of a report at the lines that they are about,
// what blocks first. What is of no file is in the summary only.
func Annotations(r verify.Report) []forge.Annotation {
	var list []forge.Annotation
	seen := fingerprints{}
	for _, at := range spots(r) {
		if at.File == "" {
			continue
		}
		a := forge.Annotation{
			ID: seen.of(at.entry, at.site), Path: at.File, Line: at.Line,
			Title: Clean(strings.TrimSuffix(ruleOf(at.Code).title, ".") + " (" + string(at.Code) + ")"),
			Text:  clean(at.text()),
		}
		if at.Hint != "" {
			a.Text += "\nFix: " + clean(at.Hint)
		}
		switch weigh(at.Finding) {
		case failing:
			a.Level = forge.Fault
		case unchecked, warned:
			a.Level = forge.Warning
		}
		list = append(list, a)
	}
	return list
}
