package flux_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/integrations/flux"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
	fluxrender "github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
)

// engineOf is the engine that the controller has.
func engineOf(source string, trust string) render.Engine {
	renderers := map[render.SourceKind]render.Renderer{
		render.Kustomize: kustomize.New(git.Fetcher{Offline: true}), render.Helm: helm.Renderer{}, render.Manifests: manifests.New(),
	}
	argo := argocd.New(argocd.Options{Renderers: renderers})
	options := fluxrender.Options{Held: fluxrender.Held{Source: source, TrustCharts: trust == chartsTrusted}, KubeVersion: "1.37.2", APIVersions: []string{"acme.example.com/v1", "acme.example.com/v1/Widget"}}
	all := maps.Clone(renderers)
	all[render.ArgoCD], all[render.Flux] = argo, fluxrender.NewRenderer(options)
	return render.Engine{Renderers: all, Expanders: []render.Expander{argo, fluxrender.NewExpander(options)}}
}

const (
	chartsTrusted = "trusted"
	ofApp         = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec: {path: ./app, prune: true, interval: 1m, sourceRef: {kind: GitRepository, name: app}}
`
	ofRoot = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: root, namespace: flux-system}
spec: {path: ./cluster, prune: true, interval: 1m, sourceRef: {kind: GitRepository, name: app}}
`
	web = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: default}\nspec: {containers: [{name: web, image: web}]}\n"
	bad = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: default}\nspec: {containers: [{name: bad, image: bad}]}\n"
	old = `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: other, namespace: flux-system}
spec: {url: "https://git.example.com/acme/deploy", interval: 1m, ref: {branch: main}}
`
	chart = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: flux-system}
