package clusterimagepolicy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/workload"
	"github.com/syncgate/syncgate/policy/document"
)

// selector tells which images, where they run, a policy is about.
type selector struct {
	globs []glob
	match []matchResource
}

// Select tells whether one of the globs matches the image and, if resources
// are named, one of them the object or what the cluster makes of it.
func (s *selector) Select(_ context.Context, subject policy.Subject, use policy.Use) (policy.Selection, string) {
	selection, why := s.selectImage(subject)
	if selection == policy.NotSelected || len(s.match) == 0 {
		return selection, why
	}
	if len(s.forms(use)) > 0 {
		return selection, why
	}
	for _, form := range workload.Forms(use) {
		if !form.LabelsKnown && slices.ContainsFunc(s.match, func(m matchResource) bool { return m.isAbout(form) && m.Selector != nil }) {
			return policy.SelectionUnknown, fmt.Sprintf("it is for %s with certain labels, and those of what %s makes are not known", resource(form.Kind), workload.Called(use))
		}
	}
	if !workload.Known(use) {
		return policy.SelectionUnknown, workload.Unknown(use)
	}
	return policy.NotSelected, fmt.Sprintf("it is for %s, and %s is none", s.resources(), workload.Called(use))
}

// names are those by which policy-controller would know the image: the
// reference in full, and what its webhook makes of a tag. A tag beside a
// digest names nothing: no registry checks it.
func names(s policy.Subject) []string {
	tagged := s.Repository + ":" + s.Tag
	if s.Tag == "" {
		tagged += "latest"
	}
	pinned := s.Repository + "@" + s.Digest.String()
	switch {
	case s.Pinned:
		return []string{pinned}
	case s.Digest.IsZero():
		return []string{tagged, s.Reference}
	}
	return []string{tagged, s.Reference, pinned}
}

func (s *selector) selectImage(subject policy.Subject) (policy.Selection, string) {
	for _, g := range s.globs {
		if slices.ContainsFunc(names(subject), g.whole.MatchString) {
			return policy.Selected, ""
		}
	}
	if subject.Digest.IsZero() && slices.ContainsFunc(s.globs, func(g glob) bool { return strings.Contains(g.source, "@") }) {
		return policy.SelectionUnknown, "its globs name digests, and the image's is not known"
	}
	for _, g := range s.globs {
		for _, name := range names(subject) {
			if strings.HasPrefix(name, g.source+":") || strings.HasPrefix(name, g.source+"@") {
				return policy.NotSelected, "it is about " + s.about() + "; policy-controller holds a glob against the tag or the digest, too: write " + g.source + "*"
			}
		}
	}
	return policy.NotSelected, "it is about " + s.about()
}

func (s *selector) about() string {
	sources := make([]string, len(s.globs))
	for i, g := range s.globs {
		sources[i] = g.source
	}
	return strings.Join(sources, ", ")
}

func (s *selector) resources() string {
	list := make([]string, len(s.match))
	for i, m := range s.match {
		list[i] = m.Resource.Value
	}
	return strings.Join(list, ", ")
}

// forms are the stages of an object that the policy is about, the first one
// first.
func (s *selector) forms(use policy.Use) []workload.Form {
	var out []workload.Form
	for _, form := range workload.Forms(use) {
		if len(s.match) == 0 || slices.ContainsFunc(s.match, func(m matchResource) bool { return m.selects(form) }) {
			out = append(out, form)
		}
	}
	return out
}

// isAbout tells whether a form is of the resource.
func (m *matchResource) isAbout(f workload.Form) bool {
	return m.Resource.Value == resource(f.Kind) && m.Group.Value == f.Group() && (m.Version.Value == "*" || m.Version.Value == f.Version())
}

func (m *matchResource) selects(f workload.Form) bool {
	return m.isAbout(f) && (m.Selector == nil || f.LabelsKnown && m.Selector.Matches(f.Labels, document.Equal))
}

// resource is the name of a kind in URLs, as Kubernetes guesses it.
func resource(kind string) string {
	name := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(name, "s"):
		return name + "es"
	case strings.HasSuffix(name, "y"):
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}
