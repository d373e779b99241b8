package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/render"
)

// imagesFlags are those of the command that lists images.
type imagesFlags struct {
	source sourceFlags
	rules  rulesFlag
	format string
	diff   string
}

func newImages(term terminal) *cobra.Command {
	var f imagesFlags
	cmd := &cobra.Command{
		Use:   "images [SOURCE]",
		Short: "List every image that a revision deploys, with its places",
		Example: `  syncgate images
  syncgate images --revision main -o json
  syncgate images -o list | sort
  syncgate images --revision HEAD --diff main`,
		Args: oneSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.source.argument(args)
			return f.run(cmd.Context(), term)
		},
	}
	f.source.register(cmd)
	f.rules.register(cmd)
	cmd.Flags().StringVarP(&f.format, "output", "o", "text", "text, json, or list for bare references")
	cmd.Flags().StringVar(&f.diff, "diff", "", "list only what is new or changed since this revision, and what is gone")
	return cmd
}

func (f *imagesFlags) run(ctx context.Context, term terminal) error {
	show, err := imagePrinter(f.format)
	if err != nil {
		return err
	}
	rules, err := f.rules.load()
	if err != nil {
		return err
	}
	defer f.source.cache.close()
	tree, err := f.source.open(ctx)
	if err != nil {
		return err
	}
	if f.diff != "" {
		return f.runDiff(ctx, term, rules, tree)
	}
	rendering, err := f.source.render(ctx, tree)
	if err != nil {
		return err
	}
	found, problems := rules.Extract(rendering)
	if err := show(term.out, found); err != nil {
		return fmt.Errorf("list images: %w", err)
	}
	return tell(term, rendering.Problems, problems)
}

// imagePrinter returns what prints images in a format.
func imagePrinter(format string) (func(io.Writer, []render.Image) error, error) {
	switch format {
	case "json":
		return func(w io.Writer, found []render.Image) error {
			if found == nil {
				found = []render.Image{}
			}
			return printJSON(w, struct {
				Images []render.Image `json:"images"`
			}{found})
		}, nil
	case "list":
		return func(w io.Writer, found []render.Image) error {
			for _, image := range found {
				fmt.Fprintln(w, image.Reference)
			}
			return nil
		}, nil
	case "text":
		return printImagesText, nil
	}
	return nil, fmt.Errorf("list images: unknown format %q; want text, json or list", format)
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

func printImagesText(w io.Writer, found []render.Image) error {
	for _, image := range found {
		fmt.Fprintln(w, image.Reference)
		for _, l := range image.Locations {
			fmt.Fprintf(w, "    %s\n", report.Clean(fmt.Sprintf("%s  %s %s%s", l.Origin, l.Object, l.Field, classNote(l.Class))))
		}
	}
	return nil
}

// classNote says how an image was found, if it was not in a PodSpec.
func classNote(class render.Class) string {
	if class == render.ClassPodSpec {
		return ""
	}
	return " (" + string(class) + ")"
}
