package charts_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
)

// TestVersions wants the versions that Helm chooses of a repository and of a
// registry.
func TestVersions(t *testing.T) {
	w := newWorld(t)
	versions := []string{"1.0.0", "2.1.0", "1.10.0", "1.2.3", "3.0.0-rc.1", "1.9.0+build.1"}
	w.serve("app", versions...)
	for _, version := range versions {
		w.push("acme/app", strings.ReplaceAll(version, "+", "_"), configType, chart(t, "app", version))
	}
	for want, version := range map[string]string{
		"":               "2.1.0",
		"*":              "2.1.0",
		"1.2.3":          "1.2.3",
		"^1.0.0":         "1.10.0",
		"~1.2":           "1.2.3",
		"1.x":            "1.10.0",
		">=1.0.0 <1.10":  "1.9.0+build.1",
		"1.9.0+build.1":  "1.9.0+build.1",
		">=3.0.0-0":      "3.0.0-rc.1",
		"3.0.0-rc.1":     "3.0.0-rc.1",
		"<1.2.0 || ^2.0": "2.1.0",
	} {
		for _, repository := range []string{w.http(), w.http() + "/", w.oci(), w.oci() + "/"} {
			c, err := fetch(t, options(), repository, "app", want)
			t.Log(repository, want)
			wantChart(t, c, err, version)
		}
	}
	for want, part := range map[string]string{"^4": `has no version that satisfies "^4"`, "1.2.4": `"1.2.4"`, "not a version": "is no version and no range"} {
		_, err := fetch(t, options(), w.http(), "app", want)
		wantProblem(t, err, render.Broken, part)
	}
	_, err := fetch(t, options(), w.oci(), "app", "^4")
	if p := wantProblem(t, err, render.Broken, `has no version that satisfies "^4"`); !strings.Contains(p.Hint, "3.0.0-rc.1, 2.1.0, 1.10.0") {
		t.Errorf("the hint is %q", p.Hint)
	}
	_, err = fetch(t, options(), w.oci(), "app", "1.2.4")
	wantProblem(t, err, render.Unseen, "the registry does not have it")
	_, err = fetch(t, options(), w.http(), "other", "")
	wantProblem(t, err, render.Broken, "has no chart other")
}

// TestWhatHelmPassesOver wants entries left out that Helm leaves out, and
// refuses to choose where Helm would choose by chance.
func TestWhatHelmPassesOver(t *testing.T) {
	w := newWorld(t)
	one, two := chart(t, "app", "1.0.0"), chart(t, "app", "2.0.0")
	w.files["/charts/1.tgz"], w.files["/charts/2.tgz"] = one, two
	good := entry("app", "1.0.0", "1.tgz", digestOf(one))
	for name, bad := range map[string]string{
		"null": "- null\n", "no version": "- {name: app, urls: [2.tgz]}\n", "no URL": "- {name: app, version: 2.0.0}\n",
		"no name": "- {version: 2.0.0, urls: [2.tgz]}\n", "a path": "- {name: a/app, version: 2.0.0, urls: [2.tgz]}\n",
		"no semver": "- {name: app, version: two, urls: [2.tgz]}\n", "another type": "- {name: app, version: 2.0.0, type: x, urls: [2.tgz]}\n",
		"an alias": "- {name: app, version: 2.0.0, urls: [2.tgz], dependencies: [{name: x, alias: a b}]}\n",
	} {
		w.list("app", bad, good)
		c, err := fetch(t, options(), w.http(), "app", "")
		t.Log(name)
		wantChart(t, c, err, "1.0.0")
	}
	w.list("app", good, good)
	c, err := fetch(t, options(), w.http(), "app", "^1")
	wantChart(t, c, err, "1.0.0")
	other := entry("app", "1.0.0", "2.tgz", digestOf(two))
	for _, entries := range [][]string{{good, other}, {other, good}, {good, entry("app", "1.0.0+b", "2.tgz", "")}, {good, entry("app", "v1.0.0", "2.tgz", "")}} {
		w.list("app", entries...)
		_, err = fetch(t, options(), w.http(), "app", "^1")
		wantProblem(t, err, render.Unseen, "equally new")
	}
	w.list("app", good, entry("app", "1.0.0+b", "2.tgz", ""))
	c, err = fetch(t, options(), w.http(), "app", "1.0.0")
	wantChart(t, c, err, "1.0.0")
}

// TestAdapters wants the same chart by each way to ask for it.
func TestAdapters(t *testing.T) {
	w := newWorld(t)
	archive := pack(t, "app/Chart.yaml", "name: app\n", "app/charts/sub/Chart.yaml", "name: sub\n", "app/values.yaml", "", "app/templates/a.yaml", "a\n")
	digest := w.push("acme/app", "1.0.0", configType, archive)
	f := charts.New(options())
	for _, repository := range []string{w.oci(), w.host() + "/acme"} {
		files, chosen, err := f.Chart(t.Context(), repository, "app", "")
		if err != nil || chosen != "1.0.0" {
			t.Fatal(chosen, err)
		}
		if err := fstest.TestFS(files, "Chart.yaml", "charts/sub/Chart.yaml", "values.yaml", "templates/a.yaml"); err != nil {
			t.Error(err)
		}
	}
	files, err := f.FetchChart(t.Context(), w.oci(), "app", digest)
	if text, readErr := fs.ReadFile(files, "templates/a.yaml"); err != nil || string(text) != "a\n" {
		t.Errorf("got %q, %v, %v", text, err, readErr)
	}
	got, chosen, err := f.Archive(t.Context(), w.oci(), "app", "1.x")
	if err != nil || chosen != "1.0.0" || !bytes.Equal(got, archive) {
		t.Errorf("got %s, %v", chosen, err)
	}
}

