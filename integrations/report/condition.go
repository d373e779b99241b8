package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Condition says in at most bounds.ConditionLines lines why a report is no
// pass, for the condition that a deployer shows: what is denied first, then
// what could not be looked at. Again says what tries it again.
func Condition(r verify.Report, again string) string {
	lines := []string{headline(r, again)}
	for _, verdict := range []policy.Verdict{policy.Fail, policy.Unknown} {
		for _, f := range r.Findings {
			if f.Verdict == verdict && !f.Warning {
				lines = append(lines, about(f)...)
			}
		}
		lines = append(lines, told(r.Images, verdict)...)
	}
	if more := len(lines) - bounds.ConditionLines; more > 0 {
		lines = append(lines[:bounds.ConditionLines-1], fmt.Sprintf("and %d lines more; `syncgate verify` of the same revision shows all", more+1))
	}
	for i, line := range lines {
		lines[i] = cut(Clean(line))
	}
	return strings.Join(lines, "\n") + "\n"
}

// headline tells a denial from what could not be checked: the one is for who
// wrote the change to mend, the other may pass by itself.
func headline(r verify.Report, again string) string {
	s := r.Summary
	switch {
	case r.Verdict == policy.Fail && s.Unknown > 0:
		return fmt.Sprintf("SYNC DENIED: %s denied by policy, %s could not be checked", of(s.Fail, s.Images), of(s.Unknown, s.Images))
	case r.Verdict == policy.Fail && s.Fail > 0:
		return fmt.Sprintf("SYNC DENIED: %s denied by policy", of(s.Fail, s.Images))
	case r.Verdict == policy.Fail:
		return "SYNC DENIED: what would be deployed is broken"
	case s.Unknown == 0:
		return "SYNC HELD: not all that would be deployed could be checked"
	case retryable(r):
		return fmt.Sprintf("SYNC HELD: %s could not be checked, and nothing was found wrong; %s", of(s.Unknown, s.Images), again)
	}
	return fmt.Sprintf("SYNC HELD: %s could not be checked", of(s.Unknown, s.Images))
}

func of(some, all int) string {
	if all == 1 {
		return "the only image"
	}
	return fmt.Sprintf("%d of %d images", some, all)
}

// retryable tells that all that is not decided may be when it is tried again.
func retryable(r verify.Report) bool {
	for _, f := range r.Findings {
		if f.Verdict == policy.Unknown && !f.Warning && !f.Retryable {
			return false
		}
	}
	for _, image := range r.Images {
		for _, f := range image.Findings {
			if f.Verdict == policy.Unknown && !f.Warning && !f.Retryable {
				return false
			}
		}
	}
	return true
}

// about tells a finding that is not about an image.
func about(f verify.Finding) []string {
	line := "- "
	if f.File != "" {
		line += f.Origin.String() + ": "
	}
	lines := []string{line + f.Message + code(f.Finding)}
	if f.Hint != "" {
		lines = append(lines, "  fix: "+f.Hint)
	}
	return lines
}

// told tells of the images of a verdict, those with the same reasons
// together.
func told(all []verify.ImageResult, verdict policy.Verdict) []string {
	var order []string
	with := map[string][]string{}
	for _, image := range all {
		if image.Verdict != verdict {
			continue
		}
		reasons := strings.Join(because(image), "\n")
		if with[reasons] == nil {
			order = append(order, reasons)
		}
		with[reasons] = append(with[reasons], "- "+image.Reference+where(image))
	}
	var lines []string
	for _, reasons := range order {
		const shown = 5
		named := with[reasons]
		if len(named) > shown {
			named = append(named[:shown-1:shown-1], fmt.Sprintf("- and %d images more", len(named)-shown+1))
		}
		lines = append(append(lines, named...), strings.Split(reasons, "\n")...)
	}
	return lines
}

// because are the findings that decided an image.
func because(image verify.ImageResult) []string {
	var lines []string
	hints := map[string]bool{}
	for _, f := range image.Findings {
		if f.Warning || f.Verdict == policy.Pass {
			continue
		}
		lines = append(lines, "  "+f.Message+code(f))
		if f.Hint != "" && !hints[f.Hint] {
			hints[f.Hint] = true
			lines = append(lines, "  fix: "+f.Hint)
		}
	}
	return lines
}

// where is the first place that names an image.
func where(image verify.ImageResult) string {
	if len(image.Locations) == 0 {
		return ""
	}
	first := image.Locations[0]
	text := " (" + first.Object.String()
	if first.File != "" {
		text += ", " + first.Origin.String()
	}
	if more := len(image.Locations) - 1; more > 0 {
		text += fmt.Sprintf(" and %d places more", more)
	}
	return text + ")"
}

func code(f policy.Finding) string {
	if f.Policy != "" {
		return " [" + string(f.Code) + ", policy " + f.Policy + "]"
	}
	return " [" + string(f.Code) + "]"
}

// cut keeps a line to bounds.ConditionColumns.
func cut(line string) string {
	if utf8.RuneCountInString(line) <= bounds.ConditionColumns {
		return line
	}
	return string([]rune(line)[:bounds.ConditionColumns-1]) + "…"
}
