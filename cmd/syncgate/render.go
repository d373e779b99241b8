package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/render"
)

// renderFlags are those of the command that prints manifests.
type renderFlags struct {
	source sourceFlags
	rules  rulesFlag
	pin    bool
}

func newRender(term terminal) *cobra.Command {
	var f renderFlags
	cmd := &cobra.Command{
		Use:   "render [SOURCE]",
		Short: "Print the manifests that a revision deploys",
		Long: `Render prints the manifests that SOURCE (a directory, by default ".", or a Git
URL) deploys. With --pin, every image in them has the digest that its registry
resolves it to, and nothing is printed unless all have.

Exit codes: 0 pass, 1 fail, 2 could not be rendered or pinned, 3 usage.`,
		Example: `  syncgate render --path apps/shop
  syncgate render --revision main --pin`,
		Args: oneSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.source.argument(args)
			return f.run(cmd.Context(), term)
		},
	}
	f.source.register(cmd)
	f.rules.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.pin, "pin", false, "write the digests of images into the manifests; prints nothing unless all can be told")
	return cmd
}

func (f *renderFlags) run(ctx context.Context, term terminal) error {
	rules, err := f.rules.load()
	if err != nil {
		return err
	}
	defer f.source.cache.close()
	tree, err := f.source.open(ctx)
	if err != nil {
		return err
	}
	rendering, err := f.source.render(ctx, tree)
	if err != nil {
		return err
	}
	var problems []render.Problem
	if f.pin {
		client := f.source.registry()
		defer client.Close()
		problems = pin(ctx, rules, client, rendering)
	}
	notNotice := func(p render.Problem) bool { return p.Severity != render.Notice }
	if !f.pin || !slices.ContainsFunc(problems, notNotice) && !slices.ContainsFunc(rendering.Problems, notNotice) {
		if err := printObjects(term.out, rendering); err != nil {
			return err
		}
	}
	return tell(term, rendering.Problems, problems)
}

func printObjects(w io.Writer, rendering render.Rendering) error {
	for unit, objects := range rendering.ByUnit() {
		for _, object := range objects {
			if err := printObject(w, unit, object); err != nil {
				return err
			}
		}
	}
	return nil
}

func printObject(w io.Writer, unit render.Unit, object render.Object) error {
	fmt.Fprintf(w, "---\n# %s\n", report.Clean(unit.Name+": "+object.Origin.String()))
	printable(object.Node)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(object.Node); err != nil {
		return fmt.Errorf("print %s: %w", object.ID, err)
	}
	return nil
}

// printable changes the style of what the encoder would write as something
// else: folded blocks with lines that are indented, and blocks that start with
// white space.
func printable(n *yaml.Node) {
	const block = yaml.LiteralStyle | yaml.FoldedStyle
	if n.Kind == yaml.ScalarNode && n.Style&block != 0 {
		n.Style = n.Style&^block | yaml.LiteralStyle
		if strings.TrimLeft(n.Value, " \t\n") != n.Value {
			n.Style = n.Style&^block | yaml.DoubleQuotedStyle
		}
	}
	for _, child := range n.Content {
		printable(child)
	}
}
