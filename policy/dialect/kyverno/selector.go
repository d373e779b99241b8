package kyverno

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
	"github.com/syncgate/syncgate/policy/dialect/wildcard"
	"github.com/syncgate/syncgate/policy/dialect/workload"
	"github.com/syncgate/syncgate/policy/document"
)

// selector tells which images, where they run, an entry of a rule is about.
type selector struct {
	references, skip []string
	match            match
	exclude          *match
	// extracts are the kinds whose images the rule says how to find.
	extracts []string
	// namespace is that of a Policy, and empty for a ClusterPolicy.
	namespace    string
	precondition *precondition
	// variable is one that says what the entry is about, and is not known.
	variable string
	// policy and rule are its names, for exceptions.
	policy, rule string
	programs     *sandbox.Pool
}

// selector is that of an entry of a rule, and what of it is not honoured.
func (c *converter) selector(r *rule, v *verification) (*selector, []string) {
	out := &selector{match: r.Match, exclude: r.Exclude, rule: r.Name.Value, policy: c.document.Metadata.Name.Value, programs: c.programs}
	var lacking []string
	if r.Match.Written() && len(c.Problems) == 0 {
		s := scan{c: c, left: bounds.PolicyNodes}
		s.visit(r.Match.Node, "match", 0)
		out.variable = strings.Join(s.found, ", ")
	}
	for _, t := range v.ImageReferences {
		out.references = append(out.references, t.Value)
	}
	for _, t := range v.Skip {
		out.skip = append(out.skip, t.Value)
	}
	for kind, e := range r.ImageExtractors {
		out.extracts = append(out.extracts, kind)
		for _, item := range e.Node.Content {
			if document.HasField(item, "jmesPath") {
				lacking = append(lacking, c.FieldAt(item, "imageExtractors.jmesPath"))
			}
		}
	}
	if c.document.Kind.Value == "Policy" {
		out.namespace = c.document.Metadata.Namespace
		if out.namespace == "" {
			out.namespace = "default"
		}
		out.policy = out.namespace + "/" + out.policy
	}
	written := conditions{anything: r.Preconditions}
	if read, source := c.blocks(written); len(read) > 0 {
		roots, unread := c.checked(written, read)
		lacking = append(lacking, unread...)
		for _, root := range roots {
			if root != "request" {
				lacking = append(lacking, c.FieldAt(written.Node, "preconditions that ask for "+root))
			}
		}
		out.precondition = &precondition{source: source, programs: c.programs}
	}
	return out, lacking
}

