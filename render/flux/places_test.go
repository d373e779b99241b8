package flux_test

import (
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/images"
)

// TestPlaces shows where an image is said to be written: in the deployer
// object, in a file of values or in the manifest, never in a file that is made.
func TestPlaces(t *testing.T) {
	prod := strings.Replace(chartInGit, "sourceRef", "valuesFiles: [charts/app/prod.yaml], sourceRef", 1)
	for _, c := range []struct{ name, tree, image, want string }{
		{"manifest", kustomizationWith("v1", "  path: ./deploy"), "other.example/team/other:1", "deploy/app.yaml:9:30"},
		{"manifest, variables filled in", kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substitute: {registry: r.example}}"), "r.example/app:1", "deploy/app.yaml:8:28"},
		{"spec.images", kustomizationWith("v1", "  path: ./deploy\n  images:\n  - name: other.example/team/other\n    newTag: '2'"), "other.example/team/other:2", "cluster/apps.yaml:13:13"},
		{"spec.patches", kustomizationWith("v1", "  path: ./deploy\n  patches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: replace\n        path: /spec/template/spec/containers/1/image\n        value: p.example/p:2"), "p.example/p:2", "cluster/apps.yaml:16"},
		{"default values", releaseWith(chartInGit, ""), "registry.example/app:default", "charts/app/values.yaml:1:21"},
		{"values files", releaseWith(prod, ""), "registry.example/prod:prod", "charts/app/prod.yaml:1:21"},
		{"values", releaseWith(chartInGit, "  values:\n    image:\n      repository: in.example/line"), "in.example/line:default", "cluster/release.yaml:9:19"},
		{"valuesFrom", strings.Replace(releaseWith(chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values}]"), "      tag: from-configmap\n", "      repository: cm.example/map\n", 1), "cm.example/map:default", "cluster/release.yaml:"},
		{"postRenderers", releaseWith(chartInGit, "  postRenderers:\n  - kustomize:\n      images:\n      - name: registry.example/app\n        newTag: v9"), "registry.example/app:v9", "cluster/release.yaml:11:17"},
		{"behind postRenderers", releaseWith(chartInGit, "  postRenderers:\n  - kustomize:\n      images:\n      - name: other\n        newTag: v9"), "registry.example/app:default", "charts/app/values.yaml:1:21"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rendering := everything(t, files(c.tree), flux.Options{Self: []string{"https://git.example/org/repo"}}, "cluster")
			found, _ := images.Extract(rendering)
			for _, image := range found {
				if image.Reference == c.image {
					if got := image.Locations[0].Origin.String(); !strings.HasPrefix(got, c.want) {
						t.Errorf("it is said to be in %s, not %s", got, c.want)
					}
					return
				}
			}
			t.Errorf("not found in %v: %v", found, rendering.Problems)
		})
	}
}
