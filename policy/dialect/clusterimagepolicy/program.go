package clusterimagepolicy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/cue"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/dialect/rego"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
	"github.com/syncgate/syncgate/policy/dialect/workload"
	"github.com/syncgate/syncgate/policy/document"
)

// source text of a program, and what it is called in messages.
type sourceText struct {
	sandbox.Program
	called string
}

// String names the program.
func (s sourceText) String() string { return s.called }

// program reads a program, or says why it is not at hand.
func (c *converter) program(p *program) (sourceText, []string) {
	out := sourceText{called: fmt.Sprintf("the %s policy at %s", p.Type.Value, c.At(p.place))}
	switch {
	case p.Remote != nil:
		if u, err := url.Parse(p.Remote.URL.Value); err != nil || u.Host == "" || u.Scheme != "https" {
			c.Report(p.Remote.URL.Node, "remote.url is not well formed: want https://HOST/PATH")
		}
		return out, []string{c.FieldAt(p.Remote.Node, "policy.remote")}
	case p.ConfigMapRef != nil:
		found, lacking := c.configMap(p.ConfigMapRef)
		if lacking != nil {
			return out, lacking
		}
		out.Program = c.checked(p, document.Text{Place: p.ConfigMapRef.place, Value: found})
	case p.Data.Value != "":
		out.Program = c.checked(p, p.Data)
	}
	return out, nil
}

// configMap is the entry of a ConfigMap that stands among the policies.
func (c *converter) configMap(ref *configMapRef) (text string, lacking []string) {
	found, ok := c.objects.Find(objects.ConfigMap, system, ref.Name.Value)
	switch {
	case ref.Namespace.Value != "" && ref.Namespace.Value != system:
		return "", []string{c.FieldAt(ref.Namespace.Node, "policy.configMapRef.namespace: policy-controller reads "+system+" alone")}
	case !ok:
		return "", []string{c.FieldAt(ref.Node, "policy.configMapRef: "+objects.Missing(objects.ConfigMap, system, ref.Name.Value))}
	case found.Data[ref.Key.Value] == "":
		c.Report(ref.Key.Node, "%s has no entry %s", objects.Reference(objects.ConfigMap, system, ref.Name.Value), document.Quote(ref.Key.Value))
	}
	return found.Data[ref.Key.Value], nil
}

// checked is a program whose text is read.
func (c *converter) checked(p *program, source text) sandbox.Program {
	if len(source.Value) > bounds.ProgramLength {
		c.Report(source.Node, "program is longer than %d KiB", bounds.ProgramLength>>10)
		return sandbox.Program{}
	}
	check := map[string]func(string) error{cue.Language: cue.Check, rego.Language: rego.Check}[p.Type.Value]
	if check == nil {
		return sandbox.Program{}
	}
	if mistake := new(sandbox.SyntaxError); errors.As(check(source.Value), &mistake) {
		at := *source.Node
		if source.Node.Kind == yaml.ScalarNode {
			at.Line, at.Column = c.File.Locate(source.Node, mistake.Line, mistake.Column)
		}
		c.Report(&at, "read %s policy: %v", p.Type.Value, mistake)
	}
	return sandbox.Program{Language: p.Type.Value, Source: []byte(source.Value)}
}

// condition is a program about a statement.
type condition struct {
	text          sourceText
	programs      *sandbox.Pool
	predicateType string
}

// String names the program.
func (p *condition) String() string { return p.text.called }

// ReadsUse tells that the program asks about the statement alone.
func (p *condition) ReadsUse() bool { return false }

// Evaluate runs the program on the statement.
func (p *condition) Evaluate(ctx context.Context, in policy.ExpressionInput) (bool, error) {
	document, err := payload(in.Statement, p.predicateType)
	if err != nil {
		return false, err
	}
	answer, err := p.programs.Run(ctx, sandbox.Task{Program: p.text.Program, Input: document, At: in.At})
	if err != nil {
		return false, err
	}
	if !answer.Holds {
		return false, &policy.No{Reason: answer.Message}
	}
	return true, nil
}

// verdict is a program about what was found for the authorities of a policy.
type verdict struct {
	text                  sourceText
	programs              *sandbox.Pool
	spec, metadata, types bool
	selector              *selector
}

// String names the program.
func (p *verdict) String() string { return p.text.called }

// ReadsUse tells whether the program is given the object.
func (p *verdict) ReadsUse() bool { return p.spec || p.metadata || p.types }

// Decide runs the program on what was found, in policy-controller's shape.
func (p *verdict) Decide(ctx context.Context, in policy.ProgramInput) (policy.Decision, error) {
	var d policy.Decision
	document := map[string]any{"authorityMatches": matches(in.Found)}
	if p.ReadsUse() {
		if err := p.describe(in.Use, document); err != nil {
			return d, err
		}
	}
	text, err := json.Marshal(document)
	if err != nil {
		return d, err
	}
	answer, err := p.programs.Run(ctx, sandbox.Task{Program: p.text.Program, Input: text, At: in.At})
	if err != nil {
		return d, p.discreet(err)
	}
	for _, f := range in.Found {
		d.Rests = append(d.Rests, f.Name)
	}
	d.Verdict = policy.Pass
	if !answer.Holds {
		d.Verdict, d.Message = policy.Fail, answer.Message
		if p.ReadsUse() {
			// What it says may quote the object, and that may hold secrets.
			d.Message = "of " + workload.Called(in.Use)
		}
	}
	return d, nil
}

// discreet hides what a program that sees the object says of its mistake.
func (p *verdict) discreet(err error) error {
	if mistake := new(sandbox.Mistake); errors.As(err, &mistake) && p.ReadsUse() {
		return errors.New("it fails on the object; what it says is not shown, because it may quote the object")
	}
	return err
}

// describe adds the object at the first stage that the policy is about.
func (p *verdict) describe(use policy.Use, into map[string]any) error {
	forms := workload.Forms(use)
	if p.selector != nil {
		forms = p.selector.forms(use)
	}
	if len(forms) == 0 || forms[0].Object == nil {
		return unknownObject{use}
	}
	object := forms[0].Object
	if p.spec {
		into["spec"] = object["spec"]
	}
	if p.metadata {
		into["metadata"] = object["metadata"]
	}
	if p.types {
		into["typemeta"] = map[string]any{"apiVersion": object["apiVersion"], "kind": object["kind"]}
	}
	return nil
}

// unknownObject is the error of a program that asks for an object that is not
// at hand.
type unknownObject struct{ use policy.Use }

// Error says which object.
func (e unknownObject) Error() string {
	return "what " + workload.Called(e.use) + " looks like is not known"
}

// Undecided tells that trying again does not help.
func (unknownObject) Undecided() bool { return false }
