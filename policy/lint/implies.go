package lint

import (
	"slices"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/predicate"
)

// implies tells whether everything that meets one requirement meets the other.
// It says no where that is hard to tell.
func implies(strict, weak policy.Requirement) bool {
	switch {
	case len(strict.Unsupported)+len(weak.Unsupported)+len(strict.Relaxed)+len(weak.Relaxed) > 0:
		return false
	case weak.Group != nil && weak.Group.Kind != "atLeast":
		meets := func(r policy.Requirement) bool { return implies(strict, inherit(r, weak)) }
		if weak.Group.Kind == "anyOf" && slices.ContainsFunc(weak.Group.Of, meets) {
			return true
		}
		if !slices.ContainsFunc(weak.Group.Of, func(r policy.Requirement) bool { return !meets(r) }) {
			return true
		}
	}
	if strict.Group != nil && strict.Group.Kind != "atLeast" {
		enough := func(r policy.Requirement) bool { return implies(inherit(r, strict), weak) }
		if strict.Group.Kind == "allOf" {
			return slices.ContainsFunc(strict.Group.Of, enough)
		}
		return !slices.ContainsFunc(strict.Group.Of, func(r policy.Requirement) bool { return !enough(r) })
	}
	if strict.Platforms != weak.Platforms || !slices.Equal(strict.Formats, weak.Formats) || strict.Group != nil || weak.Group != nil {
		return false
	}
	return impliesLeaf(strict, weak)
}

// inherit is a requirement of a group with the group's platform rule.
func inherit(r, group policy.Requirement) policy.Requirement {
	if r.Platforms == policy.PlatformInherit {
		r.Platforms = group.Platforms
	}
	return r
}

func impliesLeaf(strict, weak policy.Requirement) bool {
	switch {
	case strict.Signature != nil && weak.Signature != nil:
		return someOf(strict.Signature.Signers, weak.Signature.Signers) && hasAll(strict.Signature.Annotations, weak.Signature.Annotations)
	case strict.Provenance != nil && weak.Provenance != nil:
		s, w := strict.Provenance, weak.Provenance
		return someOf(s.Signers, w.Signers) && coveredBy(w.Builders, s.Builders) && coveredBy(w.BuildTypes, s.BuildTypes) &&
			coveredBy(w.Sources, s.Sources) && coveredBy(w.Refs, s.Refs) && s.Level >= w.Level && younger(s.MaxAge, w.MaxAge)
	case strict.SBOM != nil && weak.SBOM != nil:
		s, w := strict.SBOM, weak.SBOM
		return someOf(s.Signers, w.Signers) && among(s.Formats, w.Formats) && (s.NTIA || !w.NTIA) && among(w.DenyPackages, s.DenyPackages) &&
			among(w.DenyLicenses, s.DenyLicenses) && younger(s.MaxAge, w.MaxAge)
	case strict.Vulnerabilities != nil && weak.Vulnerabilities != nil:
		return impliesReports(strict.Vulnerabilities, weak.Vulnerabilities)
	case strict.Attestation != nil && weak.Attestation != nil:
		return impliesAttestation(strict.Attestation, weak.Attestation)
	case strict.VSA != nil && weak.VSA != nil:
		s, w := strict.VSA, weak.VSA
		return someOf(s.Signers, w.Signers) && s.Verifier == w.Verifier && s.Level == w.Level && younger(s.MaxAge, w.MaxAge)
	}
	return false
}

// impliesReports compares vulnerability requirements. The newest report of
// each scanner counts, so that both must look at the same ones.
func impliesReports(s, w *policy.VulnerabilityRequirement) bool {
	ids := func(list []policy.Ignore) (out []string) {
		for _, i := range list {
			out = append(out, i.ID)
		}
		return out
	}
	silences := s.VEX == nil || w.VEX != nil && sameSigners(s.VEX.Signers, w.VEX.Signers) && among(s.VEX.Statuses, w.VEX.Statuses) &&
		(len(w.VEX.Justifications) == 0 || len(s.VEX.Justifications) > 0 && among(s.VEX.Justifications, w.VEX.Justifications))
	denies := (w.Severity == predicate.SeverityUnknown || s.Severity != predicate.SeverityUnknown && s.Severity <= w.Severity) &&
		(s.UnknownSeverity || !w.UnknownSeverity) && (!s.FixableOnly || w.FixableOnly) && (s.Exploited || !w.Exploited) &&
		(w.EPSS == 0 || s.EPSS > 0 && s.EPSS <= w.EPSS)
	return sameSigners(s.Signers, w.Signers) && among(s.Formats, w.Formats) && among(w.Formats, s.Formats) && younger(s.MaxAge, w.MaxAge) &&
		silences && denies && among(ids(s.Ignore), ids(w.Ignore))
}

func impliesAttestation(s, w *policy.AttestationRequirement) bool {
	if s.PredicateType != w.PredicateType || s.Statements != w.Statements || !younger(s.MaxAge, w.MaxAge) {
		return false
	}
	if w.Expression != nil && (s.Expression == nil || s.Expression.String() != w.Expression.String()) {
		return false
	}
	if s.Statements == policy.AnyStatement {
		return someOf(s.Signers, w.Signers)
	}
	return sameSigners(s.Signers, w.Signers)
}

// younger tells whether one age is at least as strict as another; zero is any
// age.
func younger(strict, weak time.Duration) bool { return weak == 0 || strict > 0 && strict <= weak }

func among[T comparable](few, many []T) bool {
	return !slices.ContainsFunc(few, func(v T) bool { return !slices.Contains(many, v) })
}

func hasAll(all, some map[string]string) bool {
	for name, value := range some {
		if all[name] != value {
			return false
		}
	}
	return true
}

func identities(rules []policy.SignerRule) []string {
	var out []string
	for i := range rules {
		out = append(out, identityOf(&rules[i]))
	}
	return out
}

// someOf tells whether the first signers are among the second.
func someOf(few, many []policy.SignerRule) bool { return among(identities(few), identities(many)) }

func sameSigners(a, b []policy.SignerRule) bool { return someOf(a, b) && someOf(b, a) }
