package flux_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
)

// kustomizationTree is a Kustomization with more fields, and what it deploys.
const kustomizationTree = `
-- cluster/apps.yaml --
apiVersion: kustomize.toolkit.fluxcd.io/VERSION
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 1h
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
FIELDS
-- cluster/settings.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: flux-system}
data:
  registry: registry.example
  replicas: "3"
  broken: |
    two
    lines
---
apiVersion: v1
kind: Secret
metadata: {name: hidden, namespace: flux-system}
data: {token: c2VjcmV0LXRva2Vu}
stringData: {registry: secret.example}
---
apiVersion: v1
kind: Secret
metadata: {name: sealed, namespace: flux-system}
stringData: {registry: "ENC[AES256_GCM,data:x]"}
sops: {mac: "ENC[x]"}
-- deploy/app.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      containers:
      - {name: app, image: "${registry:=default.example}/app:1"}
      - {name: other, image: "other.example/team/other:1"}
-- deploy/sub/kustomization.yaml --
resources: [cm.yaml]
images:
- {name: nobody, newTag: "1"}
-- deploy/sub/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: below}
data: {text: "$${kept} ${count:-none}"}
-- deploy/.sourceignore --
ignored.yaml
-- deploy/ignored.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: ignored}
-- parts/component/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [cm.yaml]
-- parts/component/cm.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: component}
`

// renderedText renders the tree of one deployer object, and returns the text
// of what it deploys, without quotes, and its problems.
func renderedText(t *testing.T, tree, unit string, options flux.Options) (string, []render.Problem) {
	t.Helper()
	rendering := everything(t, files(tree), options, "cluster")
	var text strings.Builder
	for _, object := range objectsOf(rendering, unit) {
		data, err := yaml.Marshal(object.Node)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(string(data) + "---\n")
	}
	return strings.ReplaceAll(text.String(), `"`, ""), rendering.Problems
}

// said returns the first problem of a code.
func said(problems []render.Problem, code string) *render.Problem {
	for i := range problems {
		if problems[i].Code == code {
			return &problems[i]
		}
	}
	return nil
}

func kustomizationWith(version, fields string) string {
	return strings.NewReplacer("VERSION", version, "FIELDS", fields).Replace(kustomizationTree)
}

// TestKustomizationFields shows that each field of a Kustomization alone
// changes what is rendered, and how.
func TestKustomizationFields(t *testing.T) {
	const unit = "flux/kustomization/flux-system/apps"
	const path = "  path: ./deploy\n"
	base, problems := renderedText(t, kustomizationWith("v1", path), unit, flux.Options{})
	for _, p := range problems {
		if p.Severity != render.Notice {
			t.Fatal(p.Error())
		}
	}
	for _, want := range []string{"${registry:=default.example}/app:1", "name: below", "kustomize.toolkit.fluxcd.io/name: apps"} {
		if !strings.Contains(base, want) {
			t.Errorf("without fields: %q is not in\n%s", want, base)
		}
	}
	if strings.Contains(base, "name: ignored") {
		t.Error("a file that .sourceignore names is deployed")
	}
	for _, c := range []struct{ name, version, fields, want string }{
		{"targetNamespace", "v1", path + "  targetNamespace: there", "namespace: there"},
		{"namePrefix", "v1", path + "  namePrefix: pre-", "name: pre-app"},
		{"nameSuffix", "v1", path + "  nameSuffix: -post", "name: app-post"},
		{"images", "v1", path + "  images: [{name: other.example/team/other, newName: mirror.example/other, digest: sha256:aa}]", "mirror.example/other@sha256:aa"},
		{"patches", "v1", path + "  patches:\n  - target: {kind: Deployment}\n    patch: |\n      - {op: replace, path: /spec/template/spec/containers/1/image, value: patched.example/p:2}", "patched.example/p:2"},
		{"patchesStrategicMerge", "v1beta2", path + "  patchesStrategicMerge:\n  - {apiVersion: apps/v1, kind: Deployment, metadata: {name: app}, spec: {replicas: 7}}", "replicas: 7"},
		{"patchesJson6902", "v1beta2", path + "  patchesJson6902:\n  - target: {kind: Deployment, name: app, version: v1, group: apps}\n    patch: [{op: add, path: /spec/replicas, value: 8}]", "replicas: 8"},
		{"components", "v1", path + "  components: [../parts/component]", "name: component"},
		{"ignoreMissingComponents", "v1", path + "  components: [../parts/none, ../parts/component]\n  ignoreMissingComponents: true", "name: component"},
		{"commonMetadata.labels", "v1", path + "  commonMetadata: {labels: {team: a}}", "team: a"},
		{"commonMetadata.annotations", "v1", path + "  commonMetadata: {annotations: {owner: b}}", "owner: b"},
		{"buildMetadata", "v1", path + "  buildMetadata: [originAnnotations]", "config.kubernetes.io/origin"},
		{"postBuild.substitute", "v1", path + "  postBuild: {substitute: {registry: inline.example}}", "inline.example/app:1"},
		{"postBuild.substituteStrategy", "v1", path + "  postBuild: {substituteStrategy: Always}", "default.example/app:1"},
		{"postBuild.substituteFrom ConfigMap", "v1", path + "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}", "registry.example/app:1"},
		{"postBuild.substituteFrom, the last wins", "v1", path + "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}, {kind: Secret, name: hidden}]}", "secret.example/app:1"},
		{"postBuild: inline wins over all", "v1", path + "  postBuild: {substitute: {registry: inline.example}, substituteFrom: [{kind: ConfigMap, name: settings}]}", "inline.example/app:1"},
		{"postBuild: $$ is an escape", "v1", path + "  postBuild: {substitute: {count: '5'}}", "${kept} 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems := renderedText(t, kustomizationWith(c.version, c.fields), unit, flux.Options{})
			if got == base || !strings.Contains(got, c.want) {
				t.Errorf("%q is not in\n%s%v", c.want, got, problems)
			}
		})
	}
}

