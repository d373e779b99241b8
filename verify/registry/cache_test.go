package registry_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/cache"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// cached are options with a cache in a directory.
func cached(dir string) registry.Options {
	o := options()
	o.Cache = cache.Open(dir, 1<<20)
	return o
}

// TestCachedContentIsNotAskedForAgain counts the requests of a second run.
func TestCachedContentIsNotAskedForAgain(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	d := w.image("acme/app", "1")
	w.sign("acme/app", w.host+"/acme/app", d)
	w.attest("acme/app", d, "one", "two", "three")
	w.refer("acme/app", d, bundleV3, bundleV3, "bundle")
	dir := t.TempDir()
	run := func(o registry.Options) (string, []string) {
		c := client(t, o)
		if _, err := c.Resolve(t.Context(), w.host+"/acme/app@"+d.String(), verify.Want{Platforms: true}); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, b := range gather(t, c, w.host+"/acme/app", d) {
			all = append(all, string(b.Format)+" "+b.Location+" "+string(b.Payload))
		}
		return strings.Join(all, "\n"), w.requests()
	}
	want, _ := run(options())
	first, requests := run(cached(dir))
	second, again := run(cached(dir))
	if first != want || second != want {
		t.Errorf("got\n%s\nand then\n%s\nwant\n%s", first, second, want)
	}
	if len(requests) != 9 || len(again) != 3 {
		t.Errorf("%d requests, then %d: want 9, then one a list:\n%s", len(requests), len(again), strings.Join(again, "\n"))
	}

	// What is damaged is asked for again.
	names, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	for _, name := range names {
		if err := os.WriteFile(name, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, requests := run(cached(dir)); got != want || len(requests) != 9 {
		t.Errorf("after damage: %d requests, want 9, and\n%s", len(requests), got)
	}

	// Evidence that is gone is gone, and new evidence is there.
	w.attest("acme/app", d, "four")
	if got, _ := run(cached(dir)); !strings.Contains(got, "four") || strings.Contains(got, "three") {
		t.Errorf("the list of evidence is not asked for again:\n%s", got)
	}
}

// TestCacheIsNoProofOfExistence wants the registry asked whether an image is
// there.
func TestCacheIsNoProofOfExistence(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	o := cached(t.TempDir())
	reference := w.host + "/acme/app@" + d.String()
	if _, err := client(t, o).Resolve(t.Context(), reference, verify.Want{Platforms: true}); err != nil {
		t.Fatal(err)
	}
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/manifests/") {
			out.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	c := client(t, o)
	if _, err := c.Resolve(t.Context(), reference, verify.Want{Platforms: true}); err != nil {
		t.Errorf("the manifest is cached: %v", err)
	}
	_, err := c.Resolve(t.Context(), reference, verify.Want{Existence: true})
	if f := oneFault(t, err); f.Code != verify.CodeImageNotFound || f.Verdict != policy.Fail {
		t.Errorf("got %s %s, want that there is no such image", f.Code, f.Verdict)
	}
}

// TestOneRepositoryIsNotShownWhatAnotherHas wants each repository asked.
func TestOneRepositoryIsNotShownWhatAnotherHas(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/private", "1")
	o := cached(t.TempDir())
	if _, err := client(t, o).Resolve(t.Context(), w.host+"/acme/private@"+d.String(), verify.Want{Platforms: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, o).Resolve(t.Context(), w.host+"/acme/other@"+d.String(), verify.Want{Platforms: true}); err == nil {
		t.Error("another repository is found to have the image")
	}
}

// TestFailuresAreNotCached wants a registry that is back asked again.
func TestFailuresAreNotCached(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	w.attest("acme/app", d, "one")
	o := cached(t.TempDir())
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") {
			out.WriteHeader(http.StatusBadGateway)
			return true
		}
		return false
	}
	if _, err := tagsOf(client(t, o)).Bundles(t.Context(), at(w.host+"/acme/app"), d); err == nil {
		t.Fatal("got no error of a registry that is down")
	}
	w.meddle = nil
	bundles, err := tagsOf(client(t, o)).Bundles(t.Context(), at(w.host+"/acme/app"), d)
	if err != nil || formats(bundles) != "dsse" {
		t.Errorf("got %s, %v", formats(bundles), err)
	}
}
