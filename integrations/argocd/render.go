package argocd

import (
	"context"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
)

// Render renders the application that e is about, out of the tree of its
// repository, as Argo CD would if the application named no plugin. What cannot
// be rendered is a problem of the rendering; an error means that the parameters
// make no sense. Options say what renders, and what is at hand besides.
func (e Environment) Render(ctx context.Context, tree render.Tree, options argocd.Options) (render.Rendering, error) {
	application, err := e.application()
	if err != nil {
		return render.Rendering{}, err
	}
	options.KubeVersion, options.APIVersions = e.KubeVersion, e.APIVersions
	options.Plugin = &argocd.Plugin{Environment: e.Variables}
	tree.Revision = render.Revision{Repository: e.Repository, Commit: e.Revision}
	deployer := argocd.New(options)
	units, problems := deployer.Expand(ctx, tree, render.Rendering{Objects: []render.Object{application}})
	rendering := render.Render(ctx, tree, units, map[render.SourceKind]render.Renderer{render.ArgoCD: deployer})
	rendering.Problems = render.Merge(render.Within(tree.Problems, []string{e.Path}), problems, rendering.Problems)
	return rendering, nil
}

// application is the Application as it would be without the plugin.
func (e Environment) application() (render.Object, error) {
	fields, err := source(e.Parameters)
	if err != nil {
		return render.Object{}, err
	}
	fields["repoURL"], fields["path"], fields["targetRevision"] = e.Repository, e.Path, e.TargetRevision
	if e.Repository == "" {
		fields["repoURL"] = "the repository" // is at hand, whatever it is called
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"name": e.App},
		"spec": map[string]any{
			"project": e.Project, "destination": map[string]any{"namespace": e.Namespace}, "source": fields,
		},
	})
	if err != nil {
		return render.Object{}, fmt.Errorf("read plugin parameters: %w", err)
	}
	objects, problems := render.ParseObjects("the application's plugin parameters", text)
	if len(objects) != 1 {
		return render.Object{}, fmt.Errorf("read plugin parameters: %w", render.Join(problems))
	}
	return objects[0], nil
}
