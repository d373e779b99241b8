package kyverno

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/gobwas/glob"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
	"github.com/syncgate/syncgate/policy/dialect/wildcard"
	"github.com/syncgate/syncgate/policy/dialect/workload"
)

// imageSelector tells which images, where they run, an ImageValidatingPolicy
// is about.
type imageSelector struct {
	constraints constraints
	// globs and expressions are of references; none at all is for every one.
	globs       []glob.Glob
	references  []string
	expressions [][]byte
	// conditions are a program, or nil.
	conditions []byte
	namespace  string
	programs   *sandbox.Pool
}

// imageSelector is that of a policy, and what of it is not honoured.
func (c *converter) imageSelector(p imagePolicy) (*imageSelector, []string) {
	s := p.Spec
	out := &imageSelector{programs: c.programs}
	var lacking []string
	if s.Constraints != nil {
		out.constraints = *s.Constraints
	}
	if strings.HasPrefix(p.Kind.Value, "Namespaced") {
		out.namespace = p.Metadata.Namespace
		if out.namespace == "" {
			out.namespace = "default"
		}
	}
	for i := range s.References {
		r := &s.References[i]
		out.references = append(out.references, r.Glob.Value+r.Expression.Value)
		if r.Expression.Value != "" {
			lacking = c.expression(r.Expression, "matchImageReferences.expression", lacking)
			out.expressions = append(out.expressions, conditionsOf(r.Expression.Value))
			continue
		}
		g, err := glob.Compile(r.Glob.Value)
		if err != nil {
			c.Report(r.Node, "glob is not well formed: %v", err)
			continue
		}
		out.globs = append(out.globs, g)
	}
	var list []string
	for _, condition := range s.Conditions {
		lacking = c.expression(condition.Expression, "matchConditions."+condition.Name.Value, lacking)
		list = append(list, condition.Expression.Value)
	}
	if len(list) > 0 {
		out.conditions = conditionsOf(list...)
	}
	return out, lacking
}

// conditionsOf is a program of expressions that must all hold.
func conditionsOf(expressions ...string) []byte {
	var p cel.Program
	for _, e := range expressions {
		p.Conditions = append(p.Conditions, cel.Condition{Expression: e})
	}
	out, err := json.Marshal(p)
	if err != nil {
		return nil
	}
	return out
}

// Select tells whether the policy is about the image and, at one of its
// stages, the object.
func (s *imageSelector) Select(ctx context.Context, subject policy.Subject, use policy.Use) (policy.Selection, string) {
	image, why := s.named(ctx, subject)
	if image != policy.Selected {
		return image, why
	}
	best, why := policy.NotSelected, "it is not about "+workload.Called(use)
	for _, form := range workload.Forms(use) {
		switch selection, reason := s.selects(ctx, form); {
		case selection == policy.Selected:
			return policy.Selected, ""
		case selection == policy.SelectionUnknown:
			best, why = policy.SelectionUnknown, reason
		case best == policy.NotSelected && reason != "":
			why = reason
		}
	}
	if best == policy.NotSelected && !workload.Known(use) {
		return policy.SelectionUnknown, workload.Unknown(use)
	}
	return best, why
}

// form is the first stage of an object that the policy is about.
func (s *imageSelector) form(ctx context.Context, use policy.Use) (workload.Form, bool) {
	for _, form := range workload.Forms(use) {
		if selection, _ := s.selects(ctx, form); selection == policy.Selected && form.Object != nil {
			return form, true
		}
	}
	return workload.Form{}, false
}

// named tells whether the policy is about an image of this name.
func (s *imageSelector) named(ctx context.Context, subject policy.Subject) (policy.Selection, string) {
	if len(s.references) == 0 {
		return policy.Selected, ""
	}
	for _, g := range s.globs {
		if g.Match(subject.Reference) {
			return policy.Selected, ""
		}
	}
	found := policy.NotSelected
	for _, e := range s.expressions {
		found = either(found, s.ask(ctx, e, cel.Input{Image: subject.Reference}))
	}
	return found, "it is about " + strings.Join(s.references, ", ")
}

