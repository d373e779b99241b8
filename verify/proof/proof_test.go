package proof

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/render/images"
)

func TestFormatOf(t *testing.T) {
	for content, want := range map[string]policy.Format{
		`{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}`:        policy.FormatBundle,
		`{"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}`: policy.FormatBundle,
		`{"payloadType": "application/vnd.in-toto+json"}`:                       policy.FormatDSSE,
		`{"critical": {}}`:        policy.FormatSimpleSigning,
		`{"base64Signature": ""}`: "", `[]`: "", `x`: "", ``: "",
	} {
		got, err := formatOf([]byte(content))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v; want %q", content, got, err, want)
		}
	}
}

// TestSubjectsAreThoseOfTheGate: a case names its image as a manifest does, and
// policies are asked about the same thing.
func TestSubjectsAreThoseOfTheGate(t *testing.T) {
	key, err := os.ReadFile("../../examples/policies/psirt.pub")
	if err != nil {
		t.Fatal(err)
	}
	const pin = "@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
	for _, reference := range []string{
		"nginx", "nginx:1", "nginx" + pin, "nginx:1" + pin, "docker.io/nginx", "index.docker.io/library/nginx:2", "acme/shop", "ghcr.io/acme/shop:v1",
		"localhost/a", "localhost:5000/a:v1", "registry.example:443/a",
	} {
		files := fstest.MapFS{
			"psirt.pub": {Data: key},
			"p.yaml":    {Data: []byte("apiVersion: syncgate.dev/v1alpha1\nkind: ImagePolicy\nmetadata: {name: p}\nspec: {match: {images: [a]}, unmatched: allow}\n")},
			"p.test.yaml": {Data: []byte("apiVersion: syncgate.dev/v1alpha1\nkind: PolicyTest\nspec: {at: 2026-01-01T00:00:00Z, cases: [{name: a, image: \"" +
				reference + "\", expect: {verdict: fail}}]}\n")},
		}
		suite, err := cases.Load(files, "p.test.yaml")
		if err != nil {
			t.Fatal(err)
		}
		want, err := images.ParseReference(reference)
		if err != nil {
			t.Fatal(err)
		}
		if want.Tag == "" && want.Digest == "" {
			want.Tag = "latest"
		}
		got := suite.Cases[0].Input.Subject
		if got.Repository != policy.NormalPattern(want.Repository) || got.Tag != want.Tag || got.Pinned != (want.Digest != "") || got.Pinned && !strings.HasSuffix(got.Digest.String(), want.Digest) {
			t.Errorf("%s is %+v, want %+v", reference, got, want)
		}
	}
}
