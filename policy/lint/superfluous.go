package lint

import (
	"slices"

	"github.com/syncgate/syncgate/policy"
)

// Superfluous is the code of requirements that another one makes superfluous.
const Superfluous Code = "requirement-superfluous"

// superfluous looks for requirements that are met wherever another one is, in
// the same policy or in one that is about at least the same images.
func (l *linter) superfluous(w *writtenPolicy) {
	l.within(w, w.require, "allOf")
	for i := range l.written {
		other := &l.written[i]
		if other.Policy == w.Policy || !wider(other.Policy, w.Policy) || wider(w.Policy, other.Policy) && l.after(other, w) {
			continue
		}
		for _, r := range w.require {
			for _, stricter := range other.require {
				if implies(l.rule(other, stricter), l.rule(w, r)) {
					l.report(w.source, r.node, note{Hint, Superfluous, "take it out, if no exception is to lift it by itself"},
						"requirement %s is superfluous: policy %s is about all these images, and its requirement %s asks for no less", r.Name, other.Name, stricter.Name)
				}
			}
		}
	}
}

// after tells whether the first policy comes after the second.
func (l *linter) after(a, b *writtenPolicy) bool {
	place := func(w *writtenPolicy) int {
		return slices.IndexFunc(l.written, func(x writtenPolicy) bool { return x.Policy == w.Policy })
	}
	return place(a) > place(b)
}

// wider tells whether a policy counts wherever another one does.
func wider(wide, narrow *policy.Policy) bool {
	if wide.Mode == policy.Warn || wide.AllowUnmatched || narrow.AllowUnmatched || narrow.Match.Selector != nil || !everywhere(wide) {
		return false
	}
	for _, pattern := range narrow.Match.Images {
		if !coveredImage(wide.Match.Images, pattern) {
			return false
		}
	}
	for _, excluded := range wide.Match.Exclude {
		if overlapsImage(narrow.Match.Images, excluded) && !coveredImage(narrow.Match.Exclude, excluded) {
			return false
		}
	}
	return true
}

// within looks at the requirements of one list, all of which must be met, or
// one of which.
func (l *linter) within(w *writtenPolicy, list []writtenRequirement, kind string) {
	for i, r := range list {
		for j, other := range list {
			weak, strong := r, other
			if kind == "anyOf" {
				weak, strong = other, r
			}
			if i == j || !implies(l.rule(w, strong), l.rule(w, weak)) || implies(l.rule(w, weak), l.rule(w, strong)) && j > i {
				continue
			}
			text, hint := "requirement %s is superfluous: whatever meets %s meets it", "take it out, if no exception is to lift it by itself"
			if kind == "anyOf" {
				text, hint = "alternative %s is superfluous: whatever meets it meets %s", "take it out"
			}
			l.report(w.source, r.node, note{Hint, Superfluous, hint}, text, r.Name, other.Name)
			break
		}
		if r.Group != nil && r.Group.Kind != "atLeast" {
			l.within(w, r.of, r.Group.Kind)
		}
	}
}

// rule is a requirement with the platform rule that holds for it.
func (l *linter) rule(w *writtenPolicy, r writtenRequirement) policy.Requirement {
	out := *r.Requirement
	if out.Platforms == policy.PlatformInherit {
		out.Platforms = w.Platforms
	}
	if out.Platforms == policy.PlatformInherit {
		out.Platforms = policy.PlatformIndex
	}
	return out
}
