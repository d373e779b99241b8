package argocd

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dario.cat/mergo"
	"gopkg.in/yaml.v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// generated is what one generator makes: parameters, and the template that
// they are for.
type generated struct {
	params   []params
	template *yaml.Node
}

// generatorKinds are the generators in the order in which Argo CD runs those
// of one entry.
func generatorKinds() []string {
	return []string{"list", "clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "matrix", "merge", "plugin"}
}

// transform runs the generators of one entry (Transform of
// applicationset/generators/generator_spec_processor.go). Parameters of an
// outer generator are put into it first.
func (s *set) transform(c cursor, template *yaml.Node, outer params, depth int) []generated {
	if depth > 2 {
		s.fail(c, CodeTemplate, "generators nest deeper than two levels", "nest matrix and merge generators less deeply")
		return nil
	}
	known := fields{"selector": ignore}
	for _, kind := range generatorKinds() {
		known[kind] = ignore
	}
	failed := len(s.problems)
	s.mapping(c, known)
	selector, ok := s.selector(c.at("selector"))
	if !ok || len(s.problems) > failed {
		return nil
	}
	var results []generated
	for _, kind := range generatorKinds() {
		below := c.at(kind)
		if !below.has() {
			continue
		}
		if len(outer) > 0 {
			if below.node, ok = s.interpolate(below, outer); !ok {
				return nil
			}
		}
		made, ok := s.generator(kind, below, depth)
		if !ok {
			continue
		}
		s.made += len(made)
		if s.made > bounds.Units {
			s.unseen(c, CodeTooMany, fmt.Sprintf("its generators make more than %d sets of parameters", bounds.Units), "split it")
			return nil
		}
		made = slices.DeleteFunc(made, func(p params) bool { return !selector.matches(flatten(p)) })
		results = append(results, generated{made, fill(render.Child(below.node, "template"), template, "")})
	}
	if len(results) == 0 && len(s.problems) == failed {
		s.fail(c, CodeTemplate, "generator is empty", "name a generator")
	}
	return results
}

// generator runs one generator.
func (s *set) generator(kind string, c cursor, depth int) ([]params, bool) {
	switch kind {
	case "list":
		return s.listGenerator(c)
	case "clusters":
		return s.clustersGenerator(c)
	case "git":
		return s.gitGenerator(c)
	case "matrix":
		return s.matrixGenerator(c, depth)
	case "merge":
		return s.mergeGenerator(c, depth)
	}
	s.unseen(c, CodeGenerator, "the parameters of generator "+kind+" are not in the repository", "write them as a list generator, or verify the Applications that it made")
	return nil, false
}

// interpolate puts parameters into a generator. In values, a Go template that
// lacks a parameter is kept, for it may be about the generator's own.
func (s *set) interpolate(c cursor, outer params) (*yaml.Node, bool) {
	values := render.Child(c.node, "values")
	node, err := s.renderer.node(withoutKey(c.node, "values"), outer)
	if err != nil {
		s.templateFailed(c, err)
		return nil, false
	}
	if values == nil || values.Kind != yaml.MappingNode {
		return node, true
	}
	strict := s.renderer
	strict.options = []string{"missingkey=error"}
	resolved := *values
	resolved.Content = slices.Clone(values.Content)
	for i := 1; i < len(resolved.Content); i += 2 {
		below, err := strict.node(resolved.Content[i], outer)
		if err == nil {
			resolved.Content[i] = below
		} else if text := err.Error(); !strings.Contains(text, "map has no entry for key") && !strings.Contains(text, "can't evaluate field") {
			s.templateFailed(c, err)
			return nil, false
		}
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "values"}, &resolved)
	return node, true
}

// withoutKey is a mapping without a key.
func withoutKey(node *yaml.Node, key string) *yaml.Node {
	if render.Child(node, key) == nil {
		return node
	}
	copied := *node
	copied.Content = nil
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != key {
			copied.Content = append(copied.Content, node.Content[i], node.Content[i+1])
		}
	}
	return &copied
}

// decodeNode decodes a node as Argo CD does: by way of JSON.
func decodeNode(node *yaml.Node, into any) error {
	text, err := encode(node)
	if err != nil {
		return err
	}
	return sigsyaml.Unmarshal(text, into)
}

// listGenerator makes the parameters of a list.
func (s *set) listGenerator(c cursor) ([]params, bool) {
	var made []params
	var more value
	failed := len(s.problems)
	s.mapping(c, fields{
		"elements": s.list(func(c cursor) {
			var element params
			if err := decodeNode(c.node, &element); err != nil {
				s.wrong(c, "a mapping")
				return
			}
			if !s.renderer.goTemplate {
				element = s.listElement(c, element)
			}
			made = append(made, element)
		}),
		"elementsYaml": s.value(&more), "template": ignore,
	})
	if more.text != "" {
		var elements []params
		if err := sigsyaml.Unmarshal([]byte(more.text), &elements); err != nil {
			s.fail(more.at, CodeTemplate, "elementsYaml cannot be read: "+firstLine(err), "write a list of mappings")
		}
		made = append(made, elements...)
	}
	return made, len(s.problems) == failed
}

// listElement checks an element for simple templates: all of it is strings.
func (s *set) listElement(c cursor, element params) params {
	flat := params{}
	add := func(key string, v any) {
		text, ok := v.(string)
		if !ok {
			s.wrong(c.at(key), "a string, which an element must be without goTemplate")
		}
		flat[key] = text
	}
	for key, v := range element {
		values, ok := v.(map[string]any)
		if key != "values" || !ok {
			add(key, v)
			continue
		}
		for below, v := range values {
			add("values."+below, v)
		}
	}
	return flat
}

