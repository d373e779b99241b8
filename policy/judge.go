package policy

import (
	"context"
	"fmt"
	"slices"
)

// evaluation is the state of one call of Evaluate.
type evaluation struct {
	set *Set
	in  Input
	// evidence is what proves something, each once, in a fixed order.
	evidence []Evidence
	// uses are the places where the image runs that the policy which is
	// judged is about.
	uses []Use
	memo memo
	// answers are what expressions say against statements, and name is how
	// the image is named.
	answers map[answered]*Finding
	name    imageName
	// called is the image's name in messages, and licenseJudges are those of
	// requirements that deny licences.
	called        string
	licenseJudges map[*SBOMRequirement]*licenseJudge
	// policy is the name of the one that is judged, and silenced what VEX
	// explains away for any of them.
	policy   string
	silenced []Silenced
	// standings are how the image stands with each requirement so far.
	standings []RequirementResult
	// open are the kinds of evidence that requirements which are not settled
	// rest on.
	open Kinds
	// trace follows the evaluation. It is nil where nobody asks.
	trace *trace
}

// Evaluate judges one image. Every policy of mode enforce that matches must
// pass; an image that none matches fails, unless a policy says that it may
// run unmatched. What policies of mode warn find changes no verdict; an image
// that only they match is matched, passes, and is told of.
func (s Set) Evaluate(ctx context.Context, in Input) Result {
	if in.At.IsZero() {
		return Result{Findings: []Finding{{
			Code: CodeTimeMissing, Message: "no time to evaluate at was given",
			Hint: "this is a mistake in the caller: set the time of the input",
		}}, Settled: true}
	}
	in.Rejected = slices.Concat(in.Rejected, lapsed(in.Evidence, in.At))
	e := &evaluation{set: &s, in: in, evidence: prepareEvidence(in.Evidence, in.At), memo: memo{}, answers: map[answered]*Finding{}, name: nameOf(in.Subject), called: in.Subject.name()}
	if in.Explain {
		e.trace = &trace{}
	}
	t := tally{others: make([]passedOver, 0, len(s.Policies))}
	for i := range s.Policies {
		e.count(ctx, &s.Policies[i], &t)
	}
	e.close(&t)
	e.addFaults(&t)
	return Result{
		Verdict:  AllOf(t.verdicts...),
		Findings: t.findings,
		Policies: t.matched, Requirements: e.standings, Silenced: e.silenced,
		Settled: in.Complete || t.open == 0 || t.failed, Open: e.open,
		Explanation: e.trace.explanation(),
	}
}

// tally is what the policies of a set say of one image.
type tally struct {
	verdicts []Verdict
	findings []Finding
	// matched are the names of the policies that match; enforced of those
	// that count, or may.
	matched, enforced []string
	// allowed are the policies that let the image run unmatched, doubtful
	// those of which that cannot be told, with the reason.
	allowed, doubtful []string
	// warned are the policies of mode warn that match.
	warned []string
	// others are those that do not count, with the reason.
	others []passedOver
	// open is the number of policies that more evidence may change; failed
	// tells that one fails which counts and which none can change.
	open   int
	failed bool
}

// passedOver is a policy that does not count for an image, and why.
type passedOver struct {
	policy *Policy
	why    because
}

func (t *tally) passOver(p *Policy, why because) { t.others = append(t.others, passedOver{p, why}) }

// count adds one policy to the tally.
func (e *evaluation) count(ctx context.Context, p *Policy, t *tally) {
	m, why := e.place(ctx, p)
	e.trace.begin(p, m, why)
	switch {
	case m == matchNo:
		t.passOver(p, why)
		return
	case m == matchYes && !slices.Contains(t.matched, p.Name):
		t.matched = append(t.matched, p.Name)
	}
	if p.AllowUnmatched {
		e.allow(p, m, why, t)
		return
	}
	var o outcome
	if m == matchUnknown {
		o = undecidable(Finding{
			Code: CodeMatchUnknown, Policy: p.Name,
			Message: fmt.Sprintf("whether policy %s is about %s cannot be told: %s", p.Name, e.in.Subject.name(), p.say(why)),
			Hint:    "say where the image runs (metadata.namespace, or the destination of what deploys it), or widen the policy's match",
		})
	} else {
		o = e.judge(ctx, p)
	}
	e.trace.judged(o.verdict)
	if m == matchYes && p.Mode == Warn {
		t.warned = append(t.warned, p.Name)
	}
	t.add(p, o)
}

