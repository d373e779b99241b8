package policy

import (
	"fmt"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// provenance asks for SLSA provenance. What the predicate says counts only as
// far as the certificate that signed it does not say otherwise.
func (e *evaluation) provenance(q question, r *ProvenanceRequirement) outcome {
	if r.Level > 0 && len(r.Builders) == 0 {
		return undecidable(Finding{Code: CodeUnsupportedField,
			Message: fmt.Sprintf("requirement %s asks for level %d and names no builders that it is ascribed to", q.req.Name, r.Level),
			Hint:    "list the builders that are trusted for the level"})
	}
	candidates, missing := e.find(q, wanted{
		signers: r.Signers, what: "SLSA provenance", missing: CodeProvenanceMissing,
		is: isType(predicate.IsProvenance), make: attestCommand(r.Signers, "slsaprovenance1"),
	})
	if missing != nil {
		return *missing
	}
	return anyOf(candidates, func(c candidate) *Finding {
		p, err := parseOnce(e, c.evidence.Statement, predicate.ParseProvenance)
		if err != nil {
			return e.unread(q, c.evidence.Statement, err)
		}
		for _, check := range []func(*ProvenanceRequirement, *predicate.Provenance, candidate) *Finding{
			bindProvenance, checkBuilder, checkBuildType, checkSources, checkRefs,
		} {
			if f := check(r, p, c); f != nil {
				f.Verdict = Fail
				f.Message = e.label(q.target) + ": " + f.Message
				return f
			}
		}
		return e.aged("the provenance of "+e.label(q.target), dated{c.signed(), built(p)}, r.MaxAge,
			ageCodes{CodeAttestationStale, CodeAttestationFuture, CodeAttestationUndated})
	})
}

// built is when a build was done, or begun, by its own word.
func built(p *predicate.Provenance) time.Time {
	if p.Finished.IsZero() {
		return p.Started
	}
	return p.Finished
}

func checkBuilder(r *ProvenanceRequirement, p *predicate.Provenance, c candidate) *Finding {
	if len(r.Builders) > 0 && !matchAny(r.Builders, p.Builder, matchURI) {
		return &Finding{Code: CodeProvenanceBuilder,
			Message: fmt.Sprintf("its provenance names the builder %q, wanted %s", clip(p.Builder), oneOf(r.Builders)),
			Hint:    "build it on a builder that the policy trusts, or add this one to builders"}
	}
	if r.Level >= 3 && c.build().runner == "self-hosted" {
		return &Finding{Code: CodeProvenanceLevel,
			Message: fmt.Sprintf("its provenance was signed on a self-hosted runner, which cannot be ascribed level %d", r.Level),
			Hint:    "build it on a hosted runner, or ask for a lower level"}
	}
	return nil
}

func checkBuildType(r *ProvenanceRequirement, p *predicate.Provenance, _ candidate) *Finding {
	if len(r.BuildTypes) == 0 || matchAny(r.BuildTypes, p.BuildType, matchURI) {
		return nil
	}
	return &Finding{Code: CodeProvenanceBuildType,
		Message: fmt.Sprintf("its provenance names the build type %q, wanted %s", clip(p.BuildType), oneOf(r.BuildTypes)),
		Hint:    "build it in a way that the policy takes, or add this build type to buildTypes"}
}

// origins are the sources that a policy is asked about: the build's entry
// points, and all sources where the predicate names none.
func origins(p *predicate.Provenance) []predicate.SourceRef {
	var entries []predicate.SourceRef
	for _, s := range p.Sources {
		if s.EntryPoint {
			entries = append(entries, s)
		}
	}
	if entries == nil {
		return p.Sources
	}
	return entries
}

func checkSources(r *ProvenanceRequirement, p *predicate.Provenance, c candidate) *Finding {
	if len(r.Sources) == 0 {
		return nil
	}
	found := origins(p)
	hint := "build it from a repository that the policy names, or add this one to sources"
	if len(found) == 0 {
		return &Finding{Code: CodeProvenanceSource, Hint: hint,
			Message: "its provenance names no source, wanted " + oneOf(r.Sources)}
	}
	for _, s := range found {
		if !matchAny(r.Sources, s.URI, matchSource) {
			return &Finding{Code: CodeProvenanceSource, Hint: hint,
				Message: fmt.Sprintf("its provenance names the source %q, wanted %s", clip(s.URI), oneOf(r.Sources))}
		}
	}
	if b := c.build(); b.repository != "" && !matchAny(r.Sources, b.source(), matchCertified) {
		return &Finding{Code: CodeProvenanceSource, Hint: hint,
			Message: fmt.Sprintf("the certificate that signed its provenance was issued for the source %q, wanted %s", clip(b.source()), oneOf(r.Sources))}
	}
	return nil
}

func checkRefs(r *ProvenanceRequirement, p *predicate.Provenance, c candidate) *Finding {
	if len(r.Refs) == 0 {
		return nil
	}
	hint := "build it from a branch or tag that the policy names, or add this one to refs"
	found := origins(p)
	if len(found) == 0 {
		return &Finding{Code: CodeProvenanceRef, Hint: hint, Message: "its provenance names no source, and so no ref, wanted " + oneOf(r.Refs)}
	}
	for _, s := range found {
		if ref := parseSource(s.URI).ref; ref == "" || !plain(ref) || !matchAnyGlob(r.Refs, ref) {
			return &Finding{Code: CodeProvenanceRef, Hint: hint,
				Message: fmt.Sprintf("its provenance names the ref %q of %q, wanted %s", clip(ref), clip(s.URI), oneOf(r.Refs))}
		}
	}
	if ref := c.build().ref; ref != "" && !matchAnyGlob(r.Refs, ref) {
		return &Finding{Code: CodeProvenanceRef, Hint: hint,
			Message: fmt.Sprintf("the certificate that signed its provenance was issued for the ref %q, wanted %s", clip(ref), oneOf(r.Refs))}
	}
	return nil
}