// ask evaluates conditions.
func (s *imageSelector) ask(ctx context.Context, program []byte, in cel.Input) policy.Selection {
	text, err := json.Marshal(in)
	if err != nil {
		return policy.SelectionUnknown
	}
	answer, err := s.programs.Run(ctx, sandbox.Task{Program: sandbox.Program{Language: cel.Language, Source: program}, Input: text})
	switch {
	case err != nil:
		return policy.SelectionUnknown
	case answer.Holds:
		return policy.Selected
	}
	return policy.NotSelected
}

// selects tells whether the policy is about one stage of an object.
func (s *imageSelector) selects(ctx context.Context, form workload.Form) (policy.Selection, string) {
	f := fact{form: form}
	found := policy.NotSelected
	for _, r := range s.constraints.Rules {
		found = either(found, f.ruled(r, either))
	}
	for _, r := range s.constraints.Exclude {
		found = both(found, not(f.ruled(r, both)))
	}
	if s.namespace != "" {
		found = both(found, f.named(form.Namespace != "", []string{s.namespace}, form.Namespace))
	}
	switch o := s.constraints.ObjectSelector; {
	case o == nil:
	case !form.LabelsKnown:
		found = both(found, f.unknown("it asks for labels, which are not known"))
	case !o.Matches(form.Labels, func(a, b string) bool { return a == b }):
		found = policy.NotSelected
	}
	if n := s.constraints.NamespaceSelector; n != nil && len(n.MatchLabels)+len(n.MatchExpressions) > 0 {
		found = both(found, f.unknown("it asks for the labels of the namespace, which are not known"))
	}
	if found == policy.NotSelected || s.conditions == nil {
		return found, f.why
	}
	if form.Object == nil {
		return policy.SelectionUnknown, "its conditions ask for the object, which is not known"
	}
	holds := s.ask(ctx, s.conditions, inputOf(form))
	if holds == policy.SelectionUnknown {
		return holds, "its matchConditions cannot be evaluated for the object"
	}
	if holds == policy.NotSelected {
		return holds, "its matchConditions do not hold"
	}
	return found, f.why
}

// inputOf is what expressions know that ask about the object alone.
func inputOf(form workload.Form) cel.Input { return cel.Input{Object: form.Object} }

// ruled compares with one rule. What is matched is so when it is made or
// changed, what is excluded only where it is both.
func (f *fact) ruled(r resourceRule, operations func(a, b policy.Selection) policy.Selection) policy.Selection {
	has := func(name string) policy.Selection {
		if len(r.Operations) == 0 || slices.ContainsFunc(r.Operations, func(t text) bool { return t.Value == name || t.Value == "*" }) {
			return policy.Selected
		}
		return policy.NotSelected
	}
	operation := operations(has("CREATE"), has("UPDATE")) == policy.Selected
	is := func(list []anyText, value string) bool {
		return slices.ContainsFunc(list, func(t anyText) bool {
			if t.Node == nil {
				return value == "" // the core group
			}
			return t.Node.Value == value || t.Node.Value == "*"
		})
	}
	resource := slices.ContainsFunc(r.Resources, func(t text) bool { return wildcard.Match(t.Value, plural(f.form.Kind)) })
	if !operation || !resource || !is(r.Groups, f.form.Group()) || !is(r.Versions, f.form.Version()) {
		return policy.NotSelected
	}
	if len(r.Names) > 0 {
		return f.named(f.form.Name != "", words(r.Names), f.form.Name)
	}
	return policy.Selected
}

// plural is the name of a kind in URLs, as Kubernetes guesses it.
func plural(kind string) string {
	name := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(name, "s"):
		return name + "es"
	case strings.HasSuffix(name, "y"):
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}
