package kustomize_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/rendertest"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// fetcher answers with trees by "repository reference".
type fetcher struct {
	t     *testing.T
	trees map[string]string
	asked *[]string
}

func (f fetcher) Fetch(_ context.Context, repository, reference string) (fs.FS, string, error) {
	if f.asked != nil {
		*f.asked = append(*f.asked, repository+" "+reference)
	}
	files, ok := f.trees[repository+" "+reference]
	if !ok {
		if f.trees == nil {
			f.t.Errorf("asked for %s %s", repository, reference)
		}
		return nil, "", errors.New("cannot read https://me:hunter2@example.com/org/repo: not found")
	}
	return rendertest.Files(files), commit, nil
}

const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: web:1\n"

// TestRemoteBases mounts what the fetcher returns, and says at which commit.
func TestRemoteBases(t *testing.T) {
	watch(t)
	files := `
-- app/kustomization.yaml --
resources:
- https://me:hunter2@example.com/org/repo.git//deploy?ref=v1
- https://me:hunter2@example.com/org/repo.git//deploy/extra?ref=v1
- local.yaml
components: [github.com/org/components//tls]
images: [{name: web, newTag: "2"}]
-- app/local.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: local}
`
	var asked []string
	f := fetcher{t: t, asked: &asked, trees: map[string]string{
		"https://me:hunter2@example.com/org/repo.git v1": "-- deploy/kustomization.yaml --\nresources: [web.yaml, ../more]\n-- deploy/web.yaml --\n" + deployment +
			"-- more/kustomization.yaml --\nresources: [service.yaml]\n-- more/service.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n" +
			"-- deploy/extra/kustomization.yaml --\nresources: [e.yaml]\n-- deploy/extra/e.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
		"https://github.com/org/components ": "-- tls/kustomization.yaml --\nkind: Component\nresources: [github.com/org/nested]\n",
		"https://github.com/org/nested ":     "-- kustomization.yml --\nresources: [n.yaml]\n-- n.yaml --\napiVersion: v1\nkind: Pod\nmetadata: {name: nested}\n",
	}}
	objects, err := kustomize.New(f).Render(context.Background(), render.Tree{FS: rendertest.Files(files)},
		render.Source{Kind: render.Kustomize, Path: "app", AllowRemote: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, object := range objects {
		got[object.ID.String()] = object.Origin.String()
	}
	for id, origin := range map[string]string{
		"Deployment/web":  "https://example.com/org/repo.git//deploy/web.yaml?ref=" + commit + ":1:1",
		"Service/web":     "https://example.com/org/repo.git//more/service.yaml?ref=" + commit + ":1:1",
		"ConfigMap/extra": "https://example.com/org/repo.git//deploy/extra/e.yaml?ref=" + commit + ":1:1",
		"Pod/nested":      "https://github.com/org/nested//n.yaml?ref=" + commit + ":1:1",
		"ConfigMap/local": "app/local.yaml:1:1",
	} {
		if got[id] != origin {
			t.Errorf("%s: got %s, want %s", id, got[id], origin)
		}
	}
	if len(objects) != 5 || len(asked) != 3 {
		t.Errorf("got %d objects, want 5; fetched %q, want 3", len(objects), asked)
	}
	checkPlace(t, objects, `Deployment/web spec.template.spec.containers[0].image web:2 app/kustomization.yaml:6:30`)
	checkPlace(t, objects, `Deployment/web metadata.name web https://example.com/org/repo.git//deploy/web.yaml?ref=`+commit+`:3:18`)
}

// TestRemoteProblems tells why a remote entry was not used.
func TestRemoteProblems(t *testing.T) {
	watch(t)
	repo := "https://example.com/org/repo "
	one := func(entry string) string { return "-- kustomization.yaml --\nresources:\n- " + entry + "\n" }
	for _, c := range []struct {
		name, files, tree string
		fetcher           bool
		code, message     string
		severity          render.Severity
	}{
		{"no fetcher", one("https://example.com/org/repo"), "", false, kustomize.CodeRemoteFailed, "cannot be fetched here", render.Unseen},
		{"not found", one("https://example.com/org/other"), "", true, kustomize.CodeRemoteFailed, "https://example.com/org/repo: not found", render.Unseen},
		{"file", one("https://example.com/org/repo/x.yaml"), "", true, kustomize.CodeRemoteFile, "single remote file", render.Unseen},
		{"patch", "-- kustomization.yaml --\npatches: [{path: 'https://example.com/org/repo/p'}]\n", "", true, kustomize.CodeRemoteFile, "single remote file", render.Unseen},
		{"no such directory", one("https://example.com/org/repo//gone"), "", true, kustomize.CodeFailed, "no directory of the repository", render.Broken},
		{"aliased", "-- kustomization.yaml --\nnamespace: &a https://example.com/org/repo\nresources: [*a]\n", "-- kustomization.yaml --\nresources: []\n", true, kustomize.CodeRemoteFailed, "", render.Unseen},
		{"leads out of its repository", one("https://example.com/org/repo//a"), "-- a/kustomization.yaml --\nresources: [../../x]\n", true, kustomize.CodeFailed, "leads out of the repository", render.Broken},
		{"leads back to the tree", one("https://example.com/org/repo//a"), "-- a/kustomization.yaml --\nresources: [../../../tree/x.yaml]\n", true, kustomize.CodeFailed, "leads out of the repository", render.Broken},
		{"cycle", one("https://example.com/org/repo"), "-- kustomization.yaml --\nresources: ['https://example.com/org/repo']\n", true, kustomize.CodeFailed, "cycle", render.Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f kustomize.Fetcher
			if c.fetcher {
				f = fetcher{t: t, trees: map[string]string{repo: c.tree}}
			}
			p := problem(t, c.files, render.Source{AllowRemote: true}, f)
			if p.Code != c.code || p.Severity != c.severity || !strings.Contains(p.Message, c.message) || strings.Contains(p.Message, "hunter2") || p.Origin.Line == 0 {
				t.Errorf("got %s, severity %d: %v", p.Code, p.Severity, p)
			}
		})
	}
}

// TestRemoteTwice rewrites every entry of one URL.
func TestRemoteTwice(t *testing.T) {
	watch(t)
	f := fetcher{t: t, trees: map[string]string{"https://example.com/org/repo ": "-- kustomization.yaml --\nresources: [d.yaml]\n-- d.yaml --\n" + deployment}}
	files := "-- kustomization.yaml --\nresources: [a, 'https://example.com/org/repo']\n-- a/kustomization.yaml --\nnamePrefix: a-\nresources: ['https://example.com/org/repo']\n"
	objects, err := kustomize.New(f).Render(context.Background(), render.Tree{FS: rendertest.Files(files)}, render.Source{Kind: render.Kustomize, AllowRemote: true})
	if err != nil || len(objects) != 2 {
		t.Fatal(objects, err)
	}
	p := problem(t, strings.Replace(files, "[a, ", "[a, 'https://example.com/org/repo', ", 1), render.Source{AllowRemote: true}, f)
	if !strings.Contains(p.Message, "already registered id") {
		t.Error(p)
	}
}
