// Package native reads syncgate's own policy documents, ImagePolicy and
// ImageException of apiVersion syncgate.dev/v1alpha1, into a policy.Set.
//
// Reading is strict, because a policy that is misunderstood lets something
// through: what is unknown, empty, contradictory or misspelt does not load,
// and every problem of every file is told at once, with its place. A field
// that is well formed and that syncgate cannot honour yet is never ignored
// either: it loads, and makes the requirement that holds it unknown.
//
// The language is the set of types in schema.go. The document package reads
// YAML nodes into them, keeping where each value was written; convert.go and
// its neighbours turn them into the policy package's model.
package native
