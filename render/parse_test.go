package render_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
)

const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: "

// list writes objects and problems one a line.
func list(objects []render.Object, problems []render.Problem) string {
	var b strings.Builder
	for _, o := range objects {
		fmt.Fprintf(&b, "%s %s %s\n", o.Origin, o.ID.APIVersion, o.ID)
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %s\n", p.Origin, p.Code)
	}
	return b.String()
}

func TestParseObjects(t *testing.T) {
	for _, c := range []struct{ name, file, data, want string }{
		{"one document", "f.yaml", pod + "a\n", "f.yaml:1:1 v1 Pod/a\n"},
		{"namespace", "f.yaml", pod + "a\n  namespace: n\n", "f.yaml:1:1 v1 Pod n/a\n"},
		{"generated name", "f.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", "f.yaml:1:1 v1 Pod/a-\n"},
		{"numeric name", "f.yaml", pod + "1\n", "f.yaml:1:1 v1 Pod/1\n"},
		{"markers", "f.yaml", "# c\n---\n" + pod + "a\n...\n--- # c\n" + pod + "b\n---\n", "f.yaml:3:1 v1 Pod/a\nf.yaml:9:1 v1 Pod/b\n"},
		{"marker without a document", "f.yaml", "---\n---\n# c\n---\n~\n", ""},
		{"directive", "f.yaml", "%YAML 1.1\n---\n" + pod + "a\n", "f.yaml:3:1 v1 Pod/a\n"},
		{"a block scalar holds a marker that is indented", "f.yaml", pod + "a\ndata: |\n  ---\n  x\n", "f.yaml:1:1 v1 Pod/a\n"},
		{"comments only", "f.yaml", "# a\n\n# b", ""},
		{"empty", "f.yaml", "", ""},
		{"empty mapping", "f.yaml", "{}\n", ""},
		{"byte order mark", "f.yaml", "\ufeff" + pod + "a\n", "f.yaml:1:1 v1 Pod/a\n"},
		{"CRLF", "f.yaml", strings.ReplaceAll("---\n"+pod+"a\n---\n"+pod+"b\n", "\n", "\r\n"), "f.yaml:2:1 v1 Pod/a\nf.yaml:7:1 v1 Pod/b\n"},
		{"UTF-16", "f.yaml", "\xff\xfek\x00:\x00 \x00a\x00\n\x00", "f.yaml:1:1 not-a-manifest\n"},
		{"JSON in YAML", "f.yaml", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`, "f.yaml:1:1 v1 Pod/a\n"},
		{"JSON", "f.json", "\n {\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\\ud83d\\ude00\"}}\n", "f.json:2:2 v1 Pod/a😀\n"},
		{"JSON stream", "f.json", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n{}\n[]", "f.json:1:1 v1 Pod/a\nf.json:3:1 not-a-manifest\n"},
		{"JSON that ends too soon", "f.json", "{\"a\": [1,\n", "f.json:1:10 manifest-malformed\n"},
		{"JSON with a comma too many", "f.json", "{\"a\": 1,\n}", "f.json:2:1 manifest-malformed\n"},
		{"JSON that says a key twice", "f.json", `{"kind":"Pod","apiVersion":"v1", "kind": "x"}`, "f.json:1:34 manifest-ambiguous\n"},

		{"list", "f.yaml", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n", "f.yaml:4:3 v1 Pod/a\nf.yaml:10:5 v1 Pod/b\n"},
		{"typed list", "f.yaml", "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n- kind: Other\n  metadata: {name: b}\n", "f.yaml:4:3 apps/v1 Deployment/a\nf.yaml:5:3 apps/v1 Other/b\n"},
		{"null list", "f.yaml", "apiVersion: v1\nkind: RoleList\nitems:\n", ""},
		{"empty list", "f.yaml", "apiVersion: v1\nkind: List\nitems: []\n", ""},
		{"custom resource that ends in List", "f.yaml", "apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [a, b]\n", "f.yaml:1:1 x/v1 AllowList/a\n"},
		{"custom resource that ends in List without items", "f.yaml", "apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\nitems:\n", "f.yaml:1:1 x/v1 AllowList/a\n"},
		{"list of what is no object", "f.yaml", "apiVersion: v1\nkind: List\nitems:\n- a\n- {kind: Pod}\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n", "f.yaml:6:3 v1 Pod/a\nf.yaml:4:3 manifest-malformed\nf.yaml:5:3 manifest-malformed\n"},

		{"values file", "f.yaml", "image: a\nreplicas: 1\n", "f.yaml:1:1 not-a-manifest\n"},
		{"kind only", "f.yaml", "kind: Pod\n", "f.yaml:1:1 not-a-manifest\n"},
		{"version only", "f.yaml", "apiVersion: 1\n", "f.yaml:1:1 not-a-manifest\n"},
		{"JSON patch", "f.yaml", "- op: add\n", "f.yaml:1:1 not-a-manifest\n"},
		{"another tool may say a key twice", "f.yaml", "a: 1\na: 2\n", "f.yaml:2:1 not-a-manifest\n"},
		{"no name", "f.yaml", "apiVersion: v1\nkind: Pod\n", "f.yaml:1:1 v1 Pod/\nf.yaml:1:1 object-without-name\n"},
		{"kind is a number", "f.yaml", "apiVersion: v1\nkind: 1\n", "f.yaml:2:7 manifest-malformed\n"},
		{"kind is null", "f.yaml", "apiVersion: v1\nkind:\n", "f.yaml:2:6 manifest-malformed\n"},
		{"name is a list", "f.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: [a]\n", "f.yaml:4:9 manifest-malformed\n"},
		{"metadata is a string", "f.yaml", "apiVersion: v1\nkind: Pod\nmetadata: a\n", "f.yaml:3:11 manifest-malformed\n"},

		{"key given twice", "f.yaml", pod + "a\nspec:\n  a: 1\n  b: 2\n  a: 3\n", "f.yaml:8:3 manifest-ambiguous\n"},
		{"key given twice with an escape", "f.yaml", pod + "a\nspec:\n  image: 1\n  \"im\\x61ge\": 3\n", "f.yaml:7:3 manifest-ambiguous\n"},
		{"key in base64", "f.yaml", pod + "a\n!!binary aW1hZ2U=: b\n", "f.yaml:5:1 manifest-ambiguous\n"},
		{"kind in base64", "f.yaml", "!!binary a2luZA==: Pod\napiVersion: v1\n", "f.yaml:1:1 manifest-ambiguous\n"},
		{"version in base64, by a tag of its own", "f.yaml", "%TAG !y! tag:yaml.org,2002:\n---\n? !y!binary |\n  YXBpVmVyc2lv\n  bg==\n: v1\nkind: Pod\n", "f.yaml:3:3 manifest-ambiguous\n"},
		{"another tool may use base64", "f.yaml", "a: !!binary aW1hZ2U=\n", "f.yaml:1:4 not-a-manifest\n"},
		{"key is a mapping", "f.yaml", pod + "{{ .name }}\n", "f.yaml:4:10 manifest-malformed\n"},
		{"merge after a key that it sets", "f.yaml", "x: &x {image: b}\n" + pod + "a\nspec:\n  image: a\n  <<: *x\n", "f.yaml:7:3 manifest-ambiguous\n"},
		{"merge of a scalar", "f.yaml", "x: &x a\n" + pod + "a\nspec:\n  <<: *x\n", "f.yaml:7:3 manifest-malformed\n"},
		{"alias of what holds it", "f.yaml", pod + "a\nspec: &x\n  a: *x\n", "f.yaml:6:6 manifest-malformed\n"},

		{"one broken document hides no other", "f.yaml", pod + "a\n---\na: [b\n---\n" + pod + "c\n---\na: b: c\n", "f.yaml:1:1 v1 Pod/a\nf.yaml:8:1 v1 Pod/c\nf.yaml:6:5 manifest-malformed\nf.yaml:13:5 manifest-malformed\n"},
		{"bad indentation", "f.yaml", pod + "a\n bad: b\n", "f.yaml:5:2 manifest-malformed\n"},
		{"tab", "f.yaml", "a:\n\t- b\n", "f.yaml:2:1 manifest-malformed\n"},
		{"two colons", "f.yaml", "é: b: c\n", "f.yaml:1:6 manifest-malformed\n"},
		{"reserved character", "f.yaml", "a: @b\n", "f.yaml:1:4 manifest-malformed\n"},
		{"unknown anchor", "f.yaml", "b: 1\na: *x\n", "f.yaml:2:4 manifest-malformed\n"},
		{"unknown escape", "f.yaml", "b: 1\na: \"\\q\"\n", "f.yaml:2:5 manifest-malformed\n"},
		{"bracket not closed", "f.yaml", "b: 1\na: [b\n", "f.yaml:2:5 manifest-malformed\n"},
		{"quote not closed", "f.yaml", "b: 1\na: \"b\nc: d\n", "f.yaml:2:4 manifest-malformed\n"},
		{"template", "f.yaml", "{{- if .x }}\napiVersion: v1\n{{- end }}\n", "f.yaml:2:11 manifest-malformed\n"},
		{"not UTF-8", "f.yaml", "a: \xff\n", "f.yaml:1:4 manifest-malformed\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := list(render.ParseObjects(c.file, []byte(c.data))); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