spec: {interval: 1m, chart: {spec: {chart: ./chart, sourceRef: {kind: GitRepository, name: app}}}}
`
)

// TestRender: what Flux would deploy from the target is what is verified, and
// what would let something else be deployed is no pass.
func TestRender(t *testing.T) {
	for name, c := range map[string]struct {
		files     map[string]string
		deployers string
		named     []string
		paths     []string
		// images are those that are found, and problem is one that changes the
		// verdict.
		images, problem string
		// charts are those that are taken for what they will render to.
		charts string
	}{
		"a Kustomization of the cluster": {
			files: map[string]string{"app/web.yaml": web, "other/bad.yaml": bad}, deployers: ofApp, named: []string{"app"}, images: "web",
		},
		"a revision that moves what it deploys": {
			files: map[string]string{
				"app/web.yaml": web, "new/bad.yaml": bad, "cluster/app.yaml": strings.Replace(ofApp, "./app", "./new", 1),
			},
			deployers: ofApp + "---\n" + ofRoot, images: "bad web",
		},
		"a revision that takes away what it deployed": {
			files:     map[string]string{"new/web.yaml": web, "cluster/new.yaml": strings.Replace(strings.Replace(ofApp, "./app", "./new", 1), "name: app,", "name: new,", 1)},
			deployers: ofApp + "---\n" + ofRoot, images: "web",
		},
		"a path that the gate names": {
			files: map[string]string{"cluster/web.yaml": web}, deployers: ofApp + "---\n" + ofRoot, named: []string{"app"}, images: "web", problem: "path-not-found",
		},
		"no path is there": {files: map[string]string{"README.md": "hello"}, deployers: ofApp, problem: "no-objects"},
		"nothing deploys":  {files: map[string]string{"app/web.yaml": web}, problem: "nothing-found"},
		"a Kustomization that is not there": {
			files: map[string]string{"app/web.yaml": web}, deployers: ofApp, named: []string{"app", "more"}, images: "web", problem: "deployer-missing",
		},
		"paths besides": {files: map[string]string{"app/web.yaml": web, "jobs/bad.yaml": bad}, deployers: ofApp, paths: []string{"jobs"}, images: "bad web"},
		"the target is deployed by its own revision": {
			files: map[string]string{"app/web.yaml": web, "app/source.yaml": strings.Replace(old, "name: other", "name: app", 1)}, deployers: ofApp,
			images: "web", problem: "gate-in-revision",
		},
		"the gate is deployed by its own revision": {
			files: map[string]string{"app/web.yaml": web, "app/gate.yaml": "apiVersion: gate.syncgate.dev/v1alpha1\nkind: ImageGate\nmetadata: {name: app, namespace: flux-system}\nspec: {}\n"}, deployers: ofApp,
			images: "web", problem: "gate-in-revision",
		},
		"another source that follows the same branch": {
			files:     map[string]string{"app/web.yaml": web, "app/source.yaml": old, "app/more.yaml": strings.NewReplacer("name: app,", "name: more,", "GitRepository, name: app", "GitRepository, name: other").Replace(ofApp)},
			deployers: ofApp, images: "web", problem: "source-unavailable",
		},
		"the candidate itself": {
			files:     map[string]string{"app/web.yaml": web, "app/more.yaml": strings.NewReplacer("name: app,", "name: more,", "GitRepository, name: app", "GitRepository, name: app-candidate").Replace(ofApp)},
			deployers: ofApp, images: "web", problem: "source-unavailable",
		},
		"an Application that follows the branch by itself": {
			files:     map[string]string{"app/web.yaml": web, "app/argo.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: argocd}\nspec: {project: default, destination: {namespace: a, server: x}, source: {repoURL: \"https://git.example.com/acme/deploy\", targetRevision: main, path: app}}\n"},
			deployers: ofApp, images: "web", problem: "repository-unavailable",
		},
		"a chart that need not be of the revision": {
			files:     map[string]string{"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/web.yaml": web, "app/web.yaml": web},
			deployers: ofApp + "---\n" + chart, images: "web", problem: "chart-unavailable", charts: chartsTrusted,
		},
		"a chart of the revision": {
			files:     map[string]string{"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/bad.yaml": bad, "app/web.yaml": web},
			deployers: ofApp + "---\n" + strings.Replace(chart, "chart: ./chart,", "chart: ./chart, reconcileStrategy: Revision,", 1), images: "bad web", charts: chartsTrusted,
		},
		"a chart that nobody vouches for": {
			files:     map[string]string{"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/bad.yaml": bad, "app/web.yaml": web},
			deployers: ofApp + "---\n" + strings.Replace(chart, "chart: ./chart,", "chart: ./chart, reconcileStrategy: Revision,", 1), images: "web", problem: "chart-unavailable",
		},
		"a chart that asks what the cluster has": {
			files:     map[string]string{"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "chart/templates/bad.yaml": "{{ if .Capabilities.APIVersions.Has \"acme.example.com/v1/Widget\" }}\n" + bad + "{{ end }}\n", "app/web.yaml": web},
			deployers: ofApp + "---\n" + strings.Replace(chart, "chart: ./chart,", "chart: ./chart, reconcileStrategy: Revision,", 1), images: "bad web", charts: chartsTrusted,
		},
		"what an artifact holds is not ignored again": {
			files: map[string]string{"app/web.yaml": web, "app/.github/bad.yaml": bad, ".sourceignore": "/app/.github\n"}, deployers: ofApp, images: "bad web",
		},
		"a variable of the cluster": {
			files:     map[string]string{"app/web.yaml": strings.Replace(web, "image: web", `image: "${image}"`, 1)},
			deployers: strings.Replace(ofApp, "prune: true,", "prune: true, postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]},", 1), problem: "image-unresolved",
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range c.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			deployers, _ := render.ParseObjects("cluster", []byte(c.deployers))
			for i := range deployers {
				deployers[i].Origin = render.Origin{}
			}
			candidate := flux.Candidate{
				Kind: "GitRepository", Namespace: "flux-system", Target: "app",
				Revision: render.Revision{Repository: "https://git.example.com/acme/deploy", Commit: strings.Repeat("a", 40)},
				Files:    files, Deployers: deployers, Kustomizations: c.named, Paths: c.paths,
			}
			rendering := candidate.Render(t.Context(), engineOf(candidate.Source(), c.charts))
			found, problems := images.Rules{}.Extract(rendering)
			var names, codes []string
			for _, image := range found {
				names = append(names, image.Reference)
			}
			slices.Sort(names)
			for _, p := range slices.Concat(rendering.Problems, problems) {
				if p.Severity != render.Notice {
					codes = append(codes, p.Code)
				}
			}
			if got := strings.Join(names, " "); got != c.images {
				t.Errorf("images are %q, want %q", got, c.images)
			}
			if c.problem == "" && len(codes) > 0 || c.problem != "" && !slices.Contains(codes, c.problem) {
				t.Errorf("problems are %q, want %q: %+v", codes, c.problem, rendering.Problems)
			}
		})
	}
}
