package rendertest_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/rendertest"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"sorted keys, scalars as text", "b: 1\na: \"1\"\nc: true\nd:\ne: ~\n", `{"a":"1","b":"1","c":"true","d":"","e":"~"}`},
		{"empty collections", "a: {}\nb: []\n", `{"a":{},"b":[]}`},
		{"lists", "a: [1, x, {b: c}]\n", `{"a":["1","x",{"b":"c"}]}`},
		{"aliases", "a: &x {b: c}\nd: *x\n", `{"a":{"b":"c"},"d":{"b":"c"}}`},
		{"merge keys, own fields win", "a: &x {b: c, d: e}\nf:\n  b: own\n  <<: *x\n", `{"a":{"b":"c","d":"e"},"f":{"b":"own","d":"e"}}`},
		{"merge list, the first wins", "a: {<<: [{b: 1}, {b: 2, c: 3}]}\n", `{"a":{"b":"1","c":"3"}}`},
		{"a quoted << is a plain key", "a: {\"<<\": b}\n", `{"a":{"<<":"b"}}`},
		{"escapes", "a: \"<&>\\u2028\\u00e9\\n\\t\\x01\\\"\\\\\"\n", "{\"a\":\"<&>\u2028é\\n\\t\\u0001\\\"\\\\\"}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var node yaml.Node
			if err := yaml.Unmarshal([]byte(c.yaml), &node); err != nil {
				t.Fatal(err)
			}
			got, err := rendertest.Canonical(&node)
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

// TestCanonicalCorpus shows that Canonical is the form that the corpus was
// hashed in: the manifests of its plain directories are compared as they are.
func TestCanonicalCorpus(t *testing.T) {
	wants := rendertest.Wants(t)
	same := 0
	for _, unit := range rendertest.Units(t, "dir") {
		have := map[string]bool{}
		dir := filepath.Join(rendertest.Dir(t), "src", unit.Repo, unit.Path)
		files, _ := os.ReadDir(dir)
		for _, file := range files {
			if ext := filepath.Ext(file.Name()); ext == ".yaml" || ext == ".yml" {
				hashes(t, filepath.Join(dir, file.Name()), have)
			}
		}
		for _, want := range wants[unit.Name] {
			if have[want.SHA256] {
				same++
			}
		}
	}
	if same < 100 {
		t.Errorf("%d objects of plain directories have the hash of objects.tsv, want at least 100", same)
	}
	t.Logf("%d objects have the hash of objects.tsv", same)
}

func hashes(t *testing.T, file string, have map[string]bool) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); err == io.EOF {
			return
		} else if err != nil {
			return // not every file of a directory is a manifest
		}
		if sum, err := rendertest.Sum(&node); err == nil {
			have[sum] = true
		}
	}
}

func TestDiff(t *testing.T) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte("a: b"), &node); err != nil {
		t.Fatal(err)
	}
	sum, _ := rendertest.Sum(&node)
	id := render.ObjectID{Kind: "A", Name: "a"}
	other := render.ObjectID{Kind: "B", Name: "b"}
	object := render.Object{ID: id, Node: &node}
	unstable := rendertest.Unit{Note: "output differs from run to run"}
	for _, c := range []struct {
		name    string
		unit    rendertest.Unit
		wants   []rendertest.Want
		objects []render.Object
		diffs   int
	}{
		{"equal", rendertest.Unit{}, []rendertest.Want{{id, sum}}, []render.Object{object}, 0},
		{"another hash", rendertest.Unit{}, []rendertest.Want{{id, "x"}}, []render.Object{object}, 1},
		{"another hash of unstable output", unstable, []rendertest.Want{{id, "x"}}, []render.Object{object}, 0},
		{"missing", rendertest.Unit{}, []rendertest.Want{{id, sum}, {other, sum}}, []render.Object{object}, 1},
		{"unexpected", rendertest.Unit{}, nil, []render.Object{object}, 1},
		{"twice", rendertest.Unit{}, []rendertest.Want{{id, sum}}, []render.Object{object, object}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diffs := rendertest.Diff(c.unit, c.wants, c.objects); len(diffs) != c.diffs {
				t.Errorf("got %q, want %d differences", diffs, c.diffs)
			}
		})
	}
}
