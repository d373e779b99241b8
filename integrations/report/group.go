package report

import (
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// findingGroup is what was found about one requirement of an image, or beside
// its requirements under one policy.
type findingGroup struct {
	policy.RequirementResult
	findings []policy.Finding
}

// groupFindings puts the findings of an image with its requirements, in the
// order of these; what belongs to none follows, by policy. No finding is left
// out.
func groupFindings(image *verify.ImageResult) []findingGroup {
	var groups []findingGroup
	for _, r := range image.Requirements {
		groups = append(groups, findingGroup{RequirementResult: r})
	}
	asked := len(groups)
	for _, f := range image.Findings {
		i := groupOf(groups[:asked], f)
		for j := asked; i < 0 && j < len(groups); j++ {
			if groups[j].Policy == f.Policy {
				i = j
			}
		}
		if i < 0 {
			i = len(groups)
			groups = append(groups, findingGroup{RequirementResult: policy.RequirementResult{Policy: f.Policy, Verdict: policy.Pass}})
		}
		groups[i].findings = append(groups[i].findings, f)
		if i >= asked && !f.Warning {
			groups[i].Verdict = policy.AllOf(groups[i].Verdict, f.Verdict)
		}
	}
	return groups
}

// groupOf is the requirement that a finding is about: by its name, or as an
// alternative of it.
func groupOf(groups []findingGroup, f policy.Finding) int {
	best := -1
	for i, g := range groups {
		if g.Policy != f.Policy || f.Requirement == "" {
			continue
		}
		if g.Requirement == f.Requirement {
			return i
		}
		if strings.HasPrefix(f.Requirement, g.Requirement+"[") {
			best = i
		}
	}
	return best
}

// name is "policy/requirement", or what was looked at beside requirements.
func (g findingGroup) name() string {
	switch {
	case g.Requirement != "":
		return g.Policy + "/" + g.Requirement
	case g.Policy != "":
		return g.Policy
	}
	return "image"
}

// weight is that of what is worst about the group.
func (g findingGroup) weight() weight {
	switch {
	case g.Verdict == policy.Fail && !g.Warning:
		return failing
	case g.Verdict == policy.Unknown && !g.Warning:
		return unchecked
	case g.Lifted || g.Verdict != policy.Pass:
		return warned
	}
	for _, f := range g.findings {
		if f.Warning && f.Verdict != policy.Pass {
			return warned
		}
	}
	return noted
}
