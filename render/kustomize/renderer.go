// Package kustomize renders kustomizations as kustomize build does.
//
// It is the only importer of sigs.k8s.io/kustomize. Before kustomize sees a
// file, a walk over everything that it would load (a plan) refuses or fetches
// what is remote, so that kustomize itself never runs git, gets a URL, runs a
// plugin or inflates a chart. Kustomize then reads nothing but the plan's own
// read-only file system.
package kustomize

import (
	"context"
	"fmt"
	"io/fs"
	"path"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// The codes of problems.
const (
	// CodeFailed is a kustomization that does not build.
	CodeFailed = "render-failed"
	// CodeRemote is a remote entry where none is allowed.
	CodeRemote = "remote-base-not-allowed"
	// CodeRemoteRefused is a remote entry that is never fetched.
	CodeRemoteRefused = "remote-base-refused"
	// CodeRemoteFailed is a remote entry that could not be fetched.
	CodeRemoteFailed = "remote-base-unavailable"
	// CodeRemoteFile is an entry that names a single remote file where none can
	// be fetched.
	CodeRemoteFile = "remote-file-not-fetched"
	// CodeHelm is a chart that kustomize would inflate by running helm.
	CodeHelm = "helm-chart-not-inflated"
	// CodePlugin is a plugin that would run a program.
	CodePlugin = "plugin-not-run"
)

// Renderer renders sources of the kind render.Kustomize.
type Renderer struct {
	fetcher Fetcher
	files   FileFetcher
}

var _ render.Renderer = (*Renderer)(nil)

// New returns a renderer that fetches remote bases, where a source allows
// them, with fetcher. It may be nil: remote bases are then unseen.
func New(fetcher Fetcher) *Renderer { return &Renderer{fetcher: fetcher} }

// WithFiles returns a renderer that fetches single remote files too, where a
// source allows remote entries.
func (r *Renderer) WithFiles(files FileFetcher) *Renderer {
	with := *r
	with.files = files
	return &with
}

// Render builds the kustomization in the directory of a source. The objects
// are those of kustomize build, in its order; a kustomization that builds to
// nothing has none.
//
// Origin.File of an object from a remote base is the URL of its repository in
// the form that kustomize itself takes, with the commit as reference:
// https://host/org/repo//path/file.yaml?ref=COMMIT. That of an object from a
// single remote file is the file's URL, with the digest of what was fetched as
// fragment.
func (r *Renderer) Render(ctx context.Context, tree render.Tree, source render.Source) (objects []render.Object, err error) {
	ctx, cancel := context.WithTimeout(ctx, bounds.RenderTime)
	defer cancel()
	if source.Path == "" {
		source.Path = "."
	}
	if source.Kind != render.Kustomize || !fs.ValidPath(source.Path) || tree.FS == nil {
		return nil, &render.Problem{
			Code: CodeFailed, Severity: render.Broken,
			Message: fmt.Sprintf("cannot build %s %q: not a kustomization of the repository", source.Kind, source.Path),
			Hint:    "name a directory by its path from the root of the repository",
		}
	}
	done := make(chan result, 1)
	go func() { done <- r.render(ctx, tree.FS, source) }()
	select {
	case got := <-done:
		if got.problem != nil {
			return nil, got.problem
		}
		return got.objects, nil
	case <-ctx.Done():
		return nil, timeUp(ctx, source)
	}
}

// result is what became of a source.
type result struct {
	objects []render.Object
	problem *render.Problem
}

// render plans and builds. It runs in a goroutine of its own, for kustomize
// cannot be stopped but by failing to read the next file.
func (r *Renderer) render(ctx context.Context, tree fs.FS, source render.Source) (got result) {
	defer func() {
		if cause := recover(); cause != nil {
			got = result{problem: panicked(cause, source)}
		}
	}()
	plan, problem := newPlan(ctx, tree, source, r)
	if problem == nil {
		got.objects, problem = plan.build(ctx)
	}
	if problem != nil {
		if ctx.Err() != nil {
			problem = timeUp(ctx, source)
		}
		problem.Origin.File = plan.show(problem.Origin.File)
		return result{problem: problem}
	}
	return got
}

// timeUp tells that a source took too long, or that the caller gave up.
func timeUp(ctx context.Context, source render.Source) *render.Problem {
	message := fmt.Sprintf("cannot build kustomization %s: it took longer than %v", source.Path, bounds.RenderTime)
	if context.Cause(ctx) == context.Canceled {
		message = fmt.Sprintf("cannot build kustomization %s: cancelled", source.Path)
	}
	return &render.Problem{
		Code: CodeFailed, Severity: render.Unseen, Message: message, Retryable: true,
		Hint: "split it into several units", Origin: render.Origin{File: path.Clean(source.Path)},
	}
}

// panicked tells that kustomize broke down.
func panicked(cause any, source render.Source) *render.Problem {
	return &render.Problem{
		Code: CodeFailed, Severity: render.Unseen,
		Message: clip(fmt.Sprintf("cannot build kustomization %s: kustomize broke down: %v", source.Path, cause)),
		Hint:    "check the kustomization with kustomize build",
		Origin:  render.Origin{File: path.Clean(source.Path)},
	}
}
