package render

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// The codes of what Render finds.
const (
	// CodeFailed is a source that could not be rendered.
	CodeFailed = "render-failed"
	// CodeTimeout is a unit that takes longer than bounds.RenderTime.
	CodeTimeout = "render-timeout"
	// CodePanicked is a renderer that broke down.
	CodePanicked = "renderer-panicked"
	// CodeNoRenderer is a source of a kind that nothing renders.
	CodeNoRenderer = "no-renderer"
	// CodeNoObjects is a unit that renders to nothing.
	CodeNoObjects = "no-objects"
	// CodeNothingFound is a tree without units.
	CodeNothingFound = "nothing-found"
	// CodeUnitTooLarge is a unit beyond a bound.
	CodeUnitTooLarge = "unit-too-large"
	// CodeDuplicate is an object that a unit renders twice.
	CodeDuplicate = "duplicate-object"
)

// Rendered is a unit and how much it renders to.
type Rendered struct {
	Unit
	// Objects is the number of objects.
	Objects int
}

// Rendering is what the units of a tree render to.
type Rendering struct {
	// Units are in the order in which they were given.
	Units []Rendered
	// Objects are those of all units, in the order of the units, then of
	// their sources, then as the renderer gave them.
	Objects []Object
	// Problems are about units and their objects, in the same order.
	Problems []Problem
}

// ByUnit yields each unit with its objects. Objects beyond those that the
// units count belong to the zero Unit, so that none is passed over.
func (r Rendering) ByUnit() iter.Seq2[Unit, []Object] {
	return func(yield func(Unit, []Object) bool) {
		left := r.Objects
		for _, rendered := range r.Units {
			n := min(max(rendered.Objects, 0), len(left))
			if !yield(rendered.Unit, left[:n]) {
				return
			}
			left = left[n:]
		}
		if len(left) > 0 {
			yield(Unit{}, left)
		}
	}
}

// Render renders units, each with the renderer of its sources' kind. What
// goes wrong with one unit is a problem of that unit, and the others go on. A
// unit that renders to nothing is Unseen: to a deployer that prunes, an empty
// result means that everything is to be deleted. No units at all are Unseen
// too.
func Render(ctx context.Context, tree Tree, units []Unit, renderers map[SourceKind]Renderer) Rendering {
	r := &runner{tree: tree, renderers: renderers, limit: bounds.RenderTime}
	return r.all(ctx, units)
}

// runner renders units within a time limit each.
type runner struct {
	tree      Tree
	renderers map[SourceKind]Renderer
	limit     time.Duration
}

// outcome is what became of one unit.
type outcome struct {
	objects  []Object
	problems []Problem
}

func (r *runner) all(ctx context.Context, units []Unit) Rendering {
	if len(units) == 0 {
		return Rendering{Problems: []Problem{nothingFound()}}
	}
	return assemble(units, r.outcomes(ctx, units))
}

func nothingFound() Problem {
	return Problem{
		Code:    CodeNothingFound,
		Message: "nothing to render was found: no kustomization, no chart and no manifest",
		Hint:    "name the directories that are deployed with --path",
	}
}

// outcomes renders units, several at a time.
func (r *runner) outcomes(ctx context.Context, units []Unit) []outcome {
	outcomes := make([]outcome, len(units))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, unit := range units {
		group.Go(func() error {
			outcomes[i] = r.unit(ctx, unit)
			return nil
		})
	}
	_ = group.Wait()
	return outcomes
}

// assemble puts together what units render to.
func assemble(units []Unit, outcomes []outcome) Rendering {
	var rendering Rendering
	for i, o := range outcomes {
		rendering.Units = append(rendering.Units, Rendered{Unit: units[i], Objects: len(o.objects)})
		rendering.Objects = append(rendering.Objects, o.objects...)
		rendering.Problems = append(rendering.Problems, o.problems...)
	}
	return rendering
}

