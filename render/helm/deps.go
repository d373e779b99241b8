package helm

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/syncgate/syncgate/render"
)

// checkInstallable refuses a library chart, as Helm does.
func checkInstallable(c *chart.Chart, at place) error {
	if c.Metadata.Type == "" || c.Metadata.Type == "application" {
		return nil
	}
	p := broken(at.origin("Chart.yaml"), c.Metadata.Type+" charts are not installable")
	p.Hint = "a library chart deploys nothing by itself: render a chart that depends on it"
	return p
}

// checkDependencies refuses a chart that declares dependencies which are not
// in charts/, as Helm does, enabled or not.
func checkDependencies(fsys fs.FS, c *chart.Chart, at place) error {
	var missing []*chart.Dependency
	for _, dep := range c.Metadata.Dependencies {
		if !hasSubchart(c, dep.Name) {
			missing = append(missing, dep)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	names := make([]string, len(missing))
	for i, dep := range missing {
		names[i] = dep.Name
	}
	p := unseen(dependencyOrigin(fsys, at, names[0]),
		"found in Chart.yaml, but missing in charts/ directory: "+strings.Join(names, ", "))
	p.Hint = fmt.Sprintf("run helm dependency build %s and commit %s", at.path, path.Join(at.path, "charts"))
	if strings.HasPrefix(missing[0].Repository, "file://") {
		p.Hint += ": a file:// dependency, too, is rendered from charts/ alone"
	}
	return p
}

func hasSubchart(c *chart.Chart, name string) bool {
	for _, sub := range c.Dependencies() {
		if sub.Name() == name {
			return true
		}
	}
	return false
}

// dependencyOrigin returns where a dependency is declared: in Chart.yaml, or
// in requirements.yaml of charts for Helm 2.
func dependencyOrigin(fsys fs.FS, at place, name string) render.Origin {
	for _, file := range []string{"Chart.yaml", "requirements.yaml"} {
		origin := at.origin(file)
		data, err := readFile(fsys, origin.File)
		if err != nil {
			continue
		}
		var doc struct {
			Dependencies []struct {
				Name yaml.Node `yaml:"name"`
			} `yaml:"dependencies"`
		}
		if yaml.Unmarshal(data, &doc) != nil {
			continue
		}
		for _, dep := range doc.Dependencies {
			if dep.Name.Value == name {
				origin.Line, origin.Column = dep.Name.Line, dep.Name.Column
				return origin
			}
		}
	}
	return at.origin("Chart.yaml")
}
