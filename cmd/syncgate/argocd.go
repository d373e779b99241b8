package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/integrations/argocd"
	"github.com/syncgate/syncgate/render"
	argorender "github.com/syncgate/syncgate/render/argocd"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
)

func newArgoCD(term terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "argocd",
		Short: "The config-management plugin of Argo CD",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newGenerate(term), newParameters(term))
	return cmd
}

func newGenerate(term terminal) *cobra.Command {
	var f gateFlags
	cmd := &cobra.Command{
		Use:   "generate --policy FILE...",
		Short: "Render an application as Argo CD would, verify it, and print it with verified digests",
		Long: `Generate is what a config-management plugin of Argo CD calls in the directory of
an application. It renders what Argo CD would, verifies every image, and prints
the manifests with the digests that were verified. If the verdict is not a pass
it prints nothing, and says why in a few lines that Argo CD shows as the
application's condition.

Policy and trust are files of the plugin's own container. Nothing in the
repository, the application or its environment changes them.

Exit codes: 0 pass, 1 fail, 2 could not be checked, 3 usage or configuration.`,
		Example: `  syncgate argocd generate --policy /etc/syncgate/policies`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.gate(cmd.Context(), term, f.application)
		},
	}
	f.register(cmd)
	return cmd
}

// application renders the application that Argo CD names.
func (f *gateFlags) application(ctx context.Context) (render.Revision, render.Rendering, error) {
	none := render.Rendering{}
	app, err := argocd.ReadEnvironment(os.Environ())
	if err != nil {
		return render.Revision{}, none, err
	}
	root, err := f.root(app)
	if err != nil {
		return render.Revision{}, none, err
	}
	tree, err := git.Open(ctx, git.Options{Source: root, Offline: true})
	if err != nil {
		return render.Revision{}, none, err
	}
	source := &f.verify.source
	fetcher := source.charts()
	dir, _ := source.cache.of("git")
	repositories := git.Fetcher{Offline: source.offline, CacheDir: dir}
	rendering, err := app.Render(ctx, tree, argorender.Options{
		Renderers: map[render.SourceKind]render.Renderer{
			render.Kustomize: kustomize.New(repositories).WithFiles(fetcher),
			render.Helm:      helm.Renderer{Charts: fetcher},
		},
		Charts:    fetcher,
		Kustomize: argorender.KustomizeOptions{AllowRemote: source.allowRemote && !source.offline},
	})
	return render.Revision{Repository: app.Repository, Commit: app.Revision}, rendering, err
}

// root is the root of the repository. The plugin's own files must not be of it.
func (f *gateFlags) root(app argocd.Environment) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find working directory: %w", err)
	}
	root, err := app.Root(dir)
	if err != nil {
		return "", err
	}
	return root, f.outside(root)
}

func newParameters(term terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "parameters",
		Short:   "Print the parameters of the plugin, for the user interface of Argo CD",
		Example: `  syncgate argocd parameters`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return json.NewEncoder(term.out).Encode(argocd.Announcements())
		},
	}
}
