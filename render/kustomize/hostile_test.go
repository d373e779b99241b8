package kustomize_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/rendertest"
)

// refusal is a tree that must not build, and why.
type refusal struct {
	name     string
	files    string
	code     string
	severity render.Severity
	origin   string
	message  string
}

func checkRefusals(t *testing.T, source render.Source, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := problem(t, c.files, source, nil)
			if p.Code != c.code || p.Severity != c.severity || p.Origin.String() != c.origin || !strings.Contains(p.Message, c.message) {
				t.Errorf("got %s, severity %d, at %v: %s\nwant %s, severity %d, at %s: ...%s...", p.Code, p.Severity, p.Origin, p.Message, c.code, c.severity, c.origin, c.message)
			}
			if p.Hint == "" {
				t.Error("no hint")
			}
		})
	}
}

// watch puts a git on the PATH that leaves a trace, starts a server, and fails
// the test if either was reached.
func watch(t *testing.T) (server string) {
	t.Helper()
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	for _, program := range []string{"git", "helm", "plugin"} {
		script := "#!/bin/sh\necho $0 $* >> " + trace + "\n"
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(func() {
		s.Close()
		if n := requests.Load(); n > 0 {
			t.Errorf("%d requests were made", n)
		}
		if text, err := os.ReadFile(trace); err == nil {
			t.Errorf("programs were run: %s", text)
		}
	})
	return s.URL
}

// TestThreatRemoteBases is the row of the threats on remote bases: it tries every way to make kustomize fetch something.
func TestThreatRemoteBases(t *testing.T) {
	server := watch(t)
	at := func(files string) string {
		for i, line := range strings.Split(files, "\n") {
			if column := strings.Index(line, "@"); column >= 0 {
				return fmt.Sprintf(":%d:%d", i, column+1)
			}
		}
		return ""
	}
	for _, c := range []struct{ name, files string }{
		{"resources", "-- kustomization.yaml --\nresources:\n- @SERVER/org/repo?ref=v1\n"},
		{"file", "-- kustomization.yaml --\nresources: [@SERVER/a.yaml]\n"},
		{"opaque http", "-- kustomization.yaml --\nresources: [\"http:a.yaml\"]\n"},
		{"upper case", "-- kustomization.yaml --\nRESOURCES: [@HTTP://example.com/a/b]\n"},
		{"github", "-- kustomization.yaml --\nresources:\n- @github.com/org/repo//dir?ref=v1\n"},
		{"scp", "-- kustomization.yaml --\nresources: [@git@example.com:org/repo]\n"},
		{"ssh", "-- kustomization.yaml --\nresources: [@ssh://git@example.com/org/repo]\n"},
		{"forced git", "-- kustomization.yaml --\nresources: [@git::https://example.com/org/repo]\n"},
		{"bases", "-- kustomization.yaml --\nbases: [@SERVER/org/repo]\n"},
		{"components", "-- kustomization.yaml --\ncomponents: [@SERVER/org/repo]\n"},
		{"component without a repository", "-- kustomization.yaml --\ncomponents: [@SERVER]\n"},
		{"crds", "-- kustomization.yaml --\ncrds: [@SERVER/crd.json]\n"},
		{"configurations", "-- kustomization.yaml --\nconfigurations: [@SERVER/c.yaml]\n"},
		{"openapi", "-- kustomization.yaml --\nopenapi: {path: @SERVER/schema.json}\n"},
		{"patch", "-- kustomization.yaml --\npatches: [{path: @SERVER/p.yaml}]\n"},
		{"json patch", "-- kustomization.yaml --\npatchesJson6902: [{path: @SERVER/p.yaml}]\n"},
		{"merge patch", "-- kustomization.yaml --\npatchesStrategicMerge: [@SERVER/p.yaml]\n"},
		{"merge patch with a brace", "-- kustomization.yaml --\npatchesStrategicMerge: ['SERVER/{p.yaml']\n"},
		{"replacement", "-- kustomization.yaml --\nreplacements: [{path: @SERVER/r.yaml}]\n"},
		{"config map file", "-- kustomization.yaml --\nconfigMapGenerator: [{name: c, files: [\"SERVER/f\"]}]\n"},
		{"config map named file", "-- kustomization.yaml --\nconfigMapGenerator: [{name: c, files: [\"key=SERVER/f\"]}]\n"},
		{"config map env", "-- kustomization.yaml --\nconfigMapGenerator: [{name: c, envs: [@SERVER/f]}]\n"},
		{"config map old env", "-- kustomization.yaml --\nconfigMapGenerator: [{name: c, env: @SERVER/f}]\n"},
		{"secret file", "-- kustomization.yaml --\nsecretGenerator: [{name: c, files: [@SERVER/f]}]\n"},
		{"generators", "-- kustomization.yaml --\ngenerators: [@SERVER/g.yaml]\n"},
		{"transformers", "-- kustomization.yaml --\ntransformers: [@SERVER/org/repo]\n"},
		{"validators", "-- kustomization.yaml --\nvalidators: [@github.com/org/repo]\n"},
		{"twice", "-- kustomization.yaml --\nresources: [a.yaml, @SERVER/a/b, SERVER/a/b]\n-- a.yaml --\n"},
		{"anchored", "-- kustomization.yaml --\nnamePrefix: &a SERVER/a/b\nresources: [*a]\n"},
		{"below a base", "-- kustomization.yaml --\nresources: [base]\n-- base/kustomization.yaml --\ncomponents: [../c]\n-- c/kustomization.yaml --\nkind: Component\nresources: [github.com/a/b]\n"},
		{"by a symlinked name", "-- kustomization.yaml --\nresources: [./base/]\n-- base/Kustomization --\nresources: [github.com/a/b]\n"},
		{"inline plugin", "-- kustomization.yaml --\ntransformers:\n- |\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: p}\n  PATH: SERVER/p.yaml\n"},
		{"plugin file", "-- kustomization.yaml --\ngenerators: [g.yaml]\n-- g.yaml --\napiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: p}\nfiles: [a=SERVER/f]\n"},
		{"plugin in a list", "-- kustomization.yaml --\ngenerators: [g.yaml]\n-- g.yaml --\napiVersion: v1\nkind: List\nitems:\n- apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: p}\n  envs: [SERVER/f]\n"},
		{"plugin with an odd type", "-- kustomization.yaml --\ntransformers: [g.yaml]\n-- g.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\nfiles: {a: b}\npath: SERVER/f\n"},
		{"plugin in a base", "-- kustomization.yaml --\ntransformers: [t]\n-- t/kustomization.yaml --\nresources: [g.yaml]\n-- t/g.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: SERVER/f\n"},
		{"base that was seen as resource first", "-- kustomization.yaml --\nresources: [t]\ntransformers: [t]\n-- t/kustomization.yaml --\nresources: [g.yaml]\n-- t/g.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: SERVER/f\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := at(c.files)
			files := strings.ReplaceAll(strings.ReplaceAll(c.files, " @", " "), "[@", "[")
			files = strings.ReplaceAll(files, "SERVER", server)
			p := problem(t, files, render.Source{}, nil)
			if p.Code != kustomize.CodeRemote || p.Severity != render.Unseen || !strings.Contains(p.Hint, "--allow-remote") {
				t.Errorf("got %s, severity %d, %s, %s", p.Code, p.Severity, p, p.Hint)
			}
			if want != "" && p.Origin.String() != "kustomization.yaml"+want || p.Origin.Line == 0 {
				t.Errorf("got origin %v, want kustomization.yaml%s", p.Origin, want)
			}
		})
	}
}

