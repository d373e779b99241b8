package images_test

import (
	"fmt"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// rendering makes a rendering of one unit of one file.
func rendering(data string) render.Rendering {
	objects, _ := render.ParseObjects("f.yaml", []byte(data))
	return render.Rendering{
		Units:   []render.Rendered{{Unit: render.Unit{Name: "u", Namespace: "n"}, Objects: len(objects)}},
		Objects: objects,
	}
}

// describe writes images and problems one a line.
func describe(found []render.Image, problems []render.Problem) string {
	var b strings.Builder
	for _, image := range found {
		fmt.Fprintf(&b, "%s\n", image.Reference)
		for _, l := range image.Locations {
			fmt.Fprintf(&b, "  %s %s %s %s\n", l.Unit, l.Object, l.Field, l.Origin)
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %d %s %s\n", p.Code, p.Severity, p.Origin, p.Message)
	}
	return b.String()
}

const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
const custom = "apiVersion: x.io/v1\nkind: X\nmetadata: {name: a}\n"

// TestExtract has the row kyverno 16275 of the threats: every kind of
// container and image volume is seen, wherever a PodSpec is embedded.
func TestExtract(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"every field of a PodSpec", head + "spec:\n  containers:\n  - image: a\n  initContainers:\n  - {name: x, image: b}\n  ephemeralContainers: [{image: c}]\n  volumes:\n  - name: v\n    image:\n      reference: d\n",
			"a\n  u Pod n/a spec.containers[0].image f.yaml:6:12\nb\n  u Pod n/a spec.initContainers[0].image f.yaml:8:22\nc\n  u Pod n/a spec.ephemeralContainers[0].image f.yaml:9:33\nd\n  u Pod n/a spec.volumes[0].image.reference f.yaml:13:18\n"},
		{"one image with all its places", head + "spec: {containers: [{image: a}, {image: a}]}\n---\n" + custom + "spec: {containers: [{image: a}]}\n",
			"a\n  u Pod n/a spec.containers[0].image f.yaml:4:29\n  u Pod n/a spec.containers[1].image f.yaml:4:41\n  u X n/a spec.containers[0].image f.yaml:9:29\n"},
		{"a custom resource with a PodSpec in a list", custom + "spec:\n  a.b:\n  - - template: {spec: {containers: [{image: a}]}}\n",
			"a\n  u X n/a spec[\"a.b\"][0][0].template.spec.containers[0].image f.yaml:6:46\n"},
		{"a list", "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a, namespace: m}\n  spec: {containers: [{image: a}]}\n",
			"a\n  u Pod m/a spec.containers[0].image f.yaml:5:31\n"},
		{"a schema is no PodSpec", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec:\n  properties:\n    containers: {type: array, items: {properties: {image: {type: string}}}}\n    volumes: {items: {properties: {image: {properties: {reference: {type: string}}}}}}\n  required: [containers]\n", ""},
		{"a template that a definition embeds", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\nspec: {default: {containers: [{image: a}]}}\n",
			"a\n  u CustomResourceDefinition n/a spec.default.containers[0].image f.yaml:4:39\n"},
		{"an alias is where its anchor is", head + "x: &c\n  image: a\nspec:\n  containers:\n  - *c\n  - {<<: *c, name: b}\n",
			"a\n  u Pod n/a spec.containers[0].image f.yaml:5:10\n  u Pod n/a spec.containers[1].image f.yaml:5:10\n"},
		{"other lists", custom + "spec: {containers: [a, 1, [b]], initContainers: {other: a}, volumes: [{other: a}, {image: {x: y}}, a]}\n", ""},
		{"a custom resource may leave an image out", custom + "spec: {containers: [{name: a}, {image: ''}, {image: }, {image: {repository: a}}]}\n", ""},
		{"a workload may not", head + "spec: {containers: [{name: c}, {image: ''}, {image: {a: b}}, {image: 1}]}\n",
			"image-missing 1 f.yaml:4:21 Pod n/a: spec.containers[0]: container \"c\" has no image\n" +
				"image-malformed 1 f.yaml:4:40 Pod n/a: spec.containers[1].image: image \"\" is empty\n" +
				"image-malformed 1 f.yaml:4:53 Pod n/a: spec.containers[2].image: image is not a string\n" +
				"image-malformed 1 f.yaml:4:70 Pod n/a: spec.containers[3].image: image \"1\" is not a string\n"},
		{"malformed", head + "spec: {containers: [{image: ' nginx'}, {image: Nginx}]}\n",
			"image-malformed 1 f.yaml:4:29 Pod n/a: spec.containers[0].image: image \" nginx\" holds white space\n" +
				"image-malformed 1 f.yaml:4:48 Pod n/a: spec.containers[1].image: image \"Nginx\" has upper-case letters in its repository\n"},
		{"a pattern of a policy", custom + "spec: {containers: [{image: '!*:latest'}]}\n",
			"image-pattern 2 f.yaml:4:29 X n/a: spec.containers[0].image: \"!*:latest\" is a pattern, not an image\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := describe(images.Extract(rendering(c.data))); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestUnresolved is the row of the threats on substitutions: the image is
// unknown, and the variable is named.
func TestUnresolved(t *testing.T) {
	for image, want := range map[string]string{
		"ghcr.io/a:${TAG}":             "variable TAG,",
		"${REGISTRY:=ghcr.io}/a":       "variable REGISTRY,",
		"$(params.image)":              "variable params.image,",
		"ghcr.io/a:$TAG":               "variable TAG,",
		"{{ .Values.image }}":          "variable .Values.image,",
		"{{inputs.parameters.image}}":  "variable inputs.parameters.image,",
		"${{ values.image }}":          "variable values.image,",
		"ghcr.io/<owner>/a":            "variable owner,",
		"ghcr.io/a:%TAG%":              "variable TAG,",
		"ko://example.com/cmd/x":       "built by ko",
		"auto":                         "sidecar injection",
		"${A}/x@" + sha:                "variable A,",
		"ghcr.io/a:1@${DIGEST}":        "variable DIGEST,",
		"{{- include \"image\" . -}}":  "variable include \"image\" .,",
		"registry/{{ a }}/b:{{ tag }}": "variable a,",
	} {
		for _, h := range []string{head, custom} {
			text, _ := yaml.Marshal(image)
			found, problems := images.Extract(rendering(h + "spec:\n  containers:\n  - image: " + string(text)))
			if len(found) != 0 || len(problems) != 1 || problems[0].Code != images.CodeUnresolved || problems[0].Severity != render.Unseen || !strings.Contains(problems[0].Message, want) {
				t.Errorf("%s: got %s", image, describe(found, problems))
			}
		}
	}
}

// locator says the file and line of its own for every value.
type locator struct{}

func (locator) Locate(_ render.ObjectID, field render.Field, value string) render.Origin {
	return render.Origin{File: field.String() + "=" + value, Line: 7}
}

func TestLocatorAndLabels(t *testing.T) {
	r := rendering("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: web}}\nspec: {containers: [{image: a}]}\n")
	r.Objects[0].Locator = locator{}
	found, _ := images.Extract(r)
	l := found[0].Locations[0]
	if l.Origin.String() != "spec.containers[0].image=a:7" || l.Labels["app"] != "web" || l.Class != render.ClassPodSpec || l.Object.APIVersion != "v1" {
		t.Errorf("%+v", l)
	}
}

// TestNodesOfOthersAreBounded shows that aliases of nodes that were not made
// by render.ParseObjects are followed, within the bounds.
func TestNodesOfOthersAreBounded(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString(head + "a0: &a0 [lol]\n")
	for i := range 20 {
		fmt.Fprintf(&laughs, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i)
	}
	for _, c := range []struct{ name, data, want string }{
		{"aliases", head + "x: &c {image: a}\nspec: {containers: [*c, {<<: *c}]}\n", "a\n  u Pod/a spec.containers[0].image f.yaml:4:15\n  u Pod/a spec.containers[1].image f.yaml:4:15\n"},
		{"billion laughs", laughs.String(), "object-too-large 0 f.yaml "},
		{"deep", head + "x: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "object-too-large 0 f.yaml "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var document yaml.Node
			if err := yaml.Unmarshal([]byte(c.data), &document); err != nil {
				t.Fatal(err)
			}
			object := render.Object{ID: render.ObjectID{APIVersion: "v1", Kind: "Pod", Name: "a"}, Node: document.Content[0], Origin: render.Origin{File: "f.yaml"}}
			got := describe(images.Extract(render.Rendering{Units: []render.Rendered{{Unit: render.Unit{Name: "u"}, Objects: 1}}, Objects: []render.Object{object}}))
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte(head + "spec: {containers: [{image: a}]}\n"))
	f.Add([]byte(custom + "x: &x {volumes: [{image: {reference: '${A}'}}]}\ny: [*x, *x]\n"))
	f.Add([]byte(custom + "image: a/b\ntag: 1\nspec: {image: {repository: a/b, tag: 1}, x: \"image: a:1\\nb: {containers: [{image: c}]}\"}\n"))
	f.Add([]byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x/image: 'a:1'}}\ndata: {c: \"{{ x }}\\nimage: q.io/a:1\", A_IMAGES: 'a=b:1,c:2'}\n"))
	f.Add([]byte(head + "spec: {containers: [{image: a, args: ['--x-image=a:1', '--image', b], env: [{name: IMAGE, value: 'a:1'}]}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := rendering(string(data))
		found, problems := images.Extract(r)
		for _, image := range found {
			if _, err := images.ParseReference(image.Reference); err != nil || len(image.Locations) == 0 {
				t.Errorf("%+v: %v", image, err)
			}
			for _, l := range image.Locations {
				if l.Field == "" || l.Origin.Line == 0 {
					t.Errorf("%+v", l)
				}
			}
		}
		for _, p := range problems {
			if p.Code == "" || p.Unit == "" {
				t.Errorf("%+v", p)
			}
		}
		pinIsWhole(t, r, found)
	})
}

// pinIsWhole pins what was found, and holds that either every place has a
// digest then, or a problem says that one has not.
func pinIsWhole(t *testing.T, r render.Rendering, found []render.Image) {
	digests := map[string]string{}
	for _, image := range found {
		digests[image.Reference] = sha
	}
	for _, p := range (images.Rules{}).Pin(r, digests) {
		if p.Code == images.CodeNotPinned {
			return
		}
	}
	again, _ := images.Extract(r)
	for _, image := range again {
		if parsed, err := images.ParseReference(image.Reference); err != nil || parsed.Digest == "" {
			t.Errorf("%s is not pinned: %v", image.Reference, err)
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a%d}\nspec: {template: {spec: {containers: [{name: a, image: 'ghcr.io/acme/web:%d'}, {name: b, image: envoy}]}}}\n---\n"
	var data strings.Builder
	for i := range bounds.RenderedObjects / 10 {
		fmt.Fprintf(&data, deployment, i, i)
	}
	r := rendering(data.String())
	b.ReportAllocs()
	for b.Loop() {
		if found, problems := images.Extract(r); len(found) != bounds.RenderedObjects/10+1 || len(problems) != 0 {
			b.Fatal(len(found), problems)
		}
	}
}

// BenchmarkExtractText is the same with custom resources and ConfigMaps that
// hold documents.
func BenchmarkExtractText(b *testing.B) {
	widget := "apiVersion: x.io/v1\nkind: Widget\nmetadata: {name: a%d}\nspec: {image: {repository: ghcr.io/acme/web, tag: v%d}, replicas: 3, notes: [a, b], env: [{name: RELATED_IMAGE_X, value: 'ghcr.io/acme/x:1'}]}\n---\n"
	config := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\ndata:\n  a.yaml: |\n    image: ghcr.io/acme/job:%d\n    other: {a: 1, b: [1, 2]}\n---\n"
	var data strings.Builder
	for i := range bounds.RenderedObjects / 20 {
		fmt.Fprintf(&data, widget, i, i)
		fmt.Fprintf(&data, config, i, i)
	}
	r := rendering(data.String())
	b.ReportAllocs()
	for b.Loop() {
		if found, problems := images.Extract(r); len(found) != bounds.RenderedObjects/10+1 || len(problems) != 0 {
			b.Fatal(len(found), problems)
		}
	}
}

// TestExtractIsLinear gives one mapping very many keys that ask for siblings,
// and one list very many flags.
func TestExtractIsLinear(t *testing.T) {
	var data strings.Builder
	data.WriteString(custom + "metadata2: {}\nspec:\n  params: [")
	for i := range 50_000 {
		fmt.Fprintf(&data, "'--x%d-image=', ", i)
	}
	data.WriteString("]\n  many:\n")
	for i := range 50_000 {
		fmt.Fprintf(&data, "    a%dImage: web\n    a%dTag: v1\n", i, i)
	}
	found, problems := images.Extract(rendering(data.String()))
	if len(found) != 1 || len(found[0].Locations) != 50_000 || len(problems) != 0 {
		t.Error(len(found), len(problems))
	}
}
