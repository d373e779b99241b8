package argocd_test

import (
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
)

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: pod, labels: {a: b}}\nspec: {containers: [{name: c, image: example.com/app:1}]}\n"

// sources is a tree with one directory for each tool.
func sources() []string {
	return []string{
		"plain/pod.yaml", pod,
		"plain/other.yml", strings.ReplaceAll(pod, "pod", "other"),
		"plain/sub/deep.yaml", strings.ReplaceAll(pod, "pod", "deep"),
		"plain/pod.yaml.sealed", strings.ReplaceAll(pod, "pod", "sealed"),
		"jsonnet/pod.jsonnet", `local lib = import 'lib.libsonnet'; function(x='1') {apiVersion: 'v1', kind: 'Pod', metadata: {name: lib.name}, spec: {containers: [{image: 'example.com/' + std.extVar('e') + ':' + x}]}}`,
		"jsonnet/lib.libsonnet", `{name: 'own'}`,
		"libs/lib.libsonnet", `{name: 'other'}`,
		"libs2/only.libsonnet", `{name: 'only'}`,
		"jsonnet2/pods.jsonnet", `local lib = import 'only.libsonnet'; [{apiVersion: 'v1', kind: 'Pod', metadata: {name: lib.name}}, {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'second'}}]`,
		"kustomize/kustomization.yaml", "resources: [pod.yaml]\nimages:\n- name: example.com/app\n  newTag: '2'\n- {name: keep, newTag: k}\nlabels: [{pairs: {l: v}}]\ncommonAnnotations: {note: v}\n",
		"kustomize/pod.yaml", pod + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: keep}]}}}\n",
		"component/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -one\n",
		"component2/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: two-\n",
		"kustomize/patch.yaml", "- op: replace\n  path: /spec/containers/0/image\n  value: example.com/patched:1\n",
		"chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
		"chart/values.yaml", "image: example.com/app:1\n",
		"chart/values.schema.json", `{"properties": {"image": {"type": "string"}}}`,
		"chart/one.yaml", "image: example.com/one:1\n",
		"chart/two.yaml", "image: example.com/two:1\nextra: two\n",
		"values/root.yaml", "image: example.com/root:1\n",
		"chart/crds/crd.yaml", "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: crd}}\n",
		"chart/templates/test.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: test, annotations: {helm.sh/hook: test}}}\n",
		"chart/templates/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n  labels: {kube: {{ .Capabilities.KubeVersion.Version }}, api: \"{{ .Capabilities.APIVersions.Has \"x.example.com/v1/Thing\" }}\", extra: {{ .Values.extra | toJson }}, json: {{ .Values.extra | toJson | quote }}}\nspec:\n  containers:\n  - image: {{ .Values.image }}\n",
	}
}

// field is a field of a source, what it makes of the source, and what the
// image is after that.
type field struct{ name, with, without, want string }

