package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// eachSigner calls visit for the signers of all requirements, with those of a
// policy in the order in which it names them.
func (s Set) eachSigner(visit func(*SignerRule)) {
	for i := range s.Policies {
		eachSigner(s.Policies[i].Require, visit)
	}
}

func eachSigner(requirements []Requirement, visit func(*SignerRule)) {
	for i := range requirements {
		r := &requirements[i]
		for _, rule := range r.Signers() {
			visit(&rule)
		}
		if r.Group != nil {
			eachSigner(r.Group.Of, visit)
		}
		if r.Program != nil {
			eachSigner(r.Program.Of, visit)
		}
	}
}

// Keys are all public keys that the policies name and that are known, for the
// verifier, each once, in the order of their fingerprints.
func (s Set) Keys() []Key {
	byFingerprint := map[string]Key{}
	s.eachSigner(func(rule *SignerRule) {
		if rule.Key != nil && rule.Key.Fingerprint != "" {
			byFingerprint[rule.Key.Fingerprint] = *rule.Key
		}
	})
	keys := make([]Key, 0, len(byFingerprint))
	for _, fingerprint := range sortedKeys(byFingerprint) {
		keys = append(keys, byFingerprint[fingerprint])
	}
	return keys
}

// Trusts are what the policies want signatures to hold against, each once, in
// an order of their own.
func (s Set) Trusts() []Trust {
	all := map[Trust]bool{}
	s.eachSigner(func(rule *SignerRule) { all[rule.Trust()] = true })
	return slices.SortedFunc(maps.Keys(all), func(a, b Trust) int {
		return cmp.Or(strings.Compare(a.Root, b.Root), compareBool(a.IgnoreTransparencyLog, b.IgnoreTransparencyLog),
			compareBool(a.IgnoreCertificateLog, b.IgnoreCertificateLog))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Roots are the trusted roots that the policies name, by their IDs, without
// the run's own.
func (s Set) Roots() map[string]*TrustedRoot {
	roots := map[string]*TrustedRoot{}
	s.eachSigner(func(rule *SignerRule) {
		if rule.Root != nil {
			roots[rule.Root.ID()] = rule.Root
		}
	})
	return roots
}

// ManagedKeys are the keys that key-management services hold and that are not
// known yet. Whoever sets them sets them for the policies.
func (s Set) ManagedKeys() []*Key {
	var keys []*Key
	s.eachSigner(func(rule *SignerRule) {
		if k := rule.Key; k != nil && k.KMS != "" && k.Fingerprint == "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	})
	return keys
}

// unknownKeys are the findings about keys of the requirement's signers that
// are not known.
func (r *Requirement) unknownKeys() []Finding {
	var found []Finding
	for _, rule := range r.Signers() {
		if rule.Key == nil || rule.Key.KMS == "" || rule.Key.Fingerprint != "" {
			continue
		}
		f := Finding{Hint: "ask the key-management service for it before policies are evaluated"}
		if rule.Key.Unknown != nil {
			f = *rule.Key.Unknown
		}
		f.Code, f.Verdict = CodeKeyUnknown, Unknown
		if f.Message == "" {
			f.Message = "the key of the signer " + rule.called() + " is not known"
		}
		found = append(found, f)
	}
	return distinct(found)
}
