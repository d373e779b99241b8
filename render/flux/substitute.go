package flux

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/envsubst"
	"gopkg.in/yaml.v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

const (
	// substituteKey is the label or annotation that keeps an object as it is.
	substituteKey = kustomizeGroup + "/substitute"
	// stand is what an unknown variable is while the others are filled in.
	stand = "qzunresolvedqz"
)

// variableName is what fluxcd/pkg/kustomize asks of the names of variables.
var variableName = regexp.MustCompile(`^[_[:alpha:]][_[:alpha:][:digit:]]*$`)

// expression is the start of a variable in a text.
var expression = regexp.MustCompile(`\$\{#?(\w+)`)

// variables are those of a Kustomization.
type variables struct {
	inline  map[string]string
	inputs  []input
	lenient bool
	// unknown are the variables asked for that are not at hand, with the
	// inputs that may define them.
	unknown map[string]*input
	// asked is the variable that was asked for last.
	asked string
}

// newVariables returns the variables of a Kustomization, or a problem if a
// name is not one.
func (r *Renderer) newVariables(k *kustomization) (*variables, *render.Problem) {
	v := &variables{inline: map[string]string{}, inputs: k.inputs, lenient: r.options.Lenient, unknown: map[string]*input{}}
	refuse := func(name, where string, at render.Origin) *render.Problem {
		return hint(k.broken(at, CodeVariable, "%q in %s is no name of a variable, so its build fails", name, where),
			"names match %s: rename it, or take the variables from another object", variableName)
	}
	for _, name := range sortedKeys(k.spec.PostBuild.Substitute) {
		if !variableName.MatchString(name) {
			return nil, refuse(name, "postBuild.substitute", k.at("spec", "postBuild", "substitute", name))
		}
		v.inline[name] = k.spec.PostBuild.Substitute[name]
	}
	for n, i := range v.inputs {
		for _, name := range append(sortedKeys(i.data), sortedKeys(i.sealed)...) {
			if !variableName.MatchString(name) {
				return nil, refuse(name, i.name(), k.at("spec", "postBuild", "substituteFrom", n, "name"))
			}
		}
	}
	return v, nil
}

// lookup returns the value of a variable. One that an input which is not at
// hand may define is unknown.
func (v *variables) lookup(name string) (value string, defined bool, unknown *input) {
	if value, ok := v.inline[name]; ok {
		return v.bounded(value, nil)
	}
	for n := len(v.inputs) - 1; n >= 0; n-- {
		i := &v.inputs[n]
		value, ok := i.data[name]
		switch {
		case i.missing != "", i.sealed[name]:
			return "", false, i
		case ok:
			return v.bounded(value, i)
		}
	}
	return "", v.lenient, nil
}

// bounded returns a value without its line breaks, as the controller does. One
// that is too long to compute with is unknown.
func (v *variables) bounded(value string, from *input) (string, bool, *input) {
	if len(value) > bounds.VariableBytes {
		if from == nil {
			from = &input{}
		}
		return "", false, from
	}
	return strings.ReplaceAll(value, "\n", ""), true, nil
}

// value is what envsubst asks for.
func (v *variables) value(name string) (string, bool) {
	v.asked = name
	value, defined, unknown := v.lookup(name)
	if unknown != nil {
		v.unknown[name] = unknown
		return stand, true
	}
	return value, defined
}

// any tells whether there is a variable, without which nothing is filled in.
func (v *variables) any() bool {
	for _, i := range v.inputs {
		if len(i.data)+len(i.sealed) > 0 || i.missing != "" {
			return true
		}
	}
	return len(v.inline) > 0
}

// postBuild fills in the variables of objects.
func (r *Renderer) postBuild(ctx context.Context, k *kustomization, objects []render.Object) ([]render.Object, []render.Problem) {
	problems := r.encrypted(k, objects)
	if k.spec.PostBuild == nil {
		return objects, problems
	}
	v, problem := r.newVariables(k)
	if problem != nil {
		return objects, append(problems, *problem)
	}
	if !v.any() && k.spec.PostBuild.Strategy != "Always" {
		return objects, problems
	}
	for n := range objects {
		if err := ctx.Err(); err != nil {
			return objects[:n], append(problems, render.Problems(err)...)
		}
		if problem := v.fill(&k.deployer, &objects[n]); problem != nil {
			problems = append(problems, *problem)
		}
	}
	return objects, append(problems, v.notices(k)...)
}

