package argocd_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
)

// fetchers is a Fetcher and ChartFetcher of trees by "repository@reference".
type fetchers struct {
	trees map[string]fs.FS
	err   error
}

func (f fetchers) Fetch(_ context.Context, repository, reference string) (fs.FS, string, error) {
	if f.err != nil {
		return nil, "", f.err
	}
	tree, ok := f.trees[repository+"@"+reference]
	if !ok {
		return nil, "", errors.New("no such revision")
	}
	return tree, strings.Repeat("f", 40), nil
}

func (f fetchers) Tags(context.Context, string) ([]string, error) {
	return []string{"app-1.9.0", "app-2.0.0", "nightly", "v1.2.3", "v1.9.0-rc.1", "v2.0.0", "v3.0.0+a", "v3.0.0+b"}, f.err
}

func (f fetchers) Chart(_ context.Context, repository, chart, version string) (fs.FS, string, error) {
	tree, ok := f.trees[repository+"/"+chart+"@"+version]
	if !ok {
		return nil, "", &render.Problem{Severity: render.Broken, Message: "no such chart", Hint: "ask again"}
	}
	return tree, "1.2.3", nil
}

func (f fetchers) Artifact(_ context.Context, repository, revision string) (fs.FS, string, error) {
	tree, ok := f.trees[repository+"@"+revision]
	if !ok {
		return nil, "", &render.Problem{Message: "no such artifact", Hint: "ask again"}
	}
	return tree, "sha256:" + strings.Repeat("d", 64), nil
}

// TestWhichRevision shows which sources are the tree, which are fetched, and
// which are not known.
func TestWhichRevision(t *testing.T) {
	const tree, fetched = "tree", "fetched"
	for _, c := range []struct{ name, repository, revision, want string }{
		{"HEAD", self, "HEAD", tree}, {"nothing", self, "", tree}, {"a branch", self, "main", tree},
		{"a branch with a slash", self, "feature/x", tree}, {"a full name of a branch", self, "refs/heads/main", tree},
		{"the commit", self, commit, tree}, {"the commit, short", self, commit[:8], tree},
		{"another commit", self, strings.Repeat("a", 40), fetched}, {"another commit, short", self, "abcdef0", fetched},
		{"a tag", self, "v1.2.3", fetched}, {"a tag without v", self, "1.2", fetched}, {"a tag with a prefix", self, "app-1.2.3", fetched},
		{"a full name of a tag", self, "refs/tags/x", fetched}, {"a range", self, "1.*", fetched},
		{"a range in which two tags are equally new", self, ">=1.0", "v3.0.0+a and v3.0.0+b are equally new"},
		{"a range without a tag", self, "7.x", "none of its 8 tags"},
		{"a range of which the newest is not there", self, "2.x", "unseen revision-unavailable"},

		{"by SSH", "git@GIT.example.com:team/app", "HEAD", tree}, {"by an SSH URL", "ssh://git@git.example.com:22/team/app.git", "HEAD", tree},
		{"with a user", "https://user@git.example.com/team/app/", "HEAD", tree}, {"by HTTP", "http://git.example.com/team/app", "HEAD", tree},
		{"another port", "https://git.example.com:8443/team/app", "HEAD", "unseen repository-unavailable"},
		{"another repository", "https://git.example.com/team/other", "HEAD", fetched},
		{"another repository, not there", "https://git.example.com/team/none", "HEAD", "unseen repository-unavailable"},
		{"a prefix of it", "https://git.example.com/team/ap", "HEAD", "unseen repository-unavailable"},
		{"a checkout", "https://git.example.com/team/mapped.git", "v1", "mapped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(app("a", "path: p\ntargetRevision: '"+c.revision+"'"), self, c.repository, 1)
			w := in(files("app.yaml", text, "p/pod.yaml", strings.ReplaceAll(pod, "pod", tree)))
			other := files("p/pod.yaml", strings.ReplaceAll(pod, "pod", fetched))
			w.options.Fetcher = fetchers{trees: map[string]fs.FS{"https://git.example.com/team/other@": other}}
			for _, revision := range []string{strings.Repeat("a", 40), "abcdef0", "v1.2.3", "1.2", "app-1.2.3", "refs/tags/x"} {
				w.options.Fetcher.(fetchers).trees[self+"@"+revision] = other
			}
			w.options.Map = map[string]fs.FS{"git@git.example.com:team/mapped": files("p/pod.yaml", strings.ReplaceAll(pod, "pod", "mapped"))}
			got := w.deploy(t).text(t)
			if !strings.Contains(got, c.want) || strings.Contains(got, "name:tree") != (c.want == tree) {
				t.Errorf("want %s in\n%s", c.want, got)
			}
			if c.want == tree && strings.Contains(got, "unseen") {
				t.Error(got)
			}
		})
	}
}

