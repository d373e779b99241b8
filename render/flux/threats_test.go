package flux_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/images"
)

// TestThreatSubstitutionsFromTheCluster is the row "substitutions whose values
// live in the cluster": the image that depends on one is unknown and says
// which variable, and others are not.
func TestThreatSubstitutionsFromTheCluster(t *testing.T) {
	for _, c := range []struct{ name, postBuild string }{
		{"missing", "{substituteFrom: [{kind: ConfigMap, name: none}]}"},
		{"optional", "{substituteFrom: [{kind: Secret, name: none, optional: true}]}"},
		{"encrypted", "{substituteFrom: [{kind: Secret, name: sealed}]}"},
		{"overridden by one that is missing", "{substituteFrom: [{kind: ConfigMap, name: settings}, {kind: ConfigMap, name: none}]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := kustomizationWith("v1", "  path: ./deploy\n  postBuild: "+c.postBuild)
			rendering := everything(t, files(tree), flux.Options{}, "cluster")
			found, problems := images.Extract(rendering)
			if !slices.ContainsFunc(found, func(i render.Image) bool { return i.Reference == "other.example/team/other:1" }) {
				t.Errorf("the image that depends on nothing is not found: %v", found)
			}
			p := said(problems, images.CodeUnresolved)
			if p == nil || p.Severity != render.Unseen || !strings.Contains(p.Message, "registry") || p.Origin.String() != "deploy/app.yaml:8:28" {
				t.Errorf("the image that depends on a variable: %v", p)
			}
			for _, image := range found {
				if strings.Contains(image.Reference, "default.example") || strings.Contains(image.Reference, "registry.example") {
					t.Errorf("%s is taken for known", image.Reference)
				}
			}
		})
	}
}

// TestThreatUndefinedVariable shows that a variable which nothing defines fails
// the build, as it does in the cluster, and leaves the image unresolved.
func TestThreatUndefinedVariable(t *testing.T) {
	tree := strings.Replace(kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substitute: {a: b}}"), "${registry:=default.example}", "${registry}", 1)
	rendering := everything(t, files(tree), flux.Options{}, "cluster")
	p := said(rendering.Problems, flux.CodeVariable)
	if p == nil || p.Severity != render.Broken || !strings.Contains(p.Message, "registry") || p.Origin.String() != "deploy/app.yaml:8:28" {
		t.Errorf("got %+v", p)
	}
	lenient := everything(t, files(tree), flux.Options{Lenient: true}, "cluster")
	if p := said(lenient.Problems, flux.CodeVariable); p != nil {
		t.Errorf("lenient: %v", p)
	}
}

// TestThreatStructureFromTheCluster shows that a variable which may bring in
// containers makes its object unseen.
func TestThreatStructureFromTheCluster(t *testing.T) {
	tree := strings.NewReplacer("apps/v1", "apps.example/v1", "kind: Deployment", "kind: CloneSet", "      containers:\n", "      initContainers: ${more}\n      containers:\n").
		Replace(kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: none}]}"))
	p := said(everything(t, files(tree), flux.Options{}, "cluster").Problems, flux.CodeVariable)
	if p == nil || p.Severity != render.Unseen || !strings.Contains(p.Message, "more") {
		t.Errorf("got %+v", p)
	}
}

// TestThreatSecrets is the row "secrets": no value of one is in a problem,
// whatever goes wrong with what it is used for.
func TestThreatSecrets(t *testing.T) {
	const secret = "hunter2-is-secret"
	for name, tree := range map[string]string{
		"a template that tells": strings.Replace(releaseWith(chartInGit, "  valuesFrom: [{kind: Secret, name: values}]"), "{tag: from-secret}", "{tag: "+secret+"}", 1) +
			"-- charts/app/templates/fail.yaml --\n{{ fail .Values.image.tag }}\n",
		"a schema that tells":         strings.Replace(releaseWith(chartInGit, "  valuesFrom: [{kind: Secret, name: values}]"), "image: {tag: from-secret}", "forbidden: ["+secret+"]", 1),
		"values that are no YAML":     strings.Replace(releaseWith(chartInGit, "  valuesFrom: [{kind: Secret, name: values}]"), `"image: {tag: from-secret}"`, `"`+secret+`: [: }"`, 1),
		"a variable that breaks YAML": strings.Replace(kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substituteFrom: [{kind: Secret, name: hidden}]}"), "registry: secret.example", `registry: "{`+secret+`: ["`, 1),
		"an expression that does not end": strings.NewReplacer("registry: secret.example", "registry: "+secret, "${registry:=default.example}", "${registry:3").
			Replace(kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substituteFrom: [{kind: Secret, name: hidden}]}")),
	} {
		t.Run(name, func(t *testing.T) {
			rendering := everything(t, files(tree), flux.Options{Self: []string{"https://git.example/org/repo"}}, "cluster")
			blocked := false
			for _, p := range rendering.Problems {
				blocked = blocked || p.Severity != render.Notice
				if strings.Contains(p.Message+p.Hint, secret) {
					t.Errorf("it is told: %s", p.Error())
				}
			}
			if !blocked {
				t.Error("nothing is wrong")
			}
		})
	}
}

// linked is a tree with a symlink.
func linked() fs.FS {
	return fstest.MapFS{
		"cluster/ks.yaml":    {Data: []byte("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: {path: ./app, prune: true, interval: 1h, sourceRef: {kind: GitRepository, name: flux-system}}\n"), Mode: 0o644},
		"app/real.yaml":      {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: real}\n"), Mode: 0o644},
		"app/link.yaml":      {Data: []byte("../other/x.yaml"), Mode: fs.ModeSymlink},
		"app/directory":      {Data: []byte("../other"), Mode: fs.ModeSymlink},
		"app/x.zip":          {Data: []byte("x"), Mode: 0o644},
		"app/.github/y.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ci}\n"), Mode: 0o644},
		"other/x.yaml":       {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: linked}\n"), Mode: 0o644},
	}
}