// unit renders the sources of a unit in order and judges the whole.
func (r *runner) unit(ctx context.Context, unit Unit) outcome {
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	var whole outcome
	for _, source := range unit.Sources {
		part := r.source(ctx, source)
		for i := range part.problems {
			if part.problems[i].Origin.File == "" {
				part.problems[i].Origin.File = source.Path
			}
		}
		whole.objects = append(whole.objects, part.objects...)
		whole.problems = append(whole.problems, part.problems...)
	}
	whole.bound(unit)
	whole.duplicates(unit)
	if len(whole.objects) == 0 && !blocks(whole.problems) {
		whole.problems = append(whole.problems, Problem{
			Code:    CodeNoObjects,
			Message: fmt.Sprintf("unit %s renders to no objects: a sync that prunes would delete everything it deployed before", unit.Name),
			Hint:    "check the path, or leave the unit out",
			Origin:  unitOrigin(unit),
		})
	}
	for i := range whole.problems {
		whole.problems[i].Unit = unit.Name
	}
	return whole
}

// source renders one source. A renderer that does not stop when its time is
// up is left behind: its result is not waited for.
func (r *runner) source(ctx context.Context, source Source) outcome {
	renderer := r.renderers[source.Kind]
	if renderer == nil {
		return outcome{problems: []Problem{{Code: CodeNoRenderer, Message: fmt.Sprintf("nothing renders sources of kind %q", source.Kind)}}}
	}
	if err := ctx.Err(); err != nil {
		return outcome{problems: Problems(err)}
	}
	done := make(chan outcome, 1)
	go func() { done <- guarded(ctx, renderer, r.tree, source) }()
	select {
	case o := <-done:
		return o
	case <-ctx.Done():
		return outcome{problems: Problems(ctx.Err())}
	}
}

// guarded renders a source and turns a panic into a problem. What the panic
// said is only told where the runtime said it: it could hold a value.
func guarded(ctx context.Context, renderer Renderer, tree Tree, source Source) (o outcome) {
	defer func() {
		if value := recover(); value != nil {
			said := fmt.Sprintf("%T", value)
			if err, ok := value.(runtime.Error); ok {
				said = err.Error()
			}
			o = outcome{problems: []Problem{{
				Code:    CodePanicked,
				Message: fmt.Sprintf("cannot render %s %s: the renderer broke down: %s", source.Kind, source.Path, said),
				Hint:    "this is a defect: please report it with the files that cause it",
			}}}
		}
	}()
	objects, err := renderer.Render(ctx, tree, source)
	return outcome{flatten(objects), Problems(err)}
}

// bound cuts off what goes beyond the bounds of a unit.
func (o *outcome) bound(unit Unit) {
	left := bounds.RenderedBytes
	for i, object := range o.objects {
		left = weigh(object.Node, left)
		limit := ""
		switch {
		case i >= bounds.RenderedObjects:
			limit = fmt.Sprintf("%d objects", bounds.RenderedObjects)
		case left < 0:
			limit = fmt.Sprintf("%d bytes", bounds.RenderedBytes)
		default:
			continue
		}
		o.objects = o.objects[:i]
		o.problems = append(o.problems, Problem{
			Code: CodeUnitTooLarge, Origin: object.Origin,
			Message: fmt.Sprintf("unit %s renders to more than %s", unit.Name, limit),
			Hint:    "split the unit",
		})
		return
	}
}

// weigh returns what is left of a number of bytes after the text of a node,
// or a negative number as soon as nothing is.
func weigh(n *yaml.Node, left int) int {
	if n == nil {
		return left
	}
	left -= len(n.Value) + 1
	for _, child := range n.Content {
		if left < 0 {
			return left
		}
		left = weigh(child, left)
	}
	return left
}

// duplicates tells of objects that the unit renders more than once: the last
// one wins when it is deployed, all are looked at here.
func (o *outcome) duplicates(unit Unit) {
	first := make(map[ObjectID]Origin, len(o.objects))
	for _, object := range o.objects {
		id := object.ID
		if isNull(Child(Child(object.Node, "metadata"), "name")) {
			continue
		}
		if id.Namespace == "" {
			id.Namespace = unit.Namespace
		}
		before, twice := first[id]
		if !twice {
			first[id] = object.Origin
			continue
		}
		o.problems = append(o.problems, Problem{
			Code: CodeDuplicate, Severity: Notice, Object: object.ID, Origin: object.Origin,
			Message: fmt.Sprintf("%s is rendered more than once, first at %s: the last one wins", object.ID, before),
			Hint:    "remove all but one",
		})
	}
}

// unitOrigin is the directory of a unit.
func unitOrigin(unit Unit) Origin {
	if len(unit.Sources) == 0 {
		return Origin{}
	}
	return Origin{File: unit.Sources[0].Path}
}
