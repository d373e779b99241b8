package kustomize

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/rendertest"
)

// build builds a source with schemas set aside where that may be, and tells how
// many were.
func build(t *testing.T, tree render.Tree, source render.Source) (got []string, aside int) {
	t.Helper()
	p, problem := newPlan(t.Context(), tree.FS, source, New(nil))
	if problem != nil {
		t.Fatal(problem)
	}
	objects, problem := p.build(t.Context())
	if p.tracer.aside != nil {
		aside = len(p.tracer.aside.schemas)
	}
	return texts(t, objects, problem), aside
}

// whole builds a source with everything in kustomize's hands.
func whole(t *testing.T, tree render.Tree, source render.Source) []string {
	t.Helper()
	p, problem := newPlan(t.Context(), tree.FS, source, New(nil))
	if problem != nil {
		t.Fatal(problem)
	}
	resources, err := p.run()
	if err != nil {
		return texts(t, nil, p.failed(err))
	}
	objects, problem := p.objects(resources)
	return texts(t, objects, problem)
}

func texts(t *testing.T, objects []render.Object, problem *render.Problem) []string {
	t.Helper()
	if problem != nil {
		return []string{problem.Error()}
	}
	var list []string
	for _, object := range objects {
		text, err := rendertest.Canonical(object.Node)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%d %s", object.Node.Line, text))
	}
	return list
}

// TestSetAsideCorpus: kustomizations of the corpus build to the same with the
// schemas of its CustomResourceDefinitions set aside as without.
func TestSetAsideCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the whole corpus twice")
	}
	total, seen := 0, map[string]int{}
	for _, unit := range rendertest.Units(t, "kustomize") {
		if unit.OK != rendertest.OK || seen[unit.Repo] == 3 {
			continue
		}
		fast, aside := build(t, unit.Tree(t), unit.Source())
		if aside > 0 {
			seen[unit.Repo]++
			total += aside
			compareTexts(t, unit.Name, fast, whole(t, unit.Tree(t), unit.Source()))
		}
	}
	if total < 40 {
		t.Errorf("%d schemas were set aside, want at least 40", total)
	}
}

func compareTexts(t *testing.T, name string, fast, plain []string) {
	t.Helper()
	if len(fast) != len(plain) {
		t.Fatalf("%s: %d objects, %d without setting aside: %.300q, %.300q", name, len(fast), len(plain), fast, plain)
	}
	for i := range fast {
		if fast[i] != plain[i] {
			t.Errorf("%s: got %.3000s\nwithout setting aside %.3000s", name, fast[i], plain[i])
		}
	}
}

// crdText is a CustomResourceDefinition that is large enough. Its schema has
// something of everything.
func crdText(version, extra string) string {
	var fields strings.Builder
	for i := range 300 {
		fmt.Fprintf(&fields, "                field%d:\n                  description: |-\n                    What it is for.\n\n                    More of it: %d.\n                  type: string\n", i, i)
	}
	return `apiVersion: apiextensions.k8s.io/` + version + `
kind: CustomResourceDefinition
metadata: {name: things.acme.example}
spec:
  group: acme.example
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [field1]
            properties:
` + strings.ReplaceAll(fields.String(), "                field", "              field") + extra + `
    served: true
    storage: true
`
}