// TestTagPrefix shows that of a range of versions the newest tag with the
// prefix is fetched, and that a version by itself gets the prefix too.
func TestTagPrefix(t *testing.T) {
	for _, revision := range []string{"1.x", "1.9.0"} {
		w := in(files("app.yaml", app("a", "path: p\ntargetRevision: '"+revision+"'\ntagPrefix: app-"), "p/pod.yaml", pod))
		w.options.Fetcher = fetchers{trees: map[string]fs.FS{self + "@app-1.9.0": files("p/pod.yaml", strings.ReplaceAll(pod, "pod", "tagged"))}}
		if got := w.deploy(t).text(t); !strings.Contains(got, "name:tagged") || strings.Contains(got, "unseen") {
			t.Errorf("%s: got\n%s", revision, got)
		}
	}
}

// TestArtifacts shows that an OCI artifact is fetched at its revision, rendered
// from its path, and told by its digest.
func TestArtifacts(t *testing.T) {
	const artifact = "oci://registry.example.com/team/deploy"
	text := strings.Replace(app("a", "path: p\ntargetRevision: v1"), self, artifact, 1)
	w := in(files("app.yaml", text))
	if got := w.deploy(t).problems(); !strings.Contains(got, "unseen chart-unavailable") || !strings.Contains(got, "is not at hand") {
		t.Error(got)
	}
	w.options.Charts = fetchers{trees: map[string]fs.FS{artifact + "@v1": files("p/pod.yaml", pod)}}
	got := w.deploy(t)
	if at := artifact + "//p/pod.yaml?ref=sha256:" + strings.Repeat("d", 64); !strings.Contains(got.images(), at) || got.problems() != "" {
		t.Errorf("got %s %s", got.images(), got.problems())
	}
	for path, want := range map[string]string{"path: q\ntargetRevision: v1": "broken path-not-found", "path: p\ntargetRevision: v2": "no such artifact", "path: p": "without a targetRevision"} {
		w.tree = files("app.yaml", strings.Replace(app("a", path), self, artifact, 1))
		if got := w.deploy(t).problems(); !strings.Contains(got, want) {
			t.Errorf("want %s in %s", want, got)
		}
	}
}

// TestNothingIsTakenForTheTree shows that a repository that is not known is
// not taken for the tree, and that the hint says what to do.
func TestNothingIsTakenForTheTree(t *testing.T) {
	w := in(files("app.yaml", app("a", "path: p"), "p/pod.yaml", pod))
	w.options.Self = nil
	got := w.deploy(t)
	if len(got.Problems) == 0 || got.Problems[len(got.Problems)-1].Severity != render.Unseen || !strings.Contains(got.Problems[len(got.Problems)-1].Hint, "--self "+self) {
		t.Errorf("%+v", got.Problems)
	}
	w.options.Self, w.options.Branches = []string{self}, []string{"main"}
	w.tree = files("app.yaml", app("a", "path: p\ntargetRevision: production"), "p/pod.yaml", pod)
	if got := w.deploy(t).problems(); !strings.Contains(got, "unseen revision-unavailable app.yaml:10:21") {
		t.Error(got)
	}
}