// TestThreatRemoteOptions holds URLs that would be options, local files or
// commands. They are refused even where remote bases are allowed.
func TestThreatRemoteOptions(t *testing.T) {
	watch(t)
	for _, url := range []string{
		"file:///etc/repo",
		"FILE:///etc/repo//dir",
		"git::file:///etc/repo",
		"git::ext::sh -c id",
		"ssh://-oProxyCommand=id/org/repo",
		"git@-oProxyCommand=id:org/repo",
		"https://example.com/org/repo?ref=--upload-pack=id",
		"https://example.com/org/repo?version=-x",
		"https://example.com/org/repo//--upload-pack=id",
		"git@example.com:org/re po",
		"https://example.com/org/repo//a/notCloned",
	} {
		t.Run(url, func(t *testing.T) {
			files := "-- kustomization.yaml --\nresources:\n- \"" + url + "\"\n"
			p := problem(t, files, render.Source{AllowRemote: true}, fetcher{t: t})
			if p.Code != kustomize.CodeRemoteRefused || p.Origin.String() != "kustomization.yaml:2:3" {
				t.Errorf("got %s: %v", p.Code, p)
			}
		})
	}
	for _, path := range []string{"--upload-pack=id", "ext::sh", "-c"} {
		p := problem(t, "-- kustomization.yaml --\nresources:\n- \""+path+"\"\n", render.Source{AllowRemote: true}, fetcher{t: t})
		if p.Origin.String() != "kustomization.yaml:2:3" {
			t.Errorf("%s: %v", path, p)
		}
	}
}

