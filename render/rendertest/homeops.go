package rendertest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"gopkg.in/yaml.v3"
)

// Charts serves the charts of the corpus that HelmReleases refer to, each in a
// directory NAME-VERSION.
type Charts struct {
	// Dir holds the directories.
	Dir string
}

// FetchChart returns the files of a chart, whatever repository it is said to
// be in.
func (c Charts) FetchChart(_ context.Context, _, name, version string) (fs.FS, error) {
	dir := filepath.Join(c.Dir, name+"-"+strings.TrimPrefix(version, "v"))
	if _, err := os.Stat(dir); err != nil {
		return nil, errors.New("no such chart")
	}
	return os.DirFS(dir), nil
}

// LeftOut is a tree with stand-ins for the files that the corpus leaves out:
// encrypted Secrets and scripts.
type LeftOut struct{ fs.FS }

// Open opens a file, or what stands in for it.
func (w LeftOut) Open(name string) (fs.File, error) {
	file, err := w.FS.Open(name)
	switch {
	case err == nil:
		return file, nil
	case strings.HasSuffix(name, ".sops.yaml"):
		secret := "apiVersion: v1\nkind: Secret\nmetadata:\n  name: " + strings.TrimSuffix(path.Base(name), ".sops.yaml") + "\nsops:\n  mac: ENC[x]\n"
		if strings.HasSuffix(path.Dir(name), "common/sops") {
			secret = strings.Replace(secret, "name: secret", "name: sops-age", 1)
		}
		return fstest.MapFS{"file": {Data: []byte(secret)}}.Open("file")
	case strings.HasSuffix(name, ".sh"):
		return fstest.MapFS{"file": {Data: []byte("#!/bin/sh\n")}}.Open("file")
	}
	return nil, err
}

// Stripped returns an object without the labels that Flux adds to it.
func Stripped(node *yaml.Node) *yaml.Node {
	own := *node
	own.Content = slices.Clone(node.Content)
	for i := len(own.Content) - 2; i >= 0; i -= 2 {
		switch own.Content[i].Value {
		case "metadata":
			own.Content[i+1] = Stripped(own.Content[i+1])
		case "labels":
			labels := *own.Content[i+1]
			labels.Content = nil
			for n := 0; n+1 < len(own.Content[i+1].Content); n += 2 {
				if !strings.HasPrefix(own.Content[i+1].Content[n].Value, "helm.toolkit.fluxcd.io/") {
					labels.Content = append(labels.Content, own.Content[i+1].Content[n:n+2]...)
				}
			}
			if own.Content[i+1] = &labels; len(labels.Content) == 0 {
				own.Content = slices.Delete(own.Content, i, i+2)
			}
		}
	}
	return &own
}