// matrixGenerator makes every pair of the parameters of two generators.
func (s *set) matrixGenerator(c cursor, depth int) ([]params, bool) {
	children, ok := s.children(c, fields{"template": ignore})
	if !ok {
		return nil, false
	}
	if len(children) != 2 {
		s.fail(c, CodeTemplate, "matrix takes exactly two generators", "combine more in nested matrix generators")
		return nil, false
	}
	first, ok := s.child(children[0], nil, depth)
	if !ok {
		return nil, false
	}
	var made []params
	for _, a := range first {
		second, ok := s.child(children[1], a, depth)
		if !ok {
			return nil, false
		}
		for _, b := range second {
			pair, err := s.combine(a, b)
			if err != nil {
				s.fail(c, CodeTemplate, "matrix cannot combine its parameters: "+err.Error(), "name them differently")
				return nil, false
			}
			made = append(made, pair)
		}
	}
	return made, true
}

// combine joins the parameters of two generators of a matrix.
func (s *set) combine(a, b params) (params, error) {
	joined := map[string]any{}
	if s.renderer.goTemplate {
		err := errors.Join(mergo.Merge(&joined, map[string]any(b), mergo.WithOverride), mergo.Merge(&joined, map[string]any(a), mergo.WithOverride))
		return joined, err
	}
	for _, from := range []params{a, b} {
		for key, v := range from {
			text := fmt.Sprintf("%v", v)
			if before, ok := joined[key]; ok && before != text {
				return nil, fmt.Errorf("found duplicate key %s with different value", key)
			}
			joined[key] = text
		}
	}
	return joined, nil
}

// children returns the generators in a matrix or merge generator.
func (s *set) children(c cursor, known fields) ([]cursor, bool) {
	var children []cursor
	failed := len(s.problems)
	known["generators"] = s.list(func(c cursor) { children = append(children, c) })
	s.mapping(c, known)
	return children, len(s.problems) == failed
}

// child runs a generator in another.
func (s *set) child(c cursor, outer params, depth int) ([]params, bool) {
	failed := len(s.problems)
	results := s.transform(c, nil, outer, depth+1)
	if len(s.problems) > failed {
		return nil, false
	}
	if len(results) != 1 {
		s.fail(c, CodeTemplate, "more than one generator in an entry of matrix or merge", "write each as an entry of its own")
		return nil, false
	}
	return results[0].params, true
}

// mergeGenerator merges the parameters of generators into those of the first,
// by keys.
func (s *set) mergeGenerator(c cursor, depth int) ([]params, bool) {
	var keys []value
	children, ok := s.children(c, fields{"mergeKeys": s.values(&keys), "template": ignore})
	if !ok {
		return nil, false
	}
	if len(children) < 2 || len(keys) == 0 {
		s.fail(c, CodeTemplate, "merge takes two or more generators and mergeKeys", "name them")
		return nil, false
	}
	var base []params
	var order []string
	for i, child := range children {
		made, ok := s.child(child, nil, depth)
		if !ok {
			return nil, false
		}
		byKey, inOrder, ok := s.byKeys(child, texts(keys), made)
		if !ok {
			return nil, false
		}
		if i == 0 {
			base, order = made, inOrder
			continue
		}
		for at, key := range order {
			override, ok := byKey[key]
			if !ok {
				continue
			}
			if !s.renderer.goTemplate {
				maps.Copy(base[at], override)
				continue
			}
			target := map[string]any(base[at])
			if err := mergo.Merge(&target, map[string]any(override), mergo.WithOverride); err != nil {
				s.fail(c, CodeTemplate, "merge cannot merge its parameters: "+firstLine(err), "give them the same types")
				return nil, false
			}
			base[at] = target
		}
	}
	return base, true
}

// byKeys returns parameters by the values of their merge keys, and these in
// order.
func (s *set) byKeys(c cursor, keys []string, made []params) (map[string]params, []string, bool) {
	byKey := map[string]params{}
	var order []string
	for _, p := range made {
		values := map[string]any{}
		for _, key := range keys {
			values[key] = p[key]
		}
		text, err := json.Marshal(values)
		if _, twice := byKey[string(text)]; err != nil || twice {
			s.fail(c, CodeTemplate, "the parameters are not unique by the mergeKeys: "+string(text), "merge by keys that tell them apart")
			return nil, nil, false
		}
		byKey[string(text)] = p
		order = append(order, string(text))
	}
	return byKey, order, true
}

// fill returns a template with what it leaves empty taken from another.
func fill(into, from *yaml.Node, key string) *yaml.Node {
	switch {
	case into == nil || isEmpty(into):
		return from
	case from == nil || into.Kind != yaml.MappingNode || from.Kind != yaml.MappingNode || key == "valuesObject":
		return into
	}
	filled := *into
	filled.Content = slices.Clone(into.Content)
	for i := 0; i+1 < len(from.Content); i += 2 {
		name := from.Content[i].Value
		at := index(&filled, name)
		if at < 0 {
			filled.Content = append(filled.Content, from.Content[i], from.Content[i+1])
			continue
		}
		filled.Content[at+1] = fill(filled.Content[at+1], from.Content[i+1], name)
	}
	return &filled
}

// isEmpty tells whether a value is the zero value of its type.
func isEmpty(node *yaml.Node) bool {
	if node.Kind == yaml.ScalarNode {
		return isNull(node) || node.Value == "" || node.Value == "false" || node.Value == "0"
	}
	return len(node.Content) == 0
}
