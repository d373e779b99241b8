package images_test

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/render/images"
)

const sha = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestParseReference(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"nginx", "index.docker.io/library/nginx"},
		{"docker.io/nginx", "index.docker.io/library/nginx"},
		{"index.docker.io/library/nginx:latest@" + sha, "index.docker.io/library/nginx:latest@" + sha},
		{"docker.io/library/nginx@" + sha, "index.docker.io/library/nginx@" + sha},
		{"acme/web:v1", "index.docker.io/acme/web:v1"},
		{"ghcr.io/acme/web:V1.2_3-x", "ghcr.io/acme/web:V1.2_3-x"},
		{"localhost/web", "localhost/web"},
		{"localhost:5000/web:1", "localhost:5000/web:1"},
		{"127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000/a/b/c:1"},
		{"[::1]:5000/web:1", "[::1]:5000/web:1"},
		{"registry.example.com/a__b/c--d/e.f", "registry.example.com/a__b/c--d/e.f"},
		{"web@sha512:" + strings.Repeat("a", 128), "index.docker.io/library/web@sha512:" + strings.Repeat("a", 128)},
	} {
		got, err := images.ParseReference(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("%q: got %v, %v, want %v", c.in, got, err, c.want)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"": "is empty", " ": "is blank", "nginx ": "white space", "a\nb": "white space",
		"Nginx": "upper-case", "ghcr.io/Acme/web": "upper-case", "GHCR.io/acme/web": "malformed registry", "Acme/web": "upper-case",
		"nginx:": "malformed tag", "nginx:a:b": "malformed repository", "nginx:-x": "malformed tag", "nginx:" + strings.Repeat("a", 129): "malformed tag",
		"nginx@": "malformed digest", "nginx@sha256:abc": "malformed digest", "nginx@" + strings.ToUpper(sha): "malformed digest", "nginx@" + sha + "@" + sha: "malformed digest", "nginx@md5:0123": "malformed digest",
		"ghcr.io/": "no repository", "ghcr.io//web": "malformed repository", "/web": "malformed repository", "web/": "malformed repository", "a..b": "malformed repository", "-a": "malformed repository",
		"https://ghcr.io/a/b": "URL scheme", "ghcr.io/../web": "malformed repository", "gh_cr.io/a": "malformed registry", "ghcr.io:x/a": "malformed registry",
		strings.Repeat("a", 256): "more than 255", "nginx?x": "malformed repository", "é": "malformed repository", "nginx:é": "malformed tag",
	} {
		if got, err := images.ParseReference(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want an error that says %q", in, got, err, want)
		}
	}
}

// FuzzParseReference holds that what is taken means the same to the client
// that asks the registry.
func FuzzParseReference(f *testing.F) {
	for _, seed := range []string{"nginx", "docker.io/nginx:1@" + sha, "localhost:5000/a/b", "a.b:1/c", "[::1]/a", "x:y/z"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := images.ParseReference(text)
		if err != nil {
			return
		}
		client, err := name.ParseReference(text, name.WeakValidation)
		if err != nil {
			t.Fatalf("%q: the client says %v", text, err)
		}
		if client.Context().Name() != got.Repository {
			t.Errorf("%q: got %q, the client %q", text, got.Repository, client.Context().Name())
		}
		if want := got.Digest; want != "" && client.Identifier() != want || want == "" && got.Tag != "" && client.Identifier() != got.Tag {
			t.Errorf("%q: got %v, the client %q", text, got, client.Identifier())
		}
		if again, err := images.ParseReference(got.String()); err != nil || again != got {
			t.Errorf("%q: %v becomes %v, %v", text, got, again, err)
		}
	})
}
