package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
)

// The codes of findings about ends, and about exceptions.
const (
	// ExceptionEnded, ExceptionEnding: the exception no longer holds, or soon.
	ExceptionEnded  Code = "exception-ended"
	ExceptionEnding Code = "exception-ending"
	// ExceptionUnused: the exception lifts nothing.
	ExceptionUnused Code = "exception-unused"
	// IgnoreEnded, IgnoreEnding: an accepted vulnerability.
	IgnoreEnded  Code = "ignore-ended"
	IgnoreEnding Code = "ignore-ending"
	// KeyEnded, KeyEnding: a key, a certificate authority or a layout.
	KeyEnded  Code = "key-ended"
	KeyEnding Code = "key-ending"
)

// term is something that ends.
type term struct {
	what          string
	until         time.Time
	ended, ending note
	soon          time.Duration
}

// term reports what has ended, or ends soon.
func (l *linter) term(s *source, n *yaml.Node, t term) {
	switch left := t.until.Sub(l.o.At); {
	case t.until.IsZero():
	case left <= 0:
		l.report(s, n, t.ended, "%s ended %s", t.what, day(t.until))
	case left <= cmp.Or(l.o.Soon, t.soon):
		l.report(s, n, t.ending, "%s ends %s, in %s", t.what, day(t.until), roughly(left))
	}
}

// day says when something ends that holds until t.
func day(t time.Time) string {
	t = t.UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return "with " + t.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return "at " + t.Format(time.RFC3339)
}

func roughly(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); {
	case days > 1:
		return fmt.Sprintf("%d days", days)
	case days == 1:
		return "1 day"
	}
	return fmt.Sprintf("%d h", int(d/time.Hour))
}

// ends looks at the ends of what a policy uses.
func (l *linter) ends(w *writtenPolicy) {
	for _, r := range w.all() {
		for _, rule := range r.Signers() {
			l.key(w, r, &rule)
		}
		if r.Layout != nil {
			l.term(w.source, at(r.node, "layout", "file"), term{"the layout of requirement " + r.Name, r.Layout.Layout.Expires,
				note{Problem, KeyEnded, "have its owners sign a new one: no image passes with this one"},
				note{Hint, KeyEnding, "have its owners sign a new one before then: no image passes afterwards"}, soonKeys})
		}
		if r.Vulnerabilities == nil {
			continue
		}
		for i, ignored := range r.Vulnerabilities.Ignore {
			l.term(w.source, at(r.node, "vulnerabilities", "ignore", i), term{"acceptance of " + ignored.ID, ignored.Until,
				note{Problem, IgnoreEnded, "take it out; if the vulnerability is still there, mend it or accept it anew"},
				note{Hint, IgnoreEnding, "mend the vulnerability before then, or accept it anew"}, soonExceptions})
		}
	}
}

// key looks at the end of a signer's key, and of the authorities that vouch
// for a signer.
func (l *linter) key(w *writtenPolicy, r writtenRequirement, rule *policy.SignerRule) {
	where := r.node
	if n, _ := field(at(w.source.root, "spec", "signers"), rule.Name); n != nil {
		where = n
	}
	ended := note{Problem, KeyEnded, "replace it: what is signed from now on does not count"}
	ending := note{Hint, KeyEnding, "have its successor at hand before then"}
	if rule.Key != nil {
		l.term(w.source, where, term{"the key of signer " + rule.Name, rule.Key.NotAfter, ended, ending, soonKeys})
	}
	if rule.Root == nil {
		return
	}
	for _, c := range rule.Root.Certificates {
		l.term(w.source, where, term{fmt.Sprintf("the certificate %q of signer %s", c.Subject.CommonName, rule.Name), c.NotAfter, ended, ending, soonKeys})
	}
}

// exception looks at one exception.
func (l *linter) exception(x *policy.Exception) {
	s := l.document(x.Source)
	spec := at(s.root, "spec")
	l.term(s, at(spec, "until"), term{"exception " + x.Name, x.Until,
		note{Problem, ExceptionEnded, "take it out, or have it approved again"},
		note{Hint, ExceptionEnding, "meet the requirement before then, or have the exception approved again"}, soonExceptions})
	var about []*policy.Policy
	for i := range l.set.Policies {
		if slices.Contains(x.Policies, l.set.Policies[i].Name) {
			about = append(about, &l.set.Policies[i])
		}
	}
	if len(about) == 0 {
		l.report(s, key(spec, "policies"), note{Hint, ExceptionUnused, "correct the name, or load the policy too"},
			"exception %s lifts nothing here: no policy %s is loaded", x.Name, strings.Join(x.Policies, " or "))
		return
	}
	for i, pattern := range x.Images {
		if !slices.ContainsFunc(about, func(p *policy.Policy) bool {
			return p.Match.Selector != nil || overlapsImage(p.Match.Images, pattern) && !coveredImage(p.Match.Exclude, pattern)
		}) {
			l.report(s, at(spec, "images", i), note{Problem, ExceptionUnused, "correct the name, or take it out"},
				"exception %s lifts nothing from %q: policy %s is not about it", x.Name, pattern, strings.Join(x.Policies, " or "))
		}
	}
}