const asidePatch = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.acme.example}
spec: `

// TestSetAside builds a large CustomResourceDefinition under all that a
// kustomization can do to it: the outcome is that of kustomize alone, and
// schemas are set aside only where nothing can reach them.
func TestSetAside(t *testing.T) {
	for _, c := range []struct {
		name, kustomization, extra, files string
		aside                             int
		fails                             bool
	}{
		{name: "plain", aside: 1},
		{name: "prefix, namespace, labels, images", kustomization: "namePrefix: a-\nnamespace: b\ncommonLabels: {c: d}\ncommonAnnotations: {e: f}\nimages: [{name: nginx, newTag: x}]\nlabels: [{pairs: {g: h}, includeTemplates: true}]", aside: 1},
		{name: "a patch of its conversion", kustomization: "patches: [{path: p.yaml}]", files: asidePatch + "{conversion: {strategy: Webhook}}", aside: 1},
		{name: "a patch of its conversion in an old field", kustomization: "patchesStrategicMerge: [p.yaml]", files: asidePatch + "{conversion: {strategy: Webhook}}", aside: 1},
		{name: "a patch of its versions", kustomization: "patches: [{path: p.yaml}]", files: asidePatch + "{versions: []}"},
		{name: "a patch with a directive", kustomization: "patches: [{path: p.yaml}]", files: asidePatch + "{$patch: replace, group: x}"},
		{name: "a patch that deletes it", kustomization: "patches: [{path: p.yaml}]", files: strings.Replace(asidePatch, "spec: ", "$patch: delete", 1)},
		{name: "a patch with an escaped kind", kustomization: "patches: [{path: p.yaml}]", files: strings.Replace(asidePatch, "kind: CustomResourceDefinition", `kind: "\x43ustomResourceDefinition"`, 1) + "{versions: []}"},
		{name: "a JSON patch", kustomization: `patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties"}]'}]`},
		{name: "a JSON patch by name", kustomization: `patches: [{target: {name: things.*}, patch: '[{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties"}]'}]`},
		{name: "a JSON patch by a regular expression", kustomization: `patches: [{target: {kind: Cust.*}, patch: '[{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties"}]'}]`},
		{name: "a JSON patch in an old field", kustomization: `patchesJson6902: [{target: {version: v1, group: apiextensions.k8s.io, kind: CustomResourceDefinition, name: things.acme.example}, patch: '[{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties"}]'}]`},
		{name: "a JSON patch of another version", kustomization: `patches: [{target: {version: v1beta1, kind: CustomResourceDefinition}, patch: '[{"op": "remove", "path": "/spec/versions/0/schema"}]'}]`, aside: 1},
		{name: "a JSON patch of another kind", kustomization: `patches: [{target: {kind: Deployment}, patch: '[{"op": "remove", "path": "/spec/replicas"}]'}]`, aside: 1},
		{name: "a replacement in its schema", kustomization: `replacements: [{source: {kind: ConfigMap, name: c, fieldPath: data.a}, targets: [{select: {kind: CustomResourceDefinition}, fieldPaths: [spec.versions.0.schema.openAPIV3Schema.type]}]}]`},
		{name: "a replacement in what is not named", kustomization: `replacements: [{source: {kind: ConfigMap, name: c, fieldPath: data.a}, targets: [{select: {name: things.acme.example}, fieldPaths: [spec.versions.0.schema.openAPIV3Schema.type]}]}]`},
		{name: "a replacement in its metadata", kustomization: `replacements: [{source: {kind: ConfigMap, name: c, fieldPath: data.a}, targets: [{select: {kind: CustomResourceDefinition}, fieldPaths: [metadata.annotations.a], options: {create: true}}]}]`, aside: 1},
		{name: "a replacement out of its schema", kustomization: `replacements: [{source: {kind: CustomResourceDefinition, fieldPath: spec.versions.0.schema.openAPIV3Schema.type}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]}]`},
		{name: "a configuration that leads into it", kustomization: "namePrefix: x-\nconfigurations: [p.yaml]", files: "namePrefix: [{path: spec/versions/schema/openAPIV3Schema/type}]"},
		{name: "a configuration that leads elsewhere", kustomization: "namePrefix: x-\nconfigurations: [p.yaml]", files: "namePrefix: [{path: spec/group}]", aside: 1},
		{name: "labels with a path", kustomization: "labels: [{pairs: {a: b}, fields: [{path: spec/versions/schema/openAPIV3Schema/x, create: true}]}]"},
		{name: "variables", kustomization: "vars: [{name: A, objref: {kind: ConfigMap, name: c, apiVersion: v1}, fieldref: {fieldpath: data.a}}]"},
		{name: "a transformer", kustomization: "transformers: [p.yaml]", files: "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: n, namespace: x}\nfieldSpecs: [{path: metadata/namespace, create: true}]"},
		{name: "an alias", extra: "            x: &a {type: string}\n            y: *a"},
		{name: "a field twice", extra: "            x: {type: string}\n            x: {type: integer}", fails: true},
		{name: "a tag of its own", extra: "            x: !acme {type: string}"},
		{name: "a float", extra: "            x: {minimum: 1.50}"},
		{name: "what stands for a schema", extra: "            x: {" + asideKey + ": \"0\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := "-- kustomization.yaml --\nresources: [crd.yaml, c.yaml]\n" + c.kustomization +
				"\n-- c.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n-- p.yaml --\n" + c.files +
				"\n-- crd.yaml --\n" + crdText("v1", c.extra)
			tree, source := render.Tree{FS: rendertest.Files(files)}, render.Source{Kind: render.Kustomize, Path: "."}
			fast, aside := build(t, tree, source)
			compareTexts(t, c.name, fast, whole(t, tree, source))
			if failed := strings.Contains(fast[0], "cannot build"); failed != c.fails {
				t.Errorf("got %.300q", fast)
			}
			if aside != c.aside {
				t.Errorf("%d schemas were set aside, want %d: %.300q", aside, c.aside, fast)
			}
		})
	}
}

// TestSetAsideIsForgedInVain: an object that bears the mark of a schema that
// was set aside does not get one.
func TestSetAsideIsForgedInVain(t *testing.T) {
	files := "-- kustomization.yaml --\nresources: [crd.yaml, forged.yaml]\n-- crd.yaml --\n" + crdText("v1", "") +
		"-- forged.yaml --\napiVersion: acme.example/v1\nkind: Forged\nmetadata: {name: f}\nspec: {versions: [{schema: {openAPIV3Schema: {" + asideKey + ": \"0\"}}}]}\n"
	tree, source := render.Tree{FS: rendertest.Files(files)}, render.Source{Kind: render.Kustomize, Path: "."}
	fast, aside := build(t, tree, source)
	compareTexts(t, "forged", fast, whole(t, tree, source))
	if aside != 0 || len(fast) != 2 || !strings.Contains(fast[1], asideKey) {
		t.Errorf("%d schemas set aside: %.300q", aside, fast)
	}
}
