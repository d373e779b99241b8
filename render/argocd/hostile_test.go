package argocd_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
)

// TestThreatWhatLeadsOutOfTheTree is the rows of the threats on plugins, remote
// bases, symlinks and paths out of the tree: nothing outside is ever read.
func TestThreatWhatLeadsOutOfTheTree(t *testing.T) {
	link := func(target string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
	}
	for _, c := range []struct{ name, source, want string }{
		{"path above the root", "path: ../x", "broken path-not-found app.yaml:9:11"},
		{"absolute path", "path: /etc", "broken path-not-found app.yaml:9:11"},
		{"path that is a file", "path: plain/pod.yaml", "broken path-not-found app.yaml:9:11"},
		{"symlink out of the tree", "path: out", "broken path-not-found app.yaml:9:11"},
		{"absolute symlink", "path: etc", "broken path-not-found app.yaml:9:11"},
		{"value file out of the tree", "path: chart\nhelm: {valueFiles: [../../x.yaml]}", "broken path-not-found app.yaml:10:25"},
		{"value file by URL", "path: chart\nhelm: {valueFiles: ['https://example.com/values.yaml']}", "unseen path-not-found app.yaml:10:25"},
		{"value file by file URL", "path: chart\nhelm: {valueFiles: ['file:///etc/passwd']}", "unseen path-not-found app.yaml:10:25"},
		{"pattern out of the tree", "path: chart\nhelm: {valueFiles: ['../../*.yaml']}", "broken path-not-found app.yaml:10:25"},
		{"file parameter out of the tree", "path: chart\nhelm: {fileParameters: [{name: x, path: ../../etc/passwd}]}", "broken path-not-found app.yaml:10:45"},
		{"variable out of the tree", "path: chart\nhelm: {valueFiles: [$HOME/../../x.yaml]}", "broken path-not-found"},
		{"library out of the tree", "path: jsonnet2\ndirectory: {jsonnet: {libs: [../..]}}", "broken path-not-found app.yaml:10:34"},
		{"import of an absolute path", "path: import", "broken file-unreadable import/a.jsonnet: cannot evaluate jsonnet import/a.jsonnet: RUNTIME ERROR: import of \"/etc/passwd\" is refused"},
		{"import out of the tree", "path: import2", "is refused: it leads out of the repository"},
		{"component out of the tree", "path: kustomize\nkustomize: {components: [../../x]}", "broken render-failed app.yaml:10:30: components entry \"../../x\" leads out"},
		{"remote component", "path: kustomize\nkustomize: {components: ['https://github.com/a/b//c?ref=v1']}", "unseen remote-base-not-allowed app.yaml:10:30"},
		{"plugin", "path: plain\nplugin: {name: sh, env: [{name: A, value: B}]}", "unseen plugin-not-run app.yaml:10:13"},
		{"two tools", "path: plain\nplugin: {name: sh}\nhelm: {}", "broken application-invalid app.yaml:8:5"},
		{"option for an image", "path: kustomize\nkustomize: {images: ['--help:1']}", "broken application-invalid app.yaml:10:26"},
		{"an image that says nothing", "path: kustomize\nkustomize: {images: [nginx]}", "broken application-invalid app.yaml:10:26"},
		{"OCI artifact", "path: .\nref: x", "app"},
		{"zero objects", "path: empty", "unseen no-objects"},
		{"no such tool version", "path: kustomize\nkustomize: {version: v3.8.7}", "unseen tool-version app.yaml:10:26"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := files(append(sources(), "app.yaml", app("app", c.source), "empty/README.md", "x",
				"import/a.jsonnet", "import '/etc/passwd'", "import2/a.jsonnet", "import '../../etc/passwd'")...)
			tree["out"], tree["etc"] = link("../.."), link("/etc")
			got := in(tree).deploy(t)
			if !strings.Contains(got.text(t), c.want) {
				t.Errorf("want %s in\n%s", c.want, got.text(t))
			}
		})
	}
}

