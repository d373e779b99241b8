package kyverno

import (
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/document"
)

// lacking are the fields of a rule and an entry that are not honoured.
func (c *converter) lacking(r *rule, v *verification) []string {
	var out []string
	add := func(p place, field string) {
		if p.Written() {
			out = append(out, c.FieldAt(p.Node, field))
		}
	}
	for _, entry := range r.Context {
		out = append(out, c.contextLacking(entry)...)
	}
	add(r.CELPreconditions.Place, "celPreconditions")
	if v.Type.Value == "Notary" {
		add(v.Type.Place, "type: Notary")
	}
	if v.Validation != nil {
		add(v.Validation.place, "verifyImages.validate")
	}
	add(v.AdditionalExtensions.Place, "additionalExtensions")
	if v.Type.Value == "SigstoreBundle" {
		add(v.Repository.Place, "repository with type: SigstoreBundle")
	}
	if v.Written() && len(c.Problems) == 0 {
		s := scan{c: c, left: bounds.PolicyNodes}
		s.visit(v.Node, "verifyImages", 0)
		out = append(out, s.found...)
	}
	return out
}

// scan finds the places where a value is filled in from what the cluster
// knows.
type scan struct {
	c     *converter
	left  int
	found []string
}

// visit looks at a value and those in it. Conditions are looked at by
// themselves.
func (s *scan) visit(n *yaml.Node, path string, depth int) {
	if s.left--; s.left < 0 || depth > bounds.PolicyDepth {
		if s.left >= -1 {
			s.c.Report(n, "%s nests too deeply or holds too much, aliases expanded", path)
			s.left = -1
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && isVariable(n.Value) {
		const most = 60
		shown := []rune(document.Printable(n.Value))
		s.found = append(s.found, s.c.FieldAt(n, path+": "+string(shown[:min(len(shown), most)])))
	}
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			s.visit(child, path, depth+1)
		case i%2 == 1 && n.Content[i-1].Value != "conditions" && n.Content[i-1].Value != "validate":
			s.visit(child, path+"."+n.Content[i-1].Value, depth+1)
		}
	}
}
