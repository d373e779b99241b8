package charts_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"context"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/charts"
)

// status answers every request with a status.
func status(code int) func(http.ResponseWriter, *http.Request) bool {
	return func(out http.ResponseWriter, _ *http.Request) bool {
		out.WriteHeader(code)
		return true
	}
}

// text answers every request with a text.
func text(s string) func(http.ResponseWriter, *http.Request) bool {
	return func(out http.ResponseWriter, _ *http.Request) bool {
		_, _ = out.Write([]byte(s))
		return true
	}
}

// TestFaults wants servers that fail told as what they are, and never as a
// chart that is not there. THREATS: rate limit and timeout are told as such.
func TestFaults(t *testing.T) {
	endless := func(out http.ResponseWriter, r *http.Request) bool {
		out.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		block := []byte(strings.Repeat("# x\n", 1<<14))
		for r.Context().Err() == nil && r.Method == http.MethodGet {
			if _, err := out.Write(block); err != nil {
				return true
			}
		}
		return true
	}
	for name, c := range map[string]struct {
		meddle    func(http.ResponseWriter, *http.Request) bool
		http, oci string
		retryable bool
	}{
		"404":      {status(404), "404 Not Found", "does not have it", false},
		"401":      {status(401), "401 Unauthorized", "401 Unauthorized", false},
		"403":      {status(403), "403 Forbidden", "403 Forbidden", false},
		"429":      {status(429), "busy: it answers 429 Too Many Requests", "busy: it answers 429 Too Many Requests", true},
		"500":      {status(500), "500 Internal Server Error", "500 Internal Server Error", true},
		"503":      {status(503), "busy: it answers 503 Service Unavailable", "busy: it answers 503 Service Unavailable", true},
		"418":      {status(418), "418 I'm a teapot", "418 I'm a teapot", false},
		"html":     {text("<!DOCTYPE html><html>"), "it is a web page", "", false},
		"nothing":  {text(""), "it has no apiVersion", "", false},
		"no YAML":  {text("a: b: c"), "mapping values are not allowed", "", false},
		"strings":  {text("apiVersion: v1\nentries: [a]"), "cannot unmarshal", "", false},
		"two keys": {text("apiVersion: v1\nentries: {app: [], app: []}"), "already defined", "", false},
		"aliases":  {text("apiVersion: v1\nx: [&a [a,a,a,a,a,a,a,a,a]" + doubled(12) + "]\nentries: {app: *l12}"), "", "", false},
		"endless":  {endless, "exceeds the limit", "", false},
		"loop": {func(out http.ResponseWriter, r *http.Request) bool {
			http.Redirect(out, r, r.URL.Path+"x", http.StatusFound)
			return true
		}, "it redirects more than", "it redirects more than", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.serve("app", "1.0.0")
			w.push("acme/app", "1.0.0", configType, chart(t, "app", "1.0.0"))
			w.meddle = c.meddle
			_, err := fetch(t, options(), w.http(), "app", "1.0.0")
			if p := wantProblem(t, err, render.Unseen, c.http); p.Retryable != c.retryable || !strings.Contains(p.Message, w.http()+"/index.yaml") {
				t.Errorf("got %+v", p)
			}
			_, err = fetch(t, options(), w.oci(), "app", "1.0.0")
			if p := wantProblem(t, err, render.Unseen, c.oci); c.oci != "" && p.Retryable != c.retryable || !strings.Contains(p.Message, w.oci()) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// doubled returns anchors that each hold the one before several times.
func doubled(n int) string {
	s, last := "", "a"
	for i := range n + 1 {
		name := fmt.Sprintf("l%d", i)
		s += fmt.Sprintf(", &%s [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]", name, last, last, last, last, last, last, last, last)
		last = name
	}
	return s
}

// TestFaultsOfArchives has the index and the manifest well, and what they
// name not.
func TestFaultsOfArchives(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"another archive": {chart(t, "evil", "1.0.0"), "the archive has the digest"},
		"a web page":      {[]byte("<html>"), "the archive has the digest"},
		"nothing":         {nil, "the archive has the digest"},
	} {
		w := newWorld(t)
		w.serve("app", "1.0.0")
		w.push("acme/app", "1.0.0", configType, chart(t, "app", "1.0.0"))
		w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, ".tgz") || strings.Contains(r.URL.Path, "/blobs/") {
				_, _ = out.Write(c.data)
				return true
			}
			return false
		}
		_, err := fetch(t, options(), w.http(), "app", "1.0.0")
		t.Log(name)
		wantProblem(t, err, render.Unseen, c.want)
		if _, err = fetch(t, options(), w.oci(), "app", "1.0.0"); err == nil {
			t.Error("another blob is taken")
		}
	}
}

