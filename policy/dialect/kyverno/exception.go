package kyverno

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/wildcard"
	"github.com/syncgate/syncgate/policy/dialect/workload"
	"github.com/syncgate/syncgate/policy/document"
)

// kindException is the kind of exceptions, in both API groups.
const kindException = "PolicyException"

// Exceptions are the PolicyExceptions of one set of policies.
type Exceptions struct {
	all   []exception
	names document.Names
}

// exception lifts rules from objects.
type exception struct {
	name, at string
	// rules are those of kyverno.io, and policies those of policies.kyverno.io.
	rules    []ruleRef
	policies []policyRef
	match    match
	// conditions are a program in the language of the exception, or nil.
	conditions []byte
	// lacking are the fields that are not honoured, so that nothing is lifted.
	lacking []string
}

// policyException is a document of kind PolicyException of kyverno.io.
type policyException struct {
	place
	APIVersion text              `yaml:"apiVersion" need:"yes"`
	Kind       text              `yaml:"kind" need:"yes"`
	Metadata   document.Metadata `yaml:"metadata" need:"yes"`
	Spec       exceptionSpec     `yaml:"spec" need:"yes"`
}

type exceptionSpec struct {
	place
	Match       exceptionMatch `yaml:"match" need:"yes"`
	Conditions  conditions     `yaml:"conditions"`
	Exceptions  []ruleRef      `yaml:"exceptions" need:"yes"`
	PodSecurity anything       `yaml:"podSecurity"`
	Background  anything       `yaml:"background"`
}

type exceptionMatch struct {
	place
	Any []filter `yaml:"any"`
	All []filter `yaml:"all"`
}

type ruleRef struct {
	place
	PolicyName text   `yaml:"policyName" need:"yes"`
	RuleNames  []text `yaml:"ruleNames" need:"yes"`
}

// imageException is a document of kind PolicyException of policies.kyverno.io.
type imageException struct {
	place
	APIVersion text               `yaml:"apiVersion" need:"yes"`
	Kind       text               `yaml:"kind" need:"yes"`
	Metadata   document.Metadata  `yaml:"metadata" need:"yes"`
	Spec       imageExceptionSpec `yaml:"spec" need:"yes"`
	Status     anything           `yaml:"status"`
}

type imageExceptionSpec struct {
	place
	PolicyRefs     []policyRef       `yaml:"policyRefs" need:"yes"`
	Conditions     []namedExpression `yaml:"matchConditions"`
	Images         anything          `yaml:"images"`
	AllowedValues  anything          `yaml:"allowedValues"`
	ReportResult   anything          `yaml:"reportResult"`
	ExpiresAt      anything          `yaml:"expiresAt"`
	Properties     anything          `yaml:"properties"`
	EvaluationMode anything          `yaml:"evaluationMode"`
}

type policyRef struct {
	place
	Name text `yaml:"name" need:"yes"`
	Kind text `yaml:"kind" need:"yes"`
}

// ReadsException tells whether a document is an exception for this reader. All
// of them must be read before the policies.
func ReadsException(group, kind string) bool {
	return (group == Group || group == ImageGroup) && kind == kindException
}

// ReadException reads an exception, and returns what is wrong with it.
func (r *Reader) ReadException(file *document.File, doc document.Document) document.Problems {
	d := document.NewDecoder(file, r.budget)
	d.Lenient = true
	version, _ := document.KindOf(doc.Root)
	c := &converter{Decoder: d, programs: r.programs, objects: r.objects}
	group, v, _ := strings.Cut(version.Value, "/")
	if group == Group && v != "v2" && v != "v2beta1" && v != "v2alpha1" || group == ImageGroup && v != "v1" && v != "v1beta1" && v != "v1alpha1" {
		d.Report(version, "unknown version %s of %s", document.Quote(version.Value), kindException)
		return d.Problems
	}
	out := c.ruleException
	if group == ImageGroup {
		out = c.imageException
	}
	e, name := out(doc)
	if r.exceptions.names == nil {
		r.exceptions.names = document.Names{}
	}
	d.Once(r.exceptions.names, "exception", name)
	r.exceptions.all = append(r.exceptions.all, e)
	return d.Problems
}

