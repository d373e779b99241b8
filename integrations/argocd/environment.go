package argocd

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// Environment is what Argo CD tells a plugin of an application. Nothing in it
// is trusted: who writes the application or the repository chooses most of it.
type Environment struct {
	// App is the name of the application, Namespace the destination's, and
	// Project that of its project.
	App, Namespace, Project string
	// Repository, Revision and TargetRevision are those of the source; Revision
	// is the commit, or the version of a chart.
	Repository, Revision, TargetRevision string
	// Path is the source's directory, from the root of the repository.
	Path string
	// KubeVersion and APIVersions are the cluster's.
	KubeVersion string
	APIVersions []string
	// Variables are those of the application's plugin.env, by their names with
	// ARGOCD_ENV_ before them.
	Variables map[string]string
	// Parameters are those of the application's plugin.parameters.
	Parameters []Parameter
}

// Parameter is one parameter of a plugin, as Argo CD passes it: one of the
// three is set.
type Parameter struct {
	Name   string            `json:"name"`
	String *string           `json:"string"`
	Array  []string          `json:"array"`
	Map    map[string]string `json:"map"`
}

// ReadEnvironment reads what Argo CD told, out of os.Environ. It is an error
// where it told nothing: the program was not started by Argo CD.
func ReadEnvironment(environ []string) (Environment, error) {
	values := map[string]string{}
	e := Environment{Variables: map[string]string{}}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
		if strings.HasPrefix(name, "ARGOCD_ENV_") {
			e.Variables[name] = value
		}
	}
	e.App, e.Namespace, e.Project = values["ARGOCD_APP_NAME"], values["ARGOCD_APP_NAMESPACE"], values["ARGOCD_APP_PROJECT_NAME"]
	e.Repository, e.Revision = values["ARGOCD_APP_SOURCE_REPO_URL"], values["ARGOCD_APP_REVISION"]
	e.TargetRevision, e.Path = values["ARGOCD_APP_SOURCE_TARGET_REVISION"], values["ARGOCD_APP_SOURCE_PATH"]
	e.KubeVersion = values["KUBE_VERSION"]
	if list := values["KUBE_API_VERSIONS"]; list != "" {
		e.APIVersions = strings.Split(list, ",")
	}
	if e.App == "" {
		return e, errors.New("read environment: ARGOCD_APP_NAME is not set; Argo CD starts this command, with the environment of an application")
	}
	text := values["ARGOCD_APP_PARAMETERS"]
	if len(text) > bounds.PluginParameters {
		return e, fmt.Errorf("read ARGOCD_APP_PARAMETERS: it is larger than %d bytes", bounds.PluginParameters)
	}
	if text == "" {
		return e, nil
	}
	if err := json.Unmarshal([]byte(text), &e.Parameters); err != nil {
		return e, fmt.Errorf("read ARGOCD_APP_PARAMETERS: want a list of parameters: %w", err)
	}
	return e, nil
}

// Root is the directory of the repository, of which dir, where the plugin was
// started, is the application's directory.
func (e Environment) Root(dir string) (string, error) {
	inside := path.Clean("/" + e.Path)
	root, found := strings.CutSuffix(filepath.ToSlash(dir), strings.TrimSuffix(inside, "/"))
	if !found || root == "" {
		return "", fmt.Errorf("find repository: the working directory %s does not end with ARGOCD_APP_SOURCE_PATH %s; Argo CD starts this command in the application's directory", dir, e.Path)
	}
	return filepath.FromSlash(root), nil
}
