package kustomize

import (
	"context"
	"fmt"
	"path"

	"golang.org/x/sync/semaphore"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// builds is how many builds may run at once.
const builds = 64

// schema guards the OpenAPI schema, which kustomize keeps in package
// variables: builds that use the built-in one share it, a build that brings
// its own has it alone and puts the built-in one back.
var schema = semaphore.NewWeighted(builds)

// build runs kustomize on a plan.
func (p *plan) build(ctx context.Context) ([]render.Object, *render.Problem) {
	share := int64(1)
	if p.schemas {
		share = builds
	}
	if err := schema.Acquire(ctx, share); err != nil {
		return nil, timeUp(ctx, p.source)
	}
	defer schema.Release(share)
	if p.schemas {
		openapi.ResetOpenAPI()
		defer openapi.ResetOpenAPI()
	} else {
		// Fills the schema under kustomize's own lock. It reads it without.
		openapi.SchemaForResourceType(kyaml.TypeMeta{})
	}
	if versions := p.untouched(); len(versions) > 0 {
		p.tracer.aside = &aside{versions: versions}
		resources, err := p.run()
		if err == nil {
			objects, problem := p.objects(resources)
			if problem == nil && p.tracer.aside.complete() {
				return objects, nil
			}
		}
		// Whatever is wrong is told of the files as they are.
		p.tracer = newTracer()
	}
	resources, err := p.run()
	if err != nil {
		return nil, p.failed(err)
	}
	return p.objects(resources)
}

// run builds with the options of kustomize build.
func (p *plan) run() (resmap.ResMap, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.LoadRestrictions = types.LoadRestrictionsRootOnly
	if p.source.Load == render.LoadTree {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	options.PluginConfig = types.DisabledPluginConfig()
	options.PluginConfig.HelmConfig.Enabled = false
	return krusty.MakeKustomizer(options).Run(fileSystem{p}, path.Join(treeMount, p.source.Path))
}

// objects turns what was built into objects.
func (p *plan) objects(resources resmap.ResMap) ([]render.Object, *render.Problem) {
	limit := func(format string, args ...any) *render.Problem {
		return &render.Problem{
			Code: render.CodeTooLarge, Severity: render.Unseen, Hint: "split it into several units",
			Message: fmt.Sprintf(format, args...), Origin: render.Origin{File: path.Join(treeMount, p.source.Path)},
		}
	}
	all := resources.Resources()
	if len(all) > bounds.RenderedObjects {
		return nil, limit("kustomization builds to more than %d objects", bounds.RenderedObjects)
	}
	objects := make([]render.Object, 0, len(all))
	var c converter
	for _, r := range all {
		id := render.ObjectID{APIVersion: r.GetApiVersion(), Kind: r.GetKind(), Namespace: r.GetNamespace(), Name: r.GetName()}
		node, err := c.object(r)
		if err != nil {
			return nil, p.failed(err)
		}
		c.bytes += p.tracer.aside.restore(node)
		if c.bytes > bounds.RenderedBytes {
			return nil, limit("kustomization builds to more than %d bytes", bounds.RenderedBytes)
		}
		objects = append(objects, render.Object{ID: id, Node: node})
	}
	p.attach(objects)
	return objects, nil
}
