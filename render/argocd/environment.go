package argocd

import (
	"os"
	"slices"
)

// environment is the build environment of a source: what Argo CD puts in for
// $VARIABLES.
type environment struct {
	values map[string]string
	// unknown are the variables whose values are not known, with the reason.
	unknown map[string]string
}

// newEnvironment returns the nine variables of newEnv
// (reposerver/repository/repository.go).
func newEnvironment(app application, instance string, s source, commit string) environment {
	short := func(n int) string { return commit[:min(n, len(commit))] }
	e := environment{unknown: map[string]string{}, values: map[string]string{
		"ARGOCD_APP_NAME":                   instance,
		"ARGOCD_APP_NAMESPACE":              app.namespace,
		"ARGOCD_APP_PROJECT_NAME":           app.project,
		"ARGOCD_APP_REVISION":               commit,
		"ARGOCD_APP_REVISION_SHORT":         short(7),
		"ARGOCD_APP_REVISION_SHORT_8":       short(8),
		"ARGOCD_APP_SOURCE_REPO_URL":        s.repoURL.text,
		"ARGOCD_APP_SOURCE_PATH":            s.path.text,
		"ARGOCD_APP_SOURCE_TARGET_REVISION": s.revision.text,
	}}
	if commit == "" {
		for _, name := range []string{"ARGOCD_APP_REVISION", "ARGOCD_APP_REVISION_SHORT", "ARGOCD_APP_REVISION_SHORT_8"} {
			e.unknown[name] = "the files are read as they are, not at a commit"
		}
	}
	return e
}

// expand puts in the variables, $$ being a dollar. It returns the names of
// those that are not known; a name that Argo CD does not know is empty.
func (e environment) expand(text string) (expanded string, unknown []string) {
	expanded = os.Expand(text, func(name string) string {
		if name == "$" {
			return "$"
		}
		if _, ok := e.unknown[name]; ok && !slices.Contains(unknown, name) {
			unknown = append(unknown, name)
		}
		return e.values[name]
	})
	return expanded, unknown
}