// notices tell of inputs that are not at hand though variables of theirs are
// asked for. What depends on them says so itself.
func (v *variables) notices(k *kustomization) []render.Problem {
	var problems []render.Problem
	for n := range v.inputs {
		i := &v.inputs[n]
		var names []string
		for _, name := range sortedKeys(v.unknown) {
			if v.unknown[name] == i {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			continue
		}
		problems = append(problems, *hint(k.notice(k.at("spec", "postBuild", "substituteFrom", n, "name"), CodeInput,
			"%s %s: what names the variables %s is left as it is written", i.name(), i.why(), strings.Join(names, ", ")),
			"nothing to do where no image depends on them: images that do are reported"))
	}
	return problems
}

// disabled tells whether an object is to be kept as it is.
func disabled(node *yaml.Node) bool {
	return child(node, "metadata", "labels", substituteKey) == "disabled" ||
		child(node, "metadata", "annotations", substituteKey) == "disabled"
}

// fill fills in the variables of one object, in its text as kustomize prints
// it. What names an unknown variable stays as it is written.
func (v *variables) fill(d *deployer, object *render.Object) *render.Problem {
	if disabled(object.Node) || !mentions(object.Node, func(text string) bool { return strings.Contains(text, "$") }) {
		return nil
	}
	before := object.Node
	text, err := printed(before)
	if err != nil {
		return d.about(object, render.Unseen, render.CodeFailed, "cannot be printed")
	}
	if strings.Count(text, "${") > bounds.Substitutions {
		return d.about(object, render.Unseen, render.CodeTooLarge, "names more than %d variables", bounds.Substitutions)
	}
	if v.size(text) > bounds.FileBytes {
		return hint(d.about(object, render.Unseen, render.CodeTooLarge, "may have more than %d bytes once its variables are filled in", bounds.FileBytes),
			"use shorter values, or fewer of them")
	}
	filled, err := v.eval(text)
	if err != nil {
		problem := d.about(object, render.Broken, CodeVariable, "its variables cannot be filled in: %s", err)
		problem.Origin = originOf(object, v.asked)
		return hint(problem, "define it, give it a default as in ${%s:-value}, or write $${...} for what is no variable", v.asked)
	}
	after, err := parsed(filled)
	if err != nil {
		return hint(d.about(object, render.Broken, CodeVariable, "is no YAML once its variables are filled in"),
			"quote the variables, or correct their values")
	}
	object.Locator = filledIn{object: *object, before: before}
	if !v.restore(before, after) {
		names := sortedKeys(v.unknown)
		return hint(d.about(object, render.Unseen, CodeVariable, "its structure depends on a variable whose value is not in the revision, one of %s", strings.Join(names, ", ")),
			"write out what holds the containers of a workload, or commit the values")
	}
	object.Node = after
	identify(object)
	return nil
}

// eval evaluates a text. What can panic in envsubst is an error.
func (v *variables) eval(text string) (filled string, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("an expression of %s takes a part that its value does not have", v.asked)
		}
	}()
	filled, err = envsubst.Eval(text, v.value)
	if err == nil {
		return filled, nil
	}
	if _, defined, unknown := v.lookup(v.asked); v.asked != "" && !defined && unknown == nil {
		return "", fmt.Errorf("variable %s is defined nowhere and has no default", v.asked)
	}
	return "", fmt.Errorf("%v", err)
}

// mentions tells whether any text of a node matches.
func mentions(node *yaml.Node, match func(string) bool) bool {
	if node == nil {
		return false
	}
	return node.Kind == yaml.ScalarNode && match(node.Value) || slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return mentions(n, match) })
}

// depends tells whether a text names an unknown variable.
func (v *variables) depends(text string) bool {
	for _, match := range expression.FindAllStringSubmatch(text, -1) {
		if v.unknown[match[1]] != nil {
			return true
		}
	}
	return false
}

// restore puts back what names an unknown variable, and tells whether all
// that depends on one was found: nothing else but scalars does.
func (v *variables) restore(before, after *yaml.Node) bool {
	if len(v.unknown) == 0 || !mentions(before, v.depends) {
		return !mentions(after, func(text string) bool { return strings.Contains(text, stand) })
	}
	if before.Kind != after.Kind || len(before.Content) != len(after.Content) {
		return false
	}
	switch before.Kind {
	case yaml.ScalarNode:
		after.Value, after.Tag, after.Style = before.Value, "!!str", yaml.DoubleQuotedStyle
	case yaml.SequenceNode:
		for i, item := range before.Content {
			if !v.restore(item, after.Content[i]) {
				return false
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(before.Content); i += 2 {
			key, value := before.Content[i].Value, before.Content[i+1]
			if v.depends(key) || structural(key) && whole(value) && v.depends(value.Value) {
				return false
			}
			if other := render.Child(after, key); other == nil && mentions(value, v.depends) || other != nil && !v.restore(value, other) {
				return false
			}
		}
	}
	return true
}

// structural tells of the keys that hold the structure of a workload, in
// which a value could bring in containers.
func structural(key string) bool {
	return slices.Contains([]string{
		"spec", "template", "jobTemplate", "podTemplate", "items", "volumes",
		"containers", "initContainers", "ephemeralContainers",
	}, key)
}

// whole tells of a scalar that is nothing but an expression, so that any YAML
// may come in its place.
func whole(node *yaml.Node) bool {
	text := strings.TrimSpace(node.Value)
	return node.Kind == yaml.ScalarNode && strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}")
}

// printed returns an object as kustomize prints it.
func printed(node *yaml.Node) (string, error) {
	var value any
	if err := node.Decode(&value); err != nil {
		return "", err
	}
	data, err := sigsyaml.Marshal(value)
	return string(data), err
}

// parsed reads an object as kustomize-controller does after it has filled in
// the variables, by way of JSON, and prints it as it then does.
func parsed(text string) (*yaml.Node, error) {
	data, err := sigsyaml.YAMLToJSON([]byte(text))
	if err == nil {
		data, err = sigsyaml.JSONToYAML(data)
	}
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("not an object")
	}
	return document.Content[0], nil
}

// identify reads the identity of an object anew.
func identify(object *render.Object) {
	object.ID = render.ObjectID{
		APIVersion: child(object.Node, "apiVersion"), Kind: child(object.Node, "kind"),
		Namespace: child(object.Node, "metadata", "namespace"), Name: child(object.Node, "metadata", "name"),
	}
}
