package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/argocd"
	"github.com/syncgate/syncgate/render"
)

func newFilter(term terminal) *cobra.Command {
	var f gateFlags
	var namespace string
	cmd := &cobra.Command{
		Use:   "filter --policy FILE...",
		Short: "Verify the manifests on standard input, and print them with verified digests",
		Long: `Filter reads manifests from standard input, verifies every image in them, and
prints them with the digests that were verified. If the verdict is not a pass it
prints nothing, and says why in a few lines. It stands at the end of what
renders: of another plugin of Argo CD, or of a pipeline.

Exit codes: 0 pass, 1 fail, 2 could not be checked, 3 usage or configuration.`,
		Example: `  kustomize build . | syncgate filter --policy /etc/syncgate/policies`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.gate(cmd.Context(), term, func(context.Context) (render.Revision, render.Rendering, error) {
				rendering, err := f.read(term.in, namespace)
				return render.Revision{}, rendering, err
			})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&namespace, "namespace", "", "namespace of objects that name none")
	return cmd
}

// read reads manifests as one unit.
func (f *gateFlags) read(in io.Reader, namespace string) (render.Rendering, error) {
	// At the end of a plugin's chain it stands in the repository of an
	// application; anywhere else the working directory is the user's own.
	if app, err := argocd.ReadEnvironment(os.Environ()); err == nil {
		if _, err := f.root(app); err != nil {
			return render.Rendering{}, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(in, bounds.FilterBytes+1))
	if err == nil && len(text) > bounds.FilterBytes {
		err = fmt.Errorf("they are larger than %d bytes", bounds.FilterBytes)
	}
	if err == nil && len(text) == 0 {
		err = errors.New("there are none; to a deployer that prunes, nothing means to delete everything")
	}
	if err != nil {
		return render.Rendering{}, fmt.Errorf("read manifests from standard input: %w", err)
	}
	objects, problems := render.ParseObjects("stdin", text)
	unit := render.Unit{Name: "stdin", Namespace: namespace, Sources: []render.Source{{Kind: render.Manifests, Path: "."}}}
	rendering := render.Rendering{
		Units: []render.Rendered{{Unit: unit, Objects: len(objects)}}, Objects: objects, Problems: problems,
	}
	if len(objects) == 0 && len(problems) == 0 {
		rendering.Problems = []render.Problem{{
			Code: render.CodeNoObjects, Unit: unit.Name,
			Message: "standard input holds no objects: a sync that prunes would delete everything it deployed before",
		}}
	}
	return rendering, nil
}
