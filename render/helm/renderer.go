package helm

import (
	"context"
	"fmt"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Renderer renders sources of the kind render.Helm. The zero value is ready.
type Renderer struct{}

// Render returns the objects that helm template prints, in its order. Its
// error is a *render.Problem with the code "render-failed": Broken where the
// chart or its values are wrong, which is where Helm fails too, and Unseen
// where a dependency is not there, a limit is met or ctx ends.
func (Renderer) Render(ctx context.Context, tree render.Tree, source render.Source) ([]render.Object, error) {
	return within(ctx, source, func(ctx context.Context) ([]render.Object, error) {
		r, err := load(tree, source)
		if err != nil {
			return nil, err
		}
		manifests, err := r.manifests(ctx)
		if err != nil {
			return nil, err
		}
		objects, err := decode(manifests)
		if err != nil {
			return nil, err
		}
		return objects, nil
	})
}

// within runs a render until it ends, ctx ends or bounds.RenderTime is over.
// What panics is a problem. A render that is given up ends by itself: its
// templates stop with ctx.
func within[T any](ctx context.Context, source render.Source, run func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, bounds.RenderTime)
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	origin := render.Origin{File: source.Path}
	go func() {
		defer cancel()
		var o outcome
		defer func() {
			if r := recover(); r != nil {
				var none T
				o = outcome{none, broken(origin, fmt.Sprintf("render chart: it makes the renderer panic: %v", r))}
			}
			done <- o
		}()
		o.result, o.err = run(ctx)
	}()
	var none T
	select {
	case o := <-done:
		if o.err != nil {
			return none, asProblem(o.err, origin)
		}
		return o.result, nil
	case <-ctx.Done():
		return none, stopped(ctx.Err(), origin)
	}
}