// TestManifests has manifests of a registry that are none of a chart.
// THREATS: a registry whose body has another digest: fail.
func TestManifests(t *testing.T) {
	w := newWorld(t)
	good := chart(t, "app", "1.0.0")
	w.push("acme/image", "1.0.0", "application/vnd.oci.image.config.v1+json", good)
	w.push("acme/none", "1.0.0", configType)
	w.push("acme/two", "1.0.0", configType, good, chart(t, "app", "2.0.0"))
	w.pushTyped("acme/before", "1.0.0", configType, "application/x "+chartType, []byte("x"), good)
	w.pushTyped("acme/proven", "1.0.0", configType, "application/vnd.cncf.helm.chart.provenance.v1.prov "+chartType, []byte("x"), good)
	if _, err := fetch(t, options(), w.oci(), "proven", "1.0.0"); err != nil {
		t.Errorf("a chart behind its provenance: %v", err)
	}
	digest := w.push("acme/app", "1.0.0", configType, good)
	w.push("acme/app", "nightly", configType, good)
	for name, part := range map[string]string{
		"image": `its configuration is of the type "application/vnd.oci.image.config.v1+json"`,
		"none":  "holds 0 charts, want 1", "two": "holds 2 charts, want 1",
		"before": "has a layer of the type \"application/x\" before the chart",
	} {
		_, err := fetch(t, options(), w.oci(), name, "1.0.0")
		wantProblem(t, err, render.Unseen, part)
	}
	for _, version := range []string{digest, "nightly"} {
		c, err := fetch(t, options(), w.oci(), "app", version)
		if err != nil || c.Version != version {
			t.Errorf("%s: got %s, %v", version, c.Version, err)
		}
	}
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		out.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		if !strings.Contains(r.URL.Path, "sha256:") {
			out.Header().Set("Docker-Content-Digest", digestOf(nil))
		}
		_, _ = out.Write([]byte("{}"))
		return true
	}
	for _, version := range []string{digest, "1.0.0"} {
		if _, err := fetch(t, options(), w.oci(), "app", version); err == nil {
			t.Errorf("%s: another manifest is taken", version)
		} else {
			wantProblem(t, err, render.Unseen, "")
		}
	}
}

// TestTagsAreBounded has a registry that lists tags for ever.
func TestTagsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		out.Header().Set("Link", `</v2/acme/app/tags/list?last=x>; rel="next"`)
		_, _ = out.Write([]byte(`{"tags":["1.0.0"]}`))
		return true
	}
	_, err := fetch(t, options(), w.oci(), "app", "1.x")
	wantProblem(t, err, render.Unseen, "more than")
	if got := w.requests("tags/list"); got > bounds.ChartTagPages+1 {
		t.Errorf("%d requests", got)
	}
}

// TestTriedAgain wants what is busy for a moment asked again.
func TestTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.serve("app", "1.0.0")
	w.push("acme/app", "1.0.0", configType, chart(t, "app", "1.0.0"))
	for _, repository := range []string{w.http(), w.oci()} {
		var busy atomic.Int32
		w.meddle = func(out http.ResponseWriter, _ *http.Request) bool {
			if busy.Add(1) > bounds.Retries {
				return false
			}
			out.Header().Set("Retry-After", "1")
			out.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		c, err := fetch(t, options(), repository, "app", "1.0.0")
		wantChart(t, c, err, "1.0.0")
	}
}

