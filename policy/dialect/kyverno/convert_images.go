package kyverno

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/expression"
)

// imageWriter writes an ImageValidatingPolicy.
type imageWriter struct {
	*converter
	out  *convert.Policy
	spec imageSpec
	// rules are the signers of each attestor.
	rules map[string][]policy.SignerRule
	// verified are the attestations that were asked for so far.
	verified map[string]bool
}

// writeImages writes an ImageValidatingPolicy.
func (c *converter) writeImages(p imagePolicy) convert.Policy {
	made := c.images(p)
	out := convert.Policy{
		Name: p.Metadata.Name.Value, From: fmt.Sprintf("the %s at %s", p.Kind.Value, c.At(p.place)),
		Warn: made.Mode == policy.Warn, Digest: made.RequireDigest,
	}
	w := imageWriter{converter: c, out: &out, spec: p.Spec, rules: map[string][]policy.SignerRule{}, verified: map[string]bool{}}
	m := out.Matching()
	w.match(m, p)
	out.Match = m.Node()
	if out.Warn && m.More {
		out.Warn = false
		out.Note("The policy only reports there (validationActions). It enforces here, because it is about more than it was; write mode: warn again where that is right.")
	}
	if top := made.Require[0]; len(top.Unsupported) > 0 {
		out.Require = []*yaml.Node{out.Requirement(top, nil)}
		return out
	}
	for i := range p.Spec.Attestors {
		a := &p.Spec.Attestors[i]
		if a.Cosign != nil {
			w.rules[a.Name.Value], _ = c.cosignSigners(a.Cosign, a.Name.Value)
		}
	}
	for i := range p.Spec.Validations {
		v := &p.Spec.Validations[i]
		out.Require = append(out.Require, w.validation(v, fmt.Sprintf("validations-%d", i+1)))
	}
	return out
}

// match writes which images, where they run, the policy is about.
func (w *imageWriter) match(m *convert.Matched, p imagePolicy) {
	s := p.Spec
	if len(s.References) == 0 {
		m.Image(w.At(s.place), "*")
	}
	for i := range s.References {
		r := &s.References[i]
		if r.Expression.Value != "" {
			m.Left(w.At(r.place), "the expression "+r.Expression.Value)
			m.Image(w.At(r.place), "*")
			continue
		}
		m.Image(w.At(r.place), r.Glob.Value)
	}
	for _, condition := range s.Conditions {
		m.Left(w.At(condition.place), "the condition "+condition.Name.Value)
	}
	if strings.HasPrefix(p.Kind.Value, "Namespaced") {
		namespace := p.Metadata.Namespace
		if namespace == "" {
			namespace = "default"
		}
		m.Namespaces(namespace)
	}
	if s.Constraints == nil {
		return
	}
	for _, r := range s.Constraints.Rules {
		w.rule(m, r)
	}
	for _, r := range s.Constraints.Exclude {
		m.Left(w.At(r.place), "a rule of excludeResourceRules")
	}
	if o := s.Constraints.ObjectSelector; o != nil && len(o.MatchLabels)+len(o.MatchExpressions) > 0 {
		m.Left(w.At(s.Constraints.place), "objectSelector")
	}
	if n := s.Constraints.NamespaceSelector; n != nil && len(n.MatchLabels)+len(n.MatchExpressions) > 0 {
		m.Left(w.At(s.Constraints.place), "namespaceSelector")
	}
}

// rule writes the kinds of a rule, if they are those that run Pods.
func (w *imageWriter) rule(m *convert.Matched, r resourceRule) {
	kinds := map[string]string{
		"pods": "Pod", "replicasets": "ReplicaSet", "deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet",
		"jobs": "Job", "cronjobs": "CronJob", "replicationcontrollers": "ReplicationController",
	}
	for _, t := range r.Resources {
		kind := kinds[t.Value]
		if kind == "" && !strings.Contains(t.Value, "*") {
			m.Left(w.At(t.Place), "the resource "+t.Value)
			kind = "Pod"
		}
		if kind == "" {
			m.More, kind = true, "Pod"
		}
		m.Kinds(kind)
	}
	if len(r.Names) > 0 {
		m.Left(w.At(r.place), "resourceNames")
	}
}