// place tells whether a policy is about the image, and keeps where.
func (e *evaluation) place(ctx context.Context, p *Policy) (m match, why because) {
	e.uses = e.in.Subject.Uses
	if p.Match.Selector == nil {
		return p.matches(ctx, &e.in.Subject, e.name)
	}
	m, why, e.uses = p.selects(ctx, e.in.Subject)
	return m, why
}

// allow notes a policy that lets images run unmatched. In mode warn it
// changes no verdict.
func (e *evaluation) allow(p *Policy, m match, why because, t *tally) {
	switch {
	case p.Mode == Warn:
		t.passOver(p, func() string { return "its mode is warn" })
	case m == matchYes:
		t.allowed = append(t.allowed, p.Name)
	default:
		t.doubtful = append(t.doubtful, fmt.Sprintf("%s: %s", p.Name, p.say(why)))
	}
}

// add takes up what a policy says.
func (t *tally) add(p *Policy, o outcome) {
	if !o.settled {
		t.open++
	}
	t.failed = t.failed || o.settled && o.verdict == Fail && p.Mode == Enforce
	if p.Mode == Enforce {
		t.enforced = append(t.enforced, p.Name)
		t.verdicts = append(t.verdicts, o.verdict)
	} else {
		t.passOver(p, func() string { return "its mode is warn, so that it only reports" })
	}
	for _, f := range o.findings {
		f.Policy = p.Name
		f.Warning = f.Warning || p.Mode != Enforce && f.Verdict != Pass
		t.findings = append(t.findings, f)
	}
}

// close says what becomes of an image that no enforced policy is about.
func (e *evaluation) close(t *tally) {
	if len(t.enforced) > 0 {
		return
	}
	f := Finding{Code: CodeImageUnmatched, Verdict: Fail, Hint: "write a policy whose match names the image, or let it run unchecked with unmatched: allow"}
	name := e.in.Subject.name()
	switch {
	case len(t.allowed) > 0:
		f = Finding{Code: CodeImageAllowed, Verdict: Pass, Policy: t.allowed[0],
			Message: fmt.Sprintf("%s runs unchecked: no enforced policy is about it, and policy %s allows that", name, t.allowed[0])}
	case len(t.warned) > 0:
		f = Finding{Code: CodeImageWarned, Verdict: Pass, Warning: true, Policy: t.warned[0],
			Message: fmt.Sprintf("%s is checked by no policy that enforces: what policy %s finds only warns", name, list(t.warned)),
			Hint:    "set its mode to enforce when nothing is left to mend"}
	case len(t.doubtful) > 0:
		f.Code, f.Verdict = CodeMatchUnknown, Unknown
		f.Message = fmt.Sprintf("whether %s may run unchecked cannot be told: %s", name, list(t.doubtful))
	case len(t.others) == 0:
		f.Message = fmt.Sprintf("no policy is about %s: there is no policy", name)
	default:
		f.Message = fmt.Sprintf("no enforced policy is about %s; looked at %s", name, list(told(t.others)))
	}
	t.verdicts = append(t.verdicts, f.Verdict)
	t.findings = append(t.findings, f)
}

func told(others []passedOver) []string {
	out := make([]string, len(others))
	for i, o := range others {
		out[i] = o.policy.Name + ": " + o.policy.say(o.why)
	}
	return out
}

// addFaults reports what could not be looked at: as a warning where the
// verdict stands without it, and counted where a registry answered that
// something is wrong.
func (e *evaluation) addFaults(t *tally) {
	passes := AllOf(t.verdicts...) == Pass
	for _, f := range e.in.Faults {
		switch f.Verdict {
		case Fail:
			t.verdicts = append(t.verdicts, Fail)
		default:
			f.Verdict, f.Warning = Unknown, f.Warning || passes
		}
		t.findings = append(t.findings, f)
	}
}