// TestRepositories wants what is no repository named as what it is, and no
// secret shown.
func TestRepositories(t *testing.T) {
	for repository, want := range map[string]string{
		"@stable":                               "is an alias",
		"alias:stable":                          "is an alias",
		"stable":                                "is no URL",
		"":                                      "is no URL",
		"file://../x":                           "has the scheme file",
		"git://user:s3cr3t@example.com/x":       "has the scheme git",
		"https://":                              "is no URL",
		"https://user:s3cr3t@example.com:x/":    "is no URL",
		"oci://example.com/a/../b":              "is no path of a registry",
		"oci://example.com/UPPER":               "is no repository of a registry",
		"http://charts.example.com":             "is not reached over HTTPS",
		"http://user:s3cr3t@charts.example.com": "is not reached over HTTPS",
	} {
		_, err := fetch(t, options(), repository, "app", "1.0.0")
		t.Log(repository)
		wantProblem(t, err, render.Unseen, want)
	}
	w := newWorld(t)
	for _, name := range []string{"", ".", "..", "../x", "a/../b", "a?b", "a@b", "a:b", "/a", `a\b`, "a%2fb"} {
		for _, repository := range []string{w.http(), w.oci()} {
			_, err := fetch(t, options(), repository, name, "1.0.0")
			wantProblem(t, err, render.Unseen, "is no name of a chart")
		}
	}
	if got := w.requests(""); got != 0 {
		t.Errorf("%d requests", got)
	}
}

// wide returns options that take every host to be a server.
func wide(t *testing.T, servers map[string]*httptest.Server) charts.Options {
	t.Helper()
	o := options()
	var base *http.Transport
	for _, server := range servers {
		if base == nil {
			base = server.Client().Transport.(*http.Transport).Clone()
		}
	}
	base.TLSClientConfig.InsecureSkipVerify = true
	base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, _ := strings.Cut(address, ":")
		server := servers[host]
		if server == nil {
			return nil, fmt.Errorf("no such host %s", host)
		}
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	o.Base = base
	return o
}

// TestLoginsStayAtHome wants a login sent to the host of the repository and
// to no other. THREATS: registry redirects, cross-host auth.
func TestLoginsStayAtHome(t *testing.T) {
	archive := chart(t, "app", "1.0.0")
	var other []string
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if login := r.Header.Get("Authorization"); login != "" {
			other = append(other, r.Host+" "+login)
		}
		_, _ = out.Write(archive)
	}))
	defer elsewhere.Close()
	manifest := `{"schemaVersion":2,"config":{"mediaType":"` + configType + `","digest":"` + digestOf([]byte("{}")) + `","size":2},"layers":[{"mediaType":"` + chartType + `","digest":"` + digestOf(archive) + `","size":` + fmt.Sprint(len(archive)) + `}]}`
	home := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch {
		case user != "robot" || password != "s3cr3t":
			out.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			out.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/far/index.yaml":
			fmt.Fprint(out, "apiVersion: v1\nentries:\n  app:\n  "+entry("app", "1.0.0", "https://files.example.org/app.tgz", ""))
		case r.URL.Path == "/near/index.yaml":
			fmt.Fprint(out, "apiVersion: v1\nentries:\n  app:\n  "+entry("app", "1.0.0", "app.tgz", ""))
		case strings.Contains(r.URL.Path, "/manifests/"):
			out.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
			fmt.Fprint(out, manifest)
		default:
			http.Redirect(out, r, "https://files.charts.example.com/app.tgz", http.StatusFound)
		}
	}))
	defer home.Close()
	o := wide(t, map[string]*httptest.Server{"charts.example.com": home, "files.charts.example.com": elsewhere, "files.example.org": elsewhere})
	dir := t.TempDir()
	t.Setenv("NETRC", filepath.Join(dir, "netrc"))
	t.Setenv("DOCKER_CONFIG", dir)
	docker := fmt.Sprintf(`{"auths":{"charts.example.com":{"auth":%q}}}`, base64.StdEncoding.EncodeToString([]byte("robot:s3cr3t")))
	for name, content := range map[string]string{"netrc": "machine charts.example.com login robot password s3cr3t\ndefault login robot password s3cr3t\n", "config.json": docker} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, repository := range []string{"https://charts.example.com/near", "https://charts.example.com/far", "https://robot:s3cr3t@charts.example.com/near", "oci://charts.example.com/acme"} {
		c, err := fetch(t, o, repository, "app", "1.0.0")
		t.Log(repository)
		wantChart(t, c, err, "1.0.0")
	}
	if len(other) > 0 {
		t.Errorf("logins were sent to %v", other)
	}
	for _, repository := range []string{"https://wrong:s3cr3t@charts.example.com/near", "https://files.example.org"} {
		_, err := fetch(t, o, repository, "app", "1.0.0")
		wantProblem(t, err, render.Unseen, "")
	}
	if len(other) > 0 {
		t.Errorf("the default login was sent to %v", other)
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	_, err := fetch(t, o, "oci://charts.example.com/acme", "app", "1.0.0")
	wantProblem(t, err, render.Unseen, "401 Unauthorized")
}