// TestKustomizationProblems shows what is said, how severe it is, and where.
func TestKustomizationProblems(t *testing.T) {
	const path = "  path: ./deploy\n"
	for _, c := range []struct {
		name, version, fields string
		code                  string
		severity              render.Severity
		place, says           string
	}{
		{"unknown field", "v1", path + "  mystery: 1", flux.CodeUnknownField, render.Unseen, "cluster/apps.yaml:11:3", "spec.mystery"},
		{"unknown field below", "v1", path + "  postBuild: {substituteAll: true}", flux.CodeUnknownField, render.Unseen, "cluster/apps.yaml:11:15", "spec.postBuild.substituteAll"},
		{"unknown version", "v3", path, flux.CodeVersion, render.Unseen, "cluster/apps.yaml:1:13", "v3"},
		{"wrong type", "v1", path + "  suspend: {a: b}", flux.CodeInvalid, render.Broken, "cluster/apps.yaml", "bool"},
		{"suspended", "v1", path + "  suspend: true", flux.CodeSuspended, render.Notice, "cluster/apps.yaml:11:12", "suspended"},
		{"no such path", "v1", "  path: ./nowhere", flux.CodePath, render.Broken, "cluster/apps.yaml:10:9", "nowhere"},
		{"path out of the source stays in it", "v1", "  path: ../../nowhere", flux.CodePath, render.Broken, "cluster/apps.yaml:10:9", "nowhere"},
		{"component is a URL", "v1", path + "  components: ['https://example.com/x']", flux.CodeInvalid, render.Broken, "cluster/apps.yaml:11:16", "relative"},
		{"name of a variable", "v1", path + "  postBuild: {substitute: {a-b: c}}", flux.CodeVariable, render.Broken, "cluster/apps.yaml:11:33", "a-b"},
		{"input is not in the revision", "v1", path + "  postBuild: {substituteFrom: [{kind: ConfigMap, name: elsewhere}]}", flux.CodeInput, render.Notice, "cluster/apps.yaml:11:56", "registry"},
		{"optional input is not in the revision", "v1", path + "  postBuild: {substituteFrom: [{kind: Secret, name: elsewhere, optional: true}]}", flux.CodeInput, render.Notice, "cluster/apps.yaml:11:53", "registry"},
		{"input is encrypted", "v1", path + "  postBuild: {substituteFrom: [{kind: Secret, name: sealed}]}", flux.CodeInput, render.Notice, "cluster/apps.yaml:11:53", "encrypted"},
		{"variable in the path", "v1", "  path: './${where}'", flux.CodeVariable, render.Unseen, "cluster/apps.yaml:10:9", "spec.path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := renderedText(t, kustomizationWith(c.version, c.fields), "", flux.Options{})
			p := said(problems, c.code)
			if p == nil {
				t.Fatalf("nothing of code %s in %v", c.code, problems)
			}
			if p.Severity != c.severity || !strings.HasPrefix(p.Origin.String(), c.place) || !strings.Contains(p.Message, c.says) {
				t.Errorf("severity %d, %s", p.Severity, p.Error())
			}
		})
	}
}

