package helm

import "helm.sh/helm/v4/pkg/strvals"

// Assign sets values in place as --set does, from an assignment such as
// "a.b[0]=c". It is for deployers that merge values themselves.
func Assign(values map[string]any, assignment string) error {
	return strvals.ParseInto(assignment, values)
}

// AssignString is Assign as --set-string does: each value is a string.
func AssignString(values map[string]any, assignment string) error {
	return strvals.ParseIntoString(assignment, values)
}
