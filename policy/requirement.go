package policy

import (
	"context"
	"fmt"
	"slices"
)

// monotone tells whether more evidence can only help: what asks for any one
// statement stays met, what looks at the newest or at every one need not.
func (r *Requirement) monotone() bool {
	return r.Vulnerabilities == nil && r.Layout == nil && r.Program == nil && (r.Attestation == nil || r.Attestation.Statements == AnyStatement)
}

// restsOn are the kinds of evidence that may meet it, or a part of it.
func (r *Requirement) restsOn() Kinds {
	var parts []Requirement
	switch {
	case r.Signature != nil:
		return Kinds{Signatures: true}
	case r.Group != nil:
		parts = r.Group.Of
	case r.Program != nil:
		parts = r.Program.Of
	case r.asks():
		return Kinds{Attestations: true}
	}
	var kinds Kinds
	for i := range parts {
		kinds = kinds.and(parts[i].restsOn())
	}
	return kinds
}

// conclude takes into account what was not looked at. Absence is fail only
// where everything was looked at, and a pass that more evidence could undo
// is a pass only then.
func (e *evaluation) conclude(r *Requirement, o outcome) outcome {
	stands := o.settled || o.verdict == Pass && r.monotone()
	unknown := r.unknownKeys()
	switch {
	case !stands && e.in.Complete && len(unknown) > 0:
		o = unmet(unknown[0], slices.Concat(unknown[1:], level(o.findings, Unknown))...)
		o.settled = true
		return o
	case stands, e.in.Complete && len(e.in.Faults) == 0:
		o.settled = true
		return o
	case !e.in.Complete:
		return unmet(Finding{Code: CodeEvidenceIncomplete,
			Message: fmt.Sprintf("not everything that requirement %s may rest on was looked for", r.Name)})
	case o.verdict == Pass:
		o.findings = append([]Finding{{
			Code:    CodeEvidenceIncomplete,
			Message: fmt.Sprintf("what was found for requirement %s holds, but not everything could be looked at, and what is newer may say otherwise", r.Name),
		}}, o.findings...)
	}
	o.verdict, o.settled, o.findings = Unknown, true, level(o.findings, Unknown)
	o.findings[0].Retryable = slices.ContainsFunc(e.in.Faults, func(f Finding) bool { return f.Retryable })
	o.findings[0].Hint = "see what could not be looked at, and run it again; then: " + hintOr(o.findings[0].Hint)
	return o
}

func hintOr(hint string) string {
	if hint == "" {
		return "nothing else is known to be wrong"
	}
	return hint
}

// targets asks every digest that the platform rule names, and folds what they
// say.
//
// With PlatformEach every platform's own manifest must carry the evidence:
// what is attached to the index does not speak of them. With PlatformAny the
// evidence may be attached to the index or to any platform; reports of
// vulnerabilities count wherever they are, so that one clean platform does
// not excuse another.
func (e *evaluation) targets(ctx context.Context, r *Requirement, rule PlatformRule) outcome {
	s := &e.in.Subject
	if s.Digest.IsZero() {
		return unmet(Finding{Code: CodeDigestUnresolved,
			Message: fmt.Sprintf("the digest of %s is not known, so that no evidence can be looked for", s.name()),
			Hint:    "see why it was not resolved"})
	}
	index := target{digest: s.Digest}
	if rule == PlatformIndex {
		return e.ask(ctx, question{r, index})
	}
	unknown := Finding{Code: CodePlatformsUnknown,
		Message: fmt.Sprintf("the platforms of %s are not known, and requirement %s asks for them", s.name(), r.Name),
		Hint:    "see why the manifest was not read"}
	var each []target
	for _, p := range s.Platforms {
		each = append(each, target{p.Digest, p.Name})
	}
	switch {
	case rule == PlatformEach && !s.PlatformsKnown:
		return unmet(unknown)
	case rule == PlatformEach && len(each) == 0:
		return e.ask(ctx, question{r, index})
	case rule == PlatformEach:
		e.trace.asksPlatforms("each")
		return foldEach(e.askAll(ctx, r, each))
	}
	if len(each) > 0 {
		e.trace.asksPlatforms("any")
	}
	outcomes := e.askAll(ctx, r, append([]target{index}, each...))
	if !s.PlatformsKnown {
		outcomes = append(outcomes, unmet(unknown))
	}
	if r.Vulnerabilities != nil {
		outcomes = withReports(outcomes)
		return foldEach(outcomes)
	}
	return foldAny(outcomes)
}

