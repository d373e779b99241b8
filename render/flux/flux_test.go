package flux_test

import (
	"slices"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// everything renders a tree and all that its Flux objects deploy.
func everything(tb testing.TB, tree render.Tree, options flux.Options, paths ...string) render.Rendering {
	tb.Helper()
	units, problems := render.Discover(tb.Context(), tree, render.DiscoverOptions{Paths: paths})
	return deployed(tb, tree, options, units, problems)
}

// deployed renders units and all that come out of them.
func deployed(tb testing.TB, tree render.Tree, options flux.Options, units []render.Unit, problems []render.Problem) render.Rendering {
	tb.Helper()
	renderers := map[render.SourceKind]render.Renderer{
		render.Kustomize: kustomize.New(nil), render.Helm: helm.Renderer{}, render.Manifests: manifests.New(),
		render.Flux: flux.NewRenderer(options),
	}
	expander := flux.NewExpander(options)
	whole := render.Render(tb.Context(), tree, units, renderers)
	whole.Problems = append(whole.Problems, problems...)
	for round := 0; ; round++ {
		if round > 200 {
			tb.Fatal("expanding does not come to an end")
		}
		found, problems := expander.Expand(tb.Context(), tree, whole)
		var fresh []render.Unit
		for _, unit := range found {
			if !slices.ContainsFunc(whole.Units, func(r render.Rendered) bool { return r.Name == unit.Name }) {
				fresh = append(fresh, unit)
			}
		}
		if len(fresh) == 0 {
			whole.Problems = append(whole.Problems, problems...)
			return whole
		}
		more := render.Render(tb.Context(), tree, fresh, renderers)
		whole.Units = append(whole.Units, more.Units...)
		whole.Objects = append(whole.Objects, more.Objects...)
		whole.Problems = append(whole.Problems, more.Problems...)
	}
}

// files returns a tree of the files of a txtar archive.
func files(text string) render.Tree { return render.Tree{FS: rendertest.Files(text)} }

// objectsOf returns the objects of a unit.
func objectsOf(rendering render.Rendering, name string) []render.Object {
	for unit, objects := range rendering.ByUnit() {
		if unit.Name == name {
			return objects
		}
	}
	return nil
}

func homeOps(unit rendertest.Unit, tb testing.TB) render.Tree {
	tree := unit.Tree(tb)
	tree.FS = rendertest.LeftOut{FS: tree.FS}
	return tree
}