// judge evaluates a policy that matches.
func (e *evaluation) judge(ctx context.Context, p *Policy) outcome {
	if len(p.Require) == 0 {
		return undecidable(Finding{Code: CodePolicyEmpty,
			Message: fmt.Sprintf("policy %s requires nothing", p.Name),
			Hint:    "add a requirement; to let images run unchecked, say unmatched: allow"})
	}
	e.policy = p.Name
	var outcomes []outcome
	if p.RequireDigest && !e.in.Subject.Pinned {
		ended := e.trace.open(RequirementStep{Requirement: "references", Kind: "digest"})
		outcomes = append(outcomes, undecidable(e.digestRequired()))
		ended(outcomes[0])
	}
	for i := range p.Require {
		r := &p.Require[i]
		o := e.require(ctx, r, p.Platforms.or(PlatformIndex))
		for j := range o.findings {
			if o.findings[j].Requirement == "" {
				o.findings[j].Requirement = r.Name
			}
		}
		excepted := e.except(p, r, o)
		e.trace.lifted(excepted)
		e.standings = append(e.standings, standing(p, r, o, excepted))
		outcomes = append(outcomes, excepted)
	}
	all := outcome{verdict: AllOf(verdicts(outcomes)...), settled: settledAtLeast(len(outcomes), outcomes)}
	for _, o := range outcomes {
		all.findings = append(all.findings, o.findings...)
	}
	return all
}

func (e *evaluation) digestRequired() Finding {
	f := Finding{
		Code: CodeDigestRequired, Verdict: Fail,
		Message: fmt.Sprintf("%s is written without a digest", e.in.Subject.name()),
		Hint:    "pin it to the digest that is meant",
	}
	if !e.in.Subject.Digest.IsZero() {
		f.Hint = fmt.Sprintf("pin it: %s@%s is what it is now", e.in.Subject.Reference, e.in.Subject.Digest)
	}
	return f
}

// require evaluates a requirement. A panic on the way, in a library that
// reads hostile input, is unknown.
func (e *evaluation) require(ctx context.Context, r *Requirement, inherited PlatformRule) (o outcome) {
	ended := e.trace.open(r.step())
	defer func() { ended(o) }()
	defer func() {
		if p := recover(); p != nil {
			o = undecidable(Finding{Code: CodeEvaluationStopped,
				Message: fmt.Sprintf("evaluating requirement %s broke: %s", r.Name, clip(fmt.Sprint(p))),
				Hint:    "this is a defect of syncgate: please report it with the evidence of the image"})
		}
	}()
	if err := ctx.Err(); err != nil {
		return unmet(Finding{Code: CodeEvaluationStopped, Retryable: true,
			Message: fmt.Sprintf("evaluating requirement %s was stopped: %v", r.Name, context.Cause(ctx)), Hint: "run it again, with more time"})
	}
	switch {
	case r.Group != nil:
		o = e.group(ctx, r, r.Platforms.or(inherited))
	case r.Program != nil:
		o = e.conclude(r, e.program(ctx, r, r.Platforms.or(inherited)))
	case r.Static != nil:
		o = r.static()
	case r.asks():
		o = e.conclude(r, e.targets(ctx, r, r.Platforms.or(inherited)))
	default:
		o = undecidable(Finding{Code: CodePolicyEmpty, Message: fmt.Sprintf("requirement %s asks for nothing", r.Name)})
	}
	o = r.honoured(o)
	if !o.settled {
		e.open = e.open.and(r.restsOn())
	}
	return o
}

// honoured makes the outcome of a requirement with unsupported fields unknown
// at best.
func (r *Requirement) honoured(o outcome) outcome {
	if len(r.Relaxed) > 0 && o.verdict == Fail {
		relaxed := unmet(r.unsupported(r.Relaxed), level(o.findings, Unknown)...)
		relaxed.settled = o.settled
		o = relaxed
	}
	if len(r.Unsupported) == 0 {
		return o
	}
	lead := r.unsupported(r.Unsupported)
	if !r.asks() && r.Group == nil && r.Program == nil && r.Static == nil {
		return undecidable(lead)
	}
	result := unmet(lead, o.findings...)
	result.verdict = AllOf(Unknown, o.verdict)
	result.settled = o.settled
	if result.verdict == Fail {
		result.findings = append(slices.Clone(o.findings), lead)
	}
	return result
}

func (r *Requirement) unsupported(fields []string) Finding {
	return Finding{Code: CodeUnsupportedField,
		Message: fmt.Sprintf("requirement %s uses what syncgate does not honour: %s", r.Name, list(fields)),
		Hint:    "take it out of the policy, or ask for it in another way"}
}

// or is the rule itself, or what it inherits.
func (r PlatformRule) or(inherited PlatformRule) PlatformRule {
	switch {
	case r != PlatformInherit:
		return r
	case inherited != PlatformInherit:
		return inherited
	}
	return PlatformIndex
}
