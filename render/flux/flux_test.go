package flux_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// everything renders a tree and all that its Flux objects deploy.
func everything(tb testing.TB, tree render.Tree, options flux.Options, paths ...string) render.Rendering {
	tb.Helper()
	units, problems := render.Discover(tb.Context(), tree, render.DiscoverOptions{Paths: paths})
	return deployed(tb, tree, options, units, problems)
}

// deployed renders units and all that come out of them.
func deployed(tb testing.TB, tree render.Tree, options flux.Options, units []render.Unit, problems []render.Problem) render.Rendering {
	tb.Helper()
	renderers := map[render.SourceKind]render.Renderer{
		render.Kustomize: kustomize.New(nil), render.Helm: helm.Renderer{}, render.Manifests: manifests.New(),
		render.Flux: flux.NewRenderer(options),
	}
	expander := flux.NewExpander(options)
	whole := render.Render(tb.Context(), tree, units, renderers)
	whole.Problems = append(whole.Problems, problems...)
	for round := 0; ; round++ {
		if round > 200 {
			tb.Fatal("expanding does not come to an end")
		}
		found, problems := expander.Expand(tb.Context(), tree, whole)
		var fresh []render.Unit
		for _, unit := range found {
			if !slices.ContainsFunc(whole.Units, func(r render.Rendered) bool { return r.Name == unit.Name }) {
				fresh = append(fresh, unit)
			}
		}
		if len(fresh) == 0 {
			whole.Problems = append(whole.Problems, problems...)
			return whole
		}
		more := render.Render(tb.Context(), tree, fresh, renderers)
		whole.Units = append(whole.Units, more.Units...)
		whole.Objects = append(whole.Objects, more.Objects...)
		whole.Problems = append(whole.Problems, more.Problems...)
	}
}

// files returns a tree of the files of a txtar archive.
func files(text string) render.Tree { return render.Tree{FS: rendertest.Files(text)} }

// objectsOf returns the objects of a unit.
func objectsOf(rendering render.Rendering, name string) []render.Object {
	for unit, objects := range rendering.ByUnit() {
		if unit.Name == name {
			return objects
		}
	}
	return nil
}

// charts serves the charts of a directory, each in NAME-VERSION.
type charts struct{ dir string }

func (c charts) FetchChart(_ context.Context, _, name, version string) (fs.FS, error) {
	dir := filepath.Join(c.dir, name+"-"+strings.TrimPrefix(version, "v"))
	if _, err := os.Stat(dir); err != nil {
		return nil, errors.New("no such chart")
	}
	return os.DirFS(dir), nil
}

// stripped returns an object without labels of Flux.
func stripped(node *yaml.Node, prefix string) *yaml.Node {
	own := *node
	own.Content = slices.Clone(node.Content)
	for i := len(own.Content) - 2; i >= 0; i -= 2 {
		switch own.Content[i].Value {
		case "metadata":
			own.Content[i+1] = stripped(own.Content[i+1], prefix)
		case "labels":
			labels := *own.Content[i+1]
			labels.Content = nil
			for n := 0; n+1 < len(own.Content[i+1].Content); n += 2 {
				if !strings.HasPrefix(own.Content[i+1].Content[n].Value, prefix) {
					labels.Content = append(labels.Content, own.Content[i+1].Content[n:n+2]...)
				}
			}
			if own.Content[i+1] = &labels; len(labels.Content) == 0 {
				own.Content = slices.Delete(own.Content, i, i+2)
			}
		}
	}
	return &own
}

// withLeftOut is a tree with stand-ins for the files that the corpus leaves
// out: encrypted Secrets and scripts.
type withLeftOut struct{ fs.FS }

func (w withLeftOut) Open(name string) (fs.File, error) {
	file, err := w.FS.Open(name)
	switch {
	case err == nil:
		return file, nil
	case strings.HasSuffix(name, ".sops.yaml"):
		secret := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: " + strings.TrimSuffix(path.Base(name), ".sops.yaml") + "\nsops:\n  mac: ENC[x]\n"
		if strings.HasSuffix(path.Dir(name), "common/sops") {
			secret = strings.Replace(secret, "name: secret", "name: sops-age", 1)
		}
		return fstest.MapFS{"file": {Data: []byte(secret)}}.Open("file")
	case strings.HasSuffix(name, ".sh"):
		return fstest.MapFS{"file": {Data: []byte("#!/bin/sh\n")}}.Open("file")
	}
	return nil, err
}

func homeOps(unit rendertest.Unit, tb testing.TB) render.Tree {
	tree := unit.Tree(tb)
	tree.FS = withLeftOut{tree.FS}
	return tree
}
