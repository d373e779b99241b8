package kyverno

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// asked is what the attestors of a set are asked for: signatures of the image,
// or attestations.
type asked struct {
	entry       verification
	attestation *attestation
	// expression is nil where no conditions are written.
	expression policy.Expression
}

// parts are the requirements of an entry: each set of its attestors, and each
// set of each attestation's.
func (c *converter) parts(v verification, top policy.Requirement, r *rule) []policy.Requirement {
	if len(v.ImageReferences) == 0 && v.Written() {
		c.Report(v.Node, "imageReferences is empty: name the images that are verified")
	}
	var out []policy.Requirement
	for i, set := range v.Attestors {
		name := fmt.Sprintf("%s.attestors[%d]", top.Name, i)
		out = append(out, c.set(set, asked{entry: v}, policy.Requirement{Name: name, Source: c.At(set.place)}))
	}
	for i := range v.Attestations {
		a := &v.Attestations[i]
		if a.Type.Value == "" {
			a.Type = a.PredicateType
		}
		if a.Type.Value == "" && a.Written() {
			c.Report(a.Node, "attestation has no type: name its predicate type")
		}
		expression, lacking := c.conditions(a.Conditions, r)
		sets := a.Attestors
		if len(sets) == 0 {
			// Whoever the public authority certified will do.
			sets = []attestorSet{{place: a.place, Entries: []attestor{{place: a.place, Keyless: &keyless{place: a.place, CTLog: &ctlog{IgnoreSCT: flag{Value: true}}}}}}}
		}
		for j, set := range sets {
			one := policy.Requirement{Name: fmt.Sprintf("%s.attestations[%d].attestors[%d]", top.Name, i, j), Source: c.At(a.place)}
			one = c.set(set, asked{entry: v, attestation: a, expression: expression}, one)
			if len(lacking) > 0 {
				one = unsupported(one, lacking...)
			}
			out = append(out, one)
		}
	}
	return out
}

// set converts a set of attestors: all of them, or as many as it says.
func (c *converter) set(s attestorSet, what asked, out policy.Requirement) policy.Requirement {
	entries := s.Entries
	if what.attestation == nil {
		entries = expanded(entries)
	}
	count := len(entries)
	if s.Count.Value > 0 {
		count = s.Count.Value
	}
	switch {
	case len(s.Entries) == 0:
		if s.Written() {
			c.Report(s.Node, "entries is empty: name at least one attestor")
		}
		return out
	case s.Count.Value > len(s.Entries):
		c.Report(s.Count.Node, "count is %d, and there are %d entries: it can never be met", s.Count.Value, len(s.Entries))
		return out
	}
	group := &policy.Group{Kind: "count", Count: count}
	for i := range entries {
		e := &entries[i]
		name := fmt.Sprintf("%s.entries[%d]", out.Name, i)
		one := policy.Requirement{Name: name, Source: c.At(e.place)}
		if e.Attestor == nil {
			group.Of = append(group.Of, c.entry(e, what, one))
			continue
		}
		if what.attestation != nil {
			// Kyverno takes it there for whoever the public authority
			// certified, which nobody who writes it means.
			group.Of = append(group.Of, unsupported(one, c.FieldAt(e.Attestor.Node, "attestations.attestors.entries.attestor")))
			continue
		}
		group.Of = append(group.Of, c.set(*e.Attestor, what, one))
	}
	if len(group.Of) == 1 {
		// A group of one would only make messages longer.
		one := group.Of[0]
		one.Name = out.Name
		return one
	}
	out.Group = group
	return out
}

// expanded has an entry of its own for each of several keys.
func expanded(entries []attestor) []attestor {
	const end = "-----END PUBLIC KEY-----"
	var out []attestor
	for _, e := range entries {
		if e.Keys == nil || strings.Count(e.Keys.PublicKeys.Value, end) < 2 {
			out = append(out, e)
			continue
		}
		blocks := strings.SplitAfter(e.Keys.PublicKeys.Value, end)
		for _, block := range blocks[:len(blocks)-1] {
			one, held := e, *e.Keys
			held.PublicKeys.Value = block
			one.Keys = &held
			out = append(out, one)
		}
	}
	return out
}

// entry converts one attestor.
func (c *converter) entry(e *attestor, what asked, out policy.Requirement) policy.Requirement {
	rule, lacking := c.signer(e, what)
	rule.Name = out.Name
	repository := what.entry.Repository
	if e.Repository.Value != "" {
		repository = e.Repository
	}
	var problem string
	if rule.Source.Repository, problem = repositoryName(repository.Value); problem != "" && !isVariable(repository.Value) {
		c.Report(repository.Node, "repository: %s", problem)
	}
	annotations := what.entry.Annotations
	if e.Annotations != nil {
		annotations = e.Annotations
	}
	bundles := what.entry.Type.Value == "SigstoreBundle"
	if bundles {
		lacking = append(lacking, c.bundled(e, &rule)...)
	}
	if len(annotations) > 0 && (what.attestation != nil || bundles) {
		lacking = append(lacking, c.FieldAt(e.Node, "annotations of attestations or bundles"))
	}
	if len(lacking) > 0 {
		return unsupported(out, lacking...)
	}
	signers := []policy.SignerRule{rule}
	if what.attestation != nil {
		out.Formats = formats(bundles, policy.FormatDSSE)
		out.Attestation = &policy.AttestationRequirement{
			Signers: signers, PredicateType: what.attestation.Type.Value, Statements: policy.EveryStatement, Expression: what.expression,
		}
		return out
	}
	out.Formats = formats(bundles, policy.FormatSimpleSigning)
	out.Signature = &policy.SignatureRequirement{Signers: signers}
	for key, value := range annotations {
		if out.Signature.Annotations == nil {
			out.Signature.Annotations = map[string]string{}
		}
		out.Signature.Annotations[key] = value.Value
	}
	return out
}

func formats(bundles bool, legacy policy.Format) []policy.Format {
	if bundles {
		return []policy.Format{policy.FormatBundle}
	}
	return []policy.Format{legacy}
}

// hashFits tells whether a hash is one that signatures are tried with.
func (c *converter) hashFits(e *attestor, key *policy.Key) []string {
	named := e.Algorithm
	if e.Keys != nil {
		named = e.Keys.Algorithm
	}
	if !tried(key, named.Value) {
		return []string{c.FieldAt(named.Node, "signatureAlgorithm: "+document.Printable(named.Value)+" with a key of this kind")}
	}
	return nil
}
