package policy

import (
	"fmt"
	"slices"
	"time"
)

// exceptionNotice is how long before its end an exception is reported.
const exceptionNotice = 14 * 24 * time.Hour

// holds tells whether an exception holds at a time. One without an end never
// does.
func (x *Exception) holds(at time.Time) bool { return at.Before(x.Until) }

// covers tells whether an exception is about an image. Where a digest that it
// names cannot be compared it is not.
func (x *Exception) covers(s Subject) bool {
	m, _ := matchNames(x.Images, nameOf(s), lifts)
	return m == matchYes
}

// except lifts a requirement that is not met where an exception says so, and
// reports exceptions that ended or end soon.
func (e *evaluation) except(p *Policy, r *Requirement, o outcome) outcome {
	for i := range e.set.Exceptions {
		x := &e.set.Exceptions[i]
		if r.Name == "" || !slices.Contains(x.Policies, p.Name) || !slices.Contains(x.Requirements, r.Name) || !x.covers(e.in.Subject) {
			continue
		}
		name := fmt.Sprintf("the exception %s (%s) for requirement %s", x.Name, x.Source, r.Name)
		if !x.holds(e.in.At) {
			o.findings = append(o.findings, Finding{Code: CodeExceptionExpired, Verdict: Fail, Warning: true, Requirement: r.Name,
				Message: fmt.Sprintf("%s held until %s and no longer does", name, end(x.Until)),
				Hint:    "meet the requirement, or have the exception approved again; then take this one out"})
			continue
		}
		if o.verdict != Pass {
			o = lifted(o, Finding{Code: CodeExceptionApplied, Verdict: Pass, Requirement: r.Name,
				Message: fmt.Sprintf("%s lifts it until %s: %s%s", name, end(x.Until), x.Reason, x.approval())})
		}
		if x.Until.Sub(e.in.At) <= exceptionNotice {
			o.findings = append(o.findings, Finding{Code: CodeExceptionEnding, Verdict: Pass, Warning: true, Requirement: r.Name,
				Message: fmt.Sprintf("%s ends in %s, at %s", name, howLong(x.Until.Sub(e.in.At)), end(x.Until)),
				Hint:    "meet the requirement before then, or have the exception approved again"})
		}
	}
	return o
}

func (x *Exception) approval() string {
	if x.ApprovedBy == "" {
		return ""
	}
	return " (approved by " + x.ApprovedBy + ")"
}

// lifted is the outcome of a requirement that an exception lifts: what is
// unmet is reported and no longer counts. It is no more settled than it was,
// so that what is reported is what everything that can be found says.
func lifted(o outcome, applied Finding) outcome {
	findings := []Finding{applied}
	for _, f := range o.findings {
		f.Warning = f.Warning || f.Verdict != Pass
		findings = append(findings, f)
	}
	return outcome{verdict: Pass, settled: o.settled, findings: findings, supports: o.supports}
}

// Unused reports the exceptions that match nothing: none of the subjects, no
// policy, or no requirement. They are warnings, in the order of the set. An
// exception that has ended at the time is said to have.
func (s Set) Unused(subjects []Subject, at time.Time) []Finding {
	var findings []Finding
	for i := range s.Exceptions {
		x := &s.Exceptions[i]
		why := s.unused(x, subjects)
		if why == "" {
			continue
		}
		f := Finding{Code: CodeExceptionUnused, Verdict: Pass, Warning: true,
			Message: fmt.Sprintf("the exception %s (%s) matches nothing: %s", x.Name, x.Source, why),
			Hint:    "take it out, or correct what it names; @digest names one image, a tag only what is not pinned"}
		if !x.holds(at) {
			f.Message += fmt.Sprintf("; it held until %s", end(x.Until))
		}
		findings = append(findings, f)
	}
	return findings
}

func (s Set) unused(x *Exception, subjects []Subject) string {
	named, required := false, false
	for i := range s.Policies {
		p := &s.Policies[i]
		if !slices.Contains(x.Policies, p.Name) {
			continue
		}
		named = true
		required = required || slices.ContainsFunc(p.Require, func(r Requirement) bool { return slices.Contains(x.Requirements, r.Name) })
	}
	switch {
	case !named:
		return fmt.Sprintf("no policy is named %s", oneOrNothing(x.Policies))
	case !required:
		return fmt.Sprintf("no requirement of %s is named %s", list(x.Policies), oneOrNothing(x.Requirements))
	case slices.ContainsFunc(subjects, x.couldCover):
		return ""
	}
	if i := slices.IndexFunc(subjects, x.namesTag); i >= 0 {
		return fmt.Sprintf("%s is pinned to a digest, and a tag does not cover it", subjects[i].name())
	}
	return fmt.Sprintf("no image is %s", oneOrNothing(x.Images))
}

// namesTag tells whether an exception names the tag that an image carries
// beside its digest.
func (x *Exception) namesTag(s Subject) bool {
	m, _ := matchNames(x.Images, nameOf(s), demands)
	return m != matchNo
}

// couldCover is covers, for subjects whose digest may not be known.
func (x *Exception) couldCover(s Subject) bool {
	m, _ := matchNames(x.Images, nameOf(s), lifts)
	return m != matchNo
}

func oneOrNothing(items []string) string {
	if len(items) == 0 {
		return "anything that it lists, because it lists nothing"
	}
	return oneOf(items)
}
