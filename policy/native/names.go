package native

import (
	"fmt"

	"github.com/syncgate/syncgate/policy/document"
)

// signers are all names of signers in a requirement, without those of nested
// requirements.
func (r requirement) signers() []text {
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
	case r.Vulnerabilities != nil && r.Vulnerabilities.VEX != nil:
		return append(r.Vulnerabilities.Signers[:len(r.Vulnerabilities.Signers):len(r.Vulnerabilities.Signers)], r.Vulnerabilities.VEX.Signers...)
	case r.Vulnerabilities != nil:
		return r.Vulnerabilities.Signers
	}
	return nil
}

// kind is the field that says what a requirement asks for.
func (r requirement) kind() string {
	switch {
	case r.Signature != nil:
		return "signature"
	case r.Provenance != nil:
		return "provenance"
	case r.SBOM != nil:
		return "sbom"
	case r.Vulnerabilities != nil:
		return "vulnerabilities"
	case r.Attestation != nil:
		return "attestation"
	case r.VSA != nil:
		return "vsa"
	case r.Layout != nil:
		return "layout"
	case r.AllOf != nil:
		return "allOf"
	case r.AnyOf != nil:
		return "anyOf"
	case r.AtLeast != nil:
		return "atLeast"
	}
	return "requirement"
}

// nested are the requirements of a group.
func (r requirement) nested() []requirement {
	switch {
	case r.AtLeast != nil:
		return r.AtLeast.Of
	case r.AllOf != nil:
		return r.AllOf
	}
	return r.AnyOf
}

// names gives every requirement of a policy a name of its own.
type names struct {
	taken map[string]bool
	// last is the last number that was tried, by kind.
	last map[string]int
}

// collect takes the names that are written and reports those written twice.
func (c *converter) collect(list []requirement) {
	for _, r := range list {
		if n := r.Name; n.Value != "" {
			if c.names.taken[n.Value] {
				c.Report(n.Node, "requirement name %s is used twice in this policy", document.Quote(n.Value))
			}
			c.names.taken[n.Value] = true
		}
		c.collect(r.nested())
	}
}

// of returns the name of a requirement: its own, else its kind, with a number
// where that is taken.
func (ns names) of(r requirement) string {
	if r.Name.Value != "" {
		return r.Name.Value
	}
	kind := r.kind()
	for {
		ns.last[kind]++
		made := kind
		if i := ns.last[kind]; i > 1 {
			made = fmt.Sprintf("%s-%d", kind, i)
		}
		if !ns.taken[made] {
			ns.taken[made] = true
			return made
		}
	}
}
