package kyverno

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/document"
)

// images converts a document of kind ImageValidatingPolicy: the signers of all
// its attestors are looked for, and its expressions are asked about them.
func (c *converter) images(p imagePolicy) policy.Policy {
	s := p.Spec
	out := policy.Policy{
		Name: p.Metadata.Name.Value, Source: c.At(p.place),
		RequireDigest: isTrue(s.Configurations.VerifyDigest) && !isTrue(s.Configurations.MutateDigest),
	}
	if len(s.Actions) > 0 && !slices.ContainsFunc(s.Actions, func(t text) bool { return t.Value == "Deny" }) ||
		s.Evaluation != nil && s.Evaluation.Admission != nil && s.Evaluation.Admission.Enabled.Written() && !s.Evaluation.Admission.Enabled.Value {
		out.Mode = policy.Warn
	}
	about, lacking := c.imageSelector(p)
	out.Match.Selector = about
	if s.Evaluation != nil && s.Evaluation.Mode.Value == "JSON" {
		lacking = append(lacking, c.FieldAt(s.Evaluation.Mode.Node, "evaluation.mode: JSON"))
	} else if s.Written() && (s.Constraints == nil || len(s.Constraints.Rules) == 0) {
		c.Report(s.Node, "spec.matchConstraints names no resourceRules: say which resources the policy is about")
	}
	top := policy.Requirement{Name: "validations", Source: c.At(s.place)}
	program, of, unread := c.imageProgram(s, about)
	if lacking = append(lacking, unread...); len(lacking) > 0 {
		out.Require = []policy.Requirement{unsupported(top, distinct(lacking)...)}
		return out
	}
	top.Program = &policy.ProgramRequirement{Of: of, Program: program}
	out.Require = []policy.Requirement{top}
	return out
}

// imageProgram is the policy's program and what it asks about, or what of it is
// not honoured.
func (c *converter) imageProgram(s imageSpec, about *imageSelector) (*imageProgram, []policy.Requirement, []string) {
	out := &imageProgram{selector: about, programs: c.programs, at: c.At(s.place)}
	var of []policy.Requirement
	var lacking []string
	p := cel.Program{Required: isTrue(s.Configurations.Required)}
	p.Variables, lacking = c.expressions(s.Variables, "variables", lacking)
	p.Images, lacking = c.expressions(s.Images, "images", lacking)
	for i := range s.Validations {
		v := &s.Validations[i]
		lacking = c.expression(v.Expression, fmt.Sprintf("validations[%d].expression", i), lacking)
		lacking = c.expression(v.MessageExpression, fmt.Sprintf("validations[%d].messageExpression", i), lacking)
		p.Conditions = append(p.Conditions, cel.Condition{Expression: v.Expression.Value, Message: v.Message.Value, MessageExpression: v.MessageExpression.Value})
	}
	if len(s.Validations) == 0 && s.Written() {
		c.Report(s.Node, "spec.validations is empty: the policy would ask for nothing")
	}
	for i := range s.Attestors {
		a := &s.Attestors[i]
		if a.Cosign == nil {
			if a.Notary.Written() {
				lacking = append(lacking, c.FieldAt(a.Notary.Node, "attestors.notary: "+document.Printable(a.Name.Value)))
			}
			continue
		}
		rules, unread := c.cosignSigners(a.Cosign, a.Name.Value)
		lacking = append(lacking, unread...)
		signature := policy.Requirement{Name: "signed " + a.Name.Value, Source: c.At(a.place)}
		signature.Signature = &policy.SignatureRequirement{Signers: rules}
		if len(a.Cosign.Annotations) > 0 {
			// Kyverno compares them with those of the layer, which nobody signs.
			lacking = append(lacking, c.FieldAt(a.Cosign.Node, "cosign.annotations, which nobody signs: "+document.Printable(a.Name.Value)))
		}
		signature.Formats = []policy.Format{policy.FormatSimpleSigning, policy.FormatBundle}
		of = append(of, signature)
		out.attestors = append(out.attestors, a.Name.Value)
		for j := range s.Attestations {
			attested, unread := c.imageAttestation(&s.Attestations[j], a, rules)
			of, lacking = append(of, attested), append(lacking, unread...)
		}
	}
	for _, a := range s.Attestations {
		out.attestations = append(out.attestations, a.Name.Value)
	}
	var err error
	if out.source, err = json.Marshal(p); err != nil && s.Written() {
		c.Report(s.Node, "expressions cannot be read: %v", err)
	}
	return out, of, lacking
}

// imageAttestation asks for one attestation by one attestor.
func (c *converter) imageAttestation(a *imageAttestation, by *imageAttestor, rules []policy.SignerRule) (policy.Requirement, []string) {
	out := policy.Requirement{Name: "attested " + a.Name.Value + " " + by.Name.Value, Source: c.At(a.place)}
	if a.Referrer != nil {
		return out, []string{c.FieldAt(a.Referrer.Node, "attestations.referrer: "+document.Printable(a.Name.Value))}
	}
	if a.InToto == nil {
		return out, nil
	}
	out.Attestation = &policy.AttestationRequirement{Signers: rules, PredicateType: a.InToto.Type.Value}
	out.Formats = []policy.Format{policy.FormatDSSE, policy.FormatBundle}
	if by.Cosign.CTLog != nil && by.Cosign.CTLog.IgnoreTlog.Value {
		// What cosign keeps at tags counts for Kyverno only with a log's word.
		out.Formats = []policy.Format{policy.FormatBundle}
	}
	return out, nil
}

// expressions reads named expressions.
func (c *converter) expressions(list []namedExpression, field string, lacking []string) ([]cel.Named, []string) {
	var out []cel.Named
	for i := range list {
		lacking = c.expression(list[i].Expression, field+"."+list[i].Name.Value, lacking)
		out = append(out, cel.Named{Name: list[i].Name.Value, Expression: list[i].Expression.Value})
	}
	return out, lacking
}

// expression checks one expression, and adds what of it is not honoured.
func (c *converter) expression(t text, field string, lacking []string) []string {
	if t.Value == "" {
		return lacking
	}
	err := cel.Check(t.Value)
	if missing := new(cel.Missing); errors.As(err, &missing) {
		return append(lacking, c.FieldAt(t.Node, field+": "+document.Printable(missing.What)))
	}
	if err != nil {
		c.Report(t.Node, "read %s: %v", field, err)
	}
	return lacking
}
