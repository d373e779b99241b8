package argocd_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render/argocd"
)

// appSet is an ApplicationSet of generators, whose Applications say in their
// destination namespace what the parameters were.
func appSet(mode, name, namespace, generators string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\nspec:\n" + indent(mode, "  ") +
		"  generators:\n" + indent(generators, "  ") +
		"  template:\n    metadata: {name: '" + name + "'}\n    spec:\n      project: default\n      destination: {namespace: '" + namespace + "'}\n" +
		"      source: {repoURL: " + self + ", path: apps/a}\n"
}

// units are the names and namespaces of the units of a world.
func (d deployed) unitNames() string {
	var list []string
	for _, u := range d.Units[1:] {
		list = append(list, strings.TrimPrefix(u.Name, "argocd/argocd/")+"="+u.Namespace)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

const (
	simple  = "goTemplate: false"
	goMode  = "goTemplate: true\ngoTemplateOptions: [missingkey=error]"
	lenient = "goTemplate: true"
)

func TestGenerators(t *testing.T) {
	clusters := []argocd.Cluster{
		{Name: "Prod_1", Server: "https://prod", Labels: map[string]string{"env": "prod", "region": "eu"}, Annotations: map[string]string{"path": "apps/a"}},
		{Name: "dev", Server: "https://dev", Labels: map[string]string{"env": "dev"}},
	}
	dirs := "- git:\n    repoURL: " + self + "\n    revision: HEAD\n    directories: [{path: apps/*}, {path: apps/c, exclude: true}]"
	gitFiles := "- git:\n    repoURL: " + self + "\n    revision: HEAD\n    files: [{path: 'config/*.yaml'}, {path: 'config/x*', exclude: true}]"
	matrix := "- matrix:\n    generators:\n    - list: {elements: [{e: x, f: '1'}, {e: 'y', f: '2'}]}\n"
	for _, c := range []struct{ name, mode, app, namespace, generators, want string }{
		{"list", simple, "{{a}}", "{{ b }}-{{missing}}", "- list: {elements: [{a: one, b: '1'}, {a: two, b: '2'}]}", "one=1-{{missing}} two=2-{{missing}}"},
		{"list with values", simple, "{{a}}", "{{values.b}}", "- list: {elements: [{a: one, values: {b: x}}]}", "one=x"},
		{"list, Go templates", goMode, "{{.a}}", "{{.b.c | upper}}{{.p}}", "- list: {elements: [{a: one, b: {c: x}, p: 8080}]}", "one=X8080"},
		{"list, elementsYaml", goMode, "{{.a}}", "{{.b}}", "- list: {elementsYaml: '[{a: one, b: 2}]'}", "one=2"},
		{"several generators in one entry and several entries", simple, "{{a}}", "x", "- list: {elements: [{a: one}]}\n- list: {elements: [{a: two}]}", "one=x two=x"},
		{"git directories", simple, "{{path.basename}}", "{{path}}-{{path[1]}}-{{path.basenameNormalized}}", dirs, "a=apps/a-a-a b_x=apps/b_x-b_x-b-x"},
		{"git directories, Go templates", goMode, "{{.path.basename}}", "{{.path.path}}-{{index .path.segments 1}}", dirs, "a=apps/a-a b_x=apps/b_x-b_x"},
		{"git directories with a prefix and values", simple, "{{p.path.basename}}", "{{values.v}}", dirs + "\n    pathParamPrefix: p\n    values: {v: 'v-{{p.path.basename}}'}", "a=v-a b_x=v-b_x"},
		{"git files", simple, "{{name}}", "{{spec.deep.0}}-{{path.filename}}-{{path}}", gitFiles, "deep=d-deep.yaml-config/sub one=x-a.yaml-config"},
		{"git files, Go templates", goMode, "{{.name}}", "{{index .spec.deep 0}}-{{.path.filenameNormalized}}", gitFiles, "deep=d-deep.yaml one=x-a.yaml"},
		{"git files that hold a list", simple, "{{name}}", "x", "- git: {repoURL: " + self + ", revision: HEAD, files: [{path: lists/l.json}]}", "l1=x l2=x"},
		{"clusters", simple, "{{nameNormalized}}", "{{server}}-{{metadata.labels.env}}", "- clusters: {}", "dev=https://dev-dev in-cluster=https://kubernetes.default.svc-{{metadata.labels.env}} prod-1=https://prod-prod"},
		{"clusters by selector", simple, "{{nameNormalized}}", "{{values.v}}", "- clusters: {selector: {matchExpressions: [{key: env, operator: In, values: [prod]}]}, values: {v: '{{metadata.annotations.path}}'}}", "prod-1=apps/a"},
		{"clusters, Go templates", goMode, "{{.nameNormalized}}", "{{.metadata.labels.region}}", "- clusters: {selector: {matchLabels: {region: eu}}}", "prod-1=eu"},
		{"clusters, flat", goMode, "all", "{{len .clusters}}", "- clusters: {flatList: true}", "all=3"},
		{"matrix", simple, "{{e}}-{{path.basename}}", "{{f}}", matrix + "    " + strings.ReplaceAll(dirs, "\n", "\n    "), "x-a=1 x-b_x=1 y-a=2 y-b_x=2"},
		{"matrix puts the first into the second", simple, "{{e}}-{{g}}", "x", matrix + "    - list: {elements: [{g: 'g{{f}}'}]}", "x-g1=x y-g2=x"},
		{"matrix, Go templates", goMode, "{{.e}}-{{.g}}", "x", matrix + "    - list: {elements: [{g: 'g{{.f}}', e: z}]}", "x-g1=x y-g2=x"},
		{"matrix with a selector inside", simple, "{{e}}-{{g}}", "x", matrix + "    - list: {elements: [{g: g1}, {g: g2}]}\n      selector: {matchLabels: {g: g2}}", "x-g2=x y-g2=x"},
		{"merge", simple, "{{k}}", "{{v}}", "- merge:\n    mergeKeys: [k]\n    generators:\n    - list: {elements: [{k: a, v: '1'}, {k: b, v: '1'}]}\n    - list: {elements: [{k: b, v: '2'}, {k: c, v: '3'}]}", "a=1 b=2"},
		{"merge, Go templates", goMode, "{{.k}}", "{{.v.x}}{{.v.z}}", "- merge:\n    mergeKeys: [k]\n    generators:\n    - list: {elements: [{k: a, v: {x: 1, z: 1}}]}\n    - list: {elements: [{k: a, v: {z: 2}}]}", "a=12"},
		{"selector after a generator", simple, "{{a}}", "x", "- list: {elements: [{a: one, e: x}, {a: two}]}\n  selector: {matchExpressions: [{key: e, operator: DoesNotExist}]}", "two=x"},
		{"template of a generator", simple, "{{a}}", "outer", "- list:\n    elements: [{a: one}]\n    template: {metadata: {}, spec: {destination: {namespace: 'inner-{{a}}'}}}", "one=inner-one"},
		{"plain words that YAML 1.1 reads as booleans", goMode, "{{.a}}", "{{.b}}-{{.c}}", "- list: {elements: [{a: one, b: no, c: 'no'}]}", "one=false-no"},
		{"text that looks like a boolean stays text", simple, "{{a}}{{b}}", "x", "- matrix:\n    generators:\n    - list: {elements: [{a: 'on'}]}\n    - list: {elements: [{b: '{{a}}'}]}", "onon=x"},
		{"templatePatch", simple + "\ntemplatePatch: |\n  spec: {project: evil, destination: {namespace: 'patched-{{a}}'}}", "{{a}}", "x", "- list: {elements: [{a: one}]}", "one=patched-one"},
		{"templatePatch, Go templates", goMode + "\ntemplatePatch: |\n  {{- if .p }}\n  spec: {destination: {namespace: {{ .p }}}}\n  {{- end }}", "{{.a}}", "x", "- list: {elements: [{a: one, p: patched}, {a: two, p: ''}]}", "one=patched two=x"},
		{"goTemplateOptions", lenient, "{{.a}}", "{{.b}}", "- list: {elements: [{a: one}]}", "one=<no value>"},
		{"functions of Argo CD", goMode, "{{normalize .a}}", "{{ (fromYaml .b).c }}{{ list 1 2 | toYaml | len }}", "- list: {elements: [{a: A_b, b: 'c: d'}]}", "a-b=d7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := in(files("apps/a/pod.yaml", pod, "apps/b_x/pod.yaml", pod, "apps/c/pod.yaml", pod, "apps/.hidden/pod.yaml", pod,
				"config/a.yaml", "name: one\nspec: {deep: [x]}", "config/xa.yaml", "name: no", "config/sub/deep.yaml", "name: deep\nspec: {deep: [d]}",
				"lists/l.json", `[{"name": "l1"}, {"name": "l2"}]`, "set.yaml", appSet(c.mode, c.app, c.namespace, c.generators)))
			w.options.Clusters = clusters
			got := w.deploy(t)
			if got.unitNames() != c.want || got.problems() != "" {
				t.Errorf("got  %s\nwant %s\n%s", got.unitNames(), c.want, got.problems())
			}
		})
	}
}

