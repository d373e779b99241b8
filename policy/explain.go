package policy

import (
	"slices"
	"time"
)

// Explanation is how a verdict came about, as it was evaluated.
type Explanation struct {
	// Policies are all of the set, in its order.
	Policies []PolicyStep `json:"policies"`
}

// PolicyStep is what one policy said.
type PolicyStep struct {
	Policy string `json:"policy"`
	// Source is "file:line" of the document.
	Source string `json:"source"`
	// Matches is "yes", "no" or "unknown", and Why is why not.
	Matches string `json:"matches"`
	Why     string `json:"why,omitempty"`
	// Warning tells that the policy only warns.
	Warning bool `json:"warning,omitempty"`
	// Allows tells that the policy lets unmatched images run.
	Allows bool `json:"allows,omitempty"`
	// Verdict is nil where the policy has none.
	Verdict *Verdict          `json:"verdict,omitempty"`
	Steps   []RequirementStep `json:"requirements,omitempty"`
}

// RequirementStep is what was found for a requirement: of the whole image, of
// one platform of it, or of a part of a group.
type RequirementStep struct {
	Requirement string `json:"requirement"`
	Kind        string `json:"kind"`
	Source      string `json:"source,omitempty"`
	// Platform is what was asked about, where that is not the image itself.
	Platform string  `json:"platform,omitempty"`
	Verdict  Verdict `json:"verdict"`
	// Lifted is the exception that lifts it.
	Lifted bool `json:"lifted,omitempty"`
	// Count of Steps must be met, in a group.
	Count int `json:"count,omitempty"`
	// Platforms is "each" or "any" where Steps are about platforms.
	Platforms string `json:"platforms,omitempty"`
	// Findings are what was said, the leading one first.
	Findings []Finding `json:"findings,omitempty"`
	// Seen is the evidence of the wanted kind, whoever signed it.
	Seen  []SeenEvidence    `json:"seen,omitempty"`
	Steps []RequirementStep `json:"steps,omitempty"`
}

// SeenEvidence is one signature that was looked at for a requirement.
type SeenEvidence struct {
	What     string `json:"what"`
	Digest   Digest `json:"digest"`
	Location string `json:"location"`
	SignedBy string `json:"signedBy"`
	// SignedAt is when trusted third parties say that it was signed.
	SignedAt *time.Time `json:"signedAt,omitempty"`
	// Signer is the policy's name for who signed, where it counts.
	Signer string `json:"signer,omitempty"`
	// Against is why it does not count for any signer.
	Against string `json:"against,omitempty"`
	// Decided tells that the verdict on the requirement rests on it.
	Decided bool `json:"decided,omitempty"`
}

// trace follows an evaluation. A nil trace follows none.
type trace struct {
	policies []PolicyStep
	// path are the steps that are open, the innermost last.
	path []*RequirementStep
}

// open begins a step; the function that it returns ends it.
func (t *trace) open(step RequirementStep) func(outcome) {
	if t == nil {
		return func(outcome) {}
	}
	t.path = append(t.path, &step)
	return func(o outcome) {
		t.path = t.path[:len(t.path)-1]
		step.Verdict, step.Findings = o.verdict, o.findings
		step.flatten()
		for i := range step.Seen {
			if len(o.decided) == 0 {
				break
			}
			seen := &step.Seen[i]
			seen.Decided = slices.ContainsFunc(o.decided, func(c candidate) bool {
				return c.evidence.ID == seen.Digest && c.evidence.Location == seen.Location && c.rule.called() == seen.Signer
			})
		}
		t.add(step)
	}
}

// flatten makes one of a requirement and the one question that it puts.
func (s *RequirementStep) flatten() {
	if len(s.Steps) != 1 || s.Platforms != "" || s.Steps[0].Requirement != s.Requirement || s.Steps[0].Kind != s.Kind || s.Count > 0 {
		return
	}
	s.Seen, s.Steps = s.Steps[0].Seen, nil
}

