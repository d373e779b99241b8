package policy

// RequirementResult is how an image stands with one requirement of a policy
// that matches it. Findings say why.
type RequirementResult struct {
	Policy      string `json:"policy"`
	Requirement string `json:"requirement"`
	// Kind is what is asked for, by the name of the field that asks:
	// signature, provenance, sbom, allOf and the like.
	Kind    string  `json:"kind"`
	Verdict Verdict `json:"verdict"`
	// Lifted tells that an exception lifts the requirement, which is not met.
	Lifted bool `json:"lifted,omitempty"`
	// Warning tells that the policy only warns: the verdict does not count.
	Warning bool `json:"warning,omitempty"`
	// Level is the SLSA build level that the requirement proves where it is
	// met, if it asks for one.
	Level int `json:"level,omitempty"`
}

// standing is the result of one requirement, before and after exceptions.
func standing(p *Policy, r *Requirement, met, excepted outcome) RequirementResult {
	result := RequirementResult{
		Policy: p.Name, Requirement: r.Name, Kind: r.kind(), Verdict: excepted.verdict,
		Lifted: excepted.verdict == Pass && met.verdict != Pass, Warning: p.Mode != Enforce,
	}
	if r.Provenance != nil && met.verdict == Pass {
		result.Level = r.Provenance.Level
	}
	return result
}
