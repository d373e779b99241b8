package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// exception converts a document of kind ImageException.
func (c *converter) exception(e imageException) policy.Exception {
	return policy.Exception{
		Name:         e.Metadata.Name.Value,
		Images:       values(e.Spec.Images),
		Policies:     values(e.Spec.Policies),
		Requirements: values(e.Spec.Requirements),
		Until:        e.Spec.Until.Value,
		Reason:       e.Spec.Reason.Value,
		ApprovedBy:   e.Spec.ApprovedBy.Value,
		Source:       c.at(e.place),
	}
}

// writtenException is an exception with its places.
type writtenException struct {
	source *source
	spec   exceptionSpec
}

// checkExceptions reports requirements that exceptions name and that none of
// their policies has. An exception to a policy which is not loaded is left
// alone: the same exceptions may serve several sets of policies.
func (l *loader) checkExceptions() {
	requirements := map[string][]string{}
	for _, p := range l.set.Policies {
		requirements[p.Name] = requirementNames(p.Require)
	}
	for _, e := range l.written {
		var known []string
		loaded := true
		for _, p := range e.spec.Policies {
			names, ok := requirements[p.Value]
			known, loaded = append(known, names...), loaded && ok
		}
		for _, r := range e.spec.Requirements {
			if loaded && !slices.Contains(known, r.Value) {
				l.problems = append(l.problems, e.source.problem(r.node.Line, r.node.Column, fmt.Sprintf(
					"no requirement %s in policy %s%s", quote(r.Value), strings.Join(values(e.spec.Policies), ", "), suggest(r.Value, known))))
			}
		}
	}
}

func requirementNames(list []policy.Requirement) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.Name)
		if r.Group != nil {
			out = append(out, requirementNames(r.Group.Of)...)
		}
	}
	return out
}
