package policy

import (
	"fmt"
	"slices"
)

// support is what a pass rests on: somebody's word of a certain kind. The
// same signer saying the same kind of thing twice is one support.
type support struct{ kind, signer string }

// outcome is what was found out about one requirement. A pass is only made by
// met, which asks for the evidence that it rests on.
type outcome struct {
	verdict Verdict
	// settled tells that more evidence cannot change the verdict, nor what is
	// said of a requirement that is lifted.
	settled  bool
	findings []Finding
	supports []support
	// decided is the evidence that it rests on, for explanations alone.
	decided []candidate
}

// met is the outcome of a requirement that evidence meets. Without evidence
// it fails: nothing that was checked is no success.
func met(supports []support, findings ...Finding) outcome {
	if len(supports) == 0 {
		return unmet(Finding{
			Code: CodeEvidenceNone, Verdict: Fail,
			Message: "no evidence was checked, so nothing is proved",
			Hint:    "name signers whose signature the requirement rests on",
		})
	}
	return outcome{verdict: Pass, supports: supports, findings: findings}
}

// proved is the outcome of a requirement that each of the candidates meets. If
// none does without a relaxation, that is told.
func proved(candidates []candidate) outcome {
	outcomes := make([]outcome, len(candidates))
	var relaxed []Finding
	strict := false
	for i, c := range candidates {
		outcomes[i] = met([]support{c.support()})
		notes := c.relaxed()
		strict = strict || len(notes) == 0
		relaxed = append(relaxed, notes...)
	}
	if strict {
		relaxed = nil
	}
	o := met(mergeSupports(outcomes...), bounded(distinct(relaxed))...)
	o.decided = candidates
	return o
}

// relaxed says what the candidate needs that is insecure.
func (c candidate) relaxed() []Finding {
	var notes []Finding
	for _, r := range c.rule.relaxations(c.signer) {
		notes = append(notes, Finding{Code: CodeRelaxed, Verdict: Pass, Warning: true,
			Message: fmt.Sprintf("the %s by %s counts, and %s: %s of the signer %s asks for nothing more", c.evidence.what(), c.signer.describe(), r.explain(), r, c.rule.called()),
			Hint:    fmt.Sprintf("have it signed so that it needs no relaxation, and take %s out of the policy", r)})
	}
	return notes
}

// distinct leaves out what was said before.
func distinct(findings []Finding) []Finding {
	var kept []Finding
	for _, f := range findings {
		if !slices.Contains(kept, f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// unmet is the outcome that its first finding leads.
func unmet(lead Finding, details ...Finding) outcome {
	if lead.Verdict == Pass {
		lead.Verdict = Unknown
	}
	return outcome{verdict: lead.Verdict, findings: append([]Finding{lead}, details...)}
}

// undecidable is the outcome of what no evidence can change.
func undecidable(lead Finding) outcome {
	o := unmet(lead)
	o.settled = true
	return o
}

// verdicts are those of several outcomes.
func verdicts(outcomes []outcome) []Verdict {
	result := make([]Verdict, len(outcomes))
	for i, o := range outcomes {
		result[i] = o.verdict
	}
	return result
}

// settledAtLeast tells whether at least n of the outcomes pass, or fewer can,
// whatever the unsettled ones become.
func settledAtLeast(n int, outcomes []outcome) bool {
	var passed, failed, open int
	for _, o := range outcomes {
		switch {
		case !o.settled:
			open++
		case o.verdict == Pass:
			passed++
		case o.verdict == Fail:
			failed++
		}
	}
	return open == 0 || passed >= n || failed > len(outcomes)-n
}

// level lowers findings that say fail to what they are a part of, so that no
// part says more than the whole.
func level(findings []Finding, v Verdict) []Finding {
	result := slices.Clone(findings)
	for i := range result {
		if result[i].Verdict == Fail && !result[i].Warning {
			result[i].Verdict = v
		}
	}
	return result
}

// informational are the findings that say pass or only warn.
func informational(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool {
		return f.Verdict != Pass && !f.Warning
	})
}

// mergeSupports are all supports, each once, in order.
func mergeSupports(outcomes ...outcome) []support {
	var all []support
	for _, o := range outcomes {
		for _, s := range o.supports {
			if !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}