// Select tells whether the entry is about the image and, at one of its stages,
// the object.
func (s *selector) Select(ctx context.Context, subject policy.Subject, use policy.Use) (policy.Selection, string) {
	image := nameOf(subject).String()
	switch {
	case matchesAny(s.references, image):
	case slices.ContainsFunc(s.references, isVariable):
		return policy.SelectionUnknown, "it is about " + strings.Join(s.references, ", ") + ", and what that stands for is not known"
	default:
		return policy.NotSelected, "it is about " + strings.Join(s.references, ", ") + untagged(s.references, image)
	}
	if s.variable != "" {
		return policy.SelectionUnknown, "its match asks for " + s.variable + ", and what that stands for is not known"
	}
	if matchesAny(s.skip, image) {
		return policy.NotSelected, "it skips " + strings.Join(s.skip, ", ")
	}
	best, why := policy.NotSelected, "it is not about "+workload.Called(use)
	for _, form := range workload.Forms(use) {
		selection, reason := s.selectForm(ctx, form)
		switch {
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

// untagged says of a reference that is the image's name why it does not match.
func untagged(references []string, image string) string {
	for _, r := range references {
		if strings.HasPrefix(image, r+":") || strings.HasPrefix(image, r+"@") {
			return "; Kyverno holds a reference against the tag or the digest, too: write " + r + "*"
		}
	}
	return ""
}

func matchesAny(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard.Match(p, text) })
}

// selectForm tells whether the rule is about one stage of an object.
func (s *selector) selectForm(ctx context.Context, form workload.Form) (policy.Selection, string) {
	if !s.finds(form) {
		return policy.NotSelected, ""
	}
	f := fact{form: form}
	found := f.matches(s.match)
	if s.exclude != nil {
		found = both(found, not(f.excluded(*s.exclude)))
	}
	if s.namespace != "" {
		found = both(found, f.named(form.Namespace != "", []string{s.namespace}, form.Namespace))
	}
	if found == policy.NotSelected || s.precondition == nil {
		return found, f.why
	}
	if form.Object == nil {
		return policy.SelectionUnknown, "its preconditions ask for the object, which is not known"
	}
	holds, why := s.precondition.holds(ctx, requestOf(form))
	if holds == policy.NotSelected {
		return holds, why
	}
	return both(found, holds), f.why + why
}

// requestOf is what conditions know of an object that is made or changed.
func requestOf(form workload.Form) map[string]any {
	return map[string]any{
		"object": form.Object, "namespace": form.Namespace, "name": form.Name,
		"kind": map[string]any{"group": form.Group(), "version": form.Version(), "kind": form.Kind},
	}
}

// finds tells whether Kyverno knows where such an object names images.
func (s *selector) finds(form workload.Form) bool {
	standard := strings.Fields("Pod DaemonSet Deployment ReplicaSet ReplicationController StatefulSet CronJob Job")
	return slices.Contains(standard, form.Kind) || slices.Contains(s.extracts, form.Kind)
}

// fact is an object that filters are compared with.
type fact struct {
	form workload.Form
	// stem is what the name begins with that the cluster makes up, if it is
	// known.
	stem string
	// why is what is not known.
	why string
}

func both(a, b policy.Selection) policy.Selection {
	switch {
	case a == policy.NotSelected || b == policy.NotSelected:
		return policy.NotSelected
	case a == policy.SelectionUnknown || b == policy.SelectionUnknown:
		return policy.SelectionUnknown
	}
	return policy.Selected
}

func either(a, b policy.Selection) policy.Selection { return not(both(not(a), not(b))) }

func not(a policy.Selection) policy.Selection {
	switch a {
	case policy.Selected:
		return policy.NotSelected
	case policy.NotSelected:
		return policy.Selected
	}
	return policy.SelectionUnknown
}

// matches tells whether the object is what a rule is for.
func (f *fact) matches(m match) policy.Selection {
	return f.combined(m, f.matchesFilter)
}

// excluded tells whether a rule leaves the object out.
func (f *fact) excluded(m match) policy.Selection {
	return f.combined(m, f.excludedBy)
}

func (f *fact) combined(m match, one func(filter) policy.Selection) policy.Selection {
	switch {
	case len(m.Any) > 0:
		found := policy.NotSelected
		for _, item := range m.Any {
			found = either(found, one(item))
		}
		return found
	case len(m.All) > 0:
		found := policy.Selected
		for _, item := range m.All {
			found = both(found, one(item))
		}
		return found
	}
	return one(filter{Resources: m.Resources, Roles: m.Roles, Clusters: m.Clusters, Subjects: m.Subjects})
}

// matchesFilter compares with one filter, all of which must hold. An empty one
// is for nothing.
func (f *fact) matchesFilter(m filter) policy.Selection {
	return f.filtered(m, func(operations []text) bool {
		return slices.ContainsFunc(operations, func(t text) bool { return t.Value == "CREATE" || t.Value == "UPDATE" })
	})
}

// excludedBy is matchesFilter for what is left out: both when it is made and
// when it is changed.
func (f *fact) excludedBy(m filter) policy.Selection {
	return f.filtered(m, func(operations []text) bool {
		has := func(name string) bool {
			return slices.ContainsFunc(operations, func(t text) bool { return t.Value == name })
		}
		return has("CREATE") && has("UPDATE")
	})
}

func (f *fact) filtered(m filter, operations func([]text) bool) policy.Selection {
	found, said := policy.Selected, false
	for _, who := range []place{m.Roles.Place, m.Clusters.Place, m.Subjects.Place} {
		if who.Written() {
			said = true
			found = both(found, f.unknown("it asks who makes the object"))
		}
	}
	if r := m.Resources; r != nil && r.Written() && len(r.Node.Content) > 0 {
		said = true
		found = both(found, f.resource(r, operations))
	}
	if !said {
		return policy.NotSelected
	}
	return found
}

func (f *fact) unknown(why string) policy.Selection {
	f.why = why
	return policy.SelectionUnknown
}

func (f *fact) resource(r *resources, operations func([]text) bool) policy.Selection {
	if len(r.Operations) > 0 && !operations(r.Operations) || len(r.Kinds) > 0 && !slices.ContainsFunc(r.Kinds, f.isKind) {
		return policy.NotSelected
	}
	found := policy.Selected
	if r.Name.Value != "" {
		found = both(found, f.called([]string{r.Name.Value}))
	}
	if len(r.Names) > 0 {
		found = both(found, f.called(words(r.Names)))
	}
	if len(r.Namespaces) > 0 {
		found = both(found, f.named(f.form.Namespace != "", words(r.Namespaces), f.form.Namespace))
	}
	if len(r.Annotations) > 0 {
		found = both(found, f.annotated(r.Annotations))
	}
	switch {
	case r.Selector == nil:
	case !f.form.LabelsKnown:
		found = both(found, f.unknown("it asks for labels, which are not known"))
	case !r.Selector.Matches(f.form.Labels, wildcard.Match):
		found = policy.NotSelected
	}
	if r.NamespaceSelector != nil {
		found = both(found, f.unknown("it asks for the labels of the namespace, which are not known"))
	}
	return found
}

func words(list []text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Value
	}
	return out
}

