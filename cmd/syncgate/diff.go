package main

import (
	"context"
	"fmt"
	"io"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/images"
)

// runDiff lists how the images of a tree differ from those of the revision
// that --diff names.
func (f *imagesFlags) runDiff(ctx context.Context, term terminal, rules images.Rules, tree render.Tree) error {
	before := f.source
	before.revision = f.diff
	old, err := before.open(ctx)
	if err != nil {
		return fmt.Errorf("read --diff: %w", err)
	}
	renderings, _, err := f.source.renderBoth(ctx, old, tree)
	if err != nil {
		return err
	}
	was, _ := rules.Extract(renderings[0])
	is, problems := rules.Extract(renderings[1])
	if err := printChanges(term.out, f.format, images.Diff(was, is)); err != nil {
		return fmt.Errorf("list images: %w", err)
	}
	return tell(term, notices(f.diff, renderings[0].Problems), serious(renderings[1].Problems), serious(problems))
}

// renderBoth renders of two revisions what a change from one to the other can
// touch, and says which paths differ.
func (f *sourceFlags) renderBoth(ctx context.Context, old, tree render.Tree) (both [2]render.Rendering, changed []string, err error) {
	changed, err = git.Changed(ctx, old, tree)
	if err != nil {
		return both, nil, err
	}
	var sides [2]render.Side
	var problems [2][]render.Problem
	for i, t := range []render.Tree{old, tree} {
		if sides[i], problems[i], err = f.discover(ctx, t); err != nil {
			return both, nil, err
		}
	}
	if err := f.mistaken(tree, problems[1]); err != nil {
		return both, nil, err
	}
	engine, err := f.engine()
	if err != nil {
		return both, nil, err
	}
	both = render.RenderChanged(ctx, sides, changed, engine)
	for i, side := range sides {
		both[i].Problems = render.Merge(side.Tree.Problems, problems[i], both[i].Problems)
	}
	return both, changed, nil
}

// notices are the problems of the revision before, which are no reason to stop
// this one: an image that could not be seen there is listed as new.
func notices(revision string, problems []render.Problem) []render.Problem {
	list := serious(problems)
	for i := range list {
		list[i].Severity, list[i].Message = render.Notice, revision+": "+list[i].Message
	}
	return list
}

// serious leaves Notices out: they are about the whole repository, and not
// about what changed.
func serious(problems []render.Problem) []render.Problem {
	var list []render.Problem
	for _, p := range problems {
		if p.Severity != render.Notice {
			list = append(list, p)
		}
	}
	return list
}

func printChanges(w io.Writer, format string, changes []images.Change) error {
	switch format {
	case "json":
		if changes == nil {
			changes = []images.Change{}
		}
		return printJSON(w, struct {
			Images []images.Change `json:"images"`
		}{changes})
	case "list":
		for _, c := range changes {
			if c.Kind != images.Removed {
				fmt.Fprintln(w, c.Reference)
			}
		}
		return nil
	}
	signs := map[images.ChangeKind]string{images.Added: "+", images.Changed: "~", images.Removed: "-"}
	for _, c := range changes {
		was := ""
		if c.Was != "" {
			was = " (was " + c.Was + ")"
		}
		fmt.Fprintf(w, "%s %s%s\n", signs[c.Kind], c.Reference, was)
		for _, l := range c.Locations {
			fmt.Fprintf(w, "    %s\n", report.Clean(fmt.Sprintf("%s  %s %s%s", l.Origin, l.Object, l.Field, classNote(l.Class))))
		}
	}
	return nil
}