// TestFetchedOnce wants one request for what many ask for at once, failures
// too, and none for charts that the cache has under their digest.
func TestFetchedOnce(t *testing.T) {
	w := newWorld(t)
	w.serve("app", "1.0.0", "2.0.0")
	w.push("acme/app", "1.0.0", configType, chart(t, "app", "1.0.0"))
	dir := t.TempDir()
	for run := range 3 {
		f := charts.New(cached(dir))
		var group sync.WaitGroup
		for range 8 {
			for _, ref := range []charts.Reference{{w.http(), "app", "^1"}, {w.http(), "app", "2.0.0"}, {w.oci(), "app", "1.0.0"}} {
				group.Go(func() {
					if _, err := f.Fetch(t.Context(), ref); err != nil {
						t.Error(err)
					}
				})
			}
			group.Go(func() {
				_, err := f.Fetch(t.Context(), charts.Reference{Repository: w.server.URL + "/none", Name: "app"})
				wantProblem(t, err, render.Unseen, "404 Not Found")
			})
		}
		group.Wait()
		for part, want := range map[string]int{"/charts/index.yaml": run + 1, ".tgz": 2, "/none/": run + 1, "GET /v2/acme/app/manifests": run + 1, "GET /v2/acme/app/blobs": 1} {
			if got := w.requests(part); got != want {
				t.Errorf("run %d: %d requests for %s, want %d", run, got, part, want)
			}
		}
	}
}

// TestOffline wants only what a digest pins without the network: a version
// may stand for something else by now.
func TestOffline(t *testing.T) {
	w := newWorld(t)
	w.serve("app", "1.0.0")
	digest := w.push("acme/app", "1.0.0", configType, chart(t, "app", "1.0.0"))
	dir := t.TempDir()
	for _, ref := range [][3]string{{w.http(), "app", "1.0.0"}, {w.oci(), "app", "1.0.0"}} {
		if _, err := fetch(t, cached(dir), ref[0], ref[1], ref[2]); err != nil {
			t.Fatal(err)
		}
	}
	w.server.Close()
	o := cached(dir)
	o.Network = charts.Offline
	for _, ref := range [][2]string{{w.http(), "1.0.0"}, {w.oci(), "1.0.0"}, {w.oci(), ""}, {w.oci() + "/other", digest}, {w.oci(), digestOf(nil)}} {
		_, err := fetch(t, o, ref[0], "app", ref[1])
		p := wantProblem(t, err, render.Unseen, "the network may not be asked")
		for _, part := range []string{"app", ref[0], ref[1]} {
			if !strings.Contains(p.Message, part) {
				t.Errorf("%q does not name %s", p.Message, part)
			}
		}
	}
	c, err := fetch(t, o, w.oci(), "app", digest)
	if err != nil || c.Version != digest {
		t.Fatal(c.Version, err)
	}
	o.CacheDir = ""
	_, err = fetch(t, o, w.oci(), "app", digest)
	wantProblem(t, err, render.Unseen, "the network may not be asked")
}