// TestThreatPlugins is the row of the threats on exec and container plugins and
// on helm: no program is run to build.
func TestThreatPlugins(t *testing.T) {
	watch(t)
	checkRefusals(t, render.Source{Load: render.LoadTree}, []refusal{
		{"helm charts", "-- kustomization.yaml --\nhelmCharts:\n- name: web\n  repo: https://charts.example\n",
			kustomize.CodeHelm, render.Unseen, "kustomization.yaml:2:9", `helmCharts needs chart "web"`},
		{"old helm charts", "-- kustomization.yaml --\nhelmChartInflationGenerator:\n- chartName: web\n",
			kustomize.CodeHelm, render.Unseen, "kustomization.yaml:2:14", `helmCharts needs chart "web"`},
		{"helm plugin", "-- kustomization.yaml --\ngenerators: [g.yaml]\n-- g.yaml --\napiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: h}\n",
			kustomize.CodeHelm, render.Unseen, "kustomization.yaml:1:14", "needs a chart"},
		{"exec plugin", "-- kustomization.yaml --\ngenerators: [g.yaml]\n-- g.yaml --\napiVersion: example.com/v1\nkind: Plugin\nmetadata:\n  name: h\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./plugin}\n",
			kustomize.CodePlugin, render.Unseen, "kustomization.yaml:1:14", "plugin Plugin"},
		{"container plugin", "-- kustomization.yaml --\ntransformers:\n- |\n  apiVersion: example.com/v1\n  kind: Plugin\n  metadata:\n    name: h\n    annotations:\n      config.kubernetes.io/function: |\n        container: {image: evil}\n",
			kustomize.CodePlugin, render.Unseen, "kustomization.yaml:2:3", "plugin Plugin"},
		{"customized plugin", "-- kustomization.yaml --\ntransformers: [t]\n-- t/kustomization.yaml --\nresources: [g.yaml]\nreplacements: [{sourceValue: http, targets: []}]\n-- t/g.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: x\n",
			kustomize.CodePlugin, render.Unseen, "t/kustomization.yaml", "customizes the configuration"},
	})
}

// TestThreatPathsOut shows that nothing outside of the tree is read, and that
// the path is named.
func TestThreatPathsOut(t *testing.T) {
	cases := []refusal{
		{"absolute resource", "-- kustomization.yaml --\nresources: [/etc/passwd]\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:1:13", `"/etc/passwd" is an absolute path`},
		{"absolute mount", "-- kustomization.yaml --\nresources: [/tree/a.yaml]\n-- a.yaml --\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:1:13", "absolute"},
		{"above the tree", "-- a/b/kustomization.yaml --\nresources:\n- ../../../x.yaml\n", kustomize.CodeFailed, render.Broken, "a/b/kustomization.yaml:2:3", "leads out of the repository"},
		{"above the tree and back", "-- a/b/kustomization.yaml --\nresources:\n- ../../../tree/x.yaml\n-- x.yaml --\n", kustomize.CodeFailed, render.Broken, "a/b/kustomization.yaml:2:3", "leads out of the repository"},
		{"generator file", "-- a/b/kustomization.yaml --\nsecretGenerator:\n- name: s\n  files: [k=../../../../../../../etc/passwd]\n", kustomize.CodeFailed, render.Broken, "a/b/kustomization.yaml:3:11", "/etc/passwd"},
		{"patch", "-- a/b/kustomization.yaml --\npatches: [{path: /etc/passwd}]\n", kustomize.CodeFailed, render.Broken, "a/b/kustomization.yaml:1:18", "/etc/passwd"},
		{"plugin", "-- a/b/kustomization.yaml --\ntransformers: [t.yaml]\n-- a/b/t.yaml --\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: ../../../etc/passwd\n", kustomize.CodeFailed, render.Broken, "a/b/kustomization.yaml:1:16", "etc/passwd"},
	}
	for i := range cases {
		cases[i].files = strings.ReplaceAll(cases[i].files, "\r", "")
	}
	for _, load := range []render.LoadScope{render.LoadRoot, render.LoadTree} {
		checkRefusals(t, render.Source{Path: ".", Load: load}, cases[:2])
		checkRefusals(t, render.Source{Path: "a/b", Load: load}, cases[2:])
	}
}

