package artifact_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/flux/artifact"
)

// entry is one entry of an archive.
type entry struct {
	kind       byte
	name, text string
}

func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	out := tar.NewWriter(zipped)
	for _, e := range entries {
		header := &tar.Header{Typeflag: e.kind, Name: e.name, Mode: 0o600}
		if e.kind == tar.TypeReg {
			header.Size = int64(len(e.text))
		} else {
			header.Linkname = e.text
		}
		if err := out.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			if _, err := out.Write([]byte(e.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestUnpackHoldsTheFiles(t *testing.T) {
	files, err := artifact.Unpack(pack(t,
		entry{tar.TypeDir, "apps/", ""}, entry{tar.TypeReg, "apps/web/pod.yaml", "kind: Pod\n"}, entry{tar.TypeReg, "./README.md", "hello"},
		entry{tar.TypeReg, ".github/run.yaml", "x"}, entry{tar.TypeReg, "apps/ünïcode", "y"},
	))
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(files, "apps/web/pod.yaml", "README.md", ".github/run.yaml", "apps/ünïcode"); err != nil {
		t.Error(err)
	}
	if text, err := fs.ReadFile(files, "apps/web/pod.yaml"); err != nil || string(text) != "kind: Pod\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestUnpackRefuses what readers of archives take in several ways: Flux could
// deploy the one, and the other be verified.
func TestUnpackRefuses(t *testing.T) {
	file := func(name string) entry { return entry{tar.TypeReg, name, "x"} }
	for want, entries := range map[string][]entry{
		"is a link or a device":          {{tar.TypeSymlink, "a", "/etc/passwd"}},
		"\"b\" is a link or a device":    {file("a"), {tar.TypeLink, "b", "a"}},
		"no name of a file":              {file("../a")},
		"\"/a\" is no name of a file":    {file("/a")},
		"\"a//b\" is no name of a file":  {file("a//b")},
		"\"a/./b\" is no name of a file": {file("a/./b")},
		"\"a\\\\b\" is no name":          {file(`a\b`)},
		"\"a\" twice":                    {file("a"), file("a")},
		"\"./a\" twice":                  {file("a"), file("./a")},
		"as a file and as a directory":   {file("a"), file("a/b")},
		"holds \"a\" twice":              {file("a/b"), file("a")},
		"no name of a directory":         {file("a"), {tar.TypeDir, "a/", ""}},
	} {
		if _, err := artifact.Unpack(pack(t, entries...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", entries, err, want)
		}
	}
	if _, err := artifact.Unpack([]byte("hello")); err == nil {
		t.Error("plain text is unpacked")
	}
	if _, err := artifact.Unpack(pack(t, file("a"))[:40]); err == nil {
		t.Error("half an archive is unpacked")
	}
}

func TestUnpackIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("packs more than the limit")
	}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	out := tar.NewWriter(zipped)
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "a", Size: bounds.ArtifactBytes + 1}); err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range bounds.ArtifactBytes>>20 + 1 {
		_, _ = out.Write(zeros)
	}
	_ = zipped.Close()
	if _, err := artifact.Unpack(packed.Bytes()); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("%d bytes unpack: %v", packed.Len(), err)
	}
}

func TestFetch(t *testing.T) {
	packed := pack(t, entry{tar.TypeReg, "a", "x"})
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(packed))
	mux := http.NewServeMux()
	mux.HandleFunc("/a.tar.gz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(packed) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/a.tar.gz", http.StatusFound) })
	server := httptest.NewServer(mux)
	defer server.Close()
	if files, err := artifact.Fetch(t.Context(), server.URL+"/a.tar.gz", digest); err != nil {
		t.Error(err)
	} else if _, err := fs.Stat(files, "a"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ address, digest, want string }{
		{server.URL + "/a.tar.gz", "sha256:" + strings.Repeat("0", 64), "another digest"},
		{server.URL + "/a.tar.gz", "", "is of no kind that is known"},
		{server.URL + "/a.tar.gz", "md5:00", "is of no kind that is known"},
		{server.URL + "/a.tar.gz", "sha256:00", "is malformed"},
		{server.URL + "/gone", digest, "404"},
		{server.URL + "/moved", digest, "302"},
		{"file:///etc/passwd", digest, `scheme "file"`},
		{"http://user:secret@127.0.0.1:1/a?token=secret", digest, "127.0.0.1:1"},
	} {
		_, err := artifact.Fetch(t.Context(), c.address, c.digest)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s", c.address, err, c.want)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, entry{tar.TypeReg, "a/b", "x"}, entry{tar.TypeDir, "c/", ""}))
	f.Fuzz(func(t *testing.T, packed []byte) {
		files, err := artifact.Unpack(packed)
		if err != nil {
			return
		}
		_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return err
		})
	})
}