func allFields() []field {
	plain, kust, chart := "path: plain\ndirectory:\n  ", "path: kustomize\nkustomize:\n  ", "path: chart\nhelm:\n  "
	jsonnet := "path: jsonnet\ndirectory:\n  jsonnet:\n    extVars: [{name: e, value: app}]\n"
	return []field{
		{"path", "path: plain", "path: kustomize", "name:other"},
		{"directory.recurse", plain + "recurse: true", plain + "recurse: false", "name:deep"},
		{"directory.include", plain + "include: '*.yml'", plain + "recurse: false", "!name:pod"},
		{"directory.exclude", plain + "exclude: '{other,x}.*'", plain + "recurse: false", "!name:other"},
		{"directory.disableExtensionFilter", plain + "disableExtensionFilter: true", plain + "recurse: false", "name:sealed"},
		{"directory.jsonnet.extVars", jsonnet, strings.Replace(jsonnet, "value: app", "value: else", 1), "example.com/app:1"},
		{"directory.jsonnet.extVars.code", strings.Replace(jsonnet, "value: app", "value: \"'a' + 'b'\", code: true", 1), jsonnet, "example.com/ab:1"},
		{"directory.jsonnet.tlas", jsonnet + "    tlas: [{name: x, value: $ARGOCD_APP_REVISION_SHORT}]", jsonnet, "example.com/app:0123456"},
		{"directory.jsonnet.libs", "path: jsonnet2\ndirectory: {jsonnet: {libs: [libs2]}}", "path: jsonnet2\ndirectory: {jsonnet: {libs: [libs]}}", "name:only"},
		{"kustomize.namePrefix", kust + "namePrefix: pre-", kust + "{}", "name:pre-pod"},
		{"kustomize.nameSuffix", kust + "nameSuffix: -post", kust + "{}", "name:pod-post"},
		{"kustomize.images", kust + "images: [example.com/app=example.com/mine:$ARGOCD_APP_REVISION_SHORT_8]", kust + "{}", "image:example.com/mine:01234567"},
		{"kustomize.images of a digest", kust + "images: ['example.com/app:1@sha256:abc']", kust + "{}", "image:example.com/app:1@sha256:abc"},
		{"kustomize.images that keep", kust + "images: ['example.com/app=example.com/x:*']", kust + "{}", "image:example.com/x:2"},
		{"kustomize.images beside others", kust + "images: [other:1]", "path: plain", "image:keep:k"},
		{"kustomize.replicas", kust + "replicas: [{name: web, count: 7}]", kust + "{}", "replicas:7"},
		{"kustomize.replicas as text", kust + "replicas: [{name: web, count: '8'}]", kust + "{}", "replicas:8"},
		{"kustomize.commonLabels", kust + "commonLabels: {x: $ARGOCD_APP_NAME}", kust + "{}", "selector:map[matchLabels:map[x:a]]"},
		{"kustomize.forceCommonLabels", kust + "commonLabels: {x: y}\n  forceCommonLabels: true", kust + "{}", "x:y"},
		{"kustomize.labelWithoutSelector", kust + "commonLabels: {x: y}\n  labelWithoutSelector: true", kust + "commonLabels: {x: y}", "!matchLabels"},
		{"kustomize.labelIncludeTemplates", kust + "commonLabels: {x: y}\n  labelWithoutSelector: true\n  labelIncludeTemplates: true", kust + "commonLabels: {x: y}\n  labelWithoutSelector: true", "template:map[metadata:map[annotations:map[note:v] labels:map[a:b x:y]]"},
		{"kustomize.commonAnnotations", kust + "commonAnnotations: {x: $ARGOCD_APP_NAME}", kust + "{}", "x:$ARGOCD_APP_NAME"},
		{"kustomize.commonAnnotationsEnvsubst", kust + "commonAnnotations: {x: $ARGOCD_APP_NAME$$}\n  commonAnnotationsEnvsubst: true", kust + "commonAnnotations: {x: $ARGOCD_APP_NAME$$}", "x:a$"},
		{"kustomize.forceCommonAnnotations", kust + "commonAnnotations: {note: w}\n  forceCommonAnnotations: true", kust + "commonAnnotations: {note: w}", "note:w"},
		{"kustomize.namespace", kust + "namespace: ns", kust + "{}", "namespace:ns"},
		{"kustomize.patches", kust + "patches: [{target: {kind: Pod}, patch: '[{\"op\": \"replace\", \"path\": \"/spec/containers/0/image\", \"value\": \"example.com/inline:1\"}]'}]", kust + "{}", "image:example.com/inline:1"},
		{"kustomize.patches by path", kust + "patches: [{target: {kind: Pod}, path: patch.yaml}]", kust + "{}", "image:example.com/patched:1"},
		{"kustomize.components", kust + "components: [../component]", kust + "{}", "name:pod-one"},
		{"kustomize.ignoreMissingComponents", kust + "components: [../none, ../component]\n  ignoreMissingComponents: true", kust + "components: [../none, ../component]", "name:pod-one"},
		{"kustomize.ignoreMissingComponents takes the first of several", kust + "components: [../component, ../component2]\n  ignoreMissingComponents: true", kust + "components: [../component, ../component2]", "name:pod-one]"},
		{"helm.releaseName", chart + "releaseName: rel", chart + "{}", "name:rel"},
		{"helm.valueFiles", chart + "valueFiles: [one.yaml]", chart + "{}", "image:example.com/one:1"},
		{"helm.valueFiles: later ones win", chart + "valueFiles: [two.yaml, one.yaml]", chart + "valueFiles: [one.yaml, two.yaml]", "image:example.com/one:1"},
		{"helm.valueFiles from the root", chart + "valueFiles: [/values/root.yaml]", chart + "{}", "image:example.com/root:1"},
		{"helm.valueFiles by pattern", chart + "valueFiles: ['t*.yaml']", chart + "{}", "extra:two"},
		{"helm.valueFiles by pattern: the explicit ones keep their place", chart + "valueFiles: ['*o.yaml', one.yaml]", chart + "valueFiles: [one.yaml, '*o.yaml']", "image:example.com/one:1"},
		{"helm.valueFiles with a variable", chart + "valueFiles: [$ARGOCD_APP_PROJECT_NAME/../one.yaml]", chart + "{}", "image:example.com/one:1"},
		{"helm.ignoreMissingValueFiles", chart + "valueFiles: [none.yaml, 'n*.yaml', one.yaml]\n  ignoreMissingValueFiles: true", chart + "valueFiles: [none.yaml, one.yaml]", "image:example.com/one:1"},
		{"helm.values", chart + "values: |\n    image: example.com/inline:1", chart + "{}", "image:example.com/inline:1"},
		{"helm.values over valueFiles", chart + "valueFiles: [one.yaml]\n  values: |\n    image: example.com/inline:1", chart + "valueFiles: [one.yaml]", "image:example.com/inline:1"},
		{"helm.valuesObject over values", chart + "values: 'image: example.com/inline:1'\n  valuesObject: {image: example.com/object:1}", chart + "values: 'image: example.com/inline:1'", "image:example.com/object:1"},
		{"helm.valuesObject {} over values", chart + "values: 'image: example.com/inline:1'\n  valuesObject: {}", chart + "values: 'image: example.com/inline:1'", "image:example.com/app:1"},
		{"helm.parameters", chart + "parameters: [{name: image, value: 'example.com/set:$ARGOCD_APP_SOURCE_PATH'}]", chart + "{}", "image:example.com/set:chart"},
		{"helm.parameters with commas", chart + "parameters: [{name: extra, value: 'a,b\\,c'}]", chart + "{}", "extra:a,b,c"},
		{"helm.parameters of a list", chart + "parameters: [{name: extra, value: '{a,b}'}]", chart + "{}", "extra:[a b]"},
		{"helm.parameters: the last wins", chart + "parameters: [{name: extra, value: a}, {name: extra, value: b}]", chart + "{}", "extra:b"},
		{"helm.parameters.forceString", chart + "parameters: [{name: extra.x, value: 'true', forceString: true}]", chart + "parameters: [{name: extra.x, value: 'true'}]", `"x":"true"`},
		{"helm.fileParameters", chart + "fileParameters: [{name: extra, path: /values/root.yaml}]", chart + "{}", "extra:image: example.com/root:1"},
		{"helm.skipCrds", chart + "skipCrds: true", chart + "{}", "!CustomResourceDefinition"},
		{"helm.skipTests", chart + "skipTests: true", chart + "{}", "!name:test"},
		{"helm.skipSchemaValidation", chart + "parameters: [{name: image, value: '5'}]\n  skipSchemaValidation: true", chart + "parameters: [{name: image, value: '5'}]", "image:5"},
		{"helm.namespace", chart + "namespace: other", chart + "{}", "namespace:other"},
		{"helm.kubeVersion", chart + "kubeVersion: 1.30.1", chart + "{}", "kube:v1.30.1"},
		{"helm.apiVersions", chart + "apiVersions: [x.example.com/v1/Thing]", chart + "{}", "api:true"},
		{"helm.version", chart + "version: v2", chart + "version: v3", "!name:a"},
		{"plugin", "path: chart\nplugin: {name: mine}", "path: chart", "the plugin mine"},
		{"targetRevision", "path: chart\ntargetRevision: v1.2.3", "path: chart", "revision v1.2.3 is not at hand"},
		{"chart", "chart: chart\ntargetRevision: 1.2.3", "path: chart", "chart chart 1.2.3 of"},
		{"repoURL of OCI", "path: .\nrepoURL2: oci://example.com/x", "path: .", "repoURL2"},
	}
}

