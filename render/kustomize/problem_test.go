package kustomize_test

import (
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/kustomize"
)

// TestProblems holds kustomizations that do not build, with the place and the
// words that users get.
func TestProblems(t *testing.T) {
	web := "-- web.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
	checkRefusals(t, render.Source{}, []refusal{
		{"no kustomization", "-- web.yaml --\n", kustomize.CodeFailed, render.Broken, ".", "unable to find one of 'kustomization.yaml'"},
		{"several kustomizations", "-- kustomization.yaml --\n-- kustomization.yml --\n", kustomize.CodeFailed, render.Broken, "kustomization.yml", "found multiple kustomization files: kustomization.yaml and kustomization.yml"},
		{"unknown field", "-- kustomization.yaml --\nresources: [web.yaml]\nimagez: []\n" + web, kustomize.CodeFailed, render.Broken, "kustomization.yaml:2:1", `unknown field "imagez"`},
		{"unknown field of a base", "-- kustomization.yaml --\nresources: [base]\n-- base/kustomization.yaml --\nimages:\n- name: x\n  tag: y\n", kustomize.CodeFailed, render.Broken, "base/kustomization.yaml:3:3", `unknown field "tag"`},
		{"syntax", "-- kustomization.yaml --\nresources:\n- a\n b: [\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:3", "yaml: line 3"},
		{"empty", "-- kustomization.yaml --\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml", "is empty"},
		{"missing file", "-- kustomization.yaml --\nresources:\n- web.yaml\n- gone.yaml\n" + web, kustomize.CodeFailed, render.Broken, "kustomization.yaml:3:3", `resources entry "gone.yaml": file does not exist`},
		{"missing base of a base", "-- kustomization.yaml --\nresources: [base]\n-- base/kustomization.yaml --\nresources: [../gone]\n", kustomize.CodeFailed, render.Broken, "base/kustomization.yaml:1:13", `resources entry "../gone": file does not exist`},
		{"base without a kustomization", "-- kustomization.yaml --\nresources: [base]\n-- base/web.yaml --\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:1:13", `resources entry "base": the directory does not have exactly one kustomization file`},
		{"missing component", "-- kustomization.yaml --\ncomponents:\n- gone\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:2:3", `components entry "gone"`},
		{"missing patch", "-- kustomization.yaml --\npatches:\n- path: gone.yaml\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:2:9", `patches entry "gone.yaml"`},
		{"missing generator file", "-- kustomization.yaml --\nconfigMapGenerator:\n- name: c\n  files:\n  - k=gone.txt\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:4:5", `configMapGenerator entry "gone.txt"`},
		{"bad resource", "-- kustomization.yaml --\nresources:\n- web.yaml\n-- web.yaml --\na: [\n", kustomize.CodeFailed, render.Broken, "web.yaml:1:4", "yaml: line 1: did not find expected node content in File: web.yaml"},
		{"bad resource, at its own line", "-- kustomization.yaml --\nresources: [web.yaml, two.yaml]\n" + web + "-- two.yaml --\napiVersion: v1\nkind: Secret\n---\na: b\nc: d: e\n", kustomize.CodeFailed, render.Broken, "two.yaml:5:5", "yaml: line 5: mapping values are not allowed in this context in File: two.yaml"},
		{"bad resource of a base, at its own line", "-- kustomization.yaml --\nresources: [base]\n-- base/kustomization.yaml --\nresources: [x/two.yaml]\n-- base/x/two.yaml --\nc: d: e\n", kustomize.CodeFailed, render.Broken, "base/x/two.yaml:1:5", "yaml: line 1: "},
		{"a key twice, at no line that is not there", "-- kustomization.yaml --\nresources: [web.yaml]\n" + web + "metadata: {name: b}\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml", `unmarshal errors: mapping key "metadata" already defined`},
		{"bad transformer, which is not moved", "-- kustomization.yaml --\nresources: [web.yaml]\ntransformers: [t.yaml]\n" + web + "-- t.yaml --\na: b\nc: d: e\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:2:16", "yaml: line 2: "},
		{"same twice", "-- kustomization.yaml --\nresources: [web.yaml, two.yaml]\n" + web + "-- two.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:1:23", "'two.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/web.[noNs]"},
		{"patch without a target", "-- kustomization.yaml --\nresources: [web.yaml]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}'}]\n" + web, kustomize.CodeFailed, render.Broken, "kustomization.yaml", "no resource matches"},
	})
	checkRefusals(t, render.Source{Path: "a"}, []refusal{
		{"file outside of the root", "-- a/kustomization.yaml --\nresources:\n- ../web.yaml\n" + web, kustomize.CodeFailed, render.Broken, "a/kustomization.yaml:2:3", "security; file 'web.yaml' is not in or below 'a'"},
		{"no directory", "-- b/kustomization.yaml --\n", kustomize.CodeFailed, render.Broken, "a", "'a' cannot be read"},
	})
	checkRefusals(t, render.Source{Path: "../x"}, []refusal{
		{"path out of the tree", web, kustomize.CodeFailed, render.Broken, "", `"../x"`},
	})
}
