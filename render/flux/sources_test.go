package flux_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/rendertest"
)

// sourceTree is a Kustomization of some source, and the repository.
const sourceTree = `
-- cluster/ks.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {path: ./app, prune: true, interval: 1h, sourceRef: {kind: KIND, name: src}, targetNamespace: ns}
-- cluster/source.yaml --
SOURCE
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: self, namespace: flux-system}
spec: {url: https://git.example/org/repo, interval: 1h}
-- app/tree.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: tree}}
-- app/ignored.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: ignored}}
-- app/kept.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}}
-- app/picture.zip --
-- app/.github/ci.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: ci}}
-- more/one.yaml --
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}
`

// TestSources shows what each kind of source holds, with each of the fields
// that change it; and that one which cannot be had is told by name.
func TestSources(t *testing.T) {
	const git = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: src, namespace: flux-system}\nspec: {url: 'https://git.example/org/repo', interval: 1hMORE}"
	const oci = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: src, namespace: flux-system}\nspec: {url: 'oci://registry.example/org/art', interval: 1hMORE}"
	const bucket = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: Bucket\nmetadata: {name: src, namespace: flux-system}\nspec: {endpoint: s3.example, bucketName: deploy, interval: 1hMORE}"
	const made = "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {name: g, namespace: flux-system}\nspec:\n  sources: [{alias: repo, kind: GitRepository, name: self}]\n  artifacts: [{name: src, copy: [COPY]}]"
	other := rendertest.Files("-- app/mapped.yaml --\n{apiVersion: v1, kind: ConfigMap, metadata: {name: mapped}}\n")
	for _, c := range []struct{ name, kind, source, more, deployed, says string }{
		{"git", "GitRepository", git, "", "ignored kept tree", ""},
		{"git, ref.branch", "GitRepository", git, ", ref: {branch: main}", "ignored kept tree", ""},
		{"git, ref.tag", "GitRepository", git, ", ref: {tag: v1}", "", "GitRepository flux-system/src is https://git.example/org/repo at v1, which need not be this revision"},
		{"git, ref.semver", "GitRepository", git, ", ref: {semver: 1.x}", "", "at 1.x, which need not be this revision"},
		{"git, ref.name", "GitRepository", git, ", ref: {name: refs/pull/1/head}", "", "at refs/pull/1/head, which need not be this revision"},
		{"git, ref.commit", "GitRepository", git, ", ref: {commit: aaaa}", "", "at aaaa, which need not be this revision"},
		{"git, ignore", "GitRepository", git, ", ignore: \"/app/ignored.yaml\\n\"", "ci kept tree", ""},
		{"git, sparseCheckout", "GitRepository", git, ", sparseCheckout: [more]", "", "broken cluster/ks.yaml:4:14: Kustomization flux-system/apps: path \"./app\" is not in GitRepository flux-system/src"},
		{"git, include", "GitRepository", git, ", include: [{repository: {name: self}, fromPath: more, toPath: app/more}]", "ignored kept one tree", ""},
		{"git, include of what is not there", "GitRepository", git, ", include: [{repository: {name: none}}]", "", "GitRepository flux-system/none is not in the revision"},
		{"git, fields that change nothing", "GitRepository", git, ", recurseSubmodules: true, verify: {mode: HEAD}, timeout: 1m, secretRef: {name: x}", "ignored kept tree", ""},
		{"git, a field that is not known", "GitRepository", git, ", mystery: 1", "ignored kept tree", "unseen cluster/source.yaml:4:59: GitRepository flux-system/src: field spec.mystery is not known"},
		{"git, not there", "GitRepository", "", "", "", "GitRepository flux-system/src is not in the revision"},
		{"OCI", "OCIRepository", oci, ", layerSelector: {operation: copy}", "mapped", ""},
		{"OCI, a field that is not known", "OCIRepository", oci, ", ref: {mystery: 1}", "mapped", "unseen cluster/source.yaml:4:67: OCIRepository flux-system/src: field spec.ref.mystery is not known"},
		{"OCI, not mapped", "OCIRepository", strings.Replace(oci, "org/art", "org/none", 1), "", "", "OCIRepository flux-system/src holds the artifact oci://registry.example/org/none, which is not fetched"},
		{"bucket", "Bucket", bucket, ", region: x", "mapped", ""},
		{"bucket, not mapped", "Bucket", strings.Replace(bucket, "deploy", "none", 1), "", "", "Bucket flux-system/src holds the artifact s3.example/none, which is not fetched"},
		{"made of a directory", "ExternalArtifact", made, "{from: '@repo/more/**', to: '@artifact/app/'}", "one", ""},
		{"made of two", "ExternalArtifact", made, "{from: '@repo/more/**', to: '@artifact/app/'}, {from: '@repo/app/tree.yaml', to: '@artifact/app/'}", "one tree", ""},
		{"made with exclusions", "ExternalArtifact", made, "{from: '@repo/app/**', to: '@artifact/app/', exclude: ['*.yaml']}", "", "is of a form that is not known here"},
		{"made by merging", "ExternalArtifact", made, "{from: '@repo/app/tree.yaml', to: '@artifact/app/', strategy: Merge}", "", "is of a form that is not known here"},
		{"made of what is not there", "ExternalArtifact", made, "{from: '@none/**', to: '@artifact/'}", "", "names the source \"none\", which cannot be resolved"},
		{"made by nothing", "ExternalArtifact", "", "", "", "ExternalArtifact flux-system/src is made by no ArtifactGenerator of the revision"},
		{"another kind", "HelmChart", "", "", "", "source kind \"HelmChart\" is not known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := strings.NewReplacer("KIND", c.kind, "SOURCE", c.source, "MORE", c.more, "COPY", c.more).Replace(sourceTree)
			tree = strings.NewReplacer("MORE", c.more, "COPY", c.more).Replace(tree)
			options := flux.Options{Self: []string{"https://git.example/org/repo"}, Map: map[string]fs.FS{"oci://registry.example/org/art": other, "s3.example/deploy": other}}
			rendering := everything(t, files(tree), options, "cluster")
			var names []string
			for _, object := range objectsOf(rendering, "flux/kustomization/flux-system/apps") {
				names = append(names, object.ID.Name)
			}
			slices.Sort(names)
			said := ""
			for _, p := range rendering.Problems {
				if p.Severity != render.Notice {
					said += []string{"unseen", "broken"}[p.Severity] + " " + p.Origin.String() + ": " + p.Message + "\n"
				}
			}
			if got := strings.Join(names, " "); got != c.deployed || (said == "") != (c.says == "") || !strings.Contains(said, c.says) {
				t.Errorf("got  %s, %s\nwant %s, %s", got, said, c.deployed, c.says)
			}
		})
	}
}