// TestNoRequestsInward wants no request that a public repository causes to
// reach a private address, nor one without TLS.
func TestNoRequestsInward(t *testing.T) {
	w := newWorld(t)
	inside, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{
		"loopback": w.server.URL + "/charts/app.tgz", "metadata": "https://169.254.169.254/latest", "private": "https://10.0.0.1/x",
		"local name": "http://localhost:" + inside.Port() + "/x", "plain": "http://example.org/x", "registry": "oci://" + w.host() + "/acme/app:1.0.0",
		"file": "file:///etc/passwd",
	}
	for name, target := range targets {
		for _, way := range []string{"named", "redirect"} {
			server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/index.yaml" && way == "named":
					fmt.Fprint(out, "apiVersion: v1\nentries:\n  app:\n  "+entry("app", "1.0.0", target, ""))
				default:
					http.Redirect(out, r, target, http.StatusFound)
				}
			}))
			o := wide(t, map[string]*httptest.Server{"charts.example.com": server})
			_, err := fetch(t, o, "https://charts.example.com", "app", "1.0.0")
			t.Log(name, way)
			wantProblem(t, err, render.Unseen, "")
			if way == "redirect" {
				_, err = fetch(t, o, "oci://charts.example.com/acme", "app", "1.0.0")
				wantProblem(t, err, render.Unseen, "")
			}
			server.Close()
		}
	}
	if got := w.requests(""); got != 0 {
		t.Errorf("%d requests reached the inside", got)
	}
}

// TestChartsInARegistryOfAnIndex has the index of an HTTP repository name
// archives in a registry, as that of Bitnami does.
func TestChartsInARegistryOfAnIndex(t *testing.T) {
	w := newWorld(t)
	archive := chart(t, "app", "1.0.0")
	digest := w.push("acme/app", "1.0.0", configType, archive)
	for _, said := range []string{digestOf(archive), digest, ""} {
		w.list("app", entry("app", "1.0.0", w.oci()+"/app:1.0.0", said))
		c, err := fetch(t, options(), w.http(), "app", "")
		wantChart(t, c, err, "1.0.0")
	}
	w.list("app", entry("app", "1.0.0", w.oci()+"/app:1.0.0", digestOf(nil)))
	_, err := fetch(t, options(), w.http(), "app", "")
	wantProblem(t, err, render.Unseen, "the archive has the digest")
}
