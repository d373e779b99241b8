package helm

import (
	"context"
	"fmt"
	"runtime"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Renderer renders sources of the kind render.Helm. The zero value is ready,
// and renders what helm template does.
type Renderer struct {
	// Charts fetches dependencies that are not in charts/, where the source
	// allows the network: what helm dependency build does, and with it Argo
	// CD and Flux. Nil fetches none, not even those with a file:// URL.
	Charts Fetcher
}

// Render returns the objects that helm template prints, in its order; of a
// List, its items. Where Helm fails, so does it, with Helm's message in a
// problem of code render.CodeFailed and no objects: Broken where the chart or
// its values are wrong, Unseen where a dependency is not there, a limit is
// met or ctx ends. Objects that Helm prints but that cannot be read are
// problems as of render.ParseObjects beside the others.
//
// The objects of templates have a Locator; to find the place of a value it
// renders the chart again, at the first time it is asked.
func (h Renderer) Render(ctx context.Context, tree render.Tree, source render.Source) ([]render.Object, error) {
	got, err := within(ctx, source, func(ctx context.Context) (decoded, error) {
		r, err := h.load(ctx, tree, source)
		if err != nil {
			return decoded{}, err
		}
		return r.render(ctx)
	})
	if err != nil {
		return nil, err
	}
	h.locate(tree, source, got)
	return got.objects, render.Join(got.problems)
}

// render renders a chart that is loaded.
func (r *rendering) render(ctx context.Context) (decoded, error) {
	manifests, err := r.manifests(ctx)
	if err != nil {
		return decoded{}, err
	}
	return r.decode(manifests), nil
}

// within runs a render until it ends, ctx ends or bounds.RenderTime is over.
// What panics is a problem. A render that is given up ends by itself: its
// templates stop with ctx.
func within[T any](ctx context.Context, source render.Source, run func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, bounds.RenderTime)
	defer cancel()
	type outcome struct {
		got T
		err error
	}
	var none T
	done := make(chan outcome, 1)
	origin := render.Origin{File: source.Path}
	go func() {
		var o outcome
		defer func() {
			if value := recover(); value != nil {
				o = outcome{err: panicked(origin, value)}
			}
			done <- o
		}()
		o.got, o.err = run(ctx)
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return none, asProblem(o.err, origin)
		}
		return o.got, nil
	case <-ctx.Done():
		return none, stopped(ctx.Err(), origin)
	}
}

// panicked returns the problem of a panic. What it said is only told where
// the runtime said it: it could hold a value.
func panicked(origin render.Origin, value any) *render.Problem {
	said := fmt.Sprintf("%T", value)
	if err, ok := value.(runtime.Error); ok {
		said = err.Error()
	}
	p := unseen(origin, "cannot render the chart: the renderer broke down: "+said)
	p.Code = render.CodePanicked
	p.Hint = "this is a defect: please report it with the chart that causes it"
	return p
}