// TestGeneratorsThatCannotBeKnown shows that an ApplicationSet that cannot be
// expanded is told, with the place and the reason.
func TestGeneratorsThatCannotBeKnown(t *testing.T) {
	list := "- list: {elements: [{a: one}]}"
	for _, c := range []struct{ name, mode, app, generators, want string }{
		{"clusters without a file", simple, "x", "- clusters: {}", "unseen generator-unknown set.yaml:7:15:"},
		{"pullRequest", simple, "x", "- pullRequest: {github: {}}", "unseen generator-unknown set.yaml:7:18:"},
		{"scmProvider", simple, "x", "- scmProvider: {github: {}}", "unseen generator-unknown set.yaml:7:18:"},
		{"plugin", simple, "x", "- plugin: {configMapRef: {name: x}}", "unseen generator-unknown set.yaml:7:13:"},
		{"clusterDecisionResource", simple, "x", "- clusterDecisionResource: {configMapRef: x}", "unseen generator-unknown set.yaml:7:30:"},
		{"within a matrix", simple, "x", "- matrix: {generators: [{list: {elements: [{a: b}]}}, {plugin: {}}]}", "unseen generator-unknown set.yaml:7:"},
		{"an unknown generator", simple, "x", "- guess: {}", "unseen unknown-field set.yaml:7:5:"},
		{"an unknown field of a generator", simple, "x", "- list: {elements: [], x: y}", "unseen unknown-field set.yaml:7:26:"},
		{"an unknown field of a set", "x: y", "x", list, "unseen unknown-field set.yaml:5:3:"},
		{"a template option", "goTemplate: true\ngoTemplateOptions: [missingkey=never]", "x", list, "broken applicationset-invalid set.yaml:6:23:"},
		{"no Application", simple, "x", "- list: {elements: []}", "unseen no-applications set.yaml:7:3:"},
		{"the same name twice", simple, "x", "- list: {elements: [{a: one}, {a: two}]}", "broken applicationset-invalid"},
		{"a missing key", goMode, "{{.none}}", list, "broken applicationset-invalid"},
		{"a number without goTemplate", simple, "x", "- list: {elements: [{a: 1}]}", "broken application-invalid set.yaml:7:27:"},
		{"the environment", goMode, "{{ env \"HOME\" }}", list, "broken applicationset-invalid"},
		{"the network", goMode, "{{ getHostByName \"localhost\" }}", list, "broken applicationset-invalid"},
		{"the time", goMode, "{{ now }}", list, "unseen applicationset-invalid"},
		{"chance", goMode, "{{ uuidv4 }}", list, "unseen applicationset-invalid"},
		{"a long text", goMode, "{{ repeat 99999 \"long long text\" }}", list, "unseen applicationset-invalid"},
		{"a large number", goMode, "{{ until 999999999 }}", list, "unseen applicationset-invalid"},
		{"a wide format", goMode, "{{ printf \"%999999999d\" 1 }}", list, "unseen applicationset-invalid"},
		{"text that doubles", goMode, "{{ $x := \"xx\" }}" + strings.Repeat("{{ $x = print $x $x }}", 40), list, "unseen applicationset-invalid"},
		{"another repository", simple, "x", "- git: {repoURL: 'https://git.example.com/other', revision: HEAD, directories: [{path: '*'}]}", "unseen repository-unavailable set.yaml:7:20:"},
		{"a patch with a directive", simple + "\ntemplatePatch: '{$patch: delete}'", "x", list, "unseen applicationset-invalid"},
		{"a matrix of one", simple, "x", "- matrix: {generators: [{list: {elements: [{a: b}]}}]}", "broken applicationset-invalid"},
		{"too many", simple, "{{a}}", "- matrix: {generators: [{list: {elements: [" + strings.Repeat("{a: x},", 200) + "]}}, {list: {elements: [" + strings.Repeat("{b: x},", 200) + "]}}]}", "unseen too-many-applications"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := in(files("apps/a/pod.yaml", pod, "set.yaml", appSet(c.mode, c.app, "x", c.generators))).deploy(t)
			if !strings.Contains(got.problems(), c.want) {
				t.Errorf("want %s in\n%s", c.want, got.problems())
			}
		})
	}
}

