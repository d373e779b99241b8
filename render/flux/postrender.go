package flux

import (
	"bytes"
	"context"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// outputName is where the output of helm is put for kustomize to patch.
const outputName = "helm-output.yaml"

// postRender applies the post-renderers of a HelmRelease, each as a
// kustomization of what the one before made.
func (r *Renderer) postRender(ctx context.Context, h *release, objects []render.Object) ([]render.Object, []render.Problem) {
	if _, known := map[string]bool{"": true, "combined": true, "separate": true, "nohooks": true}[h.spec.PostRenderStrategy]; !known {
		return objects, []render.Problem{*h.unseen(h.at("spec", "postRenderStrategy"), CodeUnknownField, "postRenderStrategy %q is not known", h.spec.PostRenderStrategy)}
	}
	renderers := render.Child(render.Child(h.object.Node, "spec"), "postRenderers")
	for n, renderer := range items(renderers) {
		spec := render.Child(renderer, "kustomize")
		if spec == nil {
			continue
		}
		var hooks, others []render.Object
		for _, object := range objects {
			hook := child(object.Node, "metadata", "annotations", "helm.sh/hook") != ""
			if hook && h.spec.PostRenderStrategy == "nohooks" {
				hooks = append(hooks, object)
				continue
			}
			others = append(others, object)
		}
		changed, problems := r.patch(ctx, h, n, others)
		objects = append(changed, hooks...)
		if len(problems) > 0 {
			return objects, problems
		}
	}
	return objects, nil
}

// patch applies one post-renderer. Where it fails, the objects are returned as
// they were, beside the problems.
func (r *Renderer) patch(ctx context.Context, h *release, index int, objects []render.Object) ([]render.Object, []render.Problem) {
	if len(objects) == 0 {
		return nil, nil
	}
	at := []any{"spec", "postRenderers", index, "kustomize"}
	spec := render.Child(items(render.Child(render.Child(h.object.Node, "spec"), "postRenderers"))[index], "kustomize")
	e := &editor{d: &h.deployer, places: map[*yaml.Node]func() render.Origin{}, root: &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}}
	e.identify()
	e.set("resources", list(scalar(outputName)))
	e.patches(spec, at...)
	e.legacyPatches(spec, at...)
	e.images(spec, at...)
	file := &generated{name: kustomizationNames()[0], otherwise: h.at(at...)}
	text, starts, err := together(objects)
	if err == nil {
		err = e.write(file)
	}
	if err != nil {
		return objects, []render.Problem{*h.unseen(h.at(at...), render.CodeFailed, "its post-renderer cannot be run")}
	}
	over := &overlay{base: nothing{}, added: map[string][]byte{outputName: text, file.name: file.text}}
	made, err := r.kustomize.Render(ctx, render.Tree{FS: over}, render.Source{Kind: render.Kustomize, Path: ".", Load: render.LoadTree})
	if err != nil {
		var problems []render.Problem
		for _, p := range render.Problems(err) {
			p.Origin = file.place(over, p.Origin)
			if p.Origin.File == outputName || p.Origin.File == "" || p.Origin.File == "." {
				p.Origin = h.at(at...)
			}
			problems = append(problems, p)
		}
		return objects, problems
	}
	for i := range made {
		l := patched{inner: made[i].Locator, id: made[i].ID, objects: objects, starts: starts, file: file}
		made[i].Origin = l.object(made[i].Origin).Origin
		made[i].Locator = l
	}
	return made, nil
}

// together writes objects one after the other, and returns the lines that they
// start at.
func together(objects []render.Object) ([]byte, []int, error) {
	var out bytes.Buffer
	var starts []int
	line := 1
	for _, object := range objects {
		data, err := yaml.Marshal(object.Node)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot write %s", object.ID)
		}
		out.WriteString("---\n")
		starts = append(starts, line+1)
		out.Write(data)
		line += 1 + bytes.Count(data, []byte("\n"))
	}
	return out.Bytes(), starts, nil
}

// patched locates the fields of an object that a post-renderer went over.
type patched struct {
	inner   render.Locator
	id      render.ObjectID
	objects []render.Object
	starts  []int
	file    *generated
}

// object returns the object that was written at a place.
func (l patched) object(at render.Origin) render.Object {
	for i := len(l.starts) - 1; i >= 0; i-- {
		if at.File == outputName && l.starts[i] <= at.Line {
			return l.objects[i]
		}
	}
	return render.Object{Origin: l.file.otherwise}
}

// Locate implements render.Locator.
func (l patched) Locate(id render.ObjectID, field render.Field, value string) render.Origin {
	at := l.inner.Locate(l.id, field, value)
	if at.File != outputName {
		return l.file.place(nothing{}, at)
	}
	object := l.object(at)
	if node := nodeAt(object.Node, field); node != nil {
		return locateIn(object, field, node, value)
	}
	return object.Origin
}