// validation writes what one expression asks for.
func (w *imageWriter) validation(v *validationRule, name string) *yaml.Node {
	shape, err := cel.ShapeOf(v.Expression.Value)
	var asked policy.Requirement
	if err == nil {
		asked, err = w.requirement(shape, name, w.At(v.Expression.Place))
	}
	if err != nil {
		return w.out.ByHand(w.At(v.Expression.Place), fmt.Sprintf("write what this expression asks for; %v:\n%s", err, strings.TrimSpace(v.Expression.Value)))
	}
	const note = "Expressions ask there for the images of some lists alone (images.containers). Every image is asked for here."
	if len(w.out.Notes) == 0 || w.out.Notes[len(w.out.Notes)-1] != note {
		w.out.Note(note)
	}
	out := w.out.Requirement(asked, func(e policy.Expression) (string, string) { return e.String(), "" })
	if v.Message.Value != "" {
		convert.Comment(out, "%s", v.Message.Value)
	}
	return out
}

// requirement is what a shape asks for.
func (w *imageWriter) requirement(s cel.Shape, name, at string) (policy.Requirement, error) {
	out := policy.Requirement{Name: name, Source: at}
	switch {
	case len(s.All) > 0 || len(s.Any) > 0:
		before := maps.Clone(w.verified)
		for i, one := range append(s.All, s.Any...) {
			if len(s.Any) > 0 && one.Condition != "" {
				return out, errors.New("it asks for a payload where something else suffices")
			}
			r, err := w.requirement(one, fmt.Sprintf("%s-%d", name, i+1), at)
			if err != nil {
				return out, err
			}
			if out.Group == nil {
				out.Group = &policy.Group{Kind: "allOf"}
			}
			out.Group.Of = append(out.Group.Of, r)
		}
		out.Group.Count = len(out.Group.Of)
		if len(s.Any) > 0 {
			// None of them need have been verified.
			out.Group.Kind, out.Group.Count, w.verified = "anyOf", 1, before
		}
		return out, nil
	case s.Condition != "":
		return w.payload(s, out)
	}
	return w.signed(s, out)
}

// signed asks for signatures by as many attestors as the shape says.
func (w *imageWriter) signed(s cel.Shape, out policy.Requirement) (policy.Requirement, error) {
	if s.Attestation != "" {
		w.verified[s.Attestation] = true
	}
	var of []policy.Requirement
	for _, name := range s.Attestors {
		one, err := w.by(s.Attestation, name)
		if err != nil {
			return out, err
		}
		one.Name, one.Source = out.Name+"-"+name, out.Source
		of = append(of, one)
	}
	if len(of) == 1 {
		of[0].Name = out.Name
		return of[0], nil
	}
	out.Group = &policy.Group{Kind: "count", Count: s.Count, Of: of}
	return out, nil
}

// by asks for a signature of the image, or an attestation, by one attestor.
func (w *imageWriter) by(attestation, name string) (policy.Requirement, error) {
	for i := range w.spec.Attestors {
		a := &w.spec.Attestors[i]
		if a.Name.Value != name || a.Cosign == nil {
			continue
		}
		if attestation == "" {
			return policy.Requirement{Signature: &policy.SignatureRequirement{Signers: w.rules[name]}}, nil
		}
		for j := range w.spec.Attestations {
			if w.spec.Attestations[j].Name.Value == attestation {
				out, lacking := w.imageAttestation(&w.spec.Attestations[j], a, w.rules[name])
				if len(lacking) > 0 || out.Attestation == nil {
					return out, fmt.Errorf("the attestation %s cannot be said", attestation)
				}
				return out, nil
			}
		}
		return policy.Requirement{}, fmt.Errorf("there is no attestation %s", attestation)
	}
	return policy.Requirement{}, fmt.Errorf("there is no attestor %s", name)
}

// payload asks that every statement of an attestation by whomever of the
// attestors meets a condition.
func (w *imageWriter) payload(s cel.Shape, out policy.Requirement) (policy.Requirement, error) {
	if !w.verified[s.Attestation] {
		return out, fmt.Errorf("the payload of %s is asked for before it is verified, which never holds", s.Attestation)
	}
	condition, err := expression.Compile(s.Condition)
	if err != nil {
		return out, errors.New("the condition on the payload is none in syncgate's CEL")
	}
	for i := range w.spec.Attestors {
		one, err := w.by(s.Attestation, w.spec.Attestors[i].Name.Value)
		if err != nil {
			return out, err
		}
		if out.Attestation == nil {
			out.Attestation = &policy.AttestationRequirement{PredicateType: one.Attestation.PredicateType, Statements: policy.EveryStatement, Expression: condition}
			out.Formats = one.Formats
		}
		out.Attestation.Signers = append(out.Attestation.Signers, one.Attestation.Signers...)
	}
	return out, nil
}
