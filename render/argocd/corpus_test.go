package argocd_test

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// argoObject is a line that makes a document an object of Argo CD.
var argoObject = regexp.MustCompile(`(?m)^kind: (?:Application|ApplicationSet)\s*$`)

// isArgo tells whether an object is an Application or an ApplicationSet.
func isArgo(o render.Object) bool {
	return strings.HasPrefix(o.ID.APIVersion, "argoproj.io/") && (o.ID.Kind == "Application" || o.ID.Kind == "ApplicationSet")
}

// TestRepositories shows that every Application and ApplicationSet of whole
// repositories becomes units or is told, whether it lies there as a manifest
// or comes out of a kustomization or a chart, and that every file which holds
// one is rendered or told.
func TestRepositories(t *testing.T) {
	for _, c := range []struct {
		repo                            string
		applications, sets, units, read int
	}{
		{"dag-andersen+argocd-diff-preview", 13, 8, 27, 21},
		{"gitops-bridge-dev+gitops-bridge", 5, 24, 2, 29},
	} {
		t.Run(c.repo, func(t *testing.T) {
			corpus, err := rendertest.Find()
			if err != nil {
				t.Skip(err)
			}
			tree, done, err := corpus.Tree(c.repo)
			if err != nil {
				t.Fatal(err)
			}
			defer done()
			url := "https://github.com/" + strings.ReplaceAll(c.repo, "+", "/")
			rendering := wholeRepository(t, tree, url)
			applications, sets := 0, 0
			for _, o := range rendering.Objects {
				if !isArgo(o) {
					continue
				}
				if o.ID.Kind == "Application" {
					applications++
				} else {
					sets++
				}
				if !accountedFor(t, rendering, o) {
					t.Errorf("%s at %s is neither a unit nor told", o.ID, o.Origin)
				}
			}
			units := 0
			for _, u := range rendering.Units {
				if u.Deployer.Kind == "Application" {
					units++
					if u.Objects == 0 && !toldOf(rendering, u.Name) {
						t.Errorf("%s renders to nothing and does not say why", u.Name)
					}
				}
			}
			read := filesRead(t, tree, rendering)
			if applications != c.applications || sets != c.sets || units != c.units || read != c.read {
				t.Errorf("%d Applications, %d ApplicationSets, %d units, %d files: want %+v", applications, sets, units, read, c)
			}
		})
	}
}

// wholeRepository renders a repository as the command does.
func wholeRepository(t *testing.T, tree render.Tree, url string) render.Rendering {
	t.Helper()
	units, problems := render.Discover(t.Context(), tree, render.DiscoverOptions{})
	renderers := map[render.SourceKind]render.Renderer{
		render.Kustomize: kustomize.New(nil), render.Helm: helm.Renderer{}, render.Manifests: manifests.New(),
	}
	deployer := argocd.New(argocd.Options{Renderers: renderers, Self: []string{url}})
	renderers[render.ArgoCD] = deployer
	rendering := render.RenderAll(t.Context(), tree, units, render.Engine{Renderers: renderers, Expanders: []render.Expander{deployer}})
	rendering.Problems = append(rendering.Problems, problems...)
	return rendering
}

// accountedFor tells whether an object made a unit or is told of with a place.
// Applications that say the same share a unit.
func accountedFor(t *testing.T, rendering render.Rendering, o render.Object) bool {
	t.Helper()
	for _, p := range rendering.Problems {
		if p.Object.Kind == o.ID.Kind && p.Object.Name == o.ID.Name && p.Message != "" && p.Origin.File == o.Origin.File {
			return true
		}
	}
	for _, u := range rendering.Units {
		if u.Origin == o.Origin {
			return true
		}
		same := func(other render.Object) bool {
			return other.Origin == u.Origin && other.ID.Name == o.ID.Name && specOf(t, other) == specOf(t, o)
		}
		if slices.ContainsFunc(rendering.Objects, same) {
			return true
		}
	}
	return false
}

// specOf is the text of what an object asks for.
func specOf(t *testing.T, o render.Object) string {
	t.Helper()
	text, err := yaml.Marshal(render.Child(o.Node, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// toldOf tells whether there is a problem of a unit that blocks.
func toldOf(rendering render.Rendering, unit string) bool {
	for _, p := range rendering.Problems {
		if p.Unit == unit && p.Severity != render.Notice {
			return true
		}
	}
	return false
}

// filesRead returns how many files hold an object of Argo CD. Each of them has
// to be where an object comes from, or what is told of.
func filesRead(t *testing.T, tree render.Tree, rendering render.Rendering) int {
	t.Helper()
	accounted := map[string]bool{}
	for _, o := range rendering.Objects {
		accounted[o.Origin.File] = true
	}
	for _, p := range rendering.Problems {
		accounted[p.Origin.File] = true
	}
	read := 0
	err := fs.WalkDir(tree.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(filepath.Ext(name), ".y") {
			return err
		}
		data, err := fs.ReadFile(tree.FS, name)
		if err != nil || !argoObject.Match(data) || !strings.Contains(string(data), "argoproj.io/") {
			return err
		}
		read++
		if !accounted[name] && !accounted[path.Dir(name)] {
			t.Errorf("%s holds an object of Argo CD, and is neither rendered nor told of", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}