// releaseTree is a HelmRelease with more fields, its chart and its values.
const releaseTree = `
-- cluster/release.yaml --
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: app, namespace: team}
spec:
  interval: 1h
  CHART
FIELDS
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: charts, namespace: team}
spec: {url: https://git.example/org/repo, interval: 1h}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmChart
metadata: {name: app, namespace: team}
spec: {chart: ./charts/app, interval: 1h, sourceRef: {kind: GitRepository, name: charts}, valuesFiles: [charts/app/prod.yaml]}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: oci, namespace: team}
spec: {url: "oci://registry.example/charts/app", interval: 1h, ref: {tag: 1.2.3}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: layers, namespace: team}
spec: {url: "oci://registry.example/charts/app", interval: 1h, layerSelector: {mediaType: application/x}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: filter, namespace: team}
spec: {url: "oci://registry.example/charts/app", interval: 1h, ref: {semver: 1.x, semverFilter: ".*-rc"}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: repo, namespace: team}
spec: {url: "https://charts.example/stable/", interval: 1h}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: team}
data:
  values.yaml: |
    image:
      tag: from-configmap
  other: |
    image: {tag: from-key}
  tag: from-target
  text: "a,b=c"
---
apiVersion: v1
kind: Secret
metadata: {name: values, namespace: team}
stringData: {values.yaml: "image: {tag: from-secret}"}
-- charts/app/Chart.yaml --
apiVersion: v2
name: app
version: 1.0.0
-- charts/app/values.yaml --
image: {repository: registry.example/app, tag: default}
text: none
-- charts/app/prod.yaml --
image: {repository: registry.example/prod, tag: prod}
-- charts/app/values.schema.json --
{"properties": {"forbidden": {"type": "string"}}}
-- charts/app/crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
-- charts/app/templates/app.yaml --
apiVersion: v1
kind: Pod
metadata: {name: "{{ .Release.Name }}"}
spec:
  containers:
  - {name: app, image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"}
  hostname: "{{ .Values.text }}"
-- charts/app/templates/hooks.yaml --
{{- range list "pre-install" "post-upgrade" "pre-rollback" "post-delete" "test" "pre-install,pre-upgrade" }}
---
apiVersion: v1
kind: Pod
metadata: {name: "hook-{{ . | replace "," "-and-" }}", annotations: {"helm.sh/hook": "{{ . }}"}}
spec: {containers: [{name: hook, image: hook.example/hook:1}]}
{{- end }}
`

// chartInGit is the chart of a HelmRelease that lies in the tree.
const chartInGit = "chart: {spec: {chart: ./charts/app, sourceRef: {kind: GitRepository, name: charts}}}"

func releaseWith(chart, fields string) string {
	return strings.NewReplacer("CHART", chart, "FIELDS", fields).Replace(releaseTree)
}

