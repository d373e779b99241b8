package flux_test

import (
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpusKustomizations holds the Kustomizations of the corpus to what
// "flux build kustomization --dry-run" prints for their files.
func TestCorpusKustomizations(t *testing.T) {
	wants := rendertest.Wants(t)
	units := rendertest.Units(t, "flux-ks")
	same := 0
	for _, unit := range units {
		// The corpus has no encrypted Secrets: identities are compared.
		if unit.Values == "cluster-apps" {
			unit.Note += " differs from run to run"
		}
		tree := homeOps(unit, t)
		// A dry run reads no ConfigMap and no Secret, and is lenient.
		options := flux.Options{Lenient: true}
		bare := render.Unit{Name: "file", Sources: []render.Source{{Kind: render.Manifests, Path: unit.Path}}}
		rendering := deployed(t, tree, options, []render.Unit{bare}, nil)
		var objects []render.Object
		for found, some := range rendering.ByUnit() {
			if strings.HasPrefix(found.Name, "flux/kustomization/") && strings.HasSuffix(found.Name, "/"+unit.Values) {
				objects = some
			}
		}
		if diffs := rendertest.Diff(unit, wants[unit.Name], objects); len(diffs) > 0 {
			t.Errorf("%s:\n  %s", unit.Name, strings.Join(diffs, "\n  "))
			for _, p := range rendering.Problems {
				if p.Severity != render.Notice {
					t.Logf("  %s", p.Error())
				}
			}
			continue
		}
		same++
	}
	t.Logf("%d of %d Kustomizations are the same", same, len(units))
}

// TestCorpusReleases holds the HelmReleases of the corpus to what helm template
// prints for their charts and values.
func TestCorpusReleases(t *testing.T) {
	wants := rendertest.Wants(t)
	units := rendertest.Units(t, "flux-hr")
	options := flux.Options{KubeVersion: "v1.35.0", Charts: rendertest.Charts{Dir: filepath.Join(rendertest.Dir(t), "charts")}}
	rendering := everything(t, homeOps(units[0], t), options, "kubernetes/flux/cluster")
	same, rendered := 0, 0
	for _, unit := range units {
		objects := objectsOf(rendering, "flux/helmrelease/"+unit.Values)
		if unit.OK != rendertest.OK {
			if len(objects) > 0 {
				t.Errorf("%s: rendered, though %s", unit.Name, unit.Why)
			}
			continue
		}
		if strings.Contains(unit.Note, "valuesFrom(not applied)") {
			// The corpus leaves out values that the release has.
			if len(objects) <= unit.Objects {
				t.Errorf("%s: %d objects, not more than without its values", unit.Name, len(objects))
			}
			continue
		}
		if unit.Values == "default/sabnzbd" {
			continue // its Kustomization needs a directory that the corpus leaves out
		}
		rendered++
		for i := range objects {
			objects[i].Node = rendertest.Stripped(objects[i].Node)
		}
		if diffs := rendertest.Diff(unit, wants[unit.Name], objects); len(diffs) > 0 {
			t.Errorf("%s:\n  %s", unit.Name, strings.Join(diffs, "\n  "))
			for _, p := range rendering.Problems {
				if p.Unit == "flux/helmrelease/"+unit.Values || p.Object.Name == path.Base(unit.Values) {
					t.Logf("  %s", p.Error())
				}
			}
			continue
		}
		same++
	}
	t.Logf("%d of %d HelmReleases are the same", same, rendered)
}
