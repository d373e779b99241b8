package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// match is whether something matches. The values are in rising order, so that
// the largest of several is that any of them matches, and the smallest that
// all do.
type match uint8

const (
	matchNo match = iota
	matchUnknown
	matchYes
)

func matchIf(holds bool) match {
	if holds {
		return matchYes
	}
	return matchNo
}

// because says why, to those who ask: most policies of a set are about other
// images, and nobody wants to know. Nil is that they are, which costs nothing.
type because func() string

// say says why the policy does not match.
func (p *Policy) say(why because) string {
	if why == nil {
		return fmt.Sprintf("it is about %s", list(p.Match.Images))
	}
	return why()
}

// matches tells whether a policy is about an image, and why not or why that
// cannot be told. An image that runs in several places is matched if any one
// of them is: more policies then apply, and all of them must pass. A policy
// that allows unmatched images must match every place, because it takes
// demands away.
func (p *Policy) matches(ctx context.Context, s *Subject, name imageName) (match, because) {
	if p.Match.Selector != nil {
		m, why, _ := p.selects(ctx, *s)
		return m, why
	}
	if len(p.Match.Images) == 0 {
		return matchUnknown, func() string { return "its match names no images" }
	}
	include, exclude := demands, lifts
	if p.AllowUnmatched {
		include, exclude = lifts, demands
	}
	images, _ := matchNames(p.Match.Images, name, include)
	if images == matchNo {
		return matchNo, nil
	}
	excluded, pattern := matchNames(p.Match.Exclude, name, exclude)
	if excluded == matchYes {
		return matchNo, func() string { return fmt.Sprintf("it excludes %s", pattern) }
	}
	if images == matchUnknown || excluded == matchUnknown {
		return matchUnknown, func() string { return "its match names a digest, and the image's digest is not known" }
	}
	return p.matchesUses(s.Uses)
}

// selects asks the selector about every place where the image runs. The uses
// are those that are selected, or may be.
func (p *Policy) selects(ctx context.Context, s Subject) (m match, why because, uses []Use) {
	places := s.Uses
	if len(places) == 0 {
		places = []Use{{}}
	}
	for _, use := range places {
		selection, reason := p.Match.Selector.Select(ctx, s, use)
		found := map[Selection]match{SelectionUnknown: matchUnknown, NotSelected: matchNo, Selected: matchYes}[selection]
		if found != matchNo {
			uses = append(uses, use)
		}
		if found > m || why == nil {
			m, why = found, func() string { return reason }
		}
	}
	return m, why, uses
}

// matchesUses folds the places where an image runs.
func (p *Policy) matchesUses(uses []Use) (match, because) {
	if !p.Match.asksForUse() {
		return matchYes, nil
	}
	if len(uses) == 0 {
		return matchUnknown, func() string { return "where the image runs is not known" }
	}
	result, why := p.Match.matchesUse(uses[0])
	for _, use := range uses[1:] {
		m, reason := p.Match.matchesUse(use)
		if (m > result) != p.AllowUnmatched && m != result {
			result, why = m, reason
		}
	}
	return result, why
}

// namesDigest tells whether any pattern is about the digest.
func (m *Match) namesDigest() bool {
	return slices.ContainsFunc(slices.Concat(m.Images, m.Exclude), func(p string) bool { return strings.Contains(p, "@") })
}

func (m *Match) asksForUse() bool {
	return len(m.Namespaces)+len(m.Kinds)+len(m.Units)+len(m.Labels)+len(m.Classes) > 0
}

// matchesUse tells whether every list of the match holds for one place. An
// attribute that the place does not tell is unknown, not another one.
func (m *Match) matchesUse(use Use) (match, because) {
	result, why := matchYes, because(nil)
	for _, filter := range []struct {
		what, is string
		wanted   []string
		found    string
	}{
		{"namespaces", "in", m.Namespaces, use.Namespace},
		{"units", "in", m.Units, use.Unit},
		{"kinds", "of kind", m.Kinds, use.Kind},
		{"classes", "of class", m.Classes, use.Class},
	} {
		if len(filter.wanted) == 0 {
			continue
		}
		if filter.found == "" {
			result = matchUnknown
			why = func() string {
				return fmt.Sprintf("it is for %s %s, and that of %s is not known", filter.what, list(filter.wanted), use.name())
			}
			continue
		}
		globs := filter.what == "namespaces" || filter.what == "units"
		if globs && matchAnyGlob(filter.wanted, filter.found) || slices.Contains(filter.wanted, filter.found) {
			continue
		}
		return matchNo, func() string {
			return fmt.Sprintf("it is for %s %s, and %s is %s %q", filter.what, list(filter.wanted), use.name(), filter.is, filter.found)
		}
	}
	for _, key := range sortedKeys(m.Labels) {
		if value, found := use.Labels[key]; !found || value != m.Labels[key] {
			return matchNo, func() string {
				return fmt.Sprintf("it is for objects with label %s=%s, and %s has none", key, m.Labels[key], use.name())
			}
		}
	}
	return result, why
}

// name names the object for messages.
func (u Use) name() string {
	if u.Kind == "" && u.Name == "" {
		return "the object"
	}
	return strings.TrimSpace(u.Kind + " " + u.Name)
}
