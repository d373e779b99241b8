package charts_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
)

const (
	plainConfig  = "application/vnd.oci.empty.v1+json"
	tarGzip      = "application/vnd.oci.image.layer.v1.tar+gzip"
	fluxContent  = "application/vnd.cncf.flux.content.v1.tar+gzip"
	artifactYAML = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
)

// TestArtifact fetches an OCI artifact by tag, by digest and by a range, and
// once by digest from the cache.
func TestArtifact(t *testing.T) {
	w := newWorld(t)
	w.pushTyped("acme/deploy", "1.2.0", plainConfig, tarGzip, pack(t, "apps/a.yaml", artifactYAML))
	w.pushTyped("acme/deploy", "1.10.0", plainConfig, tarGzip, pack(t, "./apps/a.yaml", artifactYAML, "apps/sub/b.yaml", "b: 1\n"))
	digest := w.pushTyped("acme/deploy", "latest", plainConfig, tarGzip, pack(t, "apps/a.yaml", "latest: true\n"))
	dir := t.TempDir()
	for revision, file := range map[string]string{"1.2.0": "apps/a.yaml", "1.x": "apps/sub/b.yaml", ">=1.0.0": "apps/sub/b.yaml", "latest": "apps/a.yaml", digest: "apps/a.yaml"} {
		files, got, err := charts.New(cached(dir)).Artifact(t.Context(), w.oci()+"/deploy", revision)
		if err != nil {
			t.Fatal(revision, err)
		}
		if _, err := fs.ReadFile(files, file); err != nil || (revision == digest || revision == "latest") && got != digest {
			t.Errorf("%s: %v, digest %s", revision, err, got)
		}
	}
	o := cached(dir)
	o.Network = charts.Offline
	if files, got, err := charts.New(o).Artifact(t.Context(), w.oci()+"/deploy", digest); err != nil || got != digest || files == nil {
		t.Errorf("from the cache: %s, %v", got, err)
	}
	if _, _, err := charts.New(o).Artifact(t.Context(), w.oci()+"/deploy", "latest"); err == nil || problem(t, err).Severity != render.Unseen {
		t.Errorf("a tag without the network: %v", err)
	}
}

// TestArtifactOfAChart has the files of the chart at the root, as Argo CD has
// them.
func TestArtifactOfAChart(t *testing.T) {
	w := newWorld(t)
	w.push("acme/web", "1.0.0", configType, chart(t, "web", "1.0.0"))
	files, _, err := charts.New(options()).Artifact(t.Context(), w.oci()+"/web", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(files, "Chart.yaml"); err != nil {
		t.Error(err)
	}
}

// TestArtifactsThatAreNotTaken: what Argo CD would not extract, and what could
// be extracted in more than one way, is told and is nothing.
func TestArtifactsThatAreNotTaken(t *testing.T) {
	w := newWorld(t)
	good := pack(t, "a.yaml", artifactYAML)
	for name, c := range map[string]struct {
		layerType string
		layers    [][]byte
		want      string
	}{
		"two layers":            {tarGzip, [][]byte{good, pack(t, "b.yaml", "b: 1\n")}, "has 2 layers of content"},
		"no layer":              {tarGzip, nil, "has 0 layers of content"},
		"a layer of Flux":       {fluxContent, [][]byte{good}, "which Argo CD takes only if it is told to"},
		"no archive":            {tarGzip, [][]byte{[]byte("x")}, "is no gzip archive"},
		"a name that leads out": {tarGzip, [][]byte{pack(t, "../a.yaml", "a: 1\n")}, "is no name of a file"},
		"an absolute name":      {tarGzip, [][]byte{pack(t, "/etc/a.yaml", "a: 1\n")}, "is no name of a file"},
		"a name twice":          {tarGzip, [][]byte{pack(t, "a.yaml", "a: 1\n", "./a.yaml", "a: 2\n")}, "twice"},
		"nothing":               {tarGzip, [][]byte{pack(t)}, "it holds no file"},
	} {
		w.pushTyped("acme/bad", "v1", plainConfig, c.layerType, c.layers...)
		_, _, err := charts.New(options()).Artifact(t.Context(), w.oci()+"/bad", "v1")
		if err == nil || !strings.Contains(err.Error(), c.want) || problem(t, err).Severity == render.Notice || problem(t, err).Hint == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, at := range []string{w.http(), "oci://" + w.host() + "/acme/none"} {
		if _, _, err := charts.New(options()).Artifact(t.Context(), at, "v1"); err == nil {
			t.Errorf("%s has an artifact", at)
		}
	}
	if _, _, err := charts.New(options()).Artifact(t.Context(), w.oci()+"/bad", ""); err == nil {
		t.Error("an artifact without a revision")
	}
}
