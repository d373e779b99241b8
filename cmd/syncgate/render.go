package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/render"
)

func newRender(term terminal) *cobra.Command {
	var source sourceFlags
	cmd := &cobra.Command{
		Use:   "render [SOURCE]",
		Short: "Print the manifests that a revision deploys",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			source.argument(args)
			tree, err := source.open(cmd.Context())
			if err != nil {
				return err
			}
			rendering, err := source.render(cmd.Context(), tree)
			if err != nil {
				return err
			}
			for unit, objects := range rendering.ByUnit() {
				for _, object := range objects {
					if err := printObject(term.out, unit, object); err != nil {
						return err
					}
				}
			}
			return tell(term, rendering.Problems)
		},
	}
	source.register(cmd)
	return cmd
}

func printObject(w io.Writer, unit render.Unit, object render.Object) error {
	fmt.Fprintf(w, "---\n# %s\n", report.Clean(unit.Name+": "+object.Origin.String()))
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(object.Node); err != nil {
		return fmt.Errorf("print %s: %w", object.ID, err)
	}
	return nil
}
