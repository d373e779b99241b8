package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"testing"
	"time"
)

// FuzzIndex wants no panic, and of each index a version that is in it.
func FuzzIndex(f *testing.F) {
	for _, text := range []string{
		"apiVersion: v1\nentries:\n  app:\n  - {name: app, version: 1.0.0, urls: [a.tgz], digest: abc}\n",
		`{"apiVersion":"v1","entries":{"app":[{"name":"app","version":"1.0.0","urls":["https://x/a.tgz"]},null]}}`,
		"apiVersion: v1\nentries: {app: [{name: app, version: v2, urls: ['oci://h/p/app:2'], dependencies: [null]}]}",
		"a: &a [*a]", "<html>",
	} {
		f.Add(text, "^1")
	}
	at, err := parseRepository("https://charts.example.com/x?y=z")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, want string) {
		found, err := parseIndex([]byte(text))
		if err != nil {
			return
		}
		for name := range found.Entries {
			chosen, err := found.choose(at, name, want)
			if err != nil {
				continue
			}
			if !chosen.usable() || want != "" && chosen.Version == "" {
				t.Errorf("chose %+v", chosen)
			}
			if digest, err := chosen.digest(); err == nil && digest != "" && !isDigest(digest) {
				t.Errorf("digest %q", digest)
			}
			if u, err := at.resolve(chosen.URLs[0]); err == nil && (!u.IsAbs() || u.User != nil) {
				t.Errorf("URL %s", u)
			}
		}
	})
}

// FuzzArchive wants no panic and no name that leads elsewhere.
func FuzzArchive(f *testing.F) {
	for _, name := range []string{"app/Chart.yaml", "./app/Chart.yaml", "app/../Chart.yaml", "app//x", "/app/x"} {
		f.Add(name, "app/Chart.yaml", byte(tar.TypeReg))
	}
	f.Fuzz(func(t *testing.T, one, two string, kind byte) {
		var out bytes.Buffer
		zipped := gzip.NewWriter(&out)
		w := tar.NewWriter(zipped)
		for name, kind := range map[string]byte{one: kind, two: tar.TypeReg} {
			if w.WriteHeader(&tar.Header{Name: name, Typeflag: kind, ModTime: time.Unix(0, 0)}) != nil {
				return
			}
		}
		_, _ = w.Close(), zipped.Close()
		files, err := unpack(out.Bytes())
		if err != nil {
			return
		}
		for name := range files {
			if !fs.ValidPath(name) {
				t.Errorf("holds %q", name)
			}
		}
		tree, err := Chart{Archive: out.Bytes()}.Files()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Stat(tree, "Chart.yaml"); err != nil {
			t.Error(err)
		}
	})
}

// FuzzRepository wants no panic, and no login in what is shown.
func FuzzRepository(f *testing.F) {
	for _, text := range []string{"https://user:s3cr3t@h/x", "oci://h:5000/a/b", "@x", "http://[::1]:80/", "https://h/%2e%2e/x"} {
		f.Add(text, "app")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		at, err := parseRepository(text)
		if err != nil {
			return
		}
		if at.url.User != nil || at.url.Host == "" {
			t.Errorf("%q: %+v", text, at)
		}
		if at.oci() && checkName(name) == nil {
			_, _ = New(Options{Network: Offline}).repository(repository{url: at.url.JoinPath(name)})
		}
	})
}
