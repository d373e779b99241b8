package flux

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
)

// Renderer renders sources of the kind render.Flux, which an Expander made.
type Renderer struct {
	options   Options
	kustomize render.Renderer
	helm      render.Renderer
}

var _ render.Renderer = (*Renderer)(nil)

// NewRenderer returns a renderer of what an Expander with the same options
// finds.
func NewRenderer(options Options) *Renderer {
	return &Renderer{options: options, kustomize: kustomize.New(options.Fetcher).WithFiles(options.Files), helm: helm.Renderer{Charts: options.Dependencies}}
}

// Render returns what kustomize-controller or helm-controller would apply for
// a source: of a Kustomization in the order of kustomize build, of a
// HelmRelease in that of helm template. The labels by which the controllers
// know their objects are among those of each object.
func (r *Renderer) Render(ctx context.Context, tree render.Tree, source render.Source) ([]render.Object, error) {
	switch spec := source.Spec.(type) {
	case *kustomization:
		return r.kustomization(ctx, tree, source, spec)
	case *release:
		return r.release(ctx, tree, source, spec)
	}
	return nil, &render.Problem{
		Code: render.CodeNoRenderer, Origin: render.Origin{File: source.Path},
		Message: fmt.Sprintf("cannot render %s %s: it was not found by the expander of Flux", source.Kind, source.Path),
		Hint:    "this is a defect: please report it",
	}
}

// files returns what an artifact holds.
func (r *Renderer) files(ctx context.Context, tree render.Tree, a *artifact) (files, error) {
	if a.generated {
		made := &overlay{base: nothing{}}
		for _, p := range a.made {
			below, err := r.files(ctx, tree, p.artifact)
			if err != nil {
				return nil, err
			}
			to, err := p.target(below)
			if err != nil {
				return nil, &render.Problem{
					Code: CodePath, Severity: render.Broken, Message: fmt.Sprintf("%s copies %s, which %s does not have", a.name, p.from, p.artifact.name),
					Hint: "correct the path, or check what the source ignores",
				}
			}
			made.mounts = append(made.mounts, mount{at: to, files: below, from: p.from, merge: true})
		}
		v := newView(made, nil)
		v.generated = true
		return v, nil
	}
	base, err := r.checkout(ctx, tree, a)
	if err != nil {
		return nil, err
	}
	if len(a.includes) == 0 {
		v := newView(base, &a.spec)
		v.checkout = a.whole
		return v, nil
	}
	from := newView(base, &repositorySpec{SparseCheckout: a.spec.SparseCheckout})
	from.checkout = true
	whole := &overlay{base: from}
	for _, p := range a.includes {
		below, err := r.files(ctx, tree, p.artifact)
		if err != nil {
			return nil, err
		}
		whole.mounts = append(whole.mounts, mount{at: p.to, files: below, from: p.from})
	}
	return newView(whole, &repositorySpec{Ignore: a.spec.Ignore}), nil
}

// checkout returns the files of the repository of an artifact.
func (r *Renderer) checkout(ctx context.Context, tree render.Tree, a *artifact) (files, error) {
	if a.isTree() {
		return plain{FS: tree.FS}, nil
	}
	if mapped, ok := r.options.mapped(a.url); ok {
		return plain{FS: mapped, prefix: redact(a.url) + "//"}, nil
	}
	failed := &render.Problem{
		Code: CodeSource, Retryable: true,
		Message: fmt.Sprintf("%s cannot be fetched from %s at %q", a.name, redact(a.url), a.reference),
		Hint:    "check that the repository and the reference exist and can be read, or map the URL to a checkout",
	}
	if r.options.Fetcher == nil {
		return nil, failed
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.FetchTime)
	defer cancel()
	reference, err := r.reference(ctx, a)
	var fetched fs.FS
	var commit string
	if err == nil {
		fetched, commit, err = r.options.Fetcher.Fetch(ctx, a.url, reference)
	}
	if err != nil {
		failed.Message += ": " + strings.ReplaceAll(err.Error(), a.url, redact(a.url))
		return nil, failed
	}
	if commit == tree.Revision.Commit && commit != "" {
		return plain{FS: tree.FS}, nil
	}
	return plain{FS: fetched, prefix: redact(a.url) + "//", suffix: "?ref=" + commit}, nil
}

// reference is what is fetched of a repository: of a range of versions the
// newest tag in it, as source-controller has it. Tags that differ in build
// metadata alone it tells apart by the times of their commits, which are not
// known here.
func (r *Renderer) reference(ctx context.Context, a *artifact) (string, error) {
	if a.versions == "" {
		return a.reference, nil
	}
	constraint, err := semver.NewConstraint(a.versions)
	if err != nil {
		return "", err
	}
	tags, err := r.options.Fetcher.Tags(ctx, a.url)
	if err != nil {
		return "", err
	}
	var best *semver.Version
	chosen, tie := "", ""
	for _, tag := range tags {
		version, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
		switch {
		case err != nil || !constraint.Check(version):
		case best == nil || version.GreaterThan(best):
			best, chosen, tie = version, tag, ""
		case version.Equal(best):
			tie = tag
		}
	}
	switch {
	case best == nil:
		return "", fmt.Errorf("none of its %d tags is in the range", len(tags))
	case tie != "":
		return "", fmt.Errorf("its tags %s and %s are equally new: either may be deployed", chosen, tie)
	}
	return chosen, nil
}

// directory checks that a source has a directory, and returns it.
func (d *deployer) directory(a *artifact, in files, name string, at render.Origin) (string, *render.Problem) {
	dir := cleanPath(name)
	info, err := in.Stat(dir)
	switch {
	case err != nil:
		return "", hint(d.broken(at, CodePath, "path %q is not in %s", name, a.name), "correct the path, or check what the source ignores")
	case !info.IsDir():
		return "", hint(d.broken(at, CodePath, "path %q of %s is a file", name, a.name), "name the directory that holds it")
	}
	return dir, nil
}
