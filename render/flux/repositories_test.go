package flux_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestRepositories shows that every Kustomization and HelmRelease of whole
// repositories becomes a unit, and that a unit which renders to nothing says
// why.
func TestRepositories(t *testing.T) {
	for _, c := range []struct {
		repo                     string
		kustomizations, releases int
	}{
		{"onedr0p+home-ops@28f9d46", 69, 65},
		{"fluxcd+flux2-kustomize-helm-example", 6, 6},
		{"fluxcd+flux2-multi-tenancy", 10, 0},
	} {
		t.Run(c.repo, func(t *testing.T) {
			unit := rendertest.Unit{Repo: c.repo}
			options := flux.Options{Charts: rendertest.Charts{Dir: filepath.Join(rendertest.Dir(t), "charts")}}
			rendering := everything(t, homeOps(unit, t), options)
			count := map[string]int{}
			said := map[string]bool{}
			for _, p := range rendering.Problems {
				said[p.Unit] = said[p.Unit] || p.Severity != render.Notice
				said["object "+p.Object.String()] = said["object "+p.Object.String()] || p.Severity != render.Notice
			}
			deployers := map[render.ObjectID]bool{}
			for _, unit := range rendering.Units {
				kind := strings.Split(unit.Name, "/")
				if kind[0] == "flux" {
					count[kind[1]]++
					deployers[unit.Deployer] = true
					if unit.Objects == 0 && !said[unit.Name] {
						t.Errorf("%s renders to nothing and does not say why", unit.Name)
					}
				}
			}
			for unit, objects := range rendering.ByUnit() {
				for _, object := range objects {
					if object.ID.Kind != "HelmRelease" && (object.ID.Kind != "Kustomization" || !strings.Contains(object.ID.APIVersion, "toolkit")) {
						continue
					}
					id := object.ID
					if id.Namespace == "" {
						id.Namespace = unit.Namespace
					}
					if id.Namespace == "" {
						id.Namespace = "default"
					}
					if !deployers[id] && !said["object "+id.String()] && object.ID.Namespace != "" {
						t.Errorf("%v of %s is neither a unit nor a problem", id, unit.Name)
					}
				}
			}
			if count["kustomization"] != c.kustomizations || count["helmrelease"] != c.releases {
				t.Errorf("%d Kustomizations and %d HelmReleases, not %d and %d", count["kustomization"], count["helmrelease"], c.kustomizations, c.releases)
			}
			if testing.Verbose() {
				for _, u := range rendering.Units {
					t.Log(u.Name, u.Objects)
				}
				for _, p := range rendering.Problems {
					t.Log(p.Severity, p.Code, p.Unit, p.Error())
				}
			}
		})
	}
}
