package flux

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// The codes of problems.
const (
	// CodeUnknownField is a field that may change what is deployed and that
	// is not known here.
	CodeUnknownField = "unknown-field"
	// CodeVersion is an API version that is not known here.
	CodeVersion = "unknown-version"
	// CodeInvalid is an object that its controller refuses.
	CodeInvalid = "deployer-invalid"
	// CodeImages is a list of images that versions of Flux merge otherwise.
	CodeImages = "images-merged"
	// CodeSuspended is an object that is suspended.
	CodeSuspended = "deployer-suspended"
	// CodeCycle is a circle of objects that wait for or deploy each other.
	CodeCycle = "deployer-cycle"
	// CodeSource is a source that is not at hand.
	CodeSource = "source-unavailable"
	// CodeSourceAssumed is a source that is taken for the tree.
	CodeSourceAssumed = "source-assumed"
	// CodeChart is a chart that is not at hand.
	CodeChart = "chart-unavailable"
	// CodeInput is a ConfigMap or Secret that is not at hand.
	CodeInput = "input-unavailable"
	// CodeVariable is a variable that nothing defines.
	CodeVariable = "variable-undefined"
	// CodeEncrypted is an object that is encrypted.
	CodeEncrypted = "object-encrypted"
	// CodePath is a path that a source does not have.
	CodePath = "path-not-found"
)

// unseen, broken and notice make the problems of an object, at a place.
func (d *deployer) unseen(at render.Origin, code, format string, args ...any) *render.Problem {
	return d.problem(render.Unseen, at, code, fmt.Sprintf(format, args...))
}

func (d *deployer) broken(at render.Origin, code, format string, args ...any) *render.Problem {
	return d.problem(render.Broken, at, code, fmt.Sprintf(format, args...))
}

func (d *deployer) notice(at render.Origin, code, format string, args ...any) *render.Problem {
	return d.problem(render.Notice, at, code, fmt.Sprintf(format, args...))
}

func (d *deployer) problem(severity render.Severity, at render.Origin, code, message string) *render.Problem {
	return &render.Problem{
		Code: code, Severity: severity, Object: d.id, Origin: at,
		Message: fmt.Sprintf("%s %s/%s: %s", d.id.Kind, d.id.Namespace, d.id.Name, message),
	}
}

// hint adds what to do next.
func hint(p *render.Problem, format string, args ...any) *render.Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// at returns where a field of the object was written: the steps are keys, or
// indexes of lists.
func (d *deployer) at(steps ...any) render.Origin {
	var field render.Field
	node := d.object.Node
	for _, s := range steps {
		step, next := render.Step{}, (*yaml.Node)(nil)
		switch s := s.(type) {
		case string:
			step.Key, next = s, render.Child(node, s)
		case int:
			step.Index = s
			if node != nil && node.Kind == yaml.SequenceNode && s < len(node.Content) {
				next = node.Content[s]
			}
		}
		if next == nil {
			break
		}
		field, node = append(field, step), next
	}
	return d.locate(field, node)
}

// locate returns the place of a node of the object, or of the first scalar
// below it.
func (d *deployer) locate(field render.Field, node *yaml.Node) render.Origin {
	if len(field) == 0 {
		return d.object.Origin
	}
	if d.object.Locator == nil {
		return render.Origin{File: d.object.Origin.File, Line: node.Line, Column: node.Column}
	}
	for len(node.Content) > 0 {
		if node.Kind == yaml.MappingNode {
			field, node = append(field, render.Step{Key: node.Content[0].Value}), node.Content[1]
		} else {
			field, node = append(field, render.Step{}), node.Content[0]
		}
	}
	return d.object.Locator.Locate(d.object.ID, field, node.Value)
}

// asProblem returns the problem in an error, or one of an object.
func (d *deployer) asProblem(err error) *render.Problem {
	if p, ok := errors.AsType[*render.Problem](err); ok {
		return p
	}
	return d.unseen(d.object.Origin, render.CodeFailed, "%v", err)
}

// withMessage adds to the message of a problem.
func withMessage(p *render.Problem, format string, args ...any) *render.Problem {
	p.Message += fmt.Sprintf(format, args...)
	return p
}

// decryptKey is the annotation with which an object is kept as it is.
const decryptKey = kustomizeGroup + "/decrypt"

// encrypted decrypts objects, as far as keys are at hand, and tells of those
// that stay encrypted. Secrets stay so in any case: they name no image, and are
// not to be printed.
func (r *Renderer) encrypted(k *kustomization, objects []render.Object) []render.Problem {
	d := &k.deployer
	var problems []render.Problem
	for i := range objects {
		if !isEncrypted(objects[i].Node) {
			continue
		}
		if objects[i].ID.Kind == "Secret" {
			problems = append(problems, *hint(d.about(&objects[i], render.Notice, CodeEncrypted, "is encrypted with SOPS"), "nothing to do"))
			continue
		}
		err := errors.New("the Kustomization does not decrypt")
		if k.decrypts && child(objects[i].Node, "metadata", "annotations", decryptKey) != "disabled" {
			var opened *yaml.Node
			if opened, err = r.options.SOPS.Object(objects[i].Node); err == nil {
				objects[i].Node = opened
				continue
			}
		}
		problems = append(problems, *hint(d.about(&objects[i], render.Unseen, CodeEncrypted, "is encrypted with SOPS: what it deploys is not known: %v", err),
			"give its age key with --sops-age-key, or encrypt only Secrets"))
	}
	return problems
}
