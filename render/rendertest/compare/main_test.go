package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render/rendertest"
)

// corpus writes a corpus of one unit of each type, in which each deploys the
// image that is named, and makes it the one that is compared with.
func corpus(t *testing.T, image string) {
	t.Helper()
	const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - image: example.com/a:1\n"
	files := map[string]string{
		"src/repo/dir/pod.yaml":                pod,
		"src/repo/kustomize/pod.yaml":          pod,
		"src/repo/kustomize/kustomization.yml": "resources: [pod.yaml]\n",
		"src/repo/chart/Chart.yaml":            "apiVersion: v2\nname: a\nversion: 1.0.0\n",
		"src/repo/chart/templates/pod.yaml":    pod,
		"src/repo/flux/ks.yaml": "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n" +
			"spec: {path: ./dir, prune: true, interval: 1h, sourceRef: {kind: GitRepository, name: flux-system}}\n",
	}
	units := "unit\trepo\ttype\tpath\tvalues\tok\twhy\tobjects\tupstream_ms\tnote\n"
	objects := "unit\tapiVersion\tkind\tnamespace\tname\tsha256\n"
	images := "unit\tapiVersion\tkind\tname\tpath\traw\tclass\tfield\tconfidence\tstate\tnormalised\tverdict\thook\n"
	for _, u := range []struct{ kind, path, values, labels string }{
		{"dir", "dir", "", ""}, {"kustomize", "kustomize", "", ""}, {"helm", "chart", "", ""},
		{"flux-ks", "flux", "apps", `"labels":{"kustomize.toolkit.fluxcd.io/name":"apps","kustomize.toolkit.fluxcd.io/namespace":"flux-system"},`},
	} {
		sum := sha256.Sum256([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{` + u.labels + `"name":"a"},"spec":{"containers":[{"image":"` + image + `"}]}}`))
		units += strings.Join([]string{u.kind, "repo", u.kind, u.path, u.values, "ok", "", "1", "10", ""}, "\t") + "\n"
		objects += fmt.Sprintf("%s\tv1\tPod\t\ta\t%x\n", u.kind, sum)
		images += u.kind + "\tv1\tPod\ta\t$.spec.containers[0].image\t" + image + "\tpodspec\tcontainers\tstruct\tok\t" + image + "\timage\t\n"
	}
	units += "flux-hr\trepo\tflux-hr\tflux\tdefault/none\tfail\tno chart\t0\t10\t\n"
	files["units.tsv"], files["objects.tsv"], files["images.tsv"] = units, objects, images
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, "render", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SYNCGATE_CORPUS", dir)
}

// TestCompare shows that the command tells what is the same from what is not,
// and that it says so where there is nothing to compare with.
func TestCompare(t *testing.T) {
	corpus(t, "example.com/a:1")
	if same, err := run(t.Context(), upstream{}, "", true); err != nil || !same {
		t.Errorf("what is the same differs: %v", err)
	}
	corpus(t, "example.com/a:2")
	if same, err := run(t.Context(), upstream{}, "", true); err != nil || same {
		t.Errorf("what differs is the same: %v", err)
	}
	t.Setenv("SYNCGATE_CORPUS", "none")
	if _, err := run(t.Context(), upstream{}, "", false); err != rendertest.ErrNoCorpus {
		t.Errorf("without a corpus: %v", err)
	}
}
