package origin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify/registry"
)

// archive makes a compressed archive of pairs of a name and a content. A name
// that ends in @ is a link to its content.
func archive(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for i := 0; i < len(pairs); i += 2 {
		header := &tar.Header{Name: pairs[i], Typeflag: tar.TypeReg, Size: int64(len(pairs[i+1])), Mode: 0o644}
		if name, link := strings.CutSuffix(pairs[i], "@"); link {
			header = &tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: pairs[i+1]}
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(pairs[i+1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const flux = "application/vnd.cncf.flux.content.v1.tar+gzip"

func TestUnpack(t *testing.T) {
	for name, row := range map[string]struct {
		layers []registry.Layer
		want   string
	}{
		"files":             {[]registry.Layer{{MediaType: "a/b", Title: "p.yaml", Content: []byte("x")}, {MediaType: "a/b", Title: "keys/k.pub", Content: []byte("y")}}, "keys/k.pub, p.yaml"},
		"an archive":        {[]registry.Layer{{MediaType: flux, Content: archive(t, "./p.yaml", "x", "d/q.yaml", "y")}}, "d/q.yaml, p.yaml"},
		"links are left":    {[]registry.Layer{{MediaType: flux, Content: archive(t, "p.yaml", "x", "k.pub@", "/etc/passwd")}}, "p.yaml"},
		"a way out":         {[]registry.Layer{{MediaType: flux, Content: archive(t, "../p.yaml", "x")}}, "leads out of it"},
		"an absolute name":  {[]registry.Layer{{MediaType: "a/b", Title: "/etc/p.yaml", Content: []byte("x")}}, "leads out of it"},
		"twice":             {[]registry.Layer{{MediaType: "a/b", Title: "p.yaml"}, {MediaType: "a/b", Title: "./p.yaml"}}, "two files"},
		"nothing":           {nil, "holds no file"},
		"neither":           {[]registry.Layer{{MediaType: "a/b"}}, "neither an archive nor a file"},
		"no archive at all": {[]registry.Layer{{MediaType: flux, Content: []byte("x")}}, "unpack it"},
		"endless":           {[]registry.Layer{{MediaType: flux, Content: archive(t, "p.yaml", strings.Repeat("x", 17<<20))}}, "larger together than 16 MiB"},
	} {
		files, err := unpack(row.layers)
		got := strings.Join(sorted(files), ", ")
		if err != nil {
			got = err.Error()
		}
		if got != row.want && (err == nil || !strings.Contains(got, row.want)) {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// TestNothingOutsideCanBeNamed: what a policy from elsewhere names is there.
func TestNothingOutsideCanBeNamed(t *testing.T) {
	files, err := mount(document.Files{"p.yaml": nil, "d/q.yaml": nil, "p.test.yaml": nil}, "ghcr.io/acme/policies@sha256:00", "")
	if err != nil || strings.Join(files.Names, " ") != "ghcr.io/acme/policies@sha256:00/p.yaml" {
		t.Fatalf("names are %v (%v)", files.Names, err)
	}
	for _, name := range []string{"p.yaml", "/etc/passwd", "../../etc/passwd", "ghcr.io/acme/policies@sha256:00/../x", "ghcr.io/acme/other"} {
		if f, err := fs.ReadFile(files, name); err == nil {
			t.Errorf("%s is %q", name, f)
		}
	}
	if document.OnDisk(files) {
		t.Error("absolute names are taken")
	}
}

func TestElsewhere(t *testing.T) {
	for name, want := range map[string]bool{"git+https://a/b@c": true, "oci://a/b:c": true, "policies/": false, "git.yaml": false} {
		if Elsewhere(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
