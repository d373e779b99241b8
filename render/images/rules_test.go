package images_test

import (
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render/images"
)

const rulesHead = "apiVersion: syncgate.dev/v1alpha1\nkind: ImageRules\n"

func TestRules(t *testing.T) {
	rules, err := images.LoadRules("r.yaml", []byte(rulesHead+`fields:
- group: example.com
  kinds: [Widget]
  path: spec.runner.*
- path: '**.pieces'
  parts: host/path:version
- {group: "", kinds: [ConfigMap], path: 'data["run.with"]'}
arguments:
- {regexp: '^--helper=(.+)$', kinds: [Pod]}
`))
	if err != nil {
		t.Fatal(err)
	}
	found, problems := rules.Extract(rendering(
		of("example.com/v1", "Widget", "spec: {runner: {main: tool}, pieces: {host: ghcr.io, path: a/b, version: 1}}") + "---\n" +
			of("v1", "ConfigMap", "data: {run.with: tool2, other: tool3}") + "---\n" +
			of("v1", "Pod", "spec: {containers: [{image: x, args: ['--helper=tool4', '--helper=Bad Name', '--other=tool5']}]}")))
	want := "resource tool spec.runner.main\nresource ghcr.io/a/b:1 spec.pieces\nresource tool2 data[\"run.with\"]\npodspec x spec.containers[0].image\ntext tool4 spec.containers[0].args[0]\n" +
		"image-malformed 1 Pod n/a: spec.containers[0].args[1]: image \"Bad Name\" holds white space\n"
	if got := classes(found, problems); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestRulesAreStrict has every fault with its file, line and column.
func TestRulesAreStrict(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", "r.yaml: it is empty"},
		{"not YAML", "a: [", "r.yaml: cannot read YAML: line 1"},
		{"two documents", rulesHead + "---\na: b\n", "r.yaml: want one YAML document"},
		{"no rule", rulesHead, "r.yaml:1:1: there is no rule"},
		{"another kind", "apiVersion: v1\nkind: Pod\nfields: [{path: a}]\n", `r.yaml:1:1: want apiVersion syncgate.dev/v1alpha1 and kind ImageRules, have "v1" and "Pod"`},
		{"unknown key", rulesHead + "fields:\n- path: a\n  ignore: true\n", `r.yaml:5:3: unknown key "ignore"; want group, kinds, parts, path`},
		{"twice the same key", rulesHead + "kind: ImageRules\n", "r.yaml:3:1: key \"kind\" is given twice"},
		{"no path", rulesHead + "fields: [{kinds: [A]}]\n", "r.yaml:3:10: a field needs a path"},
		{"bad path", rulesHead + "fields: [{path: 'a..b'}]\n", "r.yaml:3:17: read path \"a..b\": want a key between dots"},
		{"bad parts", rulesHead + "fields: [{path: a, parts: ':x'}]\n", "r.yaml:3:27: read "},
		{"not a list", rulesHead + "fields: {path: a}\n", "r.yaml:3:9: want a list"},
		{"no kinds", rulesHead + "fields: [{path: a, kinds: []}]\n", "r.yaml:3:27: want at least one"},
		{"not a string", rulesHead + "fields: [{path: 1}]\n", "r.yaml:3:17: want a string"},
		{"bad regexp", rulesHead + "arguments: [{regexp: '('}]\n", "r.yaml:3:22: error parsing regexp"},
		{"no group", rulesHead + "arguments: [{regexp: 'a'}]\n", "r.yaml:3:22: the regexp \"a\" has no group"},
		{"no regexp", rulesHead + "arguments: [{kinds: [A]}]\n", "r.yaml:3:13: an argument needs a regexp"},
	} {
		if _, err := images.LoadRules("r.yaml", []byte(c.data)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func FuzzLoadRules(f *testing.F) {
	f.Add([]byte(rulesHead + "fields: [{path: '**.a[].*[\"b.c\"]', parts: 'a/b:c@d'}]\narguments: [{regexp: '(a)'}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := images.LoadRules("r", data)
		if err == nil {
			rules.Extract(rendering(head + "spec: {containers: [{image: a, args: [a]}]}\n"))
		}
	})
}