// called compares the object's name, of which perhaps only the beginning is
// known.
func (f *fact) called(patterns []string) policy.Selection {
	if f.form.Name == "" && f.stem != "" {
		for _, p := range patterns {
			if head, found := strings.CutSuffix(p, "*"); found && !strings.ContainsAny(head, "*?") && strings.HasPrefix(f.stem, head) {
				return policy.Selected
			}
		}
	}
	return f.named(f.form.Name != "", patterns, f.form.Name)
}

// named compares a name, which may not be known.
func (f *fact) named(known bool, patterns []string, name string) policy.Selection {
	switch {
	case matchesAny(patterns, name) || slices.Contains(patterns, "*"):
		return policy.Selected
	case !known:
		return f.unknown("it asks for a name or a namespace that is not known")
	}
	return policy.NotSelected
}

func (f *fact) annotated(want map[string]text) policy.Selection {
	if f.form.Object == nil {
		return f.unknown("it asks for annotations, which are not known")
	}
	metadata, _ := f.form.Object["metadata"].(map[string]any)
	have, _ := metadata["annotations"].(map[string]any)
	for key, value := range want {
		found := false
		for name, held := range have {
			text, ok := held.(string)
			found = found || ok && wildcard.Match(key, name) && wildcard.Match(value.Value, text)
		}
		if !found {
			return policy.NotSelected
		}
	}
	return policy.Selected
}

var versionForm = regexp.MustCompile(`^(v\d+((alpha|beta)\d+)?|\*)$`)

// isKind tells whether a kind, with or without group and version, is the
// object's.
func (f *fact) isKind(kind text) bool {
	group, version, name, sub := kindParts(kind)
	return wildcard.Match(group, f.form.Group()) && wildcard.Match(version, f.form.Version()) &&
		wildcard.Match(name, f.form.Kind) && wildcard.Match(sub, "")
}

// kindParts are the parts of a kind as it is written.
func kindParts(kind text) (group, version, name, sub string) {
	group, version = "*", "*"
	parts := strings.Split(kind.Value, "/")
	last := strings.Split(parts[len(parts)-1], ".")
	parts = append(parts[:len(parts)-1], last...)
	switch len(parts) {
	case 1:
		name = parts[0]
	case 2:
		switch {
		case kind.Value == "*/*":
			name, sub = "*", "*"
		case parts[0] == "*" && strings.ToLower(parts[1]) == parts[1]:
			name, sub = "*", parts[1]
		case versionForm.MatchString(parts[0]):
			version, name = parts[0], parts[1]
		default:
			name, sub = parts[0], parts[1]
		}
	case 3:
		if versionForm.MatchString(parts[0]) {
			version, name, sub = parts[0], parts[1], parts[2]
		} else {
			group, version, name = parts[0], parts[1], parts[2]
		}
	case 4:
		group, version, name, sub = parts[0], parts[1], parts[2], parts[3]
	}
	return group, version, name, sub
}