func (c *converter) ruleException(doc document.Document) (exception, text) {
	var p policyException
	c.Decode(doc.Root, &p)
	out := exception{name: p.Metadata.Name.Value, at: c.At(p.place), rules: p.Spec.Exceptions, match: match{place: p.Spec.Match.place, Any: p.Spec.Match.Any, All: p.Spec.Match.All}}
	if p.Spec.Match.Written() && len(p.Spec.Match.Any)+len(p.Spec.Match.All) == 0 {
		c.Report(p.Spec.Match.Node, "match is empty: name the objects that the exception is for")
	}
	if p.Spec.PodSecurity.Written() {
		out.lacking = append(out.lacking, c.FieldAt(p.Spec.PodSecurity.Node, "podSecurity"))
	}
	if read, source := c.blocks(p.Spec.Conditions); len(read) > 0 {
		roots, unread := c.checked(p.Spec.Conditions, read)
		out.lacking = append(out.lacking, unread...)
		for _, root := range roots {
			if root != "request" {
				out.lacking = append(out.lacking, c.FieldAt(p.Spec.Conditions.Node, "conditions that ask for "+root))
			}
		}
		out.conditions = source
	}
	return out, p.Metadata.Name
}

func (c *converter) imageException(doc document.Document) (exception, text) {
	var p imageException
	c.Decode(doc.Root, &p)
	s := p.Spec
	out := exception{name: p.Metadata.Name.Value, at: c.At(p.place), policies: s.PolicyRefs}
	for _, unread := range []struct {
		anything
		field string
	}{{s.Images, "images"}, {s.AllowedValues, "allowedValues"}, {s.ExpiresAt, "expiresAt"}, {s.EvaluationMode, "evaluationMode"}} {
		if unread.Written() {
			out.lacking = append(out.lacking, c.FieldAt(unread.Node, unread.field))
		}
	}
	var list []string
	for _, condition := range s.Conditions {
		out.lacking = c.expression(condition.Expression, "matchConditions."+condition.Name.Value, out.lacking)
		list = append(list, condition.Expression.Value)
	}
	if len(list) > 0 {
		out.conditions = conditionsOf(list...)
	}
	return out, p.Metadata.Name
}

// of are the exceptions that a function says are about a policy, and what of
// them is not honoured.
func (e *Exceptions) of(about func(exception) bool) (found []exception, lacking []string) {
	for _, one := range e.all {
		switch {
		case !about(one):
		case len(one.lacking) > 0:
			for _, field := range one.lacking {
				lacking = append(lacking, fmt.Sprintf("%s of %s %s", field, kindException, document.Printable(one.name)))
			}
		default:
			found = append(found, one)
		}
	}
	return found, lacking
}

// lifts tells whether an exception of kyverno.io is about a rule by one of the
// names under which Kyverno applies it.
func (e exception) lifts(policyName, rule string) bool {
	for _, r := range e.rules {
		if r.PolicyName.Value != policyName {
			continue
		}
		for _, name := range r.RuleNames {
			if wildcard.Match(name.Value, rule) {
				return true
			}
		}
	}
	return false
}

// ruleName is under which name Kyverno applies a rule to an object: what it
// makes of a rule for Pods, for what makes Pods, has another.
func ruleName(rule string, own, selected workload.Form) string {
	switch {
	case own.Kind == selected.Kind || own.Kind == "Pod":
		return rule
	case own.Kind == "CronJob":
		return "autogen-cronjob-" + rule
	}
	return "autogen-" + rule
}

// excepts tells whether an exception lifts a rule from an object: from the
// object itself as Kyverno meets it, and from what the rule selects of it.
func (s *selector) excepts(ctx context.Context, e exception, use policy.Use) bool {
	forms := workload.Forms(use)
	own := forms[0]
	selected := 0
	for _, form := range forms {
		if selection, _ := s.selectForm(ctx, form); selection == policy.NotSelected {
			continue
		}
		selected++
		if !e.lifts(s.policy, ruleName(s.rule, own, form)) || !e.lifts(s.policy, s.rule) || !s.matchedBy(ctx, e, form, own) {
			return false
		}
	}
	return selected > 0 && s.matchedBy(ctx, e, own, own)
}