// TestOriginsInOtherRepositories shows that what another repository holds is
// located there.
func TestOriginsInOtherRepositories(t *testing.T) {
	const other = "https://git.example.com/values"
	chart := "https://charts.example.com"
	text := "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec:\n  sources:\n" +
		"  - {repoURL: " + other + ", ref: vals}\n" +
		"  - repoURL: " + chart + "\n    chart: chart\n    targetRevision: 1.x\n    helm: {valueFiles: [$vals/values/root.yaml]}\n" +
		"  - {repoURL: " + other + ", path: plain}\n"
	all := files(sources()...)
	sub, err := fs.Sub(all, "chart")
	if err != nil {
		t.Fatal(err)
	}
	w := in(files("app.yaml", text))
	w.options.Fetcher = fetchers{trees: map[string]fs.FS{other + "@": all}}
	w.options.Charts = fetchers{trees: map[string]fs.FS{chart + "/chart@1.x": sub}}
	got := w.deploy(t)
	at := "?ref=" + strings.Repeat("f", 40)
	want := "example.com/root:1 " + other + "//values/root.yaml" + at + ":1:8\n" +
		"example.com/app:1 " + other + "//plain/other.yml" + at + ":4:38\nexample.com/app:1 " + other + "//plain/pod.yaml" + at + ":4:38"
	if got.images() != want {
		t.Errorf("got\n%s\nwant\n%s\n%s", got.images(), want, got.problems())
	}
}

// TestChartsThatAreNotThere shows that a chart that cannot be had is told as
// its fetcher tells it, at the Application.
func TestChartsThatAreNotThere(t *testing.T) {
	w := in(files("app.yaml", app("a", "chart: chart\ntargetRevision: 1.x")))
	w.options.Charts = fetchers{}
	want := "broken chart-unavailable app.yaml:9:12: Application argocd/a: chart chart 1.x of " + self + " cannot be fetched: no such chart\n"
	if got := w.deploy(t).problems(); got != want {
		t.Errorf("got %s want %s", got, want)
	}
}

// TestApplicationsOfApplications shows that Applications are followed to any
// depth and that one that deploys itself ends.
func TestApplicationsOfApplications(t *testing.T) {
	child := func(name, path string) string { return app(name, "path: "+path) }
	got := in(files("root.yaml", child("root", "one"),
		"one/a.yaml", child("a", "two")+"---\n"+child("root", "one"), "two/b.yaml", child("b", "three"), "three/pod.yaml", pod)).deploy(t)
	if got.unitNames() != "a=dest b=dest root=dest" || got.problems() != "" {
		t.Errorf("%s\n%s", got.unitNames(), got.problems())
	}
	got = in(files("root.yaml", child("root", "chart"), "chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"chart/values.yaml", "n: 0\n", "chart/templates/a.yaml", strings.Replace(app("x", "path: chart\nhelm: {parameters: [{name: n, value: '{{ add1 .Values.n }}'}]}"), "name: x", `name: "x{{ .Values.n }}"`, 1))).deploy(t)
	if !strings.Contains(got.problems(), "deployers-too-deep") {
		t.Errorf("%d units\n%s", len(got.Units), got.problems())
	}
}

// TestSameNameTwice shows that of two Applications of one name both are looked
// at.
func TestSameNameTwice(t *testing.T) {
	got := in(files("a.yaml", app("a", "path: p"), "b.yaml", app("a", "path: q"), "c.yaml", app("a", "path: q"), "p/pod.yaml", pod, "q/pod.yaml", pod)).deploy(t)
	if len(got.Units) != 3 || got.Units[1].Name != "argocd/argocd/a" || !strings.HasPrefix(got.Units[2].Name, "argocd/argocd/a@") {
		t.Errorf("%s", got.unitNames())
	}
}

// TestUnknownCommit shows that what depends on a commit that is not known is
// unknown.
func TestUnknownCommit(t *testing.T) {
	w := in(files(append(sources(), "app.yaml", app("a", "path: kustomize\nkustomize: {images: ['example.com/app:$ARGOCD_APP_REVISION']}"))...))
	w.commit = ""
	if got := w.deploy(t).problems(); !strings.Contains(got, "unseen variable-unknown app.yaml:10:26: Application argocd/a: spec.source.kustomize.images[0] depends on $ARGOCD_APP_REVISION") {
		t.Error(got)
	}
}

// TestHydrator shows that the dry source is what is rendered.
func TestHydrator(t *testing.T) {
	text := strings.Replace(app("a", "path: plain"), "  source:\n", "  sourceHydrator:\n    syncSource: {targetBranch: env/dev, path: out}\n    drySource:\n", 1)
	text = strings.Replace(strings.Replace(text, "    repoURL", "      repoURL", 1), "    path: plain", "      path: plain", 1)
	got := in(files(append(sources(), "app.yaml", text)...)).deploy(t)
	if !strings.Contains(got.text(t), "name:other") || got.problems() != "" {
		t.Error(got.text(t))
	}
}