// TestThreatSymlinks shows that symlinks are followed inside of the tree only.
func TestThreatSymlinks(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "secret.yaml")
	configMap := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	tree := filepath.Join(dir, "tree")
	for name, text := range map[string]string{
		outside: configMap,
		filepath.Join(tree, "in", "kustomization.yaml"):  "resources: [link.yaml]\n",
		filepath.Join(tree, "out", "kustomization.yaml"): "resources: [link.yaml]\n",
		filepath.Join(tree, "abs", "kustomization.yaml"): "resources: [link.yaml]\n",
		filepath.Join(tree, "far", "kustomization.yaml"): "resources: [link]\n",
		filepath.Join(tree, "in", "c.yaml"):              configMap,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"in/link.yaml": "../in/./c.yaml", "out/link.yaml": "../../secret.yaml", "abs/link.yaml": outside, "far/link": "../../", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(tree, link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(tree)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	// The plain directory would follow the links: the renderer must not.
	for _, fsys := range []fs.FS{root.FS(), os.DirFS(tree)} {
		renderer := kustomize.New(nil)
		objects, err := renderer.Render(context.Background(), render.Tree{FS: fsys}, render.Source{Kind: render.Kustomize, Path: "in"})
		if err != nil || len(objects) != 1 || objects[0].Origin.String() != "in/c.yaml:1:1" {
			t.Errorf("inside: %v, %v", objects, err)
		}
		for _, path := range []string{"out", "abs", "far"} {
			for _, load := range []render.LoadScope{render.LoadRoot, render.LoadTree} {
				objects, err := renderer.Render(context.Background(), render.Tree{FS: fsys}, render.Source{Kind: render.Kustomize, Path: path, Load: load})
				if err == nil || !strings.Contains(err.Error(), path+"/kustomization.yaml:1:13") || !strings.Contains(err.Error(), "link") {
					t.Errorf("%s: %v, %v", path, objects, err)
				}
			}
		}
		if _, err := renderer.Render(context.Background(), render.Tree{FS: fsys}, render.Source{Kind: render.Kustomize, Path: "loop"}); err == nil {
			t.Error("loop: no error")
		}
	}
}

// bomb is a YAML document that stands for 10^9 nodes.
func bomb(indent string) string {
	var b strings.Builder
	b.WriteString(indent + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "%sa%d: &a%d [%s]\n", indent, i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9)+fmt.Sprintf("*a%d", i))
	}
	return b.String()
}