// matchedBy tells whether an exception is for one stage of an object.
func (s *selector) matchedBy(ctx context.Context, e exception, form, own workload.Form) bool {
	f := fact{form: form, stem: own.Name + "-"}
	if f.matches(e.match) != policy.Selected {
		return false
	}
	if e.conditions == nil {
		return true
	}
	if form.Object == nil {
		return false
	}
	p := precondition{source: e.conditions, programs: s.programs}
	holds, _ := p.holds(ctx, requestOf(form))
	return holds == policy.Selected
}

// excepts is likewise for an ImageValidatingPolicy, whose exceptions ask about
// the object alone.
func (s *imageSelector) excepts(ctx context.Context, e exception, use policy.Use) bool {
	selected := 0
	for i, form := range workload.Forms(use) {
		selection, _ := s.selects(ctx, form)
		if selection == policy.NotSelected && i > 0 {
			continue
		}
		selected++
		if e.conditions != nil && (form.Object == nil || s.ask(ctx, e.conditions, inputOf(form)) != policy.Selected) {
			return false
		}
	}
	return selected > 0
}

// excepting is the selector of a policy that exceptions lift from some
// objects.
type excepting struct {
	policy.Selector
	exceptions []exception
	excepts    func(context.Context, exception, policy.Use) bool
}

// by is the exception that lifts the policy from an object.
func (s *excepting) by(ctx context.Context, use policy.Use) (exception, bool) {
	for _, e := range s.exceptions {
		if s.excepts(ctx, e, use) {
			return e, true
		}
	}
	return exception{}, false
}

// Select tells that the policy is not about what is excepted.
func (s *excepting) Select(ctx context.Context, subject policy.Subject, use policy.Use) (policy.Selection, string) {
	selection, why := s.Selector.Select(ctx, subject, use)
	if selection == policy.NotSelected {
		return selection, why
	}
	if e, ok := s.by(ctx, use); ok {
		return policy.NotSelected, fmt.Sprintf("the exception %s at %s lifts it from %s", e.name, e.at, workload.Called(use))
	}
	return selection, why
}

// lifted selects what is excepted: images that may run where nothing else asks
// for anything. They must be excepted wherever they run.
type lifted struct{ *excepting }

// Select tells whether the image is excepted. It is asked of each place, and
// answers for all of them at the first.
func (s lifted) Select(ctx context.Context, subject policy.Subject, asked policy.Use) (policy.Selection, string) {
	if len(subject.Uses) > 0 && !same(asked, subject.Uses[0]) {
		return policy.NotSelected, "it is excepted elsewhere"
	}
	for _, use := range subject.Uses {
		selection, why := s.Selector.Select(ctx, subject, use)
		if selection != policy.Selected {
			return policy.NotSelected, why
		}
		if _, ok := s.by(ctx, use); !ok {
			return policy.NotSelected, "it is excepted from nothing there"
		}
	}
	if len(subject.Uses) == 0 {
		return policy.NotSelected, "where the image runs is not known"
	}
	return policy.Selected, ""
}

// except adds exceptions to a policy, and the policy that lets run what they
// lift.
func except(p policy.Policy, s *excepting, lacking []string) []policy.Policy {
	for i := range p.Require {
		p.Require[i].Relaxed = append(p.Require[i].Relaxed, lacking...)
	}
	if len(s.exceptions) == 0 {
		return []policy.Policy{p}
	}
	allow := policy.Policy{Name: p.Name + " (exception " + s.exceptions[0].name + ")", Source: s.exceptions[0].at, Match: policy.Match{Selector: lifted{s}}, AllowUnmatched: true}
	p.Match.Selector = s
	return []policy.Policy{p, allow}
}

func same(a, b policy.Use) bool {
	return a.Unit == b.Unit && a.APIVersion == b.APIVersion && a.Kind == b.Kind && a.Namespace == b.Namespace && a.Name == b.Name
}