// TestReleaseFields shows that each field of a HelmRelease alone changes what
// is rendered, and how: a want that starts with ! must not be there.
func TestReleaseFields(t *testing.T) {
	const unit = "flux/helmrelease/team/app"
	options := flux.Options{Self: []string{"git@git.example:org/repo.git"}}
	base, problems := renderedText(t, releaseWith(chartInGit, ""), unit, options)
	for _, p := range problems {
		if p.Severity != render.Notice {
			t.Fatal(p.Error())
		}
	}
	for _, want := range []string{"registry.example/app:default", "name: app\n", "kind: CustomResourceDefinition", "hook-pre-install", "helm.toolkit.fluxcd.io/namespace: team"} {
		if !strings.Contains(base, want) {
			t.Errorf("without fields: %q is not in\n%s", want, base)
		}
	}
	if strings.Contains(base, "hook-test") {
		t.Error("a test is deployed that is not enabled")
	}
	for _, c := range []struct{ name, chart, fields, want string }{
		{"chart.spec.valuesFiles", strings.Replace(chartInGit, "sourceRef", "valuesFiles: [charts/app/prod.yaml], sourceRef", 1), "", "registry.example/prod:prod"},
		{"chart.spec.valuesFile", strings.Replace(chartInGit, "sourceRef", "valuesFile: charts/app/prod.yaml, sourceRef", 1), "", "registry.example/prod:prod"},
		{"chart.spec.ignoreMissingValuesFiles", strings.Replace(chartInGit, "sourceRef", "ignoreMissingValuesFiles: true, valuesFiles: [none.yaml, charts/app/prod.yaml], sourceRef", 1), "", "registry.example/prod:prod"},
		{"chartRef HelmChart", "chartRef: {kind: HelmChart, name: app}", "", "registry.example/prod:prod"},
		{"values", chartInGit, "  values: {image: {tag: inline}}", "registry.example/app:inline"},
		{"values with a large number", chartInGit, "  values: {image: {tag: 20240101}}", "registry.example/app:2.0240101e+07"},
		{"valuesFrom", chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values}]", "app:from-configmap"},
		{"valuesFrom, the last wins", chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values}, {kind: Secret, name: values}]", "app:from-secret"},
		{"valuesFrom, values win", chartInGit, "  valuesFrom: [{kind: Secret, name: values}]\n  values: {image: {tag: inline}}", "app:inline"},
		{"valuesFrom.valuesKey", chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: other}]", "app:from-key"},
		{"valuesFrom.targetPath", chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: tag, targetPath: image.tag}]", "app:from-target"},
		{"valuesFrom.targetPath wins over values", chartInGit, "  values: {image: {tag: inline}}\n  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: tag, targetPath: image.tag}]", "app:from-target"},
		{"valuesFrom.literal", chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: text, targetPath: text, literal: true}]", "hostname: a,b=c"},
		{"valuesFrom.optional key", chartInGit, "  releaseName: other\n  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: none, optional: true}]", "name: other\n"},
		{"releaseName", chartInGit, "  releaseName: other", "name: other\n"},
		{"targetNamespace", chartInGit, "  targetNamespace: there", "name: there-app\n"},
		{"long name", chartInGit, "  targetNamespace: a-namespace-with-a-very-long-name-that-goes-on-and-on", "name: a-namespace-with-a-very-long-name-that-g-"},
		{"install.disableSchemaValidation", chartInGit, "  releaseName: other\n  values: {forbidden: 1}\n  install: {disableSchemaValidation: true}", "name: other\n"},
		{"upgrade.disableSchemaValidation", chartInGit, "  releaseName: other\n  values: {forbidden: 1}\n  upgrade: {disableSchemaValidation: true}", "name: other\n"},
		{"test.enable", chartInGit, "  test: {enable: true}", "hook-test"},
		{"install.disableHooks", chartInGit, "  install: {disableHooks: true}", "!name: hook-pre-install\n"},
		{"install.disableHooks leaves hooks of upgrades", chartInGit, "  install: {disableHooks: true}", "name: hook-pre-install-and-pre-upgrade"},
		{"upgrade.disableHooks", chartInGit, "  upgrade: {disableHooks: true}", "!hook-post-upgrade"},
		{"rollback.disableHooks", chartInGit, "  rollback: {disableHooks: true}", "!hook-pre-rollback"},
		{"uninstall.disableHooks", chartInGit, "  uninstall: {disableHooks: true}", "!hook-post-delete"},
		{"install.crds and upgrade.crds", chartInGit, "  install: {crds: Skip}\n  upgrade: {crds: Skip}", "!CustomResourceDefinition"},
		{"commonMetadata.labels", chartInGit, "  commonMetadata: {labels: {team: a}}", "team: a"},
		{"commonMetadata.annotations", chartInGit, "  commonMetadata: {annotations: {owner: b}}", "owner: b"},
		{"postRenderers.images", chartInGit, "  postRenderers: [{kustomize: {images: [{name: registry.example/app, newTag: patched}]}}]", "registry.example/app:patched"},
		{"postRenderers.patches", chartInGit, "  postRenderers: [{kustomize: {patches: [{target: {kind: Pod, name: app}, patch: \"- {op: add, path: /spec/nodeName, value: node1}\"}]}}]", "nodeName: node1"},
		{"postRenderers go over hooks", chartInGit, "  postRenderers: [{kustomize: {images: [{name: hook.example/hook, newTag: patched}]}}]", "hook.example/hook:patched"},
		{"postRenderStrategy", chartInGit, "  postRenderStrategy: nohooks\n  postRenderers: [{kustomize: {images: [{name: hook.example/hook, newTag: patched}, {name: registry.example/app, newTag: patched}]}}]", "!hook.example/hook:patched"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, problems := renderedText(t, releaseWith(c.chart, c.fields), unit, options)
			want, absent := strings.CutPrefix(c.want, "!")
			if got == base || strings.Contains(got, want) == absent || !strings.Contains(got, "kind: Pod") {
				t.Errorf("%q: not in\n%s%v", c.want, got, problems)
			}
		})
	}
}

