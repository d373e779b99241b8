package charts_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
)

// pack returns an archive of names and contents.
func pack(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for i := 0; i < len(pairs); i += 2 {
		header := &tar.Header{Name: pairs[i], Mode: 0o644, Size: int64(len(pairs[i+1])), Typeflag: tar.TypeReg}
		if err := errors.Join(w.WriteHeader(header), second(w.Write([]byte(pairs[i+1])))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func second(_ int, err error) error { return err }

// chart returns a packed chart.
func chart(t testing.TB, name, version string) []byte {
	return pack(t, name+"/Chart.yaml", "apiVersion: v2\nname: "+name+"\nversion: "+version+"\n", name+"/templates/a.yaml", "a: 1\n")
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// world is a server that is a chart repository below /charts and a registry.
type world struct {
	t      testing.TB
	server *httptest.Server
	mu     sync.Mutex
	files  map[string][]byte
	index  []string
	count  map[string]int
	// meddle answers requests in the place of the server.
	meddle func(http.ResponseWriter, *http.Request) bool
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, files: map[string][]byte{}, count: map[string]int{}}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	w.server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.count[r.Method+" "+r.URL.Path]++
		meddle := w.meddle
		file, ok := w.files[r.URL.Path]
		if r.URL.Path == "/charts/index.yaml" && !ok {
			file, ok = []byte("apiVersion: v1\nentries:\n"+strings.Join(w.index, "")), true
		}
		w.mu.Unlock()
		switch {
		case meddle != nil && meddle(out, r):
		case ok:
			_, _ = out.Write(file)
		case strings.HasPrefix(r.URL.Path, "/v2/"):
			images.ServeHTTP(out, r)
		default:
			http.NotFound(out, r)
		}
	}))
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) host() string { return strings.TrimPrefix(w.server.URL, "http://") }
func (w *world) http() string { return w.server.URL + "/charts" }
func (w *world) oci() string  { return "oci://" + w.host() + "/acme" }

// requests returns how many requests there were whose method and path have a
// part.
func (w *world) requests(part string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := 0
	for name, n := range w.count {
		if strings.Contains(name, part) {
			sum += n
		}
	}
	return sum
}

// entry is an entry of an index.
func entry(name, version, url, digest string) string {
	return fmt.Sprintf("- {apiVersion: v2, name: %s, version: %q, urls: [%q], digest: %q}\n", name, version, url, strings.TrimPrefix(digest, "sha256:"))
}

// serve puts versions of a chart into the HTTP repository.
func (w *world) serve(name string, versions ...string) {
	w.index = append(w.index, "  "+name+":\n")
	for _, version := range versions {
		archive := chart(w.t, name, version)
		file := name + "-" + version + ".tgz"
		w.files["/charts/"+file] = archive
		w.index = append(w.index, "  "+entry(name, version, file, digestOf(archive)))
	}
}

// list replaces the index by entries of one chart.
func (w *world) list(name string, entries ...string) {
	w.index = append([]string{"  " + name + ":\n"}, entries...)
	for i := range entries {
		w.index[i+1] = "  " + entries[i]
	}
}

// put uploads a blob.
func (w *world) put(repository string, data []byte) {
	w.send(http.MethodPost, "/v2/"+repository+"/blobs/uploads/?digest="+digestOf(data), "application/octet-stream", data)
}

func (w *world) send(method, path, mediaType string, data []byte) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.server.URL+path, bytes.NewReader(data))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

const (
	configType = "application/vnd.cncf.helm.config.v1+json"
	chartType  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// push puts archives into the registry, as layers of one manifest, and
// returns its digest.
func (w *world) push(repository, tag, config string, layers ...[]byte) string {
	w.t.Helper()
	return w.pushTyped(repository, tag, config, chartType, layers...)
}

// pushTyped is push with layers of another type.
func (w *world) pushTyped(repository, tag, config, layerType string, layers ...[]byte) string {
	w.t.Helper()
	type descriptor struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	w.put(repository, []byte("{}"))
	manifest := map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": descriptor{config, digestOf([]byte("{}")), 2},
	}
	list := []descriptor{}
	types := strings.Fields(layerType) // the last of them is that of the layers that are left
	for i, layer := range layers {
		w.put(repository, layer)
		list = append(list, descriptor{types[min(i, len(types)-1)], digestOf(layer), len(layer)})
	}
	manifest["layers"] = list
	data, err := json.Marshal(manifest)
	if err != nil {
		w.t.Fatal(err)
	}
	w.send(http.MethodPut, "/v2/"+repository+"/manifests/"+tag, "application/vnd.oci.image.manifest.v1+json", data)
	return digestOf(data)
}

// options never wait.
func options() charts.Options {
	return charts.Options{Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

func cached(dir string) charts.Options {
	o := options()
	o.CacheDir = dir
	return o
}

func fetch(t testing.TB, o charts.Options, repository, name, version string) (charts.Chart, error) {
	t.Helper()
	return charts.New(o).Fetch(t.Context(), charts.Reference{Repository: repository, Name: name, Version: version})
}

// wantChart wants the version of a chart that was made by chart.
func wantChart(t testing.TB, c charts.Chart, err error, version string) {
	t.Helper()
	if err != nil {
		t.Fatal(err, problem(t, err).Hint)
	}
	files, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	file, err := files.Open("Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(file)
	if err != nil || c.Digest != digestOf(c.Archive) || c.Version != version || !strings.Contains(string(text), "version: "+strings.TrimPrefix(version, "v")) {
		t.Fatalf("got version %s, digest %s, %v: %s", c.Version, c.Digest, err, text)
	}
}

// problem returns the problem that a fetch failed with.
func problem(t testing.TB, err error) *render.Problem {
	t.Helper()
	p, ok := errors.AsType[*render.Problem](err)
	if !ok {
		t.Fatalf("got %v, want a problem", err)
	}
	if p.Code != charts.CodeChart || p.Hint == "" || strings.Contains(p.Message, "s3cr3t") || strings.Contains(p.Message, "\n") {
		t.Errorf("got %+v", p)
	}
	return p
}

// wantProblem wants a problem whose message has a part.
func wantProblem(t testing.TB, err error, severity render.Severity, part string) *render.Problem {
	t.Helper()
	if err == nil {
		t.Fatalf("fetched, want %q", part)
	}
	p := problem(t, err)
	if p.Severity != severity || !strings.Contains(p.Message, part) {
		t.Errorf("got %d %s, want %d %q", p.Severity, p.Message, severity, part)
	}
	return p
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}
