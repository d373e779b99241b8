package policy

import (
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
	// At is the time to evaluate at.
	At time.Time
}

// Result is the verdict on one image, and why.
type Result struct {
	Verdict Verdict
	// Findings are in the order of policies and requirements, byte-stable.
	Findings []Finding
	// Policies are the names of the policies that match the image.
	Policies []string
	// Settled tells that evidence which was not yet asked for cannot change
	// the verdict. It is always true where Input.Complete is.
	Settled bool
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
}

// Needs tells what must be known of a subject, of which Reference,
// Repository, Tag, Pinned and Uses are set, to evaluate it. What cannot be
// told before the digest is known counts as needed.
func (s Set) Needs(subject Subject) Needs {
	var needs Needs
	for i := range s.Policies {
		p := &s.Policies[i]
		needs.Digest = needs.Digest || p.Match.namesDigest()
		if m, _ := p.matches(subject); m == matchNo || p.AllowUnmatched {
			continue
		}
		for r := range p.Require {
			needs = needs.with(&p.Require[r], p.Platforms)
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
	if !r.asks() {
		return n
	}
	n.Evidence, n.Digest = true, true
	n.Platforms = n.Platforms || rule == PlatformEach || rule == PlatformAny
	return n
}

// Keys are all public keys that the policies name, for the verifier, each
// once, in the order of their fingerprints.
func (s Set) Keys() []Key {
	byFingerprint := map[string]Key{}
	for i := range s.Policies {
		collectKeys(s.Policies[i].Require, byFingerprint)
	}
	keys := make([]Key, 0, len(byFingerprint))
	for _, fingerprint := range sortedKeys(byFingerprint) {
		keys = append(keys, byFingerprint[fingerprint])
	}
	return keys
}

func collectKeys(requirements []Requirement, into map[string]Key) {
	for i := range requirements {
		r := &requirements[i]
		for _, rule := range r.signers() {
			if rule.Key != nil {
				into[rule.Key.Fingerprint] = *rule.Key
			}
		}
		if r.Group != nil {
			collectKeys(r.Group.Of, into)
		}
	}
}

// signers are those that a requirement names itself, for whatever it asks.
func (r *Requirement) signers() []SignerRule {
	switch {
	case r.Signature != nil:
		return r.Signature.Signers
	case r.Provenance != nil:
		return r.Provenance.Signers
	case r.SBOM != nil:
		return r.SBOM.Signers
	case r.Attestation != nil:
		return r.Attestation.Signers
	case r.Vulnerabilities == nil:
		return nil
	case r.Vulnerabilities.VEX == nil:
		return r.Vulnerabilities.Signers
	}
	return slices.Concat(r.Vulnerabilities.Signers, r.Vulnerabilities.VEX.Signers)
}

// asks tells whether the requirement itself asks for evidence.
func (r *Requirement) asks() bool {
	return r.Signature != nil || r.Provenance != nil || r.SBOM != nil || r.Vulnerabilities != nil || r.Attestation != nil
}