// TestEachFieldAloneChangesWhatIsDeployed is a golden test for each field of a
// source.
func TestEachFieldAloneChangesWhatIsDeployed(t *testing.T) {
	for _, f := range allFields() {
		t.Run(f.name, func(t *testing.T) {
			text := func(source string) string {
				return in(files(append(sources(), "app.yaml", app("a", source))...)).deploy(t).text(t)
			}
			with, without := text(f.with), text(f.without)
			if with == without {
				t.Errorf("the field changes nothing:\n%s", with)
			}
			want, absent := strings.CutPrefix(f.want, "!")
			if strings.Contains(with, want) == absent {
				t.Errorf("want %q in\n%s", f.want, with)
			}
			if strings.Contains(without, want) != absent {
				t.Errorf("do not want %q without it in\n%s", f.want, without)
			}
		})
	}
}

// TestOrigins shows that what an Application sets is located in it, and all
// else where it stands in the repository.
func TestOrigins(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"plain", "path: plain", "example.com/app:1 plain/other.yml:4:38\nexample.com/app:1 plain/pod.yaml:4:38"},
		{"kustomize", "path: kustomize", "keep:k kustomize/kustomization.yaml:5:24\nexample.com/app:2 kustomize/kustomization.yaml:4:11"},
		{"kustomize after an edit", "path: kustomize\nkustomize: {nameSuffix: x}", "keep:k kustomize/kustomization.yaml:5:24\nexample.com/app:2 kustomize/kustomization.yaml:4:11"},
		{"kustomize.images", "path: kustomize\nkustomize:\n  images:\n  - example.com/app=example.com/new:3", "keep:k kustomize/kustomization.yaml:5:24\nexample.com/new:3 app.yaml:12:9"},
		{"kustomize.patches", "path: kustomize\nkustomize:\n  patches:\n  - target: {kind: Pod}\n    patch: |\n      - op: replace\n        path: /spec/containers/0/image\n        value: example.com/new:3", "keep:k kustomize/kustomization.yaml:5:24\nexample.com/new:3 app.yaml:16"},
		{"helm", "path: chart\nhelm: {valueFiles: [one.yaml]}", "example.com/one:1 chart/one.yaml:1:8"},
		{"helm.values", "path: chart\nhelm:\n  values: |\n    # text\n    image: example.com/inline:1", "example.com/inline:1 app.yaml:13"},
		{"helm.valuesObject", "path: chart\nhelm:\n  valuesObject:\n    image: example.com/object:1", "example.com/object:1 app.yaml:12:16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := in(files(append(sources(), "app.yaml", app("a", c.source))...)).deploy(t)
			if got.images() != c.want {
				t.Errorf("got\n%s\nwant\n%s\n%s", got.images(), c.want, got.problems())
			}
		})
	}
}

// TestNoFieldIsIgnored shows that a field that is not known is told, with its
// place, wherever it stands.
func TestNoFieldIsIgnored(t *testing.T) {
	for _, source := range []string{
		"x: y", "helm: {x: y}", "helm: {parameters: [{x: y}]}", "helm: {fileParameters: [{x: y}]}", "kustomize: {x: y}",
		"kustomize: {replicas: [{x: y}]}", "kustomize: {patches: [{x: y}]}", "kustomize: {patches: [{target: {x: y}}]}",
		"directory: {x: y}", "directory: {jsonnet: {x: y}}", "directory: {jsonnet: {libs: [], tlas: [{x: y}]}}", "plugin: {x: y}",
	} {
		got := in(files(append(sources(), "app.yaml", app("a", "path: plain\n"+source))...)).deploy(t).problems()
		column := 5 + strings.Index(source, "x: y")
		want := render.Origin{File: "app.yaml", Line: 10, Column: column}.String()
		if !strings.Contains(got, "unseen "+argocd.CodeUnknownField+" "+want+":") {
			t.Errorf("%s: want %s in\n%s", source, want, got)
		}
	}
}
