package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
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
		Source:       c.At(e.place),
	}
}

// writtenException is an exception with its places.
type writtenException struct {
	file *document.File
	spec exceptionSpec
}

// Finish reports requirements that exceptions name and that none of their
// policies has, once all policies are read. An exception to a policy which is
// not loaded is left alone: the same exceptions may serve several sets of
// policies.
func (r *Reader) Finish(policies []policy.Policy) document.Problems {
	var problems document.Problems
	requirements := map[string][]string{}
	for _, p := range policies {
		requirements[p.Name] = requirementNames(p.Require)
	}
	for _, e := range r.written {
		var known []string
		loaded := true
		for _, p := range e.spec.Policies {
			names, ok := requirements[p.Value]
			known, loaded = append(known, names...), loaded && ok
		}
		for _, n := range e.spec.Requirements {
			if loaded && !slices.Contains(known, n.Value) {
				problems = append(problems, e.file.Problem(n.Node.Line, n.Node.Column, fmt.Sprintf(
					"no requirement %s in policy %s%s", document.Quote(n.Value), strings.Join(values(e.spec.Policies), ", "), document.Suggest(n.Value, known))))
			}
		}
	}
	return problems
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