// TestThreatSymlinks is the row "symlinks and .. out of the tree": an artifact
// holds no symlinks, so what one leads to is not deployed, and no path leads
// out of the source.
func TestThreatSymlinks(t *testing.T) {
	rendering := everything(t, render.Tree{FS: linked()}, flux.Options{}, "cluster")
	var names []string
	for _, object := range objectsOf(rendering, "flux/kustomization/flux-system/apps") {
		names = append(names, object.ID.Name)
	}
	if fmt.Sprint(names) != "[real]" {
		t.Errorf("deployed are %v: %v", names, rendering.Problems)
	}
}

// TestThreatZeroObjects is the row "zero objects": unknown, never pass.
func TestThreatZeroObjects(t *testing.T) {
	tree := kustomizationWith("v1", "  path: ./empty") + "-- empty/README.md --\nnothing\n"
	p := said(everything(t, files(tree), flux.Options{}, "cluster").Problems, render.CodeNoObjects)
	if p == nil || p.Severity != render.Unseen {
		t.Errorf("got %+v", p)
	}
}

// TestThreatRemote is the row "remote bases": nothing is fetched unless that is
// allowed, neither sources nor bases.
func TestThreatRemote(t *testing.T) {
	const source = "-- cluster/source.yaml --\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: else, namespace: flux-system}\nspec: {url: 'https://user:pass@git.example/else', ref: {REF}}\n"
	tree := strings.Replace(kustomizationWith("v1", "  path: ./deploy"), "name: flux-system}\n  path", "name: else}\n  path", 1) + source
	for _, c := range []struct{ ref, says string }{{"branch: main", "not allowed"}, {"semver: 1.x", "not allowed"}, {"commit: " + strings.Repeat("a", 40), "not allowed"}} {
		fetcher := &counter{}
		rendering := everything(t, files(strings.Replace(tree, "REF", c.ref, 1)), flux.Options{Fetcher: fetcher}, "cluster")
		p := said(rendering.Problems, flux.CodeSource)
		if p == nil || p.Severity != render.Unseen || !strings.Contains(p.Message, c.says) || strings.Contains(p.Message, "pass@") {
			t.Errorf("%s: %+v", c.ref, p)
		}
		if fetcher.fetched > 0 {
			t.Errorf("%s: it was fetched", c.ref)
		}
	}
	fetcher := &counter{files: files(kustomizationTree).FS}
	rendering := everything(t, files(strings.Replace(tree, "REF", "tag: v1", 1)), flux.Options{Fetcher: fetcher, AllowRemote: true}, "cluster")
	objects := objectsOf(rendering, "flux/kustomization/flux-system/apps")
	if len(objects) != 2 || fetcher.asked != "https://user:pass@git.example/else v1" {
		t.Fatalf("%d objects from %q: %v", len(objects), fetcher.asked, rendering.Problems)
	}
	everything(t, files(strings.Replace(tree, "REF", "semver: 1.x", 1)), flux.Options{Fetcher: fetcher, AllowRemote: true}, "cluster")
	if fetcher.asked != "https://user:pass@git.example/else v1.2.0" {
		t.Errorf("of a range it asked for %s", fetcher.asked)
	}
	if got := objects[0].Origin.File; got != "https://git.example/else//deploy/sub/cm.yaml?ref=c0ffee" {
		t.Errorf("the origin is %s", got)
	}
}

// counter is a fetcher that counts.
type counter struct {
	files   fs.FS
	fetched int
	asked   string
}

func (c *counter) Fetch(_ context.Context, repository, reference string) (fs.FS, string, error) {
	c.fetched++
	c.asked = repository + " " + reference
	return c.files, "c0ffee", nil
}

func (c *counter) Tags(context.Context, string) ([]string, error) {
	return []string{"v1.0.0", "v1.2.0", "1.1", "v2.0.0", "x"}, nil
}