// asksPlatforms notes that the step that is open asks about platforms.
func (t *trace) asksPlatforms(rule string) {
	if t != nil && len(t.path) > 0 {
		t.path[len(t.path)-1].Platforms = rule
	}
}

// add puts a step that ended where it belongs.
func (t *trace) add(step RequirementStep) {
	if len(t.path) > 0 {
		outer := t.path[len(t.path)-1]
		outer.Steps = append(outer.Steps, step)
		return
	}
	last := &t.policies[len(t.policies)-1]
	last.Steps = append(last.Steps, step)
}

// sees notes evidence of the wanted kind, and for whom it counts.
func (t *trace) sees(ev *Evidence, rules []SignerRule) {
	if t == nil || len(t.path) == 0 {
		return
	}
	step := t.path[len(t.path)-1]
	for s := range ev.Signers {
		for _, seen := range looked(ev, &ev.Signers[s], rules) {
			if !slices.ContainsFunc(step.Seen, func(x SeenEvidence) bool {
				return x.Digest == seen.Digest && x.Location == seen.Location && x.SignedBy == seen.SignedBy && x.Signer == seen.Signer && x.Against == seen.Against
			}) {
				step.Seen = append(step.Seen, seen)
			}
		}
	}
}

// looked is one signature as each rule that it counts for has it, or as the
// nearest one that it does not.
func looked(ev *Evidence, s *Signer, rules []SignerRule) []SeenEvidence {
	seen := SeenEvidence{What: ev.what(), Digest: ev.ID, Location: ev.Location, SignedBy: s.describe()}
	if !s.SignedAt.IsZero() {
		at := s.SignedAt.UTC()
		seen.SignedAt = &at
	}
	var out []SeenEvidence
	var nearest *difference
	for r := range rules {
		d := rules[r].differs(ev, s)
		if d == nil {
			seen.Signer = rules[r].called()
			out = append(out, seen)
		} else if nearest == nil || d.alike > nearest.alike {
			nearest, seen.Against = d, "for "+rules[r].called()+", "+d.String()
		}
	}
	if len(out) > 0 {
		for i := range out {
			out[i].Against = ""
		}
		return out
	}
	return []SeenEvidence{seen}
}

// begin notes a policy that is looked at.
func (t *trace) begin(p *Policy, m match, why because) {
	if t == nil {
		return
	}
	reason := ""
	if m != matchYes {
		reason = p.say(why)
	}
	t.policies = append(t.policies, PolicyStep{
		Policy: p.Name, Source: p.Source, Matches: [...]string{matchNo: "no", matchUnknown: "unknown", matchYes: "yes"}[m], Why: reason,
		Warning: p.Mode != Enforce, Allows: p.AllowUnmatched,
	})
}

// judged notes what the policy that was begun last said.
func (t *trace) judged(v Verdict) {
	if t != nil {
		t.policies[len(t.policies)-1].Verdict = &v
	}
}

// lifted notes that an exception lifts the requirement that ended last.
func (t *trace) lifted(o outcome) {
	if t == nil {
		return
	}
	steps := t.policies[len(t.policies)-1].Steps
	if len(steps) > 0 && steps[len(steps)-1].Verdict != Pass && o.verdict == Pass {
		steps[len(steps)-1].Lifted = true
	}
}

// step is a requirement that is about to be asked.
func (r *Requirement) step() RequirementStep {
	step := RequirementStep{Requirement: r.Name, Kind: r.kind(), Source: r.Source}
	switch {
	case r.Group != nil:
		step.Count = r.Group.Count
	case r.Program != nil:
		step.Count = r.Program.Count
	}
	return step
}

// explanation is what was followed, or nil.
func (t *trace) explanation() *Explanation {
	if t == nil {
		return nil
	}
	return &Explanation{Policies: t.policies}
}
