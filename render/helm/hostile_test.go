package helm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
)

const chartYAML = "apiVersion: v2\nname: app\nversion: 1.0.0\n"

// chartWith returns a tree with one chart of these files, in the directory app.
func chartWith(files map[string]string) fstest.MapFS {
	tree := fstest.MapFS{"app/Chart.yaml": {Data: []byte(chartYAML)}}
	for name, text := range files {
		tree[filepath.ToSlash(filepath.Join("app", name))] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

func renderApp(ctx context.Context, files fs.FS, options render.HelmOptions) ([]render.Object, error) {
	return helm.Renderer{}.Render(ctx, render.Tree{FS: files}, render.Source{Kind: render.Helm, Path: "app", Helm: options})
}

// wantProblem returns the one problem of an error that stops a render.
func wantProblem(t *testing.T, objects []render.Object, err error) *render.Problem {
	t.Helper()
	p, ok := errors.AsType[*render.Problem](err)
	if !ok {
		t.Fatalf("got %d objects and the error %v, want a problem", len(objects), err)
	}
	if objects != nil {
		t.Errorf("got %d objects beside the problem", len(objects))
	}
	return p
}

// TestChartThatRendersForever is the row of the threats on charts that render
// for ever, or fill the memory or the stack: each is refused, long before
// the time is over, at its template.
func TestChartThatRendersForever(t *testing.T) {
	for name, template := range map[string]string{
		"nested loops that print":         `{{ range until 100000 }}{{ range until 100000 }}xxxx{{ end }}{{ end }}`,
		"nested loops that do nothing":    `{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}`,
		"a loop over a number":            `{{ range 1000000000000 }}{{ end }}`,
		"a list of a number":              `{{ until 9000000000000000000 }}`,
		"steps that overflow":             `{{ untilStep 0 9223372036854775807 4611686018427387905 }}`,
		"a sequence":                      `{{ seq 1 9000000000 }}`,
		"repeat":                          `{{ repeat 9000000000 "x" }}`,
		"repeat that overflows":           `{{ repeat 4611686018427387904 "xxxxxxxx" }}`,
		"random letters":                  `{{ randAlphaNum 9000000000 }}`,
		"random bytes":                    `{{ randBytes 9000000000 }}`,
		"indent":                          `{{ repeat 100000 "x\n" | indent 1000000 }}`,
		"a wide number":                   `{{ printf (repeat 100000 "%999999d") 1 }}`,
		"a width from an argument":        `{{ printf (repeat 100000 "%[1]*[1]d") 999999 }}`,
		"replace":                         `{{ $x := repeat 1000000 "x" }}{{ replace "x" $x $x }}`,
		"replace nothing":                 `{{ $x := repeat 1000000 "x" }}{{ replace "" $x $x }}`,
		"replace by expression":           `{{ $x := repeat 1000000 "x" }}{{ regexReplaceAll "x" $x $x }}`,
		"join":                            `{{ join (repeat 1000000 "x") (until 100000) }}`,
		"a string that doubles":           `{{ $x := "xxxxxxxx" }}{{ range until 100 }}{{ $x = print $x $x }}{{ end }}`,
		"a list that doubles":             `{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ toYaml $x }}`,
		"a printed list that doubles":     `{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}`,
		"strings that are kept":           `{{ $l := list }}{{ range until 1000000 }}{{ $l = append $l (repeat 1000000 "x") }}{{ end }}`,
		"a dict in itself, printed":       `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}`,
		"a dict in itself, as text":       `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toString $d }}`,
		"a dict in itself, as YAML":       `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYamlPretty $d }}`,
		"a dict in itself, as TOML":       `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toToml $d }}`,
		"a dict in itself, copied":        `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepCopy $d }}`,
		"a dict in itself, merged":        `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ merge (dict "d" (dict)) $d }}`,
		"include that branches":           `{{ define "a" }}{{ include "a" . }}{{ include "a" . }}{{ end }}{{ include "a" . }}`,
		"include by turns":                `{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}{{ include "c" . }}{{ end }}{{ define "c" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`,
		"template that branches":          `{{ define "a" }}{{ template "a" . }}{{ template "a" . }}{{ end }}{{ template "a" . }}`,
		"template and include by turns":   `{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}{{ include "a" . }}{{ end }}{{ template "a" . }}`,
		"tpl of itself":                   `{{ $t := "{{ tpl .t . }}" }}{{ tpl $t (dict "t" $t) }}`,
		"deep control structures":         strings.Repeat(`{{ if 1 }}`, 100_000) + strings.Repeat(`{{ end }}`, 100_000),
		"deep control structures in tpl":  `{{ tpl (print (repeat 100000 "{{ if 1 }}") (repeat 100000 "{{ end }}")) . }}`,
		"more actions than can be parsed": strings.Repeat(`{{ if 1 }}`, 300_000),
		"a chain of else":                 `{{ if 0 }}` + strings.Repeat(`{{ else if 0 }}`, 1000) + `{{ end }}`,
		"deep parentheses":                `{{ ` + strings.Repeat(`(`, 1000) + `1` + strings.Repeat(`)`, 1000) + ` }}`,
		"deep TOML":                       `{{ fromToml (print "a = " (repeat 10000000 "[")) }}`,
		"keys":                            `{{ range until 100000 }}{{ $_ := derivePassword 1 "long" "a" "b" "c" }}{{ end }}`,
		"a file that is kept":             `{{ $l := list }}{{ range until 100000 }}{{ $l = append $l ($.Files.Get "big") }}{{ end }}`,
	} {
		t.Run(name, func(t *testing.T) {
			if name == "keys" && testing.Short() {
				t.Skip("deriving keys takes seconds, and a minute with the race detector")
			}
			files := chartWith(map[string]string{"templates/t.yaml": "a: b\n" + template, "big": strings.Repeat("x", 1<<20)})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			objects, err := renderApp(context.Background(), files, render.HelmOptions{})
			runtime.ReadMemStats(&after)
			p := wantProblem(t, objects, err)
			if p.Origin.File != "app/templates/t.yaml" {
				t.Errorf("got the problem at %v, want it at the template", p.Origin)
			}
			if strings.Contains(p.Message, "longer") {
				t.Errorf("only time stopped it: %v", p)
			}
			if made := after.TotalAlloc - before.TotalAlloc; made > 8*bounds.TemplateWork {
				t.Errorf("it made %d bytes, want less than eight times %d", made, bounds.TemplateWork)
			}
		})
	}
}

func TestRenderStopsWithItsContext(t *testing.T) {
	files := chartWith(map[string]string{"templates/t.yaml": `{{ range until 10000000 }}{{ randAlpha 1 }}{{ end }}`})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	objects, err := renderApp(ctx, files, render.HelmOptions{})
	p := wantProblem(t, objects, err)
	if p.Severity != render.Unseen || !p.Retryable || p.Code != render.CodeTimeout {
		t.Errorf("got %+v, want a timeout that is unseen and can be tried again", p)
	}
}

// TestTemplatesSeeNothingOfTheHost is the rows of the threats on env and
// network functions and on commands.
func TestTemplatesSeeNothingOfTheHost(t *testing.T) {
	t.Setenv("SYNCGATE_TEST_SECRET", "leaked")
	for template, want := range map[string]string{
		`{{ env "SYNCGATE_TEST_SECRET" }}`:                 `function "env" not defined`,
		`{{ expandenv "$SYNCGATE_TEST_SECRET" }}`:          `function "expandenv" not defined`,
		`{{ tpl "{{ env \"SYNCGATE_TEST_SECRET\" }}" . }}`: `function "env" not defined`,
	} {
		objects, err := renderApp(context.Background(), chartWith(map[string]string{"templates/t.yaml": template}), render.HelmOptions{})
		if p := wantProblem(t, objects, err); !strings.Contains(p.Message, want) || p.Severity != render.Broken {
			t.Errorf("%s: got %v", template, p)
		}
	}
	files := chartWith(map[string]string{"templates/t.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data:
  host: "{{ getHostByName "localhost" }}"
  lookup: "{{ lookup "v1" "Secret" "kube-system" "token" }}"
  outside: "{{ .Files.Get "../secret" }}{{ .Files.Get "/etc/hostname" }}{{ .Files.Get "etc/../../secret" }}"
  glob: "{{ range $name, $_ := .Files.Glob "../**" }}{{ $name }}{{ end }}"
`})
	files["secret"] = &fstest.MapFile{Data: []byte("leaked")}
	objects, err := renderApp(context.Background(), files, render.HelmOptions{})
	if err != nil {
		t.Fatal(err)
	}
	data := render.Child(objects[0].Node, "data")
	for i := 1; i < len(data.Content); i += 2 {
		if got := data.Content[i].Value; got != "" && got != "map[]" {
			t.Errorf("%s is %q, want nothing", data.Content[i-1].Value, got)
		}
	}
}

// TestPathsOutOfTheTree is the row of the threats on symlinks, "..", absolute
// paths and URLs: refused, with the path.
func TestPathsOutOfTheTree(t *testing.T) {
	for name, c := range map[string]struct {
		severity render.Severity
		message  string
	}{
		"../outside.yaml":                 {render.Broken, `value file "../outside.yaml" is not a path in the repository`},
		"app/../../outside.yaml":          {render.Broken, `value file "app/../../outside.yaml" is not a path in the repository`},
		"/etc/passwd":                     {render.Broken, `value file "/etc/passwd" is not a path in the repository`},
		"-":                               {render.Broken, `value file "-" does not exist`},
		"file:///etc/passwd":              {render.Unseen, `value file "file:///etc/passwd" is a URL: it is not fetched`},
		"https://example.com/values.yaml": {render.Unseen, `value file "https://example.com/values.yaml" is a URL: it is not fetched`},
	} {
		objects, err := renderApp(context.Background(), chartWith(nil), render.HelmOptions{ValueFiles: []string{name}})
		if p := wantProblem(t, objects, err); p.Message != c.message || p.Severity != c.severity {
			t.Errorf("%s: got %d, %q", name, p.Severity, p.Message)
		}
	}
}

func TestSymlinks(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	tree := filepath.Join(dir, "tree")
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
	for name, text := range map[string]string{
		outside:                             "leaked",
		tree + "/app/Chart.yaml":            chartYAML,
		tree + "/app/values.yaml":           "",
		tree + "/shared/templates/p.yaml":   pod,
		tree + "/shared/library/Chart.yaml": strings.Replace(chartYAML, "app", "lib", 1),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		name = filepath.Join(tree, "app", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.Symlink(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(tree)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	link("../shared/templates", "templates")
	link("../../shared/library", "charts/lib")
	objects, err := renderApp(context.Background(), root.FS(), render.HelmOptions{})
	if err != nil || len(objects) != 1 || objects[0].Origin.File != "app/templates/p.yaml" {
		t.Fatalf("symlinks within the tree: got %v, %v", objects, err)
	}
	link("../app", "loop")
	objects, err = renderApp(context.Background(), root.FS(), render.HelmOptions{})
	if p := wantProblem(t, objects, err); p.Severity != render.Unseen {
		t.Errorf("a symlink to its own directory: got %v", p)
	}
	if err := os.Remove(filepath.Join(tree, "app", "loop")); err != nil {
		t.Fatal(err)
	}
	link(outside, "escape")
	objects, err = renderApp(context.Background(), root.FS(), render.HelmOptions{})
	if p := wantProblem(t, objects, err); p.Origin.File != "app/escape" || strings.Contains(p.Message, "leaked") {
		t.Errorf("a symlink out of the tree: got %v", p)
	}
}

// packed returns a gzipped tar archive.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for i := 0; i+1 < len(files); i += 2 {
		header := &tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestGzipBombs is the row of the threats on huge files, packed: one archive,
// many that are each small enough for Helm, and one within the other.
func TestGzipBombs(t *testing.T) {
	lib := strings.Replace(chartYAML, "app", "lib", 1)
	zeros := strings.Repeat("\x00", 40<<20)
	small := packed(t, "lib/Chart.yaml", lib, "lib/zeros", zeros)
	nested := small
	for range bounds.ChartDepth + 1 {
		nested = packed(t, "lib/Chart.yaml", lib, "lib/charts/lib.tgz", string(nested))
	}
	many := func(n int) fstest.MapFS {
		tree := chartWith(nil)
		for i := range n {
			tree[fmt.Sprintf("app/charts/lib-%d.tgz", i)] = &fstest.MapFile{Data: small}
		}
		return tree
	}
	deep := chartWith(nil)
	deep["app/charts/lib.tgz"] = &fstest.MapFile{Data: nested}
	one := chartWith(nil)
	one["app/charts/lib.tgz"] = &fstest.MapFile{Data: packed(t, "lib/Chart.yaml", lib, "lib/a", zeros, "lib/b", zeros, "lib/c", zeros)}
	for name, tree := range map[string]fstest.MapFS{"one archive": one, "many archives": many(3), "archives in archives": deep} {
		objects, err := renderApp(context.Background(), tree, render.HelmOptions{})
		p := wantProblem(t, objects, err)
		if p.Severity != render.Unseen || !strings.Contains(p.Message, "exceeds the limit") || !strings.HasPrefix(p.Origin.File, "app/charts/lib") {
			t.Errorf("%s: got %v", name, p)
		}
	}
}

// TestSchemaReadsNeitherHostNorNetwork holds values.schema.json to itself.
func TestSchemaReadsNeitherHostNorNetwork(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "host.json"), []byte("true"), 0o644); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{
		"file://" + filepath.ToSlash(dir) + "/host.json": "no file but the schema itself is read",
		"other.json":                     "no file but the schema itself is read",
		"http://127.0.0.1:1/schema.json": "",
		"urn:example:schema":             "",
	} {
		tree := chartWith(map[string]string{"values.schema.json": fmt.Sprintf(`{"$ref": %q}`, ref)})
		_, err := renderApp(context.Background(), tree, render.HelmOptions{})
		if got := fmt.Sprint(err); want != "" && !strings.Contains(got, want) || want == "" && err != nil {
			t.Errorf("$ref %s: got %v", ref, err)
		}
	}
}

// TestYAMLBombs is the row of the threats on aliases and deep nesting.
func TestYAMLBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		fmt.Fprintf(&laughs, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	head := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
	for name, files := range map[string]map[string]string{
		"in values":            {"values.yaml": laughs.String()},
		"in a manifest":        {"templates/t.yaml": head + laughs.String()},
		"in a CRD":             {"crds/t.yaml": head + laughs.String()},
		"deep in values":       {"values.yaml": strings.Repeat("[", 100_000)},
		"deep in a manifest":   {"templates/t.yaml": head + "a: " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000)},
		"deep in fromYaml":     {"templates/t.yaml": head + `{{ fromYaml (repeat 100000 "[") }}`},
		"laughs from fromYaml": {"templates/t.yaml": head + `a: {{ .Files.Get "f" | fromYaml | toYaml | len }}`, "f": laughs.String()},
	} {
		_, err := renderApp(context.Background(), chartWith(files), render.HelmOptions{})
		if name == "deep in fromYaml" || name == "laughs from fromYaml" {
			// Helm puts the error into the result.
			continue
		}
		if err == nil {
			t.Errorf("%s: it renders", name)
		}
	}
}

// FuzzInputs wants that nothing that a chart holds makes the renderer panic.
func FuzzInputs(f *testing.F) {
	f.Add("a: {image: x/y:1}", "*.bak\n", "{{ toYaml .Values }}", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", []byte("x"), "a=b")
	f.Add("- a", "!/x/", "{{ .Files }}", "a: &a [*a]", packed(f, "lib/Chart.yaml", chartYAML), "a[0].b={1,2}")
	f.Add("a: *b", "**", "kind: List\nitems: [{}]", "---\n...\n%", packed(f, "Chart.yaml", chartYAML), "=")
	f.Fuzz(func(t *testing.T, values, ignored, template, crd string, archive []byte, assignment string) {
		tree := chartWith(map[string]string{
			"values.yaml": values, ".helmignore": ignored, "crds/c.yaml": crd,
			"templates/t.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {image: {{ .Values.image }}}\n---\n" + template,
		})
		if len(archive) > 0 {
			tree["app/charts/lib.tgz"] = &fstest.MapFile{Data: archive}
		}
		objects, err := renderApp(context.Background(), tree, render.HelmOptions{Set: []string{assignment}})
		for _, p := range render.Problems(err) {
			if p.Code == render.CodePanicked {
				t.Fatal(p.Message)
			}
		}
		list(objects, nil)
	})
}