// TestEditsReachWhatIsBuilt shows that no way to name the directory takes the
// Application's images out of the build.
func TestEditsReachWhatIsBuilt(t *testing.T) {
	for _, path := range []string{"kustomize", "link", "./kustomize/", "deep/../kustomize", "deep/link2"} {
		tree := files(append(sources(), "app.yaml", app("a", "path: "+path+"\nkustomize: {images: ['example.com/app=example.com/new:3']}"), "deep/x", "")...)
		tree["link"] = &fstest.MapFile{Data: []byte("kustomize"), Mode: fs.ModeSymlink | 0o777}
		tree["deep/link2"] = &fstest.MapFile{Data: []byte("../link"), Mode: fs.ModeSymlink | 0o777}
		if got := in(tree).deploy(t); !strings.Contains(got.images(), "example.com/new:3 ") {
			t.Errorf("%s: %s\n%s", path, got.images(), got.problems())
		}
	}
}

// TestEditsOfOddKustomizations shows that options are applied to what is
// written in an unusual way, or that the unit is unknown.
func TestEditsOfOddKustomizations(t *testing.T) {
	source := "path: k\nkustomize:\n  images: ['example.com/app=example.com/new:3']\n  commonLabels: {x: z}\n  forceCommonLabels: true"
	for _, c := range []struct{ name, kustomization, want string }{
		{"aliases", "resources: [pod.yaml]\ncommonLabels: &l {x: '1'}\ncommonAnnotations: *l\n", "annotations:map[x:1] labels:map[a:b x:z]"},
		{"upper case", "Resources: [pod.yaml]\nImages: [{Name: example.com/app, NewTag: '9'}]\n", "image:example.com/new:3"},
		{"imageTags", "resources: [pod.yaml]\nimageTags: [{name: example.com/app, newTag: '9'}]\n", "image:example.com/new:3"},
		{"a list in flow style", "{resources: [pod.yaml], images: [{name: example.com/app, newTag: '9'}]}", "image:example.com/new:3"},
		{"a key twice", "resources: [pod.yaml]\nimages: []\nimages: []\n", "unseen render-failed"},
		{"a document after it", "resources: [pod.yaml]\n---\nimages: []\n", "image:example.com/new:3"},
		{"two files", "resources: [pod.yaml]\n", "image:example.com/new:3"},
		{"no mapping", "- x", "render-failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := files("app.yaml", app("a", source), "k/kustomization.yaml", c.kustomization, "k/pod.yaml", pod)
			if c.name == "two files" {
				tree["k/kustomization.yml"] = tree["k/kustomization.yaml"]
				c.want = "broken render-failed"
			}
			got := in(tree).deploy(t).text(t)
			if !strings.Contains(got, c.want) || strings.Contains(got, "app:1") != strings.HasPrefix(c.want, "unseen") {
				t.Errorf("want %s in\n%s", c.want, got)
			}
		})
	}
}

// TestJsonnetIsBounded shows that Jsonnet has neither end nor environment of its own.
func TestJsonnetIsBounded(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"recursion", "local f(x) = f(x) + 1; f(0)", "max stack frames exceeded"},
		{"a string", "'x'", "document is not a mapping"},
		{"no environment", "std.extVar('HOME')", "Undefined external variable: HOME"},
		{"no native functions", "std.native('exec')('x')", "cannot evaluate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := in(files("j/a.jsonnet", c.code, "app.yaml", app("a", "path: j"))).deploy(t).problems()
			if !strings.Contains(got, c.want) || !strings.HasPrefix(got, "broken") {
				t.Errorf("want %s in\n%s", c.want, got)
			}
		})
	}
}

