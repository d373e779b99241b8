package render_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// TestYAMLBounds is the row of the threats on YAML aliases, deep nesting and
// huge files: all are refused, at their place, before they cost anything.
func TestYAMLBounds(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString(pod + "a\na0: &a0 [lol]\n")
	for i := range 20 {
		fmt.Fprintf(&laughs, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i, i)
	}
	var chain strings.Builder
	chain.WriteString(pod + "a\na0: &a0 [lol]\n")
	for i := range bounds.YAMLDepth {
		fmt.Fprintf(&chain, "a%d: &a%d [*a%d]\n", i+1, i+1, i)
	}
	var merges strings.Builder
	merges.WriteString(pod + "a\na0: &a0 {k: v}\n")
	for i := range 25 {
		fmt.Fprintf(&merges, "a%d: &a%d\n  l: {<<: *a%d}\n  r: {<<: *a%d}\n", i+1, i+1, i, i)
	}
	for _, c := range []struct{ name, file, data, want string }{
		{"billion laughs", "f.yaml", laughs.String(), "f.yaml:14:15 manifest-too-large\n"},
		{"billion laughs by merge keys", "f.yaml", merges.String(), "f.yaml:56:11 manifest-too-large\n"},
		{"a chain of aliases", "f.yaml", chain.String(), "f.yaml:203:14 manifest-too-large\n"},
		{"deep nesting", "f.yaml", pod + "a\nx: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "f.yaml:5:203 manifest-too-large\n"},
		{"nesting beyond what the parser takes", "f.yaml", pod + "a\nx: " + strings.Repeat("[", 20_000), "f.yaml:5:10007 manifest-malformed\n"},
		{"deep nesting in JSON", "f.json", strings.Repeat("[", 100_000), "f.json:1:201 manifest-too-large\n"},
		{"too many tokens", "f.yaml", strings.Repeat("a\n", bounds.YAMLTokens+1), "f.yaml:1:1 manifest-too-large\n"},
		{"too many tokens on one line", "f.yaml", strings.Repeat("- ", bounds.YAMLTokens+1), "f.yaml:1:1 manifest-too-large\n"},
		{"too many bytes", "f.yaml", strings.Repeat("a", bounds.FileBytes+1), "f.yaml manifest-too-large\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := list(render.ParseObjects(c.file, []byte(c.data))); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

// TestExpansion shows that nodes have neither aliases nor merge keys, and
// that the place of a value is where it was written.
func TestExpansion(t *testing.T) {
	data := pod + `a
base: &base {ü: 1, image: nginx, tag: b}
other: &other {tag: c, more: d}
one: *base
two:
  <<: [*base, *other]
  tag: own
three: {"<<": plain}
`
	objects, problems := render.ParseObjects("f.yaml", []byte(data))
	if len(objects) != 1 || len(problems) != 0 {
		t.Fatal(list(objects, problems))
	}
	var got map[string]any
	if err := objects[0].Node.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"ü": 1, "image": "nginx", "tag": "own", "more": "d"}
	if fmt.Sprint(got["two"]) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got["two"], want)
	}
	image := render.Child(render.Child(objects[0].Node, "two"), "image")
	if image.Line != 5 || image.Column != len("base: &base {ü: 1, image: ")+1 {
		t.Errorf("image is at %d:%d", image.Line, image.Column)
	}
	out, err := yaml.Marshal(objects[0].Node)
	if err != nil || bytes.ContainsAny(out, "&*") {
		t.Errorf("%s%v", out, err)
	}
}

// TestProblemsHoldNoValues is the row of the threats on secrets: what cannot
// be read is told without what it holds.
func TestProblemsHoldNoValues(t *testing.T) {
	const secret = "hunter2"
	for _, data := range []string{
		"password: hunter2: x\n", "a: [hunter2\n", "a: \"hunter2\n", "a: @hunter2\n", "- hunter2\nb: c\n",
		"apiVersion: v1\nkind: Secret\nmetadata: hunter2\n", "apiVersion: v1\nkind: Secret\nstringData:\n  a: hunter2\n  a: hunter2\n",
		"apiVersion: v1\nkind: [hunter2]\n", "apiVersion: v1\nkind: Secret\ndata: !!binary hunter2\n", "hunter2", `{"a": hunter2}`,
	} {
		for _, file := range []string{"f.yaml", "f.json"} {
			_, problems := render.ParseObjects(file, []byte(data))
			if len(problems) == 0 {
				t.Errorf("no problem with %q", data)
			}
			for _, p := range problems {
				if strings.Contains(p.Error()+p.Hint, secret) {
					t.Errorf("%q: %v", data, &p)
				}
			}
		}
	}
}

func FuzzParseObjects(f *testing.F) {
	for _, seed := range []string{pod + "a\n", "a: &a [*a]\n", "{\"a\": [1]}", "x: &x {a: b}\ny: {<<: *x}\n---\n\ufeffé: [\n", "apiVersion: v1\nkind: List\nitems: [a]\n", "%YAML 1.1\n---\r\n"} {
		f.Add("f.yaml", []byte(seed))
		f.Add("f.json", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, file string, data []byte) {
		objects, problems := render.ParseObjects(file, data)
		lines := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + bytes.Count(data, []byte("\u0085")) + bytes.Count(data, []byte("\u2028")) + bytes.Count(data, []byte("\u2029")) + 2
		for _, p := range problems {
			if p.Origin.Line < 1 || p.Origin.Line > lines || p.Origin.Column < 1 || p.Code == "" || p.Message == "" {
				t.Errorf("%+v", p)
			}
		}
		for _, o := range objects {
			if o.ID.APIVersion == "" || o.ID.Kind == "" || o.Node.Kind != yaml.MappingNode {
				t.Errorf("%+v", o)
			}
			if o.Origin.Line < 1 || o.Origin.Column < 1 {
				t.Errorf("%v starts at %v", o.ID, o.Origin)
			}
			again, err := render.Expand(o.Node)
			if err != nil || again != o.Node {
				t.Errorf("%v is not expanded: %v", o.ID, err)
			}
			if !utf8.ValidString(o.ID.Name) && utf8.Valid(data) {
				t.Errorf("name %q", o.ID.Name)
			}
		}
	})
}
