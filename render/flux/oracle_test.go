package flux

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	fluxkustomize "github.com/fluxcd/pkg/kustomize"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/provider"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/render"
)

// TestFieldsOfTheAPI holds the lists of known fields to the API modules of the
// controllers: each field of theirs is known, so that a newer module shows
// what is missing here.
func TestFieldsOfTheAPI(t *testing.T) {
	for _, c := range []struct {
		kind   string
		spec   any
		fields []string
	}{
		{"Kustomization", kustomizev1.KustomizationSpec{}, kustomizationFields()},
		{"HelmRelease", helmv2.HelmReleaseSpec{}, helmReleaseFields()},
		{"GitRepository", sourcev1.GitRepositorySpec{}, sourceFields("GitRepository")},
		{"OCIRepository", sourcev1.OCIRepositorySpec{}, sourceFields("OCIRepository")},
		{"HelmRepository", sourcev1.HelmRepositorySpec{}, sourceFields("HelmRepository")},
		{"HelmChart", sourcev1.HelmChartSpec{}, sourceFields("HelmChart")},
	} {
		tree := newFieldTree(c.fields)["spec"]
		var walk func(at string, of reflect.Type, tree fieldTree)
		walk = func(at string, of reflect.Type, tree fieldTree) {
			for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
				of = of.Elem()
			}
			if of.Kind() != reflect.Struct || tree["**"] != nil || strings.Contains(of.PkgPath(), "apimachinery") {
				return
			}
			for i := range of.NumField() {
				name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
				switch {
				case strings.Contains(options, "inline"):
					walk(at, of.Field(i).Type, tree)
				case tree[name] == nil:
					t.Errorf("%s: field %s.%s is not known", c.kind, at, name)
				default:
					walk(at+"."+name, of.Field(i).Type, tree[name])
				}
			}
		}
		walk("spec", reflect.TypeOf(c.spec), tree)
	}
}

// kustomizationOf reads a Kustomization from text.
func kustomizationOf(t testing.TB, text string) *kustomization {
	t.Helper()
	objects, problems := render.ParseObjects("ks.yaml", []byte(text))
	if len(objects) != 1 {
		t.Fatal(problems)
	}
	k := &kustomization{}
	k.id, k.object = objects[0].ID, objects[0]
	if p := k.decode(&k.spec); p != nil {
		t.Fatal(p)
	}
	return k
}

// TestGenerate holds the kustomization files that are made and edited here to
// those of fluxcd/pkg/kustomize.
func TestGenerate(t *testing.T) {
	trees := map[string]fstest.MapFS{
		"with a file":                    {"app/kustomization.yaml": file("resources: [a.yaml]\nnamePrefix: old-\nimages:\n- {name: a, newTag: '1', newName: b}\n- {name: c, digest: 'sha256:x'}\npatches:\n- {path: p.yaml}\n"), "app/a.yaml": file("kind: A\n")},
		"with a file of generators only": {"app/kustomization.yml": file("configMapGenerator:\n- {name: x, literals: [a=b]}\n"), "app/a.yaml": file("kind: A\n")},
		"with a component":               {"app/Kustomization": file("kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ncomponents: [../part]\n"), "part/kustomization.yaml": file("{}")},
		"without a file": {
			"app/b.yaml": file(object("b")), "app/a.yml": file(object("a")), "app/c.json": file("{}"), "app/README.md": file("x"),
			"app/sub/kustomization.yaml": file("{}"), "app/sub/x.yaml": file(object("x")), "app/dir/deep/y.yaml": file(object("y")),
			"app/.hidden/z.yaml": file(object("z")),
		},
		"empty": {"app/README.md": file("x")},
	}
	specs := map[string]string{
		"nothing":    "",
		"names":      "  targetNamespace: there\n  namePrefix: pre-\n  nameSuffix: -post\n",
		"patches":    "  patches:\n  - {patch: \"- {op: add, path: /x, value: 1}\", target: {kind: A, labelSelector: a=b, annotationSelector: c, group: g, version: v, name: nn, namespace: m}}\n  - patch: |\n      kind: A\n",
		"images":     "  images: [{name: a, newTag: '2'}, {name: c, newTag: '3'}, {name: new, newName: nn}, {name: a, digest: 'sha256:y'}]\n",
		"components": "  components: [../part, ../none]\n  ignoreMissingComponents: true\n",
		"metadata":   "  buildMetadata: [transformerAnnotations]\n",
	}
	for tree, files := range trees {
		for spec, fields := range specs {
			t.Run(tree+", "+spec, func(t *testing.T) {
				text := "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x, namespace: ns}\nspec:\n  path: app\n" + fields
				g, problem := kustomizationOf(t, text).generate(newView(plain{FS: files}, nil), "app")
				if problem != nil {
					t.Fatal(problem)
				}
				got := map[string]any{}
				if err := sigsyaml.Unmarshal(g.text, &got); err != nil {
					t.Fatalf("%v in\n%s", err, g.text)
				}
				want := oracle(t, files, text)
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("got  %v\nwant %v", got, want)
				}
			})
		}
	}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o644} }

