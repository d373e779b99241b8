package images_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// classes writes the class, the reference and the field of each location, one
// a line, and the problems.
func classes(found []render.Image, problems []render.Problem) string {
	var b strings.Builder
	for _, image := range found {
		for _, l := range image.Locations {
			fmt.Fprintf(&b, "%s %s %s\n", l.Class, image.Reference, l.Field)
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %d %s\n", p.Code, p.Severity, p.Message)
	}
	return b.String()
}

func of(apiVersion, kind, rest string) string {
	return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: a}\n" + rest + "\n"
}

// TestResource has the fields of custom resources: known ones, those that say
// by their names that they are images, and those that are taken apart.
func TestResource(t *testing.T) {
	widget := func(rest string) string { return of("example.com/v1", "Widget", rest) }
	for _, c := range []struct{ name, data, want string }{
		{"called image", widget("spec: {image: nginx, sub: [{image: 'acme/web'}]}"), "resource nginx spec.image\nresource acme/web spec.sub[0].image\n"},
		{"called something like it", widget("spec: {baseImage: 'acme/web:1', image_name: 'acme/db:1', init-image: 'ghcr.io/acme/init', images: ['acme/x:1', y]}"),
			"resource acme/web:1 spec.baseImage\nresource acme/db:1 spec.image_name\nresource ghcr.io/acme/init spec.init-image\nresource acme/x:1 spec.images[0]\n"},
		{"called like it and something else", widget("spec: {image: logo.png, backgroundImage: 'a/b:1', imageTag: 'v1', imagePullPolicy: Always, imageRegistry: ghcr.io/acme, lastImage: 'a/b:1', machineImage: 'debian:12', image2: 5}"), ""},
		{"apart", widget("spec: {image: {registry: ghcr.io, repository: acme/web, tag: 1.2, digest: '" + sha + "'}, other: {repository: acme/db, tag: 5}, git: {repository: 'https://github.com/a/b', tag: v1}, code: {repository: github.com/a/b, tag: v1}, chart: {repository: acme}}"),
			"resource ghcr.io/acme/web:1.2@" + sha + " spec.image\nresource acme/db:5 spec.other\n"},
		{"repository, name and version", widget("spec: {driver: {repository: nvcr.io/nvidia, image: driver, version: '550.1'}, toolkit: {repository: nvcr.io/nvidia, image: toolkit, version: '" + sha + "'}}"),
			"resource nvcr.io/nvidia/driver:550.1 spec.driver\nresource nvcr.io/nvidia/toolkit@" + sha + " spec.toolkit\n"},
		{"without a tag, called image", widget("spec: {image: {repository: ghcr.io/acme/web}}"), "resource ghcr.io/acme/web spec.image\n"},
		{"image beside tag", widget("spec: {image: acme/web, tag: v2, proxyImage: acme/proxy, proxyTag: v3}"), "resource acme/web:v2 spec\nresource acme/proxy:v3 spec\n"},
		{"image with a tag beside tag", widget("spec: {image: 'acme/web:v1', tag: v2}"), "resource acme/web:v1 spec\n"},
		{"container in parts", widget("spec: {containers: [{image: {repository: acme/web, tag: v1}}]}"), "resource acme/web:v1 spec.containers[0].image\n"},
		{"hub", widget("spec: {hub: registry.istio.io/x, tag: v9, proxy: {image: proxyv2}}"), "resource registry.istio.io/x/proxyv2:v9 spec.proxy.image\n"},
		{"a field of any name that holds nothing else", widget("spec: {addons: 'ghcr.io/acme/web:v1', note: 'uses ghcr.io/acme/web:v1', url: 'example.com/x', endpoint: 'db.example.com:5432'}"), "text ghcr.io/acme/web:v1 spec.addons\n"},
		{"parameters", widget("spec: {params: [{name: BUILDER_IMAGE, default: 'acme/web:v1'}, {name: APP_IMAGE, value: 'localhost:5000/app'}, {name: image, value: ubuntu}, {name: bundle, value: 'ghcr.io/a/b:1'}]}"), "text acme/web:v1 spec.params[0].default\n"},
		{"status and metadata", widget("status: {image: 'acme/web:v1', containers: [{image: a}]}"), "podspec a status.containers[0].image\n"},
		{"Crossplane", of("pkg.crossplane.io/v1", "Provider", "spec: {package: 'xpkg.example.org/acme/aws:v1'}"), "resource xpkg.example.org/acme/aws:v1 spec.package\n"},
		{"Tekton, at any depth", of("tekton.dev/v1", "PipelineRun", "spec: {pipelineSpec: {tasks: [{taskSpec: {stepTemplate: {image: a}, steps: [{image: b, script: 'docker pull ghcr.io/x/y:1'}], sidecars: [{image: c}]}}]}}"),
			"resource a spec.pipelineSpec.tasks[0].taskSpec.stepTemplate.image\nresource b spec.pipelineSpec.tasks[0].taskSpec.steps[0].image\nresource c spec.pipelineSpec.tasks[0].taskSpec.sidecars[0].image\n"},
		{"a known field that is malformed fails", of("monitoring.coreos.com/v1", "Prometheus", "spec: {image: 'Prom/x:1'}"), "image-malformed 1 Prometheus n/a: spec.image: image \"Prom/x:1\" has upper-case letters in its repository\n"},
		{"a variable is unknown", of("upgrade.cattle.io/v1", "Plan", "spec: {upgrade: {image: 'ghcr.io/a/b:${V}'}}") + "---\n" + widget("spec: {image: {repository: a/b, tag: '${V}'}}"),
			"image-unresolved 0 Plan n/a: spec.upgrade.image: image \"ghcr.io/a/b:${V}\" depends on the variable V, whose value is not in the revision\n" +
				"image-unresolved 0 Widget n/a: spec.image: image \"a/b:${V}\" depends on the variable V, whose value is not in the revision\n"},
		{"what others push and what others run", of("kafka.strimzi.io/v1", "KafkaConnect", "spec: {image: 'a/b:1', build: {output: {image: 'a/c:1'}}}") + "---\n" + of("image.toolkit.fluxcd.io/v1", "ImageRepository", "spec: {image: 'a/d:1'}"), "resource a/b:1 spec.image\n"},
		{"chart values are text", of("helm.toolkit.fluxcd.io/v2", "HelmRelease", "spec: {values: {image: {repository: a/b, tag: '1'}, x: {image: '${V}/b'}}}"),
			"text a/b:1 spec.values.image\nimage-unresolved 2 HelmRelease n/a: spec.values.x.image: image \"${V}/b\" depends on the variable V, whose value is not in the revision\n"},
		{"a schema", of("apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: {schema: {openAPIV3Schema: {properties: {image: {type: string, default: 'a/b:1'}}}}}"), ""},
		{"a storage class", of("storage.k8s.io/v1", "StorageClass", "parameters: {imageFeatures: layering, image: 'a/b:1'}"), ""},
		{"an expression", of("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", "spec: {mutations: [{jsonPatch: {expression: 'Object.spec{image: \"ghcr.io/a/b:1\", x: [1]}'}}]}"), "text ghcr.io/a/b:1 spec.mutations[0].jsonPatch.expression\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := classes(images.Extract(rendering(c.data))); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestText has arguments, variables, ConfigMaps, annotations and documents in
// strings.
func TestText(t *testing.T) {
	pod := func(container string) string {
		return of("v1", "Pod", "spec: {containers: [{image: x, "+container+"}]}")
	}
	const x = "podspec x spec.containers[0].image\n"
	at := "spec.containers[0]."
	for _, c := range []struct{ name, data, want string }{
		{"arguments", pod("args: ['--image=acme/web:v1', --reloader-image, acme/r, --init-image, 'acme/i:1', '-images=a=quay.io/a/a:1,b=quay.io/b/b:1', 'quay.io/c/c:1', '--x=quay.io/d/d:1', '--pull-secrets=quay.io/x', '--listen=0.0.0.0:80', '--image-pull-policy=a:b', '--kinds!=kubernetes.io/a,helm.sh/b.v1']"),
			x + "text acme/web:v1 " + at + "args[0]\ntext acme/i:1 " + at + "args[4]\ntext quay.io/a/a:1 " + at + "args[5]\ntext quay.io/b/b:1 " + at + "args[5]\ntext quay.io/c/c:1 " + at + "args[6]\ntext quay.io/d/d:1 " + at + "args[7]\n"},
		{"a shell line", pod("command: [sh, -c, 'docker pull quay.io/a/a:1; exec run --base-image=quay.io/b/b:1']"), x + "text quay.io/b/b:1 " + at + "command[2]\n"},
		{"an argument with a variable is worth a notice", pod("args: ['--image=ko://example.com/x', '$(IMAGE)']"), x + "image-unresolved 2 Pod n/a: spec.containers[0].args[0]: image \"ko://example.com/x\" is only built by ko when it is deployed\n"},
		{"variables", pod("env: [{name: RELATED_IMAGE_WEB, value: 'controller:latest'}, {name: X, value: 'quay.io/a/a:1'}, {name: KAFKA_IMAGES, value: \"3.9=quay.io/k/k:3.9\\n4.0=quay.io/k/k:4.0\\n\"}, {name: IMAGE_TAG, value: 'a:b'}, {name: HOST, value: 'db.example.com:5432'}]"),
			x + "text controller:latest " + at + "env[0].value\ntext quay.io/a/a:1 " + at + "env[1].value\ntext quay.io/k/k:3.9 " + at + "env[2].value\ntext quay.io/k/k:4.0 " + at + "env[2].value\n"},
		{"annotations of Pods", of("apps/v1", "Deployment", "spec: {template: {metadata: {annotations: {sidecar.istio.io/proxyImage: 'a/proxy:1', config.linkerd.io/proxy-image: cr.l5d.io/linkerd/proxy, config.linkerd.io/proxy-version: v2, containerImage: 'a/b:1', x.io/image: 'no'}}}}"),
			"text a/proxy:1 spec.template.metadata.annotations[\"sidecar.istio.io/proxyImage\"]\ntext cr.l5d.io/linkerd/proxy:v2 spec.template.metadata.annotations[\"config.linkerd.io/proxy-image\"]\n"},
		{"a ConfigMap", of("v1", "ConfigMap", "data: {SIDECAR_IMAGE: 'acme/s:1', plugin: 'quay.io/a/a:1', _example: 'image: quay.io/e/e:1', note: 'see quay.io/n/n:1', run.sh: \"IMAGE=quay.io/r/r:1\\n\", node: quay.io/a/notag}"),
			"text acme/s:1 data.SIDECAR_IMAGE\ntext quay.io/a/a:1 data.plugin\n"},
		{"a document in a ConfigMap", of("v1", "ConfigMap", "data:\n  c.yaml: |\n    # image: quay.io/no/no:1\n    image: {repository: quay.io/a/a}\n    pod: {containers: [{image: b, args: ['--image=quay.io/c/c:1']}]}\n    ---\n    fooImage: d:1\n    image: pilot\n  j.json: '{\"image\": \"acme/e\"}'"),
			"text quay.io/a/a data[\"c.yaml\"]!image\ntext b data[\"c.yaml\"]!pod.containers[0].image\ntext quay.io/c/c:1 data[\"c.yaml\"]!pod.containers[0].args[0]\ntext d:1 data[\"c.yaml\"]!fooImage\ntext acme/e data[\"j.json\"]!image\n"},
		{"a document in a document", of("v1", "ConfigMap", "data:\n  c: |\n    inner: |\n      image: acme/a:1\n"), "text acme/a:1 data.c!inner!image\n"},
		{"a template in a ConfigMap", of("v1", "ConfigMap", "data:\n  c: |\n    {{ if .x }}\n    image: busybox:1.28\n    image: {{ .Image }}\n    {{ end }}\n  x: |\n    <a>\n    <image>quay.io/x/x:1</image>\n"), "text busybox:1.28 data.c\ntext quay.io/x/x:1 data.x\n"},
		{"a Secret, and nothing of it in a message", of("v1", "Secret", "stringData: {A_IMAGE: 'a/b:1', B_IMAGE: '$(hunter2)'}\ndata: {C_IMAGE: YTpi}"), "text a/b:1 stringData.A_IMAGE\n"},
		{"values in a custom resource", of("argoproj.io/v1alpha1", "Application", "spec: {source: {helm: {values: \"image:\\n  repository: a/b\\n  tag: v1\\n\"}}}"), "text a/b:v1 spec.source.helm.values!image\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := classes(images.Extract(rendering(c.data))); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestStrongestClass has one image of three classes: one entry, with the
// class of each place.
func TestStrongestClass(t *testing.T) {
	found, _ := images.Extract(rendering(
		of("v1", "ConfigMap", "data: {IMAGE: 'a/b:1'}") + "---\n" + of("x.io/v1", "X", "spec: {image: 'a/b:1'}") + "---\n" + of("v1", "Pod", "spec: {containers: [{image: 'a/b:1'}]}")))
	if len(found) != 1 || found[0].Class != render.ClassPodSpec || len(found[0].Locations) != 3 ||
		found[0].Locations[0].Class != render.ClassText || found[0].Locations[1].Class != render.ClassResource {
		t.Errorf("%+v", found)
	}
}

// TestLinesOfDocuments finds the line of an image in a document of a block.
func TestLinesOfDocuments(t *testing.T) {
	found, _ := images.Extract(rendering(of("v1", "ConfigMap", "data:\n  c: |\n    a: 1\n    image: a/b:1\n  d: \"image: 1\\nimage2: 2\\ninit-image: c:1\"")))
	if got := found[0].Locations[0].Origin.String() + " " + found[1].Locations[0].Origin.String(); got != "f.yaml:7 f.yaml:8:6" {
		t.Error(got)
	}
}

// TestDocumentsAreBounded is the row of the threats on aliases, nesting and
// size, inside of strings: what cannot be searched is unknown.
func TestDocumentsAreBounded(t *testing.T) {
	indent := func(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n    ") }
	laughs := "a0: &a0 [image]\n"
	for i := range 20 {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i)
	}
	for name, text := range map[string]string{
		"aliases": laughs,
		"deep":    "image: " + strings.Repeat("[", 300) + strings.Repeat("]", 300),
		"large":   "image: a\nx: " + strings.Repeat("x", bounds.EmbeddedBytes),
	} {
		_, problems := images.Extract(rendering(of("v1", "ConfigMap", "data:\n  c: |\n  "+indent(text))))
		if len(problems) != 1 || problems[0].Code != images.CodeTooLarge || problems[0].Severity != render.Unseen {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}

// TestKnownFields holds that each row of the table is well-formed and finds,
// or leaves out, what it says.
func TestKnownFields(t *testing.T) {
	fields := images.Fields()
	if len(fields) < 100 {
		t.Fatalf("%d rows", len(fields))
	}
	for _, field := range fields {
		kind := strings.Replace(field.Kinds[0], "*", "Any", 1)
		data := of(field.Group+"/v1", kind, object(field.Path, value(field.How)))
		found, problems := images.Extract(rendering(data))
		if want := field.How != "not"; len(problems) != 0 || (len(found) == 1) != want {
			t.Errorf("%+v: got %s for\n%s", field, classes(found, problems), data)
		}
	}
}

// value is a value that a row says there is.
func value(how string) string {
	switch how {
	case "image", "not":
		return "acme/web:v1"
	case "text":
		return "{image: {repository: acme/web, tag: v1}}"
	}
	name, tag, tagged := strings.Cut(how, ":")
	tag, _, _ = strings.Cut(tag, "@")
	parts := strings.Split(name, "/")
	text := parts[len(parts)-1] + ": acme/web"
	if tagged {
		text += ", " + tag + ": v1"
	}
	return "{" + text + "}"
}

// object is an object that has a value at a path with wildcards.
func object(path, value string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, "**"), ".")
	if path == "" {
		path = "spec.image"
	}
	if !strings.HasPrefix(path, "spec") && !strings.Contains(path, "stages") && !strings.HasPrefix(path, "configuration") && path != "status" {
		path = "spec." + path
	}
	steps := strings.Split(path, ".")
	for i := len(steps) - 1; i >= 0; i-- {
		lists := strings.Count(steps[i], "[]")
		key := strings.ReplaceAll(strings.ReplaceAll(steps[i], "[]", ""), "*", "any")
		value = "{" + key + ": " + strings.Repeat("[", lists) + value + strings.Repeat("]", lists) + "}"
	}
	return value[1 : len(value)-1]
}
