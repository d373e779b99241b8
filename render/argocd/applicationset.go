package argocd

import (
	"context"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// set is an ApplicationSet that is expanded.
type set struct {
	*decoder
	ctx      context.Context
	deployer *Deployer
	tree     render.Tree
	at       cursor
	renderer templater

	generators []cursor
	template   cursor
	patch      value
	// made is how many sets of parameters there are so far.
	made int
}

// generate returns the Applications that an ApplicationSet makes
// (applicationset/controllers/template). What takes too long is left behind.
func (a *Deployer) generate(ctx context.Context, tree render.Tree, object render.Object) ([]cursor, []render.Problem) {
	ctx, cancel := context.WithTimeout(ctx, bounds.RenderTime)
	defer cancel()
	type result struct {
		applications []cursor
		problems     []render.Problem
	}
	unseen := func(message string) []render.Problem {
		return []render.Problem{{
			Code: CodeTemplate, Object: object.ID, Origin: object.Origin, Message: object.ID.String() + ": " + message,
			Hint: "make its templates simpler",
		}}
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if recover() != nil {
				r = result{problems: unseen("expanding it broke down")}
			}
			done <- r
		}()
		s := &set{decoder: &decoder{id: object.ID}, ctx: ctx, deployer: a, tree: tree, at: rootOf(object)}
		r.applications = s.applications()
		r.problems = s.problems
	}()
	select {
	case r := <-done:
		return r.applications, r.problems
	case <-ctx.Done():
		return nil, unseen(fmt.Sprintf("expanding it takes longer than %v", bounds.RenderTime))
	}
}

// read reads the ApplicationSet.
func (s *set) read() {
	var options []value
	s.mapping(s.at, fields{
		"apiVersion": ignore, "kind": ignore, "metadata": ignore, "status": ignore,
		"spec": func(c cursor) {
			s.mapping(c, fields{
				"goTemplate": s.flag(&s.renderer.goTemplate), "goTemplateOptions": s.values(&options),
				"generators":    s.list(func(c cursor) { s.generators = append(s.generators, c) }),
				"template":      func(c cursor) { s.template = c },
				"templatePatch": s.value(&s.patch),
				"syncPolicy":    ignore, "strategy": ignore, "preservedFields": ignore,
				"applyNestedSelectors": ignore, "ignoreApplicationDifferences": ignore,
			})
		},
	})
	s.renderer.options = texts(options)
	for _, option := range options {
		if !slices.Contains([]string{"missingkey=default", "missingkey=invalid", "missingkey=zero", "missingkey=error"}, option.text) {
			s.fail(option.at, CodeTemplate, fmt.Sprintf("template option %q is not known", option.text), "write missingkey=error")
		}
	}
}

// applications makes the Applications.
func (s *set) applications() []cursor {
	s.read()
	if len(s.problems) > 0 {
		// What it makes would not be what it says.
		return nil
	}
	var all []cursor
	names := map[string]bool{}
	for _, c := range s.generators {
		for _, result := range s.transform(c, s.template.node, nil, 0) {
			for _, params := range result.params {
				app, ok := s.application(result.template, params)
				if !ok {
					continue
				}
				name := app.in.object.ID.Name
				if names[name] {
					s.fail(s.template, CodeTemplate, fmt.Sprintf("it makes more than one Application of the name %q", name), "make the name depend on every parameter that differs")
					continue
				}
				names[name] = true
				all = append(all, app)
			}
		}
	}
	if len(all) == 0 && len(s.problems) == 0 {
		s.unseen(s.at.at("spec", "generators"), CodeNoApplications, "it makes no Application", "check its generators, or remove it")
	}
	return all
}

