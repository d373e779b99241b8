package helm_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/rendertest"
)

// chartServer serves lib 1.0.0, 1.2.0 and 2.0.0 and other 1.0.0 as a chart
// repository, whose objects tell the version and a value.
func chartServer(t testing.TB) string {
	t.Helper()
	index := "apiVersion: v1\nentries:\n"
	files := map[string][]byte{}
	for _, name := range []string{"lib", "other"} {
		index += "  " + name + ":\n"
		for _, version := range []string{"1.0.0", "1.2.0", "2.0.0"} {
			archive := packed(t,
				name+"/Chart.yaml", "apiVersion: v2\nname: "+name+"\nversion: "+version+"\n",
				name+"/values.yaml", "image: quay.io/acme/"+name+"\n",
				name+"/templates/p.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Chart.Name }}\nspec:\n  containers:\n  - name: c\n    image: {{ .Values.image }}:{{ .Chart.Version }}\n")
			sum := sha256.Sum256(archive)
			file := name + "-" + version + ".tgz"
			files["/"+file] = archive
			index += fmt.Sprintf("  - {apiVersion: v2, name: %s, version: %s, urls: [%s], digest: %s}\n", name, version, file, hex.EncodeToString(sum[:]))
		}
	}
	files["/index.yaml"] = []byte(index)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if data, ok := files[r.URL.Path]; ok {
			_, _ = out.Write(data)
			return
		}
		http.NotFound(out, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func fetcher() *charts.Fetcher {
	return charts.New(charts.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
}

// buildCases are charts whose dependencies are not vendored. URL stands for
// the chart repository.
func buildCases() map[string]map[string]string {
	const head = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
	lib := func(version string) string {
		return "- name: lib\n  version: \"" + version + "\"\n  repository: URL\n"
	}
	return map[string]map[string]string{
		"newest":      {"app/Chart.yaml": head + lib(">=0")},
		"range":       {"app/Chart.yaml": head + lib("^1.0.0")},
		"exact":       {"app/Chart.yaml": head + lib("1.0.0")},
		"two":         {"app/Chart.yaml": head + lib("1.x") + "- name: other\n  version: 2.0.0\n  repository: URL\n"},
		"values":      {"app/Chart.yaml": head + lib("1.x"), "app/values.yaml": "lib:\n  image: ghcr.io/x/y\n"},
		"alias":       {"app/Chart.yaml": head + lib("1.x") + "- name: lib\n  alias: second\n  version: 1.x\n  repository: URL\n", "app/values.yaml": "second:\n  image: ghcr.io/x/second\n"},
		"condition":   {"app/Chart.yaml": head + lib("1.x") + "  condition: lib.enabled\n- name: other\n  version: 1.x\n  repository: URL\n", "app/values.yaml": "lib:\n  enabled: false\n"},
		"tags":        {"app/Chart.yaml": head + lib("1.x") + "  tags: [back]\n- name: other\n  version: 1.x\n  repository: URL\n", "app/values.yaml": "tags:\n  back: false\n"},
		"in the tree": {"app/Chart.yaml": head + "- name: base\n  version: 0.x\n  repository: file://../libs/base\n", "libs/base/Chart.yaml": "apiVersion: v2\nname: base\nversion: 0.1.0\n", "libs/base/templates/p.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: base\nspec:\n  containers:\n  - name: c\n    image: quay.io/acme/base:{{ .Chart.Version }}\n"},
		"both":        {"app/Chart.yaml": head + lib("2.x") + "- name: base\n  version: 0.x\n  repository: file://../libs/base\n", "libs/base/Chart.yaml": "apiVersion: v2\nname: base\nversion: 0.1.0\n", "libs/base/templates/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: base\n"},
		"vendored": {"app/Chart.yaml": head + lib("1.x") + "- name: local\n  version: 0.x\n",
			"app/charts/local/Chart.yaml": "apiVersion: v2\nname: local\nversion: 0.2.0\n", "app/charts/local/templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: local\n"},
		"locked":   {"app/Chart.yaml": head + lib("^1.0.0"), "app/Chart.lock": "dependencies:\n- name: lib\n  repository: URL\n  version: 1.0.0\ndigest: LOCK\ngenerated: \"2026-01-01T00:00:00Z\"\n"},
		"outdated": {"app/Chart.yaml": head + lib("1.x") + "- name: other\n  version: 1.x\n  repository: URL\n", "app/charts/lib-1.0.0.tgz": "OLD"},
		"v1":       {"app/Chart.yaml": "apiVersion: v1\nname: app\nversion: 1.0.0\n", "app/requirements.yaml": "dependencies:\n" + lib("^1.0.0")},
	}
}

func treeOf(t testing.TB, files map[string]string, url string) fstest.MapFS {
	tree := fstest.MapFS{}
	// What Helm writes into the lock file: the hash of what is declared and
	// what is locked.
	sum := sha256.Sum256([]byte(strings.ReplaceAll(`[[{"name":"lib","version":"^1.0.0","repository":"URL"}],[{"name":"lib","version":"1.0.0","repository":"URL"}]]`, "URL", url)))
	for name, text := range files {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "URL", url), "LOCK", "sha256:"+hex.EncodeToString(sum[:]))
		tree[name] = &fstest.MapFile{Data: []byte(text)}
		if text == "OLD" {
			tree[name].Data = packed(t, "lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n", "lib/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: old\n")
		}
	}
	return tree
}

func renderBuilt(t testing.TB, tree fs.FS, allow bool) ([]render.Object, error) {
	t.Helper()
	return helm.Renderer{Charts: fetcher()}.Render(t.Context(), render.Tree{FS: tree}, render.Source{Kind: render.Helm, Path: "app", AllowRemote: allow})
}

// TestBuild wants the objects of the dependencies, at the line that declares
// them or in the directory where they are.
func TestBuild(t *testing.T) {
	url := chartServer(t)
	for name, want := range map[string]string{
		"newest":      "Pod/lib app/Chart.yaml:5:9\n  quay.io/acme/lib:2.0.0 app/Chart.yaml:5:9\n",
		"range":       "Pod/lib app/Chart.yaml:5:9\n  quay.io/acme/lib:1.2.0 app/Chart.yaml:5:9\n",
		"exact":       "Pod/lib app/Chart.yaml:5:9\n  quay.io/acme/lib:1.0.0 app/Chart.yaml:5:9\n",
		"values":      "Pod/lib app/Chart.yaml:5:9\n  ghcr.io/x/y:1.2.0 app/values.yaml:2:10\n",
		"condition":   "Pod/other app/Chart.yaml:9:9\n  quay.io/acme/other:1.2.0 app/Chart.yaml:9:9\n",
		"in the tree": "Pod/base libs/base/templates/p.yaml\n  quay.io/acme/base:0.1.0 libs/base/templates/p.yaml:8:12\n",
		"locked":      "Pod/lib app/Chart.yaml:5:9\n  quay.io/acme/lib:1.0.0 app/Chart.yaml:5:9\n",
		"outdated":    "Pod/lib app/Chart.yaml:5:9\n  quay.io/acme/lib:1.2.0 app/Chart.yaml:5:9\nPod/other app/Chart.yaml:8:9\n  quay.io/acme/other:1.2.0 app/Chart.yaml:8:9\n",
		"v1":          "Pod/lib app/requirements.yaml:2:9\n  quay.io/acme/lib:1.2.0 app/requirements.yaml:2:9\n",
	} {
		objects, err := renderBuilt(t, treeOf(t, buildCases()[name], url), true)
		if got := list(objects, err); got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

// TestBuildProblems has dependencies that cannot be built.
func TestBuildProblems(t *testing.T) {
	url := chartServer(t)
	const head = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n"
	dep := func(version, repository string) string {
		return head + "- name: lib\n  version: \"" + version + "\"\n  repository: " + repository + "\n"
	}
	lock := func(digest, version string) string {
		return "dependencies:\n- name: lib\n  repository: URL\n  version: " + version + "\ndigest: " + digest + "\ngenerated: \"2026-01-01T00:00:00Z\"\n"
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no such version": {map[string]string{"app/Chart.yaml": dep("^9", "URL")}, "broken chart-unavailable app/Chart.yaml:5:9: build dependency lib ^9: chart lib of URL has no version that satisfies"},
		"an alias":        {map[string]string{"app/Chart.yaml": dep("^1", `"@acme"`)}, `unseen chart-unavailable app/Chart.yaml:5:9: build dependency lib ^1: repository "@acme" is an alias`},
		"another alias":   {map[string]string{"app/Chart.yaml": dep("^1", `"alias:acme"`)}, `unseen chart-unavailable app/Chart.yaml:5:9: build dependency lib ^1: repository "alias:acme" is an alias`},
		"no repository":   {map[string]string{"app/Chart.yaml": dep("^1", `""`)}, "broken render-failed app/Chart.yaml:5:9: build dependency lib ^1: directory app/charts/lib not found"},
		"no directory":    {map[string]string{"app/Chart.yaml": dep("^1", "file://../lib")}, "broken render-failed app/Chart.yaml:5:9: build dependency lib ^1: directory lib not found"},
		"outside":         {map[string]string{"app/Chart.yaml": dep("^1", "file://../../lib")}, "unseen render-failed app/Chart.yaml:5:9: build dependency lib ^1: directory ../../lib is not in the repository"},
		"absolute":        {map[string]string{"app/Chart.yaml": dep("^1", "file:///etc")}, "unseen render-failed app/Chart.yaml:5:9: build dependency lib ^1: directory /etc is not in the repository"},
		"another version": {map[string]string{"app/Chart.yaml": dep("^1", "file://../lib"), "lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 2.0.0\n"}, "broken render-failed app/Chart.yaml:5:9: build dependency lib ^1: dependency lib at version 2.0.0 does not satisfy the constraint ^1"},
		"a stale lock":    {map[string]string{"app/Chart.yaml": dep("^1", "URL"), "app/Chart.lock": lock("sha256:00", "1.0.0")}, "broken render-failed app/Chart.lock: the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the dependencies with 'helm dependency update'"},
		"not a server":    {map[string]string{"app/Chart.yaml": dep("^1", "URL/none")}, "unseen chart-unavailable app/Chart.yaml:5:9: build dependency lib ^1: get URL/none/index.yaml: the server answers 404 Not Found"},
	} {
		objects, err := renderBuilt(t, treeOf(t, c.files, url), true)
		if got := list(objects, err); !strings.HasPrefix(got, strings.ReplaceAll(c.want, "URL", url)) {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.want)
		}
	}
}

// TestBuildAsksNobody wants no request without leave, whatever the lock file
// says, and to be told how to get it.
func TestBuildAsksNobody(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	files := buildCases()["range"]
	p := wantProblem(t, nil, second(renderBuilt(t, treeOf(t, files, server.URL), false)))
	if p.Severity != render.Unseen || p.Message != "found in Chart.yaml, but missing in charts/ directory: lib" || !strings.Contains(p.Hint, "--allow-remote") {
		t.Errorf("got %+v", p)
	}
	digest := sha256.Sum256([]byte(`[[{"name":"lib","version":"1.x","repository":"file://../lib"}],[{"name":"lib","version":"1.0.0","repository":"` + server.URL + `"}]]`))
	files = map[string]string{
		"app/Chart.yaml": chartYAML + "dependencies:\n- name: lib\n  version: 1.x\n  repository: file://../lib\n",
		"app/Chart.lock": "dependencies:\n- name: lib\n  version: 1.0.0\n  repository: URL\ndigest: sha256:" + hex.EncodeToString(digest[:]) + "\n",
	}
	p = wantProblem(t, nil, second(renderBuilt(t, treeOf(t, files, server.URL), false)))
	if asked != 0 || p.Severity != render.Unseen || !strings.Contains(p.Hint, "--allow-remote") {
		t.Errorf("%d requests, %+v", asked, p)
	}
}

func second(_ []render.Object, err error) error { return err }

// TestBuildAgreesWithHelm holds a build to helm dependency build and helm
// template of Helm's own program, without a lock file, then with the one that
// it wrote while newer versions are there.
func TestBuildAgreesWithHelm(t *testing.T) {
	program := cmp.Or(os.Getenv("SYNCGATE_HELM"), "helm")
	version, err := exec.Command(program, "version", "--short").Output()
	if err != nil || !strings.HasPrefix(string(version), "v4.") {
		t.Skip("there is no Helm 4 to compare with: set SYNCGATE_HELM to its path")
	}
	url := chartServer(t)
	home := t.TempDir()
	run := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = []string{"HOME=" + home, "HELM_CACHE_HOME=" + home + "/cache", "HELM_CONFIG_HOME=" + home + "/config", "HELM_DATA_HOME=" + home + "/data"}
		out, err := cmd.Output()
		if err != nil {
			stderr := ""
			if exit, ok := err.(*exec.ExitError); ok {
				stderr = string(exit.Stderr)
			}
			t.Fatalf("helm %v: %v: %s", args, err, stderr)
		}
		return string(out)
	}
	run(home, "repo", "add", "acme", url)
	for name, files := range buildCases() {
		dir := t.TempDir()
		if err := os.CopyFS(dir, treeOf(t, files, url)); err != nil {
			t.Fatal(err)
		}
		compare := func() {
			t.Helper()
			objects, err := renderBuilt(t, os.DirFS(dir), true)
			run(dir, "dependency", "build", "app")
			want, problems := render.ParseObjects("helm.yaml", []byte(run(dir, "template", "release-name", "app", "-n", "default", "--include-crds")))
			if err != nil || len(problems) > 0 || len(want) == 0 || !slices.Equal(canonical(t, objects), canonical(t, want)) {
				t.Errorf("%s: got\n%swant\n%s", name, list(objects, err), list(want, nil))
			}
		}
		compare()
		if err := os.RemoveAll(filepath.Join(dir, "app", "charts")); err != nil {
			t.Fatal(err)
		}
		for file, content := range treeOf(t, files, url) {
			if strings.HasPrefix(file, "app/charts/") {
				writeFile(t, filepath.Join(dir, file), content.Data)
			}
		}
		compare()
	}
}

func writeFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func canonical(t testing.TB, objects []render.Object) []string {
	t.Helper()
	var all []string
	for _, object := range objects {
		text, err := rendertest.Canonical(object.Node)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}
