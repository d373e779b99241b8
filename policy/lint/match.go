package lint

import (
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
)

// The codes of findings about what policies match.
const (
	// MatchNever: no image can ever match the policy.
	MatchNever Code = "match-never"
	// MatchSuperfluous: a pattern changes nothing.
	MatchSuperfluous Code = "match-superfluous"
	// AllowNever: unmatched: allow has no effect.
	AllowNever Code = "allow-never"
)

// matches looks at what a policy is about. What selects in another tool's way
// is left alone.
func (l *linter) matches(w *writtenPolicy) {
	if w.Match.Selector != nil {
		return
	}
	match := at(w.source.root, "spec", "match")
	l.images(w, match)
	l.uses(w, match)
	if w.AllowUnmatched {
		l.allows(w)
	}
}

func (l *linter) images(w *writtenPolicy, match *yaml.Node) {
	live := 0
	for i, pattern := range w.Match.Images {
		node := at(match, "images", i)
		if coveredImage(w.Match.Exclude, pattern) {
			l.report(w.source, node, note{Hint, MatchSuperfluous, "take the pattern out, or exclude less"},
				"images pattern %q matches nothing: exclude leaves out all of it", pattern)
			continue
		}
		live++
		if other := coveredAlready(w.Match.Images, i); other != "" {
			l.report(w.source, node, note{Hint, MatchSuperfluous, "take it out: less to read is less to get wrong"},
				"images pattern %q is superfluous: %q matches all of it", pattern, other)
		}
	}
	if live == 0 {
		l.report(w.source, key(match, "images"), note{Problem, MatchNever, "exclude less, or take the policy out: an image that no policy matches fails"},
			"policy %s can never match: it excludes all images that it names", w.Name)
	}
	for i, pattern := range w.Match.Exclude {
		if !overlapsImage(w.Match.Images, pattern) {
			l.report(w.source, at(match, "exclude", i), note{Hint, MatchSuperfluous, "take it out, or correct the name"},
				"exclude pattern %q leaves nothing out: no image of the policy has such a name", pattern)
		}
	}
}

// coveredAlready is another pattern of the list that covers the i-th. Of two
// that cover each other the first is kept.
func coveredAlready(patterns []string, i int) string {
	this := parseImage(patterns[i])
	for j, other := range patterns {
		if wide := parseImage(other); j != i && wide.covers(this) && (j < i || !this.covers(wide)) {
			return other
		}
	}
	return ""
}

// What the names of Kubernetes look like.
var (
	kindForm      = regexp.MustCompile(`\A[A-Z][A-Za-z0-9]*\z`)
	namespaceForm = regexp.MustCompile(`\A[a-z0-9*-]+\z`)
	labelForm     = regexp.MustCompile(`\A([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?\z`)
)

// uses looks at where images run: names that nothing in Kubernetes can have.
func (l *linter) uses(w *writtenPolicy, match *yaml.Node) {
	never := func(n *yaml.Node, hint, format string, args ...any) {
		l.report(w.source, n, note{Problem, MatchNever, hint}, format, args...)
	}
	for i, kind := range w.Match.Kinds {
		if !kindForm.MatchString(kind) {
			never(at(match, "kinds", i), "write it as manifests do, such as Deployment", "no object is of kind %q: kinds begin with a capital letter", kind)
		}
	}
	for i, namespace := range w.Match.Namespaces {
		if !namespaceForm.MatchString(namespace) {
			never(at(match, "namespaces", i), "correct it; * stands for any run of characters", "no namespace is called %q: names have lower-case letters, digits and -", namespace)
		}
	}
	for name, value := range w.Match.Labels {
		if !labelForm.MatchString(value) {
			never(at(match, "objectSelector", "matchLabels", name), "write the value exactly: there are no patterns in labels", "no object has the label %s=%q: it is no value of a label", name, value)
		}
	}
}

// allows looks for a list of unchecked images whose images are all checked by
// others, so that it never counts.
func (l *linter) allows(w *writtenPolicy) {
	for i, pattern := range w.Match.Images {
		for j := range l.set.Policies {
			other := &l.set.Policies[j]
			if other.AllowUnmatched || other.Mode == policy.Warn || !everywhere(other) || !coveredImage(other.Match.Images, pattern) ||
				slices.ContainsFunc(other.Match.Exclude, func(x string) bool { return parseImage(x).overlaps(parseImage(pattern)) }) {
				continue
			}
			l.report(w.source, at(w.source.root, "spec", "match", "images", i), note{Problem, AllowNever,
				"have " + other.Name + " exclude it, if it is meant to run unchecked"},
				"images pattern %q is never allowed: policy %s is about all of it, and unmatched: allow counts only where no other policy matches", pattern, other.Name)
			break
		}
	}
}

// everywhere tells that a policy does not ask where images run.
func everywhere(p *policy.Policy) bool {
	m := p.Match
	return m.Selector == nil && len(m.Namespaces)+len(m.Kinds)+len(m.Units)+len(m.Labels)+len(m.Classes) == 0
}