// TestThreatCircles shows that objects which wait for or deploy each other in
// a circle are told, and that expanding them ends.
func TestThreatCircles(t *testing.T) {
	const ks = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: NAME, namespace: flux-system}\nspec: {path: ./PATH, prune: true, interval: 1h, sourceRef: {kind: GitRepository, name: flux-system}EXTRA}\n"
	one := func(name, path, extra string) string {
		return strings.NewReplacer("NAME", name, "PATH", path, "EXTRA", extra).Replace(ks)
	}
	waiting := "-- cluster/a.yaml --\n" + one("a", "x", ", dependsOn: [{name: b}]") + "-- cluster/b.yaml --\n" + one("b", "x", ", dependsOn: [{name: a}]") +
		"-- x/cm.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
	p := said(everything(t, files(waiting), flux.Options{}, "cluster").Problems, flux.CodeCycle)
	if p == nil || p.Severity != render.Broken || !strings.Contains(p.Message, "flux/kustomization/flux-system/a -> flux/kustomization/flux-system/b") {
		t.Errorf("waiting: %+v", p)
	}
	itself := everything(t, files("-- cluster/a.yaml --\n"+one("a", "cluster", "")), flux.Options{}, "cluster")
	if len(itself.Units) != 2 {
		t.Errorf("a Kustomization that deploys itself makes %d units, not 2", len(itself.Units))
	}
}

// TestInputThatComesLate shows that a unit which was rendered without an input
// that something else brings later is not taken for right.
func TestInputThatComesLate(t *testing.T) {
	tree := kustomizationWith("v1", "  path: ./late\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: late, optional: true}]}") +
		"-- late/cm.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: late, namespace: flux-system}\ndata: {registry: 'x${registry:=none}'}\n"
	rendering := everything(t, files(tree), flux.Options{}, "cluster")
	found := false
	for _, p := range rendering.Problems {
		found = found || p.Code == flux.CodeInput && p.Severity == render.Unseen && strings.Contains(p.Message, "flux-system/late")
	}
	if !found {
		t.Errorf("nothing is said of it: %v", rendering.Problems)
	}
}

// FuzzKustomization looks for Kustomizations that break the expander or the
// renderer, or that vanish without a word.
func FuzzKustomization(f *testing.F) {
	for _, fields := range []string{"  path: ./deploy", "  path: ../..\n  images: [{name: a}]", "  patches: [{patch: x}]", "  postBuild: {substitute: {a: b}}", "  components: [.., /x]\n  suspend: 3"} {
		f.Add(fields)
	}
	f.Fuzz(func(t *testing.T, fields string) { neverSilent(t, kustomizationWith("v1", fields), fields) })
}

// FuzzHelmRelease does the same for HelmReleases.
func FuzzHelmRelease(f *testing.F) {
	for _, fields := range []string{"  values: {a: b}", "  valuesFrom: [{kind: Secret, name: values, targetPath: 'a[0].b'}]", "  postRenderers: [{kustomize: {patches: [{patch: x}]}}]", "  releaseName: ''", "  install: {crds: Skip}"} {
		f.Add(fields)
	}
	f.Fuzz(func(t *testing.T, fields string) { neverSilent(t, releaseWith(chartInGit, fields), fields) })
}

// neverSilent renders a tree and asks that its deployer object has a unit, or
// that something is said.
func neverSilent(t *testing.T, tree, fields string) {
	if len(fields) > 300 || strings.Contains(fields, "-- ") || strings.Contains(fields, "---") {
		return
	}
	rendering := everything(t, files(tree), flux.Options{Self: []string{"https://git.example/org/repo"}}, "cluster")
	units := 0
	for _, unit := range rendering.Units {
		if strings.HasPrefix(unit.Name, "flux/") {
			units++
		}
	}
	for _, p := range rendering.Problems {
		if p.Code == render.CodePanicked {
			t.Errorf("%q: %s", fields, p.Error())
		}
		if p.Severity != render.Notice {
			units++
		}
	}
	if units == 0 {
		t.Errorf("%q: nothing is deployed and nothing is said", fields)
	}
}

// TestThreatSubstitutionsAreBounded is the row on what is bounded in time and
// memory: variables of a few kilobytes do not become gigabytes.
func TestThreatSubstitutionsAreBounded(t *testing.T) {
	long := strings.Repeat("x", 15_000)
	for name, text := range map[string]string{
		"many":            strings.Repeat("${long}", 9_000),
		"replaced":        "${long//x/${long}}",
		"replaced, often": "${long//x/${long//x/${long//x/${long}}}}",
	} {
		tree := strings.Replace(kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substitute: {long: "+long+"}}"), "$${kept}", text, 1)
		p := said(everything(t, files(tree), flux.Options{}, "cluster").Problems, render.CodeTooLarge)
		if p == nil || p.Severity != render.Unseen || !strings.Contains(p.Message, "once its variables are filled in") {
			t.Errorf("%s: got %v", name, p)
		}
	}
	tree := strings.Replace(kustomizationWith("v1", "  path: ./deploy\n  postBuild: {substitute: {long: "+long+"}}"), "$${kept}", "${long//x/yy} ${long/x/${long}}", 1)
	for _, p := range everything(t, files(tree), flux.Options{}, "cluster").Problems {
		if p.Severity != render.Notice {
			t.Errorf("what is not too large is told: %s", p.Error())
		}
	}
}