// TestReleaseProblems shows what is said of HelmReleases, how severe it is,
// and where.
func TestReleaseProblems(t *testing.T) {
	options := flux.Options{Self: []string{"https://git.example/org/repo"}}
	for _, c := range []struct {
		name, chart, fields string
		options             flux.Options
		code                string
		severity            render.Severity
		place, says         string
	}{
		{"unknown field", chartInGit, "  install: {mystery: 1}", options, flux.CodeUnknownField, render.Unseen, "cluster/release.yaml:7:13", "spec.install.mystery"},
		{"no chart", "timeout: 1m", "", options, flux.CodeInvalid, render.Broken, "cluster/release.yaml", "neither"},
		{"chart from a repository over HTTP", "chart: {spec: {chart: app, version: 1.x, sourceRef: {kind: HelmRepository, name: repo}}}", "", options, flux.CodeChart, render.Unseen, "cluster/release.yaml:6:25", "chart app 1.x of https://charts.example/stable"},
		{"chart from a registry", "chartRef: {kind: OCIRepository, name: oci}", "", options, flux.CodeChart, render.Unseen, "cluster/release.yaml", "chart app 1.2.3 of oci://registry.example/charts"},
		{"chart of an unknown kind", "chartRef: {kind: Bucket, name: oci}", "", options, flux.CodeUnknownField, render.Unseen, "cluster/release.yaml", "kind \"Bucket\""},
		{"unknown strategy", chartInGit, "  postRenderStrategy: never\n  postRenderers: [{kustomize: {}}]", options, flux.CodeUnknownField, render.Unseen, "cluster/release.yaml:7:23", "never"},
		{"layer that need not be a chart", "chartRef: {kind: OCIRepository, name: layers}", "", options, flux.CodeChart, render.Unseen, "cluster/release.yaml:27:91", "application/x"},
		{"filter of tags", "chartRef: {kind: OCIRepository, name: filter}", "", options, flux.CodeChart, render.Unseen, "cluster/release.yaml", "depends on what is not in the revision"},
		{"repository that is not in the revision", "chart: {spec: {chart: app, version: 1.x, sourceRef: {kind: HelmRepository, name: none}}}", "", options, flux.CodeSource, render.Unseen, "cluster/release.yaml:6:25", "chart app 1.x"},
		{"chart in another repository", chartInGit, "", flux.Options{Self: []string{"https://git.example/org/another"}}, flux.CodeSource, render.Unseen, "cluster/release.yaml:6:25", "https://git.example/org/repo"},
		{"values that are not in the revision", chartInGit, "  valuesFrom: [{kind: Secret, name: none}]", options, flux.CodeInput, render.Unseen, "cluster/release.yaml:7:37", "Secret team/none is not in the revision"},
		{"optional values that are not in the revision", chartInGit, "  valuesFrom: [{kind: Secret, name: none, optional: true}]", options, flux.CodeInput, render.Unseen, "cluster/release.yaml:7:37", "Secret team/none"},
		{"key that is not there", chartInGit, "  valuesFrom: [{kind: ConfigMap, name: values, valuesKey: none}]", options, flux.CodeInput, render.Broken, "cluster/release.yaml:7:40", "none"},
		{"missing values file", strings.Replace(chartInGit, "sourceRef", "valuesFiles: [none.yaml], sourceRef", 1), "", options, flux.CodePath, render.Broken, "cluster/release.yaml", "none.yaml"},
		{"values that break the chart's schema", chartInGit, "  values: {forbidden: 1}", options, render.CodeFailed, render.Broken, "charts/app/values.schema.json", "schema"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := renderedText(t, releaseWith(c.chart, c.fields), "", c.options)
			p := said(problems, c.code)
			if p == nil {
				t.Fatalf("nothing of code %s in %v", c.code, problems)
			}
			if p.Severity != c.severity || !strings.HasPrefix(p.Origin.String(), c.place) || !strings.Contains(p.Message, c.says) {
				t.Errorf("severity %d, %s", p.Severity, p.Error())
			}
		})
	}
}