// TestThreatBillionLaughs holds small files that would take forever.
func TestThreatBillionLaughs(t *testing.T) {
	head := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	deep := "x: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n"
	start := time.Now()
	checkRefusals(t, render.Source{}, []refusal{
		{"kustomization", "-- kustomization.yaml --\n" + bomb(""), render.CodeTooLarge, render.Unseen, "kustomization.yaml", "nodes"},
		{"resource", "-- kustomization.yaml --\nresources: [c.yaml]\n-- c.yaml --\n" + head + "data:\n" + bomb("  "), render.CodeTooLarge, render.Unseen, "c.yaml", "nodes"},
		{"second document", "-- kustomization.yaml --\nresources: [c.yaml]\n-- c.yaml --\n" + head + "---\n" + head + bomb(""), render.CodeTooLarge, render.Unseen, "c.yaml", "nodes"},
		{"after duplicate keys", "-- kustomization.yaml --\nresources: [c.yaml]\n-- c.yaml --\n" + head + "kind: ConfigMap\n" + bomb(""), render.CodeTooLarge, render.Unseen, "c.yaml", "nodes"},
		{"named json", "-- kustomization.yaml --\nresources: [c.json]\n-- c.json --\n" + head + bomb(""), render.CodeTooLarge, render.Unseen, "c.json", "nodes"},
		{"patch", "-- kustomization.yaml --\nresources: [c.yaml]\npatches: [{path: p.yaml}]\n-- c.yaml --\n" + head + "-- p.yaml --\n" + head + bomb(""), render.CodeTooLarge, render.Unseen, "p.yaml", "nodes"},
		{"inline patch", "-- kustomization.yaml --\nresources: [c.yaml]\npatches:\n- patch: |\n" + "    kind: x\n" + bomb("    ") + "-- c.yaml --\n" + head, render.CodeTooLarge, render.Unseen, "kustomization.yaml:3:10", "nodes"},
		{"itself", "-- kustomization.yaml --\nresources: [c.yaml]\n-- c.yaml --\n" + head + "data: &a [*a]\n", render.CodeTooLarge, render.Unseen, "c.yaml", "deeper"},
		{"deep", "-- kustomization.yaml --\nresources: [c.yaml]\n-- c.yaml --\n" + head + deep, render.CodeTooLarge, render.Unseen, "c.yaml", "deeper"},
		{"plugin", "-- kustomization.yaml --\ntransformers: [c.yaml]\n-- c.yaml --\n" + head + bomb(""), render.CodeTooLarge, render.Unseen, "c.yaml", "nodes"},
	})
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestThreatHugeFile refuses a file beyond the bound.
func TestThreatHugeFile(t *testing.T) {
	files := fstest.MapFS{
		"kustomization.yaml": {Data: []byte("configMapGenerator: [{name: c, files: [big]}]\n")},
		"big":                {Data: make([]byte, bounds.FileBytes+1)},
	}
	_, err := kustomize.New(nil).Render(context.Background(), render.Tree{FS: files}, render.Source{Kind: render.Kustomize})
	if p, ok := err.(*render.Problem); !ok || p.Code != render.CodeTooLarge || p.Origin.File != "big" {
		t.Error(err)
	}
}

// TestThreatEndlessBases refuses a few files that load each other more often
// than anyone can wait for, and those that form a cycle.
func TestThreatEndlessBases(t *testing.T) {
	var double strings.Builder
	double.WriteString("-- kustomization.yaml --\nresources: [d0]\n")
	for i := range 30 {
		fmt.Fprintf(&double, "-- d%d/kustomization.yaml --\nresources: [../d%da, ../d%db]\n", i, i, i)
		for _, side := range []string{"a", "b"} {
			fmt.Fprintf(&double, "-- d%d%s/kustomization.yaml --\nnamePrefix: %s\nresources: [../d%d]\n", i, side, side, i+1)
		}
	}
	checkRefusals(t, render.Source{}, []refusal{
		{"doubling", double.String(), kustomize.CodeFailed, render.Unseen, ".", "more than 10000 kustomizations"},
		{"cycle", "-- kustomization.yaml --\nresources: [a]\n-- a/kustomization.yaml --\nresources: [../b]\n-- b/kustomization.yaml --\nresources:\n- ../a\n",
			kustomize.CodeFailed, render.Broken, "b/kustomization.yaml:2:3", "cycle: a -> b -> a"},
		{"itself", "-- kustomization.yaml --\nresources: [.]\n", kustomize.CodeFailed, render.Broken, "kustomization.yaml:1:13", "cycle: . -> ."},
	})
}

// TestThreatTimeout gives up when the caller does.
func TestThreatTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := kustomize.New(nil).Render(ctx, render.Tree{FS: rendertest.Files("-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\n")}, render.Source{Kind: render.Kustomize})
	if p, ok := err.(*render.Problem); !ok || p.Severity != render.Unseen || !p.Retryable {
		t.Error(err)
	}
	slow := slowFS{entered: make(chan struct{}), leave: make(chan struct{})}
	defer close(slow.leave)
	ctx, cancel = context.WithCancel(context.Background())
	go func() { <-slow.entered; cancel() }()
	_, err = kustomize.New(nil).Render(ctx, render.Tree{FS: slow}, render.Source{Kind: render.Kustomize})
	if p, ok := err.(*render.Problem); !ok || p.Severity != render.Unseen || !p.Retryable {
		t.Error(err)
	}
}

