package native

import (
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/predicate"
)

// requirement converts one requirement, and those nested in it.
func (c *converter) requirement(r requirement) policy.Requirement {
	out := policy.Requirement{
		Name:      c.names.of(r),
		Source:    c.At(r.place),
		Platforms: platformRule(r.Platforms),
	}
	c.body(r, &out)
	return out
}

// body converts what a requirement asks for.
func (c *converter) body(r requirement, out *policy.Requirement) {
	switch {
	case r.Signature != nil:
		out.Signature = &policy.SignatureRequirement{
			Signers:     c.rules(r.Signature.Signers),
			Annotations: valuesByKey(r.Signature.Annotations),
		}
	case r.Provenance != nil:
		out.Provenance = c.provenance(*r.Provenance)
	case r.SBOM != nil:
		out.SBOM = c.sbom(*r.SBOM)
	case r.Vulnerabilities != nil:
		out.Vulnerabilities = c.vulnerabilities(*r.Vulnerabilities)
	case r.Attestation != nil:
		out.Attestation = c.attestation(*r.Attestation)
	case r.VSA != nil:
		out.VSA = &policy.VSARequirement{
			Signers: c.rules(r.VSA.Signers), Verifier: r.VSA.Verifier.Value, Level: r.VSA.Level.Value, MaxAge: r.VSA.MaxAge.Value,
		}
	case r.Layout != nil:
		out.Layout = c.layout(*r.Layout)
	case r.AllOf != nil:
		out.Group = c.group("allOf", len(r.AllOf), r.AllOf)
	case r.AnyOf != nil:
		out.Group = c.group("anyOf", 1, r.AnyOf)
	case r.AtLeast != nil:
		n := r.AtLeast.Count.Value
		if n > len(r.AtLeast.Of) && len(r.AtLeast.Of) > 0 {
			c.Report(r.AtLeast.Count.Node, "atLeast asks for %d of %d requirements: it can never be met", n, len(r.AtLeast.Of))
		}
		if n > 1 {
			c.oneKeyTwice(r.AtLeast.Count, c.keyNames(r.AtLeast.Of))
		}
		out.Group = c.group("atLeast", n, r.AtLeast.Of)
	}
}

func (c *converter) group(kind string, count int, of []requirement) *policy.Group {
	group := &policy.Group{Kind: kind, Count: count}
	for _, r := range of {
		group.Of = append(group.Of, c.requirement(r))
	}
	return group
}

// keyNames are the names of signers under which requirements take a key, by
// the key's fingerprint.
func (c *converter) keyNames(of []requirement) map[string][]string {
	out := map[string][]string{}
	for _, r := range of {
		for _, n := range r.signers() {
			if k := c.signers[n.Value].Key; k != nil && !slices.Contains(out[k.Fingerprint], n.Value) {
				out[k.Fingerprint] = append(out[k.Fingerprint], n.Value)
			}
		}
		for fingerprint, names := range c.keyNames(r.nested()) {
			out[fingerprint] = slices.Compact(slices.Sorted(slices.Values(append(out[fingerprint], names...))))
		}
	}
	return out
}

// oneKeyTwice reports signers of an atLeast that are one and the same key:
// its holder would count as several.
func (c *converter) oneKeyTwice(count count, names map[string][]string) {
	for _, same := range names {
		if len(same) > 1 {
			c.Report(count.Node, "signers %s are the same key: its holder alone could meet atLeast", strings.Join(same, " and "))
		}
	}
}

func (c *converter) provenance(p provenance) *policy.ProvenanceRequirement {
	const highest = 3
	switch {
	case p.Level.Value > highest:
		c.Report(p.Level.Node, "level %d is not a SLSA build level: want 1, 2 or 3", p.Level.Value)
	case p.Level.Written() && p.Builders == nil:
		c.Report(p.Level.Node, "level has no builders: write in builders who is trusted to build at level %d", p.Level.Value)
	}
	return &policy.ProvenanceRequirement{
		Signers:    c.rules(p.Signers),
		Builders:   values(p.Builders),
		BuildTypes: values(p.BuildTypes),
		Sources:    values(p.Sources),
		Refs:       values(p.Refs),
		Level:      p.Level.Value,
		MaxAge:     p.MaxAge.Value,
	}
}

func (c *converter) sbom(s sbom) *policy.SBOMRequirement {
	out := &policy.SBOMRequirement{
		Signers: c.rules(s.Signers),
		Formats: orDefault(values(s.Formats), "cyclonedx", "spdx"),
		NTIA:    s.MinimumElements.Value == "ntia",
		MaxAge:  s.MaxAge.Value,
	}
	if s.Deny != nil {
		out.DenyLicenses = values(s.Deny.Licenses)
		for _, p := range s.Deny.Packages {
			out.DenyPackages = append(out.DenyPackages, p.rule)
		}
	}
	return out
}

func (c *converter) vulnerabilities(v vulnerabilities) *policy.VulnerabilityRequirement {
	out := &policy.VulnerabilityRequirement{
		Signers:         c.rules(v.Signers),
		Formats:         orDefault(values(v.Formats), "openvex", "cosign-vuln", "in-toto-vulns", "trivy", "grype"),
		MaxAge:          v.MaxAge.Value,
		Severity:        predicate.SeverityHigh,
		UnknownSeverity: true,
	}
	if d := v.Deny; d != nil {
		if d.Severity.Written() {
			out.Severity = severity(d.Severity)
		}
		if d.UnknownSeverity.Written() {
			out.UnknownSeverity = d.UnknownSeverity.Value
		}
		out.FixableOnly = d.FixableOnly.Value
		out.Exploited, out.EPSS = d.KEV.Value, d.EPSS.Value
	}
	if v.VEX != nil {
		out.VEX = c.vex(*v.VEX)
	}
	for _, i := range v.Ignore {
		out.Ignore = append(out.Ignore, policy.Ignore{ID: i.ID.Value, Reason: i.Reason.Value, Until: i.Until.Value, Source: c.At(i.place)})
	}
	return out
}

func severity(t text) predicate.Severity {
	return map[string]predicate.Severity{
		"low":      predicate.SeverityLow,
		"medium":   predicate.SeverityMedium,
		"high":     predicate.SeverityHigh,
		"critical": predicate.SeverityCritical,
	}[t.Value]
}

func (c *converter) vex(v vex) *policy.VEXRule {
	out := &policy.VEXRule{Signers: c.rules(v.Signers), Justifications: values(v.Justifications)}
	for _, s := range orDefault(values(v.Statuses), string(predicate.NotAffected), string(predicate.Fixed)) {
		out.Statuses = append(out.Statuses, predicate.VEXStatus(s))
	}
	if len(v.Justifications) > 0 && len(v.Statuses) == 1 && v.Statuses[0].Value == string(predicate.Fixed) {
		c.Report(v.Justifications[0].Node, "vex has justifications without the status not_affected: no other status has one")
	}
	return out
}

func (c *converter) attestation(a attestation) *policy.AttestationRequirement {
	out := &policy.AttestationRequirement{
		Signers:       c.rules(a.Signers),
		PredicateType: a.PredicateType.Value,
		MaxAge:        a.MaxAge.Value,
		Statements: map[string]policy.Quantifier{
			"every":  policy.EveryStatement,
			"newest": policy.NewestStatement,
		}[a.Statements.Value],
	}
	if a.Expression.Value != "" {
		out.Expression = c.expression(a.Expression)
	}
	return out
}

func orDefault(list []string, otherwise ...string) []string {
	if len(list) == 0 {
		return otherwise
	}
	return list
}