func object(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

// oracle lets fluxcd/pkg/kustomize make the file, in a directory of its own.
func oracle(t *testing.T, files fs.FS, text string) map[string]any {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(root, files); err != nil {
		t.Fatal(err)
	}
	var u unstructured.Unstructured
	if err := sigsyaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	if _, err := fluxkustomize.NewGenerator(root, u).WriteFile(filepath.Join(root, "app")); err != nil {
		t.Fatal(err)
	}
	for _, name := range kustomizationNames() {
		data, err := os.ReadFile(filepath.Join(root, "app", name))
		if err != nil {
			continue
		}
		want := map[string]any{}
		if err := sigsyaml.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		return want
	}
	t.Fatal("no file was made")
	return nil
}

// substitutionCases are texts of which each is a value of an object.
func substitutionCases() []string {
	return []string{
		"plain", "${a}", "x${a}y", "${number}", "${flag}", "$${a}", "$a", "${a:-b}", "${none:-d}", "${none:=d}", "${none-d}", "${none}",
		"${a^^}", "${a^}", "${a,,}", "${#a}", "${a:1}", "${a:1:2}", "${a: -1}", "${a:0:-1}", "${a/l/x}", "${a//l/x}", "${a#*l}", "${a##*l}",
		"${a%l*}", "${a%%l*}", "${none:-${a}}", "${a", "${}", "${a-b-c}", "${ a }", "${map}", "{${a}}", "a: ${a}", "${none:?wrong}", "${none:+x}",
		"\\${a}", "${a:-\"q\"}", "100", "true", "~", "${lines}",
	}
}

// substituted fills in an object with both implementations. Errors are equal
// if both have one.
func substituted(t testing.TB, node *yaml.Node, inline map[string]string, lenient bool) (got, want string) {
	t.Helper()
	text, err := printed(node)
	if err != nil {
		t.Skip("it cannot be printed")
	}
	resource, err := provider.NewDefaultDepProvider().GetResourceFactory().FromBytes([]byte(text))
	if err != nil {
		t.Skip("it is no object")
	}
	u := unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"postBuild": map[string]any{"substitute": map[string]any{}}}}}
	for name, value := range inline {
		_ = unstructured.SetNestedField(u.Object, value, "spec", "postBuild", "substitute", name)
	}
	want = "an error"
	func() {
		defer func() { _ = recover() }()
		made, err := fluxkustomize.SubstituteVariables(context.Background(), nil, u, resource,
			fluxkustomize.SubstituteWithDryRun(true), fluxkustomize.SubstituteWithStrict(!lenient))
		if err == nil {
			if made == nil {
				made = resource
			}
			data, err := made.AsYAML()
			if err != nil {
				t.Skip("it cannot be printed")
			}
			want = string(data)
		}
	}()
	v := &variables{inline: inline, lenient: lenient, unknown: map[string]*input{}}
	object := render.Object{Node: node}
	if p := v.fill(&deployer{}, &object); p != nil {
		return "an error", want
	}
	got, err = printed(object.Node)
	if err != nil {
		t.Fatal(err)
	}
	return got, want
}

// TestSubstitute holds the substitution of variables to fluxcd/pkg/kustomize.
func TestSubstitute(t *testing.T) {
	inline := map[string]string{"a": "hello", "number": "5", "flag": "true", "map": "{b: c}", "lines": "one\ntwo\n"}
	for _, text := range substitutionCases() {
		for _, lenient := range []bool{false, true} {
			node := &yaml.Node{}
			if err := node.Encode(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "x"}, "data": map[string]any{"v": text, "k": "v"}}); err != nil {
				t.Fatal(err)
			}
			if got, want := substituted(t, node, inline, lenient); got != want {
				t.Errorf("%q, lenient %v: got\n%swant\n%s", text, lenient, got, want)
			}
		}
	}
}

// FuzzSubstitute looks for texts that both implementations fill in otherwise.
func FuzzSubstitute(f *testing.F) {
	for _, text := range substitutionCases() {
		f.Add(text, "hello")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 1000 || len(value) > 100 {
			return
		}
		objects, _ := render.ParseObjects("x.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  v: "+quoted(text)+"\n"))
		if len(objects) != 1 || slices.Contains([]string{""}, text) {
			return
		}
		if got, want := substituted(t, objects[0].Node, map[string]string{"a": value}, false); got != want {
			t.Errorf("%q with a=%q: got\n%swant\n%s", text, value, got, want)
		}
	})
}

func quoted(text string) string {
	data, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle})
	if err != nil {
		return "x"
	}
	return strings.TrimSpace(string(data))
}
