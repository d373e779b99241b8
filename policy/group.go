package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// group evaluates a combination of requirements.
//
// Of alternatives that are counted, each needs somebody's word of its own:
// the same signer saying the same kind of thing counts once, however many
// alternatives it would meet.
func (e *evaluation) group(ctx context.Context, r *Requirement, rule PlatformRule) outcome {
	g := r.Group
	if len(g.Of) == 0 || g.Count < 1 || g.Count > len(g.Of) {
		return undecidable(Finding{Code: CodePolicyEmpty,
			Message: fmt.Sprintf("requirement %s wants %d of %d alternatives", r.Name, g.Count, len(g.Of))})
	}
	outcomes := make([]outcome, len(g.Of))
	for i := range g.Of {
		outcomes[i] = named(r.childName(i), e.require(ctx, &g.Of[i], rule))
	}
	return e.counted(r, outcomes)
}

// counted is the outcome of a group whose alternatives are known.
func (e *evaluation) counted(r *Requirement, outcomes []outcome) outcome {
	g := r.Group
	o := outcome{
		verdict: AtLeast(g.Count, verdicts(outcomes)...),
		settled: e.in.Complete || settledAtLeast(g.Count, outcomes),
	}
	distinct := distinctSupports(outcomes)
	if o.verdict == Pass && g.Kind == "atLeast" && distinct < g.Count {
		o.verdict, o.settled = e.repeated(outcomes), e.in.Complete
	}
	if o.verdict == Pass {
		return passedGroup(o, outcomes)
	}
	lead := Finding{Code: CodeGroupUnmet, Verdict: o.verdict, Message: r.groupMessage(outcomes, distinct), Hint: r.groupHint(outcomes)}
	if g.Kind == "allOf" {
		return concatGroup(o, outcomes)
	}
	for _, alternative := range outcomes {
		if alternative.verdict != Pass {
			o.findings = append(o.findings, alternative.findings...)
		}
	}
	o.findings = bounded(level(append([]Finding{lead}, o.findings...), o.verdict))
	return o
}

// repeated is the verdict where the alternatives that pass rest on too few
// different supports: unknown as long as more may be found.
func (e *evaluation) repeated(outcomes []outcome) Verdict {
	open := slices.Contains(verdicts(outcomes), Unknown)
	if open || !e.in.Complete || len(e.in.Faults) > 0 {
		return Unknown
	}
	return Fail
}

// passedGroup keeps what the alternatives that pass have to say, and what the
// group rests on: all of it, as one.
func passedGroup(o outcome, outcomes []outcome) outcome {
	var passing []outcome
	for _, alternative := range outcomes {
		if alternative.verdict == Pass {
			passing = append(passing, alternative)
			o.findings = append(o.findings, informational(alternative.findings)...)
		}
	}
	o.findings = bounded(o.findings)
	o.supports = together(mergeSupports(passing...))
	return o
}

// concatGroup reads as if the parts of an allOf stood alone.
func concatGroup(o outcome, outcomes []outcome) outcome {
	each := foldEach(outcomes)
	o.findings = each.findings
	return o
}

// distinctSupports is the number of passing outcomes that can each be given a
// support that no other is given: the size of a largest matching.
func distinctSupports(outcomes []outcome) int {
	owner := map[support]int{}
	var assign func(i int, seen map[support]bool) bool
	assign = func(i int, seen map[support]bool) bool {
		for _, s := range outcomes[i].supports {
			if seen[s] {
				continue
			}
			seen[s] = true
			if other, taken := owner[s]; !taken || assign(other, seen) {
				owner[s] = i
				return true
			}
		}
		return false
	}
	n := 0
	for i := range outcomes {
		if outcomes[i].verdict == Pass && assign(i, map[support]bool{}) {
			n++
		}
	}
	return n
}

func (r *Requirement) groupMessage(outcomes []outcome, distinct int) string {
	var passed int
	var lacking []string
	for i, o := range outcomes {
		if o.verdict == Pass {
			passed++
			continue
		}
		text := r.childName(i)
		if len(o.findings) > 0 {
			text += " (" + string(o.findings[0].Code) + ")"
		}
		lacking = append(lacking, text)
	}
	if passed >= r.Group.Count {
		return fmt.Sprintf("requirement %s: %d of %d alternatives are met, but only %d by different signers, and %d are needed",
			r.Name, passed, len(outcomes), distinct, r.Group.Count)
	}
	return fmt.Sprintf("requirement %s: %d of %d alternatives are met, and %d needed; not met: %s",
		r.Name, passed, len(outcomes), r.Group.Count, list(lacking))
}

func (r *Requirement) groupHint(outcomes []outcome) string {
	for _, o := range outcomes {
		if o.verdict != Pass && len(o.findings) > 0 && o.findings[0].Hint != "" {
			return "meet one more; the first that is not: " + o.findings[0].Hint
		}
	}
	return "have another signer sign"
}

// childName names an alternative: its own name, or its place in the group.
func (r *Requirement) childName(i int) string {
	child := &r.Group.Of[i]
	if child.Name != "" && child.Name != r.Name {
		return child.Name
	}
	return fmt.Sprintf("%s[%d] %s", r.Name, i, child.kind())
}

func (r *Requirement) kind() string {
	switch {
	case r.Signature != nil:
		return "signature"
	case r.Provenance != nil:
		return "provenance"
	case r.SBOM != nil:
		return "sbom"
	case r.Vulnerabilities != nil:
		return "vulnerabilities"
	case r.Attestation != nil:
		return "attestation"
	case r.VSA != nil:
		return "vsa"
	case r.Layout != nil:
		return "layout"
	case r.Static != nil:
		return "static"
	case r.Program != nil:
		return "program"
	case r.Group != nil:
		return r.Group.Kind
	}
	return strings.TrimSpace("unsupported " + r.Name)
}

// named gives findings the name of the alternative that they are about.
func named(name string, o outcome) outcome {
	o.findings = slices.Clone(o.findings)
	for i := range o.findings {
		if o.findings[i].Requirement == "" {
			o.findings[i].Requirement = name
		}
	}
	return o
}