// TestClusterFiles shows what a file of clusters may look like.
func TestClusterFiles(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"a list", "- {name: a, server: s, project: p, labels: {l: v}, annotations: {n: w}}", "[{a s p map[l:v] map[n:w]}]"},
		{"under a key", "clusters: [{name: a, server: s}]", "[{a s  map[] map[]}]"},
		{"nothing", "", "[]"},
		{"secrets", "apiVersion: v1\nkind: Secret\nmetadata: {name: x, labels: {argocd.argoproj.io/secret-type: cluster}}\nstringData: {name: a}\ndata: {server: cw==, config: Yg==}", "[{a s  map[argocd.argoproj.io/secret-type:cluster] map[]}]"},
		{"a field that is not known", "- {name: a, server: s, x: y}", "error"},
		{"no server", "- {name: a}", "error"},
		{"another object", "{apiVersion: v1, kind: Pod, metadata: {name: x}}", "error"},
		{"another secret", "{apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {name: a, server: s}}", "error"},
		{"no YAML", "{", "error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := argocd.LoadClusters([]byte(c.file))
			text := fmt.Sprint(got)
			if err != nil {
				text = "error"
			}
			if text != c.want || err == nil && got == nil {
				t.Errorf("got %s (%v), want %s", text, err, c.want)
			}
		})
	}
}
