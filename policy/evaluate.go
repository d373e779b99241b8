package policy

import (
	"context"
	"slices"
	"time"
)

// Input is all that a verdict on one image rests on.
type Input struct {
	Subject Subject
	// Evidence is what was verified so far.
	Evidence []Evidence
	// Rejected is what was found and counts for nothing, for messages.
	Rejected []Rejection
	// Faults are what could not be looked at. Where there is one, absence of
	// evidence is unknown instead of fail.
	Faults []Finding
	// Complete tells that every store was asked. Where it is false, Result
	// says whether the rest could still change the verdict.
	Complete bool
	// Exploits is what is known of the exploitation of vulnerabilities.
	Exploits Exploits
	// At is the time to evaluate at.
	At time.Time
	// Explain asks for Result.Explanation.
	Explain bool
}

// Result is the verdict on one image, and why.
type Result struct {
	Verdict Verdict
	// Findings are in the order of policies and requirements, byte-stable.
	Findings []Finding
	// Policies are the names of the policies that match the image.
	Policies []string
	// Requirements are the requirements of these policies, in their order.
	Requirements []RequirementResult
	// Silenced are the vulnerabilities that VEX explains away.
	Silenced []Silenced
	// Settled tells that evidence which was not yet asked for cannot change
	// the verdict. It is always true where Input.Complete is.
	Settled bool
	// Explanation is how it came about, where Input.Explain asks for it.
	Explanation *Explanation
	// Open are the kinds of evidence that may change the verdict if more of
	// them is found.
	Open Kinds
}

// Kinds are kinds of evidence.
type Kinds struct{ Signatures, Attestations bool }

// Has tells whether a kind is among them.
func (k Kinds) Has(kind EvidenceKind) bool {
	return k.Signatures && kind == KindSignature || k.Attestations && kind == KindAttestation
}

func (k Kinds) and(other Kinds) Kinds {
	return Kinds{k.Signatures || other.Signatures, k.Attestations || other.Attestations}
}

// Needs is what a set of policies wants to know of an image before it can be
// evaluated.
type Needs struct {
	// Evidence tells that any requirement at all asks for evidence. Where it
	// is false, the registry need not be asked for any.
	Evidence bool
	// Platforms tells that the child manifests of an index must be known.
	Platforms bool
	// Digest tells that the reference must be resolved to a digest.
	Digest bool
	// Sources are where evidence is to be looked for, each once. There is one
	// at least where Evidence is set.
	Sources []Source
	// Trusts are what signatures may have to hold against, each once.
	Trusts []Trust
	// Everything tells that whatever is found in one place, the others have to
	// be looked at too: something asks for the newest, or for every one.
	Everything bool
	// Kinds are the kinds of evidence that are asked for at all.
	Kinds Kinds
}

// Needs tells what must be known of a subject, of which Reference,
// Repository, Tag, Pinned and Uses are set, to evaluate it. What cannot be
// told before the digest is known counts as needed.
func (s Set) Needs(ctx context.Context, subject Subject) Needs {
	var needs Needs
	name := nameOf(subject)
	for i := range s.Policies {
		p := &s.Policies[i]
		needs.Digest = needs.Digest || p.Match.namesDigest()
		if m, _ := p.matches(ctx, &subject, name); m == matchNo || p.AllowUnmatched {
			continue
		}
		for r := range p.Require {
			needs = needs.with(&p.Require[r], p.Platforms)
			needs.Kinds = needs.Kinds.and(p.Require[r].restsOn())
			needs.Everything = needs.Everything || p.Require[r].asks() && !p.Require[r].monotone()
		}
	}
	return needs
}

// with adds what one requirement needs.
func (n Needs) with(r *Requirement, inherited PlatformRule) Needs {
	rule := r.Platforms.or(inherited)
	if r.Group != nil {
		for i := range r.Group.Of {
			n = n.with(&r.Group.Of[i], rule)
		}
		return n
	}
	if r.Program != nil {
		for i := range r.Program.Of {
			n = n.with(&r.Program.Of[i], rule)
		}
		return n
	}
	if !r.asks() {
		return n
	}
	n.Evidence, n.Digest = true, true
	signers := r.Signers()
	if len(signers) == 0 {
		signers = []SignerRule{{}}
	}
	for _, rule := range signers {
		if !slices.Contains(n.Sources, rule.Source) {
			n.Sources = append(n.Sources, rule.Source)
		}
		if trust := rule.Trust(); !slices.Contains(n.Trusts, trust) {
			n.Trusts = append(n.Trusts, trust)
		}
	}
	n.Platforms = n.Platforms || rule == PlatformEach || rule == PlatformAny
	return n
}

// Signers are those that a requirement names itself, for whatever it asks.
func (r *Requirement) Signers() []SignerRule {
	switch {
	case r.Signature != nil:
		return r.Signature.Signers
	case r.Provenance != nil:
		return r.Provenance.Signers
	case r.SBOM != nil:
		return r.SBOM.Signers
	case r.Attestation != nil:
		return r.Attestation.Signers
	case r.VSA != nil:
		return r.VSA.Signers
	case r.Layout != nil:
		return r.Layout.signers()
	case r.Vulnerabilities == nil:
		return nil
	case r.Vulnerabilities.VEX == nil:
		return r.Vulnerabilities.Signers
	}
	return slices.Concat(r.Vulnerabilities.Signers, r.Vulnerabilities.VEX.Signers)
}

// asks tells whether the requirement itself asks for evidence.
func (r *Requirement) asks() bool {
	return r.Signature != nil || r.Provenance != nil || r.SBOM != nil || r.Vulnerabilities != nil || r.Attestation != nil ||
		r.VSA != nil || r.Layout != nil
}
