package argocd_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
)

const (
	self   = "https://git.example.com/team/app.git"
	commit = "0123456789abcdef0123456789abcdef01234567"
)

// files makes a tree of "name: content" pairs.
func files(pairs ...string) fstest.MapFS {
	tree := fstest.MapFS{}
	for i := 0; i+1 < len(pairs); i += 2 {
		tree[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return tree
}

// world is a tree that is verified and what is known beside it.
type world struct {
	options argocd.Options
	tree    fs.FS
	commit  string
}

// in is the usual world of a tree: its repository is known, at a commit.
func in(tree fs.FS) world {
	return world{options: argocd.Options{Self: []string{self}}, tree: tree, commit: commit}
}

// deployed is what a world deploys.
type deployed struct {
	render.Rendering
}

// deploy renders the manifests in the root of a world and all that they
// deploy in turn.
func (w world) deploy(t testing.TB) deployed {
	t.Helper()
	renderers := map[render.SourceKind]render.Renderer{
		render.Kustomize: kustomize.New(nil), render.Helm: helm.Renderer{}, render.Manifests: manifests.New(),
	}
	w.options.Renderers = renderers
	deployer := argocd.New(w.options)
	all := map[render.SourceKind]render.Renderer{render.ArgoCD: deployer}
	for kind, renderer := range renderers {
		all[kind] = renderer
	}
	tree := render.Tree{FS: w.tree, Revision: render.Revision{Commit: w.commit}}
	return deployed{render.RenderAll(t.Context(), tree, []render.Unit{{
		Name: ".", Sources: []render.Source{{Kind: render.Manifests, Path: "."}},
	}}, render.Engine{Renderers: all, Expanders: []render.Expander{deployer}})}
}

// text describes the units but the first: each object in one line of JSON,
// and each problem.
func (d deployed) text(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for unit, objects := range d.ByUnit() {
		if unit.Name == "." {
			continue
		}
		fmt.Fprintf(&b, "%s in %q\n", unit.Name, unit.Namespace)
		for _, o := range objects {
			var v any
			if err := o.Node.Decode(&v); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  %v\n", v)
		}
	}
	return b.String() + d.problems()
}

// problems describes the problems, notices of the first unit left out.
func (d deployed) problems() string {
	var b strings.Builder
	for _, p := range d.Problems {
		if p.Unit == "." && p.Severity == render.Notice {
			continue
		}
		severity := []string{"unseen", "broken", "notice"}[p.Severity]
		fmt.Fprintf(&b, "%s %s %s: %s\n", severity, p.Code, p.Origin, p.Message)
	}
	return b.String()
}

// images are the values of all image fields, and where they are written.
func (d deployed) images() string {
	var list []string
	for unit, objects := range d.ByUnit() {
		if unit.Name == "." {
			continue
		}
		for _, o := range objects {
			var walk func(n *yaml.Node, field render.Field)
			walk = func(n *yaml.Node, field render.Field) {
				for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
					at := append(slices.Clone(field), render.Step{Key: n.Content[i].Value})
					if value := n.Content[i+1]; n.Content[i].Value == "image" && value.Kind == yaml.ScalarNode {
						origin := render.Origin{File: o.Origin.File, Line: value.Line, Column: value.Column}
						if o.Locator != nil {
							origin = o.Locator.Locate(o.ID, at, value.Value)
						}
						list = append(list, value.Value+" "+origin.String())
					}
					walk(n.Content[i+1], at)
				}
				for i := 0; n.Kind == yaml.SequenceNode && i < len(n.Content); i++ {
					walk(n.Content[i], append(slices.Clone(field), render.Step{Index: i}))
				}
			}
			walk(o.Node, nil)
		}
	}
	return strings.Join(list, "\n")
}

// app is an Application of a source, in flow style.
func app(name, source string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + name + ", namespace: argocd}\n" +
		"spec:\n  project: default\n  destination: {namespace: dest}\n  source:\n    repoURL: " + self + "\n" + indent(source, "    ")
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+by) + "\n"
}
