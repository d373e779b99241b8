package registry_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// evidencePack finds the pack of real evidence.
func evidencePack(t *testing.T) string {
	t.Helper()
	root := os.Getenv("SYNCGATE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	root = filepath.Join(root, "evidence")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no corpus: set SYNCGATE_CORPUS")
	}
	return root
}

// layout stores an OCI layout in the registry, signatures and attestations at
// cosign's tags, and returns the subject's digest.
func (w *world) layout(dir, repo string) (subject policy.Digest) {
	w.t.Helper()
	var index struct {
		Manifests []struct {
			MediaType, Digest string
			Annotations       map[string]string
		}
	}
	read := func(path string) []byte {
		content, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		return content
	}
	if err := json.Unmarshal(read(filepath.Join(dir, "index.json")), &index); err != nil {
		w.t.Fatal(err)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range blobs {
		if content := read(b); sum(content) == "sha256:"+filepath.Base(b) {
			w.blob(repo, "", content)
		}
	}
	for _, m := range index.Manifests {
		content := read(filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(m.Digest, "sha256:")))
		tag := m.Annotations["org.opencontainers.image.ref.name"]
		switch kind := m.Annotations["kind"]; {
		case strings.HasSuffix(kind, "/image"), strings.HasSuffix(kind, "/imageIndex"):
			subject = digest(w.t, m.Digest)
			continue // its children and layers are of no interest
		case strings.HasSuffix(kind, "/sigs"):
			tag = "sha256-" + subject.Hex() + ".sig"
		case strings.HasSuffix(kind, "/atts"):
			tag = "sha256-" + subject.Hex() + ".att"
		case tag == "":
			tag = m.Digest
		case strings.HasPrefix(tag, "sha256-"):
			subject = digest(w.t, strings.Replace(tag, "-", ":", 1))
		default:
			continue
		}
		w.put("PUT", "/v2/"+repo+"/manifests/"+tag, m.MediaType, content)
	}
	return subject
}

func TestRealEvidenceIsFound(t *testing.T) {
	root := evidencePack(t)
	for path, want := range map[string]string{
		"layouts/conforma-testimage":                    "simplesigning dsse",
		"layouts/slsa-generic-container-v2.0.0":         "dsse",
		"layouts-derived/empty-att-manifest-v2.0.0":     "",
		"signatures/containers-image-valid":             "simplesigning",
		"referrers/referrers-bundle-v0.1-v2.0.0":        "bundle",
		"referrers/referrers-v0.3-custom-predicate":     "bundle",
		"layouts-derived/duplicated-attestation-v2.0.0": "dsse dsse",
	} {
		t.Run(path, func(t *testing.T) {
			w := newWorld(t)
			d := w.layout(filepath.Join(root, path), "acme/app")
			bundles := gather(t, client(t, options()), w.host+"/acme/app", d)
			if got := formats(bundles); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			for _, b := range bundles {
				if !json.Valid(b.Payload) {
					t.Errorf("%s is no JSON", b.Location)
				}
			}
		})
	}
}

func TestACorruptRealLayerIsAFault(t *testing.T) {
	w := newWorld(t)
	d := w.layout(filepath.Join(evidencePack(t), "layouts-derived/corrupt-layer-blob-v2.0.0"), "acme/app")
	bundles, err := client(t, options()).Tags().Bundles(t.Context(), w.host+"/acme/app", d)
	if f := oneFault(t, err); f.Verdict == policy.Pass || f.Code != verify.CodeRegistryProtocol || len(bundles) > 0 {
		t.Errorf("got %+v, %+v", bundles, f)
	}
}