// application makes one Application of a template and parameters.
func (s *set) application(template *yaml.Node, params params) (cursor, bool) {
	if template == nil || template.Kind != yaml.MappingNode {
		s.wrong(s.template, "a template of an Application")
		return cursor{}, false
	}
	object := s.at.in.object
	in := &document{object: object, places: s.at.in.places}
	root, err := s.renderer.node(template, params)
	if err != nil {
		s.templateFailed(s.template, err)
		return cursor{}, false
	}
	if s.patch.text != "" {
		if root, err = s.patched(root, params); err != nil {
			s.templateFailed(s.patch.at, err)
			return cursor{}, false
		}
	}
	metadata := render.Child(root, "metadata")
	name := render.Child(metadata, "name")
	if name == nil || name.Kind != yaml.ScalarNode || name.Value == "" {
		s.fail(s.template, CodeTemplate, "its template names no Application", "set template.metadata.name")
		return cursor{}, false
	}
	in.object.ID = render.ObjectID{APIVersion: object.ID.APIVersion, Kind: "Application", Namespace: object.ID.Namespace, Name: name.Value}
	if object.Locator != nil {
		in.object.Locator = templateLocator{object.Locator, object.ID}
	}
	return cursor{node: withNamespace(root, object.ID.Namespace), in: in}, true
}

// withNamespace sets the namespace of an Application, which is always that of
// its ApplicationSet.
func withNamespace(root *yaml.Node, namespace string) *yaml.Node {
	metadata := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	old := render.Child(root, "metadata")
	for i := 0; i+1 < len(old.Content); i += 2 {
		if old.Content[i].Value != "namespace" {
			metadata.Content = append(metadata.Content, old.Content[i], old.Content[i+1])
		}
	}
	if namespace != "" {
		put(metadata, "namespace", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: namespace})
	}
	put(root, "metadata", metadata)
	return root
}

// templateFailed tells of a template that does not expand.
func (s *set) templateFailed(c cursor, err error) {
	if unknowable(err) {
		s.unseen(c, CodeTemplate, err.Error(), "write what does not change from one time to the next")
		return
	}
	s.fail(c, CodeTemplate, "its template fails: "+firstLine(err), "correct the template or the parameters")
}

// templateLocator finds the fields of an Application in the template of the
// ApplicationSet that made it.
type templateLocator struct {
	inner render.Locator
	set   render.ObjectID
}

// Locate returns where a field of the template was written.
func (l templateLocator) Locate(_ render.ObjectID, field render.Field, value string) render.Origin {
	return l.inner.Locate(l.set, append(render.Field{{Key: "spec"}, {Key: "template"}}, field...), value)
}

// patched applies the templatePatch: a strategic merge patch, which for the
// fields of an Application replaces lists as a whole. The project stays.
func (s *set) patched(root *yaml.Node, params params) (*yaml.Node, error) {
	text, err := s.renderer.text(s.patch.text, params)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("templatePatch cannot be read: %w", err)
	}
	if len(document.Content) == 0 {
		return root, nil
	}
	patch, err := render.Expand(document.Content[0])
	if err != nil {
		return nil, err
	}
	if twice := repeatedKey(patch); twice != nil {
		return nil, fmt.Errorf("templatePatch has the key %q twice", twice.Value)
	}
	if patch.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("templatePatch is not a mapping")
	}
	origin := s.patch.at.origin()
	var directive string
	eachNode(patch, func(n *yaml.Node) {
		s.at.in.places[n] = origin
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if key := n.Content[i].Value; len(key) > 1 && key[0] == '$' {
				directive = key
			}
		}
	})
	if directive != "" {
		return nil, unknowableError("templatePatch has the directive " + directive + ", which is not known")
	}
	project := render.Child(render.Child(root, "spec"), "project")
	root = mergePatch(root, patch)
	if spec := render.Child(root, "spec"); spec != nil && spec.Kind == yaml.MappingNode {
		if i := index(spec, "project"); i >= 0 {
			spec.Content = slices.Delete(slices.Clone(spec.Content), i, i+2)
		}
		if project != nil {
			put(spec, "project", project)
		}
	}
	return root, nil
}
