package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Remedy is one thing to do so that an image passes.
type Remedy struct {
	Policy      string `json:"policy,omitempty"`
	Requirement string `json:"requirement,omitempty"`
	Code        Code   `json:"code"`
	// Do says what to do.
	Do string `json:"do"`
}

// Remedies are the cheapest way to pass that is known: of alternatives those
// with the least to do. It is empty for an image that passes.
func (x *Explanation) Remedies(findings []Finding) []Remedy {
	var out []Remedy
	for i := range x.Policies {
		p := &x.Policies[i]
		if p.Warning || p.Verdict == nil || *p.Verdict == Pass {
			continue
		}
		for s := range p.Steps {
			for _, r := range p.Steps[s].cheapest().remedies {
				r.Policy = p.Policy
				out = append(out, r)
			}
		}
	}
	for _, f := range findings {
		if !f.Warning && f.Verdict != Pass && f.Requirement == "" && !slices.ContainsFunc(out, func(r Remedy) bool { return r.Code == f.Code }) {
			out = append(out, Remedy{Policy: f.Policy, Code: f.Code, Do: cmp.Or(f.Hint, f.Message)})
		}
	}
	var once []Remedy
	for _, r := range out {
		if !slices.ContainsFunc(once, func(o Remedy) bool { return o.Do == r.Do }) {
			once = append(once, r)
		}
	}
	return once
}

// price is what it takes to meet something.
type price struct {
	cost     int
	remedies []Remedy
}

func (p price) plus(other price) price {
	return price{p.cost + other.cost, slices.Concat(p.remedies, other.remedies)}
}

// cheapest is the least that it takes to meet a requirement.
func (s *RequirementStep) cheapest() price {
	if s.Verdict == Pass || s.Lifted {
		return price{}
	}
	need := len(s.Steps)
	switch {
	case s.Platforms == "any" && s.Kind != "vulnerabilities":
		need = 1
	case s.Platforms == "" && s.Count > 0:
		need = s.Count
	}
	var open []price
	for i := range s.Steps {
		if s.Steps[i].Verdict == Pass || s.Steps[i].Lifted {
			need--
			continue
		}
		open = append(open, s.Steps[i].cheapest())
	}
	slices.SortStableFunc(open, func(a, b price) int { return cmp.Compare(a.cost, b.cost) })
	if need < 1 || need > len(open) {
		// Nothing that is open would do it: it is for the requirement itself.
		return s.own()
	}
	var total price
	for _, p := range open[:need] {
		total = total.plus(p)
	}
	return total
}

// own is what the leading finding asks for.
func (s *RequirementStep) own() price {
	i := slices.IndexFunc(s.Findings, func(f Finding) bool { return f.Verdict != Pass && !f.Warning })
	if i < 0 {
		return price{}
	}
	f := s.Findings[i]
	return price{f.cost(), []Remedy{{Requirement: s.Requirement, Code: f.Code, Do: cmp.Or(f.Hint, f.Message)}}}
}

// cost ranks findings by how much work it is to mend what they say: to run
// again, to sign, to attest, to change what is in the image, to change the
// policy.
func (f *Finding) cost() int {
	switch code := string(f.Code); {
	case f.Retryable:
		return 1
	case f.Code == CodeSignatureMissing, f.Code == CodeLogEntryMissing, f.Code == CodeDigestRequired, f.Code == CodeSignatureAnnotations:
		return 2
	case strings.HasSuffix(code, "-missing"), strings.HasSuffix(code, "-stale"), f.Code == CodeSignerMismatch:
		return 3
	case f.Code == CodeUnsupportedField, f.Code == CodeStaticFail, f.Code == CodePolicyEmpty:
		return 50
	case strings.HasPrefix(code, "provenance-"), strings.HasSuffix(code, "-denied"), f.Code == CodeVulnerabilityExploited:
		return 8
	}
	return 5
}
