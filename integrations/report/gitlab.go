package report

import (
	"io"

	"github.com/syncgate/syncgate/verify"
)

// codeQuality is one entry of GitLab's Code Quality report. GitLab takes an
// entry only with all of its fields, and stops reading at the first without.
type codeQuality struct {
	Description string              `json:"description"`
	CheckName   string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"`
	Severity    string              `json:"severity"`
	Location    codeQualityLocation `json:"location"`
}

type codeQualityLocation struct {
	Path  string           `json:"path"`
	Lines codeQualityLines `json:"lines"`
}

type codeQualityLines struct {
	Begin int `json:"begin"`
}

// GitLab writes a Code Quality report: a JSON array with an entry for each
// finding at each line that it is about. What blocks comes first.
func GitLab(w io.Writer, r verify.Report, o Options) error {
	list := []codeQuality{}
	seen := fingerprints{}
	for _, at := range spots(r) {
		description := clean(at.text())
		if at.Hint != "" {
			description += "; fix: " + clean(at.Hint)
		}
		list = append(list, codeQuality{
			Description: description, CheckName: string(at.Code), Fingerprint: seen.of(at.entry, at.site),
			Severity: codeQualitySeverity(weigh(at.Finding)),
			Location: codeQualityLocation{Path: at.path(r, "."), Lines: codeQualityLines{Begin: max(1, at.Line)}},
		})
	}
	return writeWithin(w, o.Limit, len(list), func(n int) any { return list[:n] })
}

func codeQualitySeverity(w weight) string {
	switch w {
	case failing:
		return "blocker"
	case unchecked:
		return "critical"
	case warned:
		return "minor"
	}
	return "info"
}
