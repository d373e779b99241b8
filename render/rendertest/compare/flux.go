package main

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/rendertest"
)

// flux renders the Flux repository of the corpus twice: its Kustomizations as
// "flux build --dry-run" does, which reads no ConfigMap, and its HelmReleases
// as they are deployed.
func (c *comparison) flux(ctx context.Context) error {
	kustomizations, err := c.corpus.Units("flux-ks")
	if err != nil {
		return err
	}
	releases, err := c.corpus.Units("flux-hr")
	if err != nil {
		return err
	}
	tree, closeTree, err := c.corpus.Tree(kustomizations[0].Repo)
	if err != nil {
		return err
	}
	defer closeTree()
	tree.FS = rendertest.LeftOut{FS: tree.FS}

	for _, unit := range kustomizations {
		if unit.Values == "cluster-apps" {
			unit.Note += " differs from run to run" // encrypted Secrets: identities only
		}
		// Each file by itself: what other files deploy is not read either.
		file := render.Unit{Name: unit.Path, Sources: []render.Source{{Kind: render.Manifests, Path: unit.Path}}}
		start := time.Now()
		dry := c.deploy(ctx, tree, flux.Options{Lenient: true}, []render.Unit{file})
		c.took["flux-ks"] += time.Since(start)
		c.unit(unit, objectsOf(dry, func(name string) bool {
			return strings.HasPrefix(name, "flux/kustomization/") && strings.HasSuffix(name, "/"+unit.Values)
		}), "")
	}

	start := time.Now()
	units, _ := render.Discover(ctx, tree, render.DiscoverOptions{Paths: []string{"kubernetes/flux/cluster"}})
	whole := c.deploy(ctx, tree, flux.Options{
		KubeVersion: "v1.35.0", Charts: rendertest.Charts{Dir: filepath.Join(c.corpus.Dir, "charts")},
	}, units)
	c.took["flux-hr"] = time.Since(start)
	for _, unit := range releases {
		c.release(unit, objectsOf(whole, func(name string) bool { return name == "flux/helmrelease/"+unit.Values }))
	}
	return nil
}

// release compares a HelmRelease.
func (c *comparison) release(unit rendertest.Unit, objects []render.Object) {
	switch {
	case strings.Contains(unit.Note, "valuesFrom(not applied)"):
		c.of(unit).wrong++
		c.wrong = append(c.wrong, unit.Name+": the corpus leaves out values that the release has")
		return
	case unit.Values == "default/sabnzbd":
		c.of(unit).wrong++
		c.wrong = append(c.wrong, unit.Name+": its Kustomization needs a directory that the corpus leaves out")
		return
	}
	for i := range objects {
		objects[i].Node = rendertest.Stripped(objects[i].Node)
	}
	problem := ""
	if unit.OK != rendertest.OK && len(objects) == 0 {
		problem = unit.Why
	}
	c.unit(unit, objects, problem)
}

// deploy renders units and what their Flux objects deploy.
func (c *comparison) deploy(ctx context.Context, tree render.Tree, options flux.Options, units []render.Unit) render.Rendering {
	renderers := map[render.SourceKind]render.Renderer{render.Flux: flux.NewRenderer(options)}
	for kind, renderer := range c.renderers {
		renderers[kind] = renderer
	}
	return render.RenderAll(ctx, tree, units, render.Engine{Renderers: renderers, Expanders: []render.Expander{flux.NewExpander(options)}})
}

func objectsOf(rendering render.Rendering, is func(name string) bool) (objects []render.Object) {
	for unit, some := range rendering.ByUnit() {
		if is(unit.Name) {
			objects = some
		}
	}
	return objects
}