// TestCacheIsHeldToDigests has charts damaged on disk.
func TestCacheIsHeldToDigests(t *testing.T) {
	w := newWorld(t)
	w.serve("app", "1.0.0")
	dir := t.TempDir()
	for _, damage := range []func(name string) error{
		func(name string) error { return os.WriteFile(name, pack(t, "app/Chart.yaml", "name: evil"), 0o600) },
		func(name string) error { return os.Truncate(name, 10) },
		os.Remove,
	} {
		c, err := fetch(t, cached(dir), w.http(), "app", "1.0.0")
		wantChart(t, c, err, "1.0.0")
		names := files(t, dir)
		if len(names) != 1 {
			t.Fatalf("the cache holds %v", names)
		}
		if err := damage(names[0]); err != nil {
			t.Fatal(err)
		}
	}
	c, err := fetch(t, cached(dir), w.http(), "app", "1.0.0")
	wantChart(t, c, err, "1.0.0")
	if got := w.requests(".tgz"); got != 4 {
		t.Errorf("%d requests, want one for each damage", got)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	c, err = fetch(t, cached(dir+"/below"), w.http(), "app", "1.0.0")
	wantChart(t, c, err, "1.0.0")
}

// TestReplacedVersion wants what a version stands for now, not what it stood
// for when it was cached.
func TestReplacedVersion(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	for _, mark := range []string{"one", "two"} {
		archive := pack(t, "app/Chart.yaml", "name: app\nversion: 1.0.0\n# "+mark)
		w.files["/charts/app.tgz"] = archive
		w.list("app", entry("app", "1.0.0", "app.tgz", digestOf(archive)))
		w.push("acme/app", "1.0.0", configType, archive)
		for _, repository := range []string{w.http(), w.oci()} {
			c, err := fetch(t, cached(dir), repository, "app", "1.0.0")
			if err != nil || !bytes.Equal(c.Archive, archive) {
				t.Errorf("%s: %v: not the archive of now", repository, err)
			}
		}
	}
}

// TestHostileArchives wants archives refused that could fill the memory, lead
// elsewhere or be read in two ways. THREATS: symlinks and `..` out of the
// tree; huge files: bounded in time, memory and size.
func TestHostileArchives(t *testing.T) {
	head := []string{"app/Chart.yaml", "name: app\n"}
	link := func(kind byte) []byte {
		var out bytes.Buffer
		zipped := gzip.NewWriter(&out)
		w := tar.NewWriter(zipped)
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: "app/values.yaml", Typeflag: kind, Linkname: "/etc/passwd"}), w.Close(), zipped.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	var bomb bytes.Buffer
	zipped := gzip.NewWriter(&bomb)
	w := tar.NewWriter(zipped)
	zeros := make([]byte, 1<<20)
	if err := w.WriteHeader(&tar.Header{Name: "app/big", Size: 1 << 30, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	for range 128 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	_ = zipped.Close()
	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"a web page":         {[]byte("<html>"), "no gzip archive"},
		"a bomb":             {bomb.Bytes(), "exceeds the limit"},
		"cut off":            {pack(t, head...)[:60], "unexpected EOF"},
		"no Chart.yaml":      {pack(t, "app/values.yaml", ""), "no Chart.yaml"},
		"Chart.yaml at root": {pack(t, "Chart.yaml", "name: app\n"), "no name of a file in a directory"},
		"dots":               {pack(t, append(head, "app/../../etc/x", "")...), "no name of a file"},
		"absolute":           {pack(t, append(head, "/etc/x", "")...), "no name of a file"},
		"backslashes":        {pack(t, append(head, `app\..\x`, "")...), "no name of a file"},
		"two directories":    {pack(t, append(head, "other/values.yaml", "")...), "two directories"},
		"twice":              {pack(t, append(head, head...)...), "twice"},
		"file and directory": {pack(t, append(head, "app/a", "", "app/a/b", "")...), "as a file and as a directory"},
		"directory and file": {pack(t, append(head, "app/a/b", "", "app/a", "")...), "twice"},
		"a symlink":          {link(tar.TypeSymlink), "a link or a device"},
		"a hard link":        {link(tar.TypeLink), "a link or a device"},
		"a device":           {link(tar.TypeChar), "a link or a device"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.files["/charts/app.tgz"] = c.archive
			w.list("app", entry("app", "1.0.0", "app.tgz", ""))
			w.push("acme/app", "1.0.0", configType, c.archive)
			dir := t.TempDir()
			for _, repository := range []string{w.http(), w.oci()} {
				_, err := fetch(t, cached(dir), repository, "app", "1.0.0")
				wantProblem(t, err, render.Unseen, c.want)
			}
			if kept := files(t, dir); len(kept) > 0 {
				t.Errorf("the cache keeps %v", kept)
			}
		})
	}
}

// TestCancelled wants a fetch to end with its context, and the next one to
// start anew.
func TestCancelled(t *testing.T) {
	w := newWorld(t)
	w.serve("app", "1.0.0")
	started, release := make(chan bool, 1), make(chan bool)
	w.meddle = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case started <- true:
			select {
			case <-r.Context().Done():
			case <-release:
			}
			return false
		default:
			return false
		}
	}
	f := charts.New(options())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := f.Fetch(ctx, charts.Reference{Repository: w.http(), Name: "app"})
		done <- err
	}()
	<-started
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	started <- true
	c, err := f.Fetch(t.Context(), charts.Reference{Repository: w.http(), Name: "app"})
	wantChart(t, c, err, "1.0.0")
}

func BenchmarkIndex(b *testing.B) {
	w := newWorld(b)
	archive := chart(b, "app", "1.0.0")
	w.files["/charts/app.tgz"] = archive
	var text strings.Builder
	text.WriteString("apiVersion: v1\nentries:\n")
	for i := range 500 {
		fmt.Fprintf(&text, "  app%d:\n", i)
		for v := range 100 {
			fmt.Fprintf(&text, "  - apiVersion: v2\n    name: app%d\n    version: 1.%d.0\n    created: \"2026-01-01T00:00:00Z\"\n    description: %s\n    digest: %x\n    maintainers:\n    - name: a\n      email: a@example.com\n    urls:\n    - app.tgz\n", i, v, strings.Repeat("word ", 20), digestOf(archive)[:32])
		}
	}
	w.files["/charts/index.yaml"] = []byte(text.String())
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := fetch(b, options(), w.http(), "app", ""); err == nil {
			b.Fatal("found")
		}
	}
}
