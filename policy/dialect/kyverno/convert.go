package kyverno

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/document"
)

// Language converts Kyverno's policies on images. It implements
// convert.Language.
type Language struct{}

var _ convert.Language = Language{}

// Reads tells whether a document is one for this language.
func (Language) Reads(group, kind string) bool { return Reads(group, kind) }

// Convert writes one document as native policies: one for each entry of
// verifyImages, or one for an ImageValidatingPolicy.
func (Language) Convert(file *document.File, doc document.Document) ([]convert.Policy, document.Problems) {
	reader := NewReader(document.Names{}, &document.Budget{}, nil, nil)
	if problems := reader.Read(file, doc); len(problems) > 0 {
		return nil, problems
	}
	d := document.NewDecoder(file, &document.Budget{})
	d.Lenient = true
	version, _ := document.KindOf(doc.Root)
	if strings.HasPrefix(version.Value, ImageGroup+"/") {
		var p imagePolicy
		d.Decode(doc.Root, &p)
		c := &converter{Decoder: d}
		return []convert.Policy{c.writeImages(p)}, nil
	}
	var p clusterPolicy
	d.Decode(doc.Root, &p)
	c := &converter{Decoder: d, document: p}
	return c.write(), nil
}

// write writes the entries of all rules.
func (c *converter) write() []convert.Policy {
	made := c.policies()
	var out []convert.Policy
	for i := range c.document.Spec.Rules {
		r := &c.document.Spec.Rules[i]
		for j := range r.VerifyImages {
			v := modern(r.VerifyImages[j])
			name := c.document.Metadata.Name.Value
			if len(made) > 1 {
				name += "-" + r.Name.Value
			}
			if len(r.VerifyImages) > 1 {
				name += fmt.Sprintf("-%d", j+1)
			}
			w := convert.Policy{
				Name: new(convert.Policy).Named(name), From: fmt.Sprintf("verifyImages[%d] of rule %s of the %s at %s", j, r.Name.Value, c.document.Kind.Value, c.At(v.place)),
				Warn: c.warns(v), Digest: made[len(out)].RequireDigest,
			}
			c.writeEntry(&w, r, &v, made[len(out)].Require)
			out = append(out, w)
		}
	}
	return out
}

// writeEntry writes one entry, which asks for the requirements.
func (c *converter) writeEntry(w *convert.Policy, r *rule, v *verification, asked []policy.Requirement) {
	m := w.Matching()
	c.writeMatch(m, r, v)
	w.Match = m.Node()
	if len(asked) == 1 && asked[0].Static != nil && asked[0].Static.Verdict == policy.Pass && !m.More {
		w.Note("It names no attestors, and images need not be verified (required: false), so that nothing is asked for.")
		return
	}
	if c.warns(*v) && c.document.Spec.FailureAction.Value == "" && v.FailureAction.Value == "" {
		w.Note("Neither validationFailureAction nor failureAction is written: the policy only reports (Audit).")
	}
	if w.Warn && m.More {
		// What no policy is about does not run; what only this one is about
		// would.
		w.Warn = false
		w.Note("The policy only reports there (Audit). It enforces here, because it is about more than it was; write mode: warn again where that is right.")
	}
	for _, r := range asked {
		w.Require = append(w.Require, w.Requirement(r, expressions))
	}
}

// writeMatch writes which images, where they run, an entry is about.
func (c *converter) writeMatch(m *convert.Matched, r *rule, v *verification) {
	for _, t := range v.ImageReferences {
		m.Image(c.At(t.Place), t.Value)
	}
	for _, t := range v.Skip {
		m.Exclude(c.At(t.Place), t.Value)
	}
	if c.document.Kind.Value == "Policy" {
		namespace := c.document.Metadata.Namespace
		if namespace == "" {
			namespace = "default"
		}
		m.Namespaces(namespace)
	}
	c.writeFilters(m, r.Match)
	for _, left := range []struct {
		place place
		what  string
	}{
		{excludePlace(r.Exclude), "exclude"}, {r.Preconditions.Place, "preconditions"},
	} {
		if left.place.Written() {
			m.Left(c.At(left.place), left.what)
		}
	}
	for kind, e := range r.ImageExtractors {
		m.Left(c.At(e.Place), "imageExtractors of "+kind)
	}
}

func excludePlace(m *match) place {
	if m == nil {
		return place{}
	}
	return m.place
}

// writeFilters writes the kinds and namespaces of a rule's match. Of several
// filters all of which must hold, one says enough.
func (c *converter) writeFilters(m *convert.Matched, r match) {
	filters := r.Any
	switch {
	case len(r.All) > 0:
		filters = r.All[:1]
		for _, f := range r.All[1:] {
			m.Left(c.At(f.place), "a filter of match.all")
		}
	case len(r.Any) == 0:
		filters = []filter{{place: r.place, Resources: r.Resources, Roles: r.Roles, Clusters: r.Clusters, Subjects: r.Subjects}}
	}
	same := len(filters) == 1
	for _, f := range filters {
		for _, who := range []anything{f.Roles, f.Clusters, f.Subjects} {
			if who.Written() {
				m.Left(c.At(who.Place), "who makes the object")
			}
		}
		if f.Resources == nil {
			m.Kinds("Pod")
			continue
		}
		c.writeResources(m, f.Resources, same)
	}
}

// writeResources writes the kinds, and if it is the only filter the namespaces,
// of one.
func (c *converter) writeResources(m *convert.Matched, r *resources, only bool) {
	for _, k := range r.Kinds {
		_, _, name, _ := kindParts(k)
		if isVariable(k.Value) {
			m.Left(c.At(k.Place), "the kind "+k.Value)
			name = "Pod"
		}
		m.Kinds(name)
	}
	if len(r.Kinds) == 0 {
		m.Kinds("Pod")
	}
	var namespaces []string
	for _, t := range r.Namespaces {
		if strings.ContainsAny(t.Value, "?{") || !only || c.document.Kind.Value == "Policy" {
			namespaces = nil
			m.Left(c.At(t.Place), "the namespaces")
			break
		}
		namespaces = append(namespaces, t.Value)
	}
	m.Namespaces(namespaces...)
	left := func(written bool, at place, what string) {
		if written {
			m.Left(c.At(at), what)
		}
	}
	left(r.Name.Value != "" || len(r.Names) > 0, r.place, "the names of objects")
	left(len(r.Annotations) > 0, r.place, "the annotations of objects")
	left(r.Selector != nil, r.place, "the labels of objects")
	left(r.NamespaceSelector != nil, r.place, "the labels of namespaces")
	left(len(r.Operations) > 0, r.place, "the operations")
}

// expressions writes conditions in CEL.
func expressions(e policy.Expression) (cel, lacking string) {
	c, ok := e.(*condition)
	if !ok {
		return "", "write in CEL what " + e.String() + " say"
	}
	if cel, ok := inCEL(c.source); ok {
		return cel, ""
	}
	return "", fmt.Sprintf("write in CEL what %s say: %s", e, c.source)
}
