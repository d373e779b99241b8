package policy

import "slices"

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
