package clusterimagepolicy

import (
	"maps"
	"slices"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
)

// trustRoots are the TrustRoots that were read and those that policies refer
// to, by name. A policy may come before what it refers to.
type trustRoots map[string]*namedRoot

// namedRoot is a TrustRoot. Until it is read it is one that the run must know
// by its name.
type namedRoot struct {
	root *policy.TrustedRoot
	// referred tells that a policy refers to it.
	referred bool
	// problems are what keeps its contents from being used.
	problems document.Problems
}

func (t trustRoots) named(name string) *namedRoot {
	if t[name] == nil {
		t[name] = &namedRoot{root: &policy.TrustedRoot{Name: name}}
	}
	return t[name]
}

// refer is the trusted root that a policy refers to, and nil without a
// reference: that is the run's own.
func (c *converter) refer(name text) *policy.TrustedRoot {
	if name.Value == "" {
		return nil
	}
	found := c.trust.named(name.Value)
	if !found.referred {
		found.referred, found.root.Source = true, c.Pointed(name.Node)
	}
	return found.root
}

// Finish returns what is wrong with the contents of TrustRoots that policies
// refer to.
func (r *Reader) Finish() document.Problems {
	var problems document.Problems
	for _, name := range slices.Sorted(maps.Keys(r.trust)) {
		if t := r.trust[name]; t.referred {
			problems = append(problems, t.problems...)
		}
	}
	return problems
}