// slowFS does not answer.
type slowFS struct{ entered, leave chan struct{} }

func (s slowFS) Open(string) (fs.File, error) {
	close(s.entered)
	<-s.leave
	return nil, fs.ErrNotExist
}

// TestThreatPanic is the row of the threats on a renderer that panics: it turns a panic into a problem.
func TestThreatPanic(t *testing.T) {
	_, err := kustomize.New(nil).Render(context.Background(), render.Tree{FS: panicFS{}}, render.Source{Kind: render.Kustomize})
	if p, ok := err.(*render.Problem); !ok || p.Severity != render.Unseen || p.Code != kustomize.CodeFailed {
		t.Error(err)
	}
	// Kustomize itself panics on a schema that is none.
	p := problem(t, "-- kustomization.yaml --\nopenapi: {path: s.json}\nresources: [c.yaml]\npatches: [{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}'}]\n-- s.json --\n{\"definitions\": 3}\n-- c.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", render.Source{}, nil)
	if p.Severity != render.Unseen || !strings.Contains(p.Message, "broke down") {
		t.Errorf("%+v", p)
	}
	// And builds as before afterwards.
	if objects, err := kustomize.New(nil).Render(context.Background(), render.Tree{FS: rendertest.Txtar(t, "testdata/patches.txtar")}, render.Source{Kind: render.Kustomize, Path: "overlay"}); err != nil || len(objects) != 7 {
		t.Error(objects, err)
	}
}

type panicFS struct{}

func (panicFS) Open(string) (fs.File, error) { panic("boom") }

// TestThreatZeroObjects returns an empty list, which is for others to judge.
func TestThreatZeroObjects(t *testing.T) {
	objects, err := kustomize.New(nil).Render(context.Background(), render.Tree{FS: rendertest.Files("-- kustomization.yaml --\nnamePrefix: x\n")}, render.Source{Kind: render.Kustomize})
	if err != nil || len(objects) != 0 {
		t.Error(objects, err)
	}
}

// TestThreatSecretsInErrors shows that kustomize's messages are told without
// the secrets that it puts in them.
func TestThreatSecretsInErrors(t *testing.T) {
	for name, files := range map[string]string{
		"literal without a value": "-- kustomization.yaml --\nsecretGenerator: [{name: s, literals: [hunter2]}]\n",
		"missing file":            "-- kustomization.yaml --\nsecretGenerator: [{name: s, literals: [p=hunter2], files: [gone]}]\n",
		"twice":                   "-- kustomization.yaml --\nsecretGenerator: [{name: s, literals: [p=hunter2, p=hunter2]}]\n",
		"registered twice":        "-- kustomization.yaml --\nresources: [s.yaml, t.yaml]\n-- s.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hunter2}\n-- t.yaml --\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hunter2}\n",
		"bad patch":               "-- kustomization.yaml --\npatches: [{patch: 'stringData: hunter2'}]\n",
		"no metadata":             "-- kustomization.yaml --\nresources: [s.yaml]\n-- s.yaml --\nkind: Secret\nstringData: {p: hunter2}\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := problem(t, files, render.Source{}, nil)
			if strings.Contains(p.Message+p.Hint, "hunter2") {
				t.Error(p)
			}
			t.Log(p)
		})
	}
	p := problem(t, "-- kustomization.yaml --\nresources: ['https://me:hunter2@example.com/org/repo?ref=v1&token=hunter2']\n", render.Source{}, nil)
	if strings.Contains(p.Message, "hunter2") || !strings.Contains(p.Message, "https://example.com/org/repo?ref=v1") {
		t.Error(p)
	}
}
