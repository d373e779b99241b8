package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

func newImages(term terminal) *cobra.Command {
	var (
		source sourceFlags
		format string
	)
	cmd := &cobra.Command{
		Use:   "images [SOURCE]",
		Short: "List every image that a revision deploys, with its places",
		Example: `  syncgate images
  syncgate images --revision main -o json`,
		Args: cobra.MaximumNArgs(1),
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
			found, problems := images.Extract(rendering)
			if err := printImages(term, format, found); err != nil {
				return err
			}
			return tell(term, rendering.Problems, problems)
		},
	}
	source.register(cmd)
	cmd.Flags().StringVarP(&format, "output", "o", "text", "text, json, or list for bare references")
	return cmd
}

func printImages(term terminal, format string, found []render.Image) error {
	switch format {
	case "json":
		if found == nil {
			found = []render.Image{}
		}
		e := json.NewEncoder(term.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Images []render.Image `json:"images"`
		}{found})
	case "list":
		for _, image := range found {
			fmt.Fprintln(term.out, image.Reference)
		}
		return nil
	case "text":
		for _, image := range found {
			fmt.Fprintln(term.out, image.Reference)
			for _, l := range image.Locations {
				fmt.Fprintf(term.out, "    %s  %s %s\n", l.Origin, l.Object, l.Field)
			}
		}
		return nil
	}
	return fmt.Errorf("list images: unknown format %q; want text, json or list", format)
}

// tell prints problems on the error stream, and ends the command as a report
// with these findings would.
func tell(term terminal, lists ...[]render.Problem) error {
	verdict := policy.Pass
	for _, problems := range lists {
		for _, p := range problems {
			fmt.Fprintf(term.err, "syncgate: %s\n", p.Error())
			if p.Hint != "" {
				fmt.Fprintf(term.err, "  fix: %s\n", p.Hint)
			}
			switch p.Severity {
			case render.Broken:
				verdict = policy.AllOf(verdict, policy.Fail)
			case render.Unseen:
				verdict = policy.AllOf(verdict, policy.Unknown)
			}
		}
	}
	if verdict != policy.Pass {
		return blocked{verdict}
	}
	return nil
}
