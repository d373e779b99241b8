package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"

	"github.com/rogpeppe/go-internal/testscript"
	"gopkg.in/yaml.v3"
)

// serveCharts is "charts DIR": it serves the chart in each directory of DIR
// as a chart repository, and sets $CHARTS to its URL.
func serveCharts(ts *testscript.TestScript, _ bool, args []string) {
	files := map[string][]byte{}
	index := "apiVersion: v1\nentries:\n"
	dirs, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, dir := range dirs {
		root := os.DirFS(path.Join(ts.MkAbs(args[0]), dir.Name()))
		var chart struct{ Name, Version string }
		text, err := fs.ReadFile(root, "Chart.yaml")
		ts.Check(err)
		ts.Check(yaml.Unmarshal(text, &chart))
		archive, err := packChart(root, chart.Name)
		ts.Check(err)
		file := chart.Name + "-" + chart.Version + ".tgz"
		files["/"+file] = archive
		index += fmt.Sprintf("  %s:\n  - {apiVersion: v2, name: %s, version: %s, urls: [%s], digest: %x}\n",
			chart.Name, chart.Name, chart.Version, file, sha256.Sum256(archive))
	}
	files["/index.yaml"] = []byte(index)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(out, r)
			return
		}
		_, _ = out.Write(data)
	}))
	ts.Defer(server.Close)
	ts.Setenv("CHARTS", server.URL)
}

// packChart packs a directory as helm package does.
func packChart(root fs.FS, name string) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: path.Join(name, file), Mode: 0o644, Size: int64(len(data))}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), zipped.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