// TestThreatOverrideFiles is the row on .argocd-source.yaml: what it changes
// is what is rendered and is told, and it cannot take a source elsewhere.
func TestThreatOverrideFiles(t *testing.T) {
	for _, c := range []struct{ name, source, file, patch, want string }{
		{"an image", "path: kustomize\nkustomize: {images: ['example.com/app:1']}", "kustomize/.argocd-source.yaml", "kustomize:\n  images: ['example.com/app=example.com/evil:1']", "image:example.com/evil:1"},
		{"for one Application", "path: kustomize", "kustomize/.argocd-source-a.yaml", "kustomize: {namePrefix: mine-}", "name:mine-pod"},
		{"for another Application", "path: kustomize", "kustomize/.argocd-source-b.yaml", "kustomize: {namePrefix: mine-}", "!mine-"},
		{"is told", "path: kustomize", "kustomize/.argocd-source.yaml", "kustomize: {namePrefix: mine-}", "notice source-overridden kustomize/.argocd-source.yaml:1:1"},
		{"another path", "path: plain", "plain/.argocd-source.yaml", "{path: kustomize, repoURL: 'https://example.com/evil', targetRevision: x}", "name:other"},
		{"removes no plugin", "path: plain\nplugin: {name: gate}", "plain/.argocd-source.yaml", "plugin: null", "unseen plugin-not-run"},
		{"renames a plugin", "path: plain\nplugin: {name: gate}", "plain/.argocd-source.yaml", "plugin: {name: other}", "by the plugin other"},
		{"removes no value", "path: chart\nhelm: {values: 'image: example.com/inline:1'}", "chart/.argocd-source.yaml", "helm: {values: null}", "image:example.com/inline:1"},
		{"an item of a list keeps what it does not set", "path: chart\nhelm: {parameters: [{name: extra, value: 'true', forceString: true}]}", "chart/.argocd-source.yaml", "helm: {parameters: [{name: extra, value: 'false'}]}", `json:"false"`},
		{"valuesObject is patched as JSON", "path: chart\nhelm: {valuesObject: {image: example.com/object:1, extra: x}}", "chart/.argocd-source.yaml", "helm: {valuesObject: {extra: null}}", "extra:<nil>"},
		{"another tool", "path: kustomize\nkustomize: {}", "kustomize/.argocd-source.yaml", "directory: {recurse: true}", "broken application-invalid"},
		{"a field that is not known", "path: plain", "plain/.argocd-source.yaml", "x: y", "unseen unknown-field plain/.argocd-source.yaml:1:1"},
		{"a place in it", "path: kustomize", "kustomize/.argocd-source.yaml", "kustomize:\n  images: [nginx]", "broken application-invalid kustomize/.argocd-source.yaml:2:12"},
		{"no mapping", "path: plain", "plain/.argocd-source.yaml", "[x]", "broken file-unreadable plain/.argocd-source.yaml:1:1"},
		{"no YAML", "path: plain", "plain/.argocd-source.yaml", "{", "broken file-unreadable plain/.argocd-source.yaml:1:1"},
		{"two readings", "path: plain", "plain/.argocd-source.yaml", "{kustomize: {}, kustomize: {}}", "broken file-unreadable plain/.argocd-source.yaml:1"},
		{"billion laughs", "path: plain", "plain/.argocd-source.yaml", laughs(), "broken file-unreadable plain/.argocd-source.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := in(files(append(sources(), "app.yaml", app("a", c.source), c.file, c.patch)...)).deploy(t).text(t)
			want, absent := strings.CutPrefix(c.want, "!")
			if strings.Contains(got, want) == absent {
				t.Errorf("want %s in\n%s", c.want, got)
			}
		})
	}
}

func laughs() string {
	text := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		text += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 10) + "]\n"
	}
	return text
}

// TestThreatSecrets shows that credentials in URLs are not told.
func TestThreatSecretsInURLs(t *testing.T) {
	w := in(files("app.yaml", strings.Replace(app("a", "path: x"), "https://", "https://user:hunter2@", 1)))
	w.options.Self = nil
	w.options.Fetcher = fetchers{err: errors.New("GET https://user:hunter2@git.example.com: refused")}
	if got := w.deploy(t).problems(); strings.Contains(got, "hunter2") || !strings.Contains(got, "git.example.com") {
		t.Error(got)
	}
}

// FuzzExpand shows that no object makes the Deployer panic, that expanding
// ends, and that an object that is an Application is a unit or a problem.
func FuzzExpand(f *testing.F) {
	for _, field := range allFields() {
		f.Add([]byte(app("a", field.with)))
	}
	f.Add([]byte(appSet(goMode, "{{.a}}", "{{.b}}", "- matrix: {generators: [{git: {repoURL: x, directories: [{path: '*'}]}}, {merge: {mergeKeys: [a], generators: []}}]}")))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree := files(append(sources(), "app.yaml", string(data))...)
		objects, _ := render.ParseObjects("app.yaml", data)
		got := in(tree).deploy(t)
		deployed := slices.ContainsFunc(got.Units, func(u render.Rendered) bool { return u.Deployer.Kind == "Application" })
		for _, o := range objects {
			if o.ID.APIVersion == "argoproj.io/v1alpha1" && (o.ID.Kind == "Application" || o.ID.Kind == "ApplicationSet") && !deployed && got.problems() == "" {
				t.Errorf("%s is neither a unit nor a problem", o.ID)
			}
		}
	})
}

var _ argocd.Fetcher = fetchers{}
