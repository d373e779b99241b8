package policy

import (
	"fmt"
	"slices"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// signers are all functionaries.
func (r *LayoutRequirement) signers() []SignerRule { return slices.Concat(r.Functionaries...) }

// layout holds the links that functionaries attached to the image to the rules
// of an in-toto layout. What a link says of materials and products is bound to
// the image by the statement that it stands in, which names the image's digest.
func (e *evaluation) layout(q question, r *LayoutRequirement) outcome {
	if names := r.Layout.Inspections; len(names) > 0 {
		return undecidable(Finding{Code: CodeUnsupportedField,
			Message: fmt.Sprintf("the layout %s has inspections, which are commands to run, and syncgate runs none: %s", r.Source, list(names)),
			Hint:    "make the layout without inspections: the image's digest is held to the links already"})
	}
	if !e.in.At.Before(r.Layout.Expires) {
		return undecidable(Finding{Code: CodeLayoutExpired, Verdict: Fail,
			Message: fmt.Sprintf("the layout %s expired at %s", r.Source, r.Layout.Expires.Format(time.RFC3339)),
			Hint:    "have its owners sign a new one"})
	}
	links := map[string]*predicate.Link{}
	var supports []support
	var decided []candidate
	var notes []Finding
	for i, step := range r.Layout.Steps {
		link, by, wrong := e.step(q, step, r.Functionaries[i])
		if wrong != nil {
			return *wrong
		}
		links[step.Name], decided = link, append(decided, by...)
		for _, c := range by {
			s := c.support()
			s.kind += " " + step.Name
			supports, notes = append(supports, s), append(notes, c.relaxed()...)
		}
	}
	if err := r.Layout.Verify(links); err != nil {
		return unmet(Finding{Code: CodeLayoutRule, Verdict: Fail,
			Message: fmt.Sprintf("%s: its links do not meet the layout %s: %s", e.label(q.target), r.Source, clip(err.Error())),
			Hint:    "see which step was given or made something else than the layout allows"})
	}
	o := met(supports, bounded(distinct(notes))...)
	o.decided = decided
	return o
}

// step finds the links of one step: one by each of as many functionaries as the
// layout asks for, the newest of each, and all of them alike.
func (e *evaluation) step(q question, step predicate.LayoutStep, functionaries []SignerRule) (*predicate.Link, []candidate, *outcome) {
	candidates, missing := e.find(q, wanted{
		signers: functionaries, what: "link of the step " + clip(step.Name), missing: CodeLinkMissing,
		is:   func(ev *Evidence) bool { return e.isLinkOf(ev, step.Name) },
		make: attestCommand(functionaries, "link"),
	})
	if missing != nil {
		return nil, nil, missing
	}
	byKey := map[*SignerRule][]candidate{}
	for _, c := range candidates {
		byKey[c.rule] = append(byKey[c.rule], c)
	}
	if len(byKey) < step.Threshold {
		o := unmet(Finding{Code: CodeLinkMissing, Verdict: Fail,
			Message: fmt.Sprintf("%s: %s signed a link of the step %s, and the layout asks for %d", e.label(q.target), count(len(byKey), "functionary"), clip(step.Name), step.Threshold),
			Hint:    e.command(q, wanted{make: attestCommand(functionaries, "link")})})
		return nil, nil, &o
	}
	var first *predicate.Link
	var by []candidate
	for i := range functionaries {
		for _, c := range newest(byKey[&functionaries[i]], func(c candidate) dated { return dated{signed: c.signed()} }) {
			link, err := e.link(c.evidence)
			if err != nil {
				o := unmet(*e.unread(q, c.evidence.Statement, err))
				return nil, nil, &o
			}
			if first != nil && !link.Same(first) {
				o := unmet(Finding{Code: CodeLinkMismatch, Verdict: Fail,
					Message: fmt.Sprintf("%s: the links of the step %s say different things of its materials or products", e.label(q.target), clip(step.Name)),
					Hint:    "see which of its functionaries did something else"})
				return nil, nil, &o
			}
			first, by = link, append(by, c)
		}
	}
	return first, by, nil
}

func (e *evaluation) link(ev *Evidence) (*predicate.Link, error) {
	link, err := parseOnce(e, ev.Statement, predicate.ParseLink)
	if err != nil {
		return nil, err
	}
	return link.WithSubjects(ev.Statement.Subject)
}

// isLinkOf tells whether evidence is a link of a step. One that cannot be read
// may be of any.
func (e *evaluation) isLinkOf(ev *Evidence, step string) bool {
	if !isType(predicate.IsLink)(ev) {
		return false
	}
	link, err := parseOnce(e, ev.Statement, predicate.ParseLink)
	return err != nil || link.Name == step
}
