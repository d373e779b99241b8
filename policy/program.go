package policy

import (
	"context"
	"fmt"
	"slices"

	"github.com/syncgate/syncgate/bounds"
)

// static is the outcome of a requirement that looks at nothing.
func (r *Requirement) static() outcome {
	if r.Static.Verdict == Pass {
		o := met([]support{{kind: "static", signer: r.Name}}, Finding{Code: CodeStaticPass, Verdict: Pass, Warning: true,
			Message: withReason(fmt.Sprintf("requirement %s lets the image run without looking at any evidence", r.Name), r.Static.Message)})
		o.settled = true
		return o
	}
	return undecidable(Finding{Code: CodeStaticFail, Verdict: r.Static.Verdict,
		Message: withReason(fmt.Sprintf("requirement %s lets no image run", r.Name), r.Static.Message),
		Hint:    "use another image, or change the policy"})
}

func withReason(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + ": " + clip(reason)
}

// takes tells whether evidence in this form counts.
func (r *Requirement) takes(ev *Evidence) bool {
	return len(r.Formats) == 0 || slices.Contains(r.Formats, ev.Format)
}

// program looks for what a program is asked about, and asks it.
func (e *evaluation) program(ctx context.Context, r *Requirement, rule PlatformRule) outcome {
	p := r.Program
	outcomes := make([]outcome, len(p.Of))
	found := make([]Found, len(p.Of))
	for i := range p.Of {
		child := &p.Of[i]
		outcomes[i] = named(child.Name, e.require(ctx, child, rule))
		found[i] = e.found(ctx, child, outcomes[i].verdict)
	}
	if p.Count > 0 {
		counted := &Requirement{Name: r.Name, Group: &Group{Kind: "anyOf", Count: p.Count, Of: p.Of}}
		o := e.counted(counted, outcomes)
		if p.Program == nil || o.verdict != Pass {
			return o
		}
	}
	if open := slices.IndexFunc(outcomes, func(o outcome) bool { return o.verdict == Unknown }); open >= 0 && p.Count > 0 {
		o := unmet(Finding{Code: CodeEvidenceIncomplete,
			Message: fmt.Sprintf("requirement %s asks %s about everything that was found, and %s could not be told", r.Name, p.Program, p.Of[open].Name)})
		o.findings = append(o.findings, outcomes[open].findings...)
		return o
	}
	return e.decide(ctx, r, found, outcomes)
}

// decide asks the program, for every place where the image runs if it asks
// for the place.
func (e *evaluation) decide(ctx context.Context, r *Requirement, found []Found, outcomes []outcome) outcome {
	program, uses := r.Program.Program, e.uses
	if !program.ReadsUse() || len(uses) == 0 {
		uses = []Use{{}}
	}
	if len(uses) > bounds.ExpressionUses {
		return unmet(Finding{Code: CodeExpressionError,
			Message: fmt.Sprintf("%s asks for the object, and the image runs in more than %d places", program, bounds.ExpressionUses)})
	}
	answers := make([]outcome, len(uses))
	for i, use := range uses {
		if ctx.Err() != nil {
			return unmet(Finding{Code: CodeEvaluationStopped, Retryable: true, Message: fmt.Sprintf("%s: stopped: %v", program, context.Cause(ctx))})
		}
		decision, err := program.Decide(ctx, ProgramInput{Subject: e.in.Subject, Use: use, At: e.in.At, Found: found})
		if err != nil {
			f := broken(err)
			f.Message = fmt.Sprintf("%s cannot be evaluated: %s", program, clip(err.Error()))
			answers[i] = unmet(*f)
			continue
		}
		answers[i] = e.decided(r, decision, outcomes)
	}
	return foldEach(answers)
}

// decided is the outcome of a decision.
func (e *evaluation) decided(r *Requirement, d Decision, outcomes []outcome) outcome {
	if d.Verdict == Pass {
		var resting []outcome
		for i := range outcomes {
			if outcomes[i].verdict == Pass && slices.Contains(d.Rests, r.Program.Of[i].Name) {
				resting = append(resting, outcomes[i])
			}
		}
		o := met(together(mergeSupports(resting...)))
		for i := range resting {
			o.findings = append(o.findings, informational(resting[i].findings)...)
		}
		return o
	}
	o := unmet(Finding{Code: CodeExpressionFalse, Verdict: d.Verdict,
		Message: withReason(fmt.Sprintf("%s says no", r.Program.Program), d.Message),
		Hint:    "see what the policy asks for, and mend what it reports"})
	for i := range outcomes {
		if outcomes[i].verdict != Pass {
			o.findings = append(o.findings, level(outcomes[i].findings, d.Verdict)...)
		}
	}
	o.findings = bounded(o.findings)
	return o
}

// found is what a program is told of a requirement.
func (e *evaluation) found(ctx context.Context, r *Requirement, v Verdict) Found {
	// What is asked a second time is not explained again.
	defer func(t *trace) { e.trace = t }(e.trace)
	e.trace = nil
	f := Found{Name: r.Name, Verdict: v}
	if r.Group != nil {
		for i := range r.Group.Of {
			child := &r.Group.Of[i]
			f.Parts = append(f.Parts, e.found(ctx, child, e.require(ctx, child, PlatformIndex).verdict))
		}
		return f
	}
	q := question{r, target{digest: e.in.Subject.Digest}}
	var candidates []candidate
	check := func(candidate) *Finding { return nil }
	switch {
	case r.Signature != nil:
		candidates, _ = e.find(q, wanted{signers: r.Signature.Signers, is: func(ev *Evidence) bool { return ev.Kind == KindSignature }, what: "signature"})
		check = func(c candidate) *Finding { return e.checkAnnotations(q, r.Signature, c) }
	case r.Attestation != nil:
		candidates, _ = e.find(q, wanted{signers: r.Attestation.Signers, is: isType(func(t string) bool { return t == r.Attestation.PredicateType }), what: "attestation"})
		check = func(c candidate) *Finding { return e.checkStatement(ctx, q, r.Attestation, c) }
	}
	for _, c := range candidates {
		if check(c) == nil {
			f.Proofs = append(f.Proofs, Proof{c.evidence, c.signer})
		}
	}
	return f
}