func (e *evaluation) askAll(ctx context.Context, r *Requirement, targets []target) []outcome {
	outcomes := make([]outcome, len(targets))
	for i, t := range targets {
		outcomes[i] = e.ask(ctx, question{r, t})
	}
	return outcomes
}

// ask puts one question.
func (e *evaluation) ask(ctx context.Context, q question) (o outcome) {
	step := RequirementStep{Requirement: q.req.Name, Kind: q.req.kind(), Platform: q.target.platform}
	ended := e.trace.open(step)
	defer func() { ended(o) }()
	switch r := q.req; {
	case r.Signature != nil:
		return e.signature(q, r.Signature)
	case r.Provenance != nil:
		return e.provenance(q, r.Provenance)
	case r.SBOM != nil:
		return e.sbom(q, r.SBOM)
	case r.Vulnerabilities != nil:
		return e.vulnerabilities(q, r.Vulnerabilities)
	case r.Attestation != nil:
		return e.attestation(ctx, q, r.Attestation)
	case r.VSA != nil:
		return e.vsa(q, r.VSA)
	case r.Layout != nil:
		return e.layout(q, r.Layout)
	}
	return outcome{}
}

// details is how many findings follow the leading one of a requirement.
const details = 20

// foldEach needs all outcomes to pass. What decides comes first.
func foldEach(outcomes []outcome) outcome {
	all := outcome{verdict: AllOf(verdicts(outcomes)...), supports: commonSupports(outcomes)}
	for _, want := range [3]Verdict{Fail, Unknown, Pass} {
		for _, o := range outcomes {
			if o.verdict == want {
				all.findings = append(all.findings, o.findings...)
			}
		}
	}
	all.findings = bounded(all.findings)
	return all
}

// foldAny needs one outcome to pass, and says of the first what it lacks.
func foldAny(outcomes []outcome) outcome {
	v := AnyOf(verdicts(outcomes)...)
	for _, o := range outcomes {
		if o.verdict == v {
			return o
		}
	}
	return outcome{}
}

// withReports leaves out what has no report at all where another has one.
func withReports(outcomes []outcome) []outcome {
	with := slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool {
		return o.verdict == Fail && len(o.findings) > 0 && o.findings[0].absent()
	})
	if len(with) == 0 {
		return outcomes[:1]
	}
	return with
}

// absent tells whether a finding says that there is no report, rather than
// what one says.
func (f *Finding) absent() bool {
	switch f.Code {
	case CodeReportMissing, CodeReportFormat, CodeSignerMismatch, CodeLogEntryMissing:
		return true
	}
	return false
}

// commonSupports are those that every outcome rests on; where there are none,
// all of them taken together are one.
func commonSupports(outcomes []outcome) []support {
	var common []support
	for _, s := range mergeSupports(outcomes...) {
		if !slices.ContainsFunc(outcomes, func(o outcome) bool { return !slices.Contains(o.supports, s) }) {
			common = append(common, s)
		}
	}
	if len(common) == 0 {
		return together(mergeSupports(outcomes...))
	}
	return common
}

// together makes one support of several.
func together(supports []support) []support {
	if len(supports) == 0 {
		return nil
	}
	var all support
	for _, s := range supports {
		all.kind += s.kind + "\x01"
		all.signer += s.signer + "\x01"
	}
	return []support{all}
}

// bounded keeps the leading findings and says how many were left out.
func bounded(findings []Finding) []Finding {
	if len(findings) <= details {
		return findings
	}
	findings, left := findings[:details:details], len(findings)-details
	findings[0].Message += fmt.Sprintf(" (%d more findings like this are left out)", left)
	return findings
}
