package registry_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
	bundles, err := tagsOf(client(t, options())).Bundles(t.Context(), at(w.host+"/acme/app"), d)
	if f := oneFault(t, err); f.Verdict == policy.Pass || f.Code != verify.CodeRegistryProtocol || len(bundles) > 0 {
		t.Errorf("got %+v, %+v", bundles, f)
	}
}

// TestForeignArtifactsAreSeen: what is no evidence is told of, is no fault, and
// counts for nothing.
func TestForeignArtifactsAreSeen(t *testing.T) {
	root := evidencePack(t)
	for path, want := range map[string]struct{ subject, seen string }{
		"docker-attest-unsigned-index":     {"sha256:db8f2a6e112ea6396f57d073269ecfac61e8dcdad3a4a643dcb577522492f898", "attestation manifests of BuildKit"},
		"notation-e2e-valid-signature":     {"sha256:b8479de3f88fb259a0a9ea82a5b2a052a1ef3c4ebbcfc61482d5ae4c831f8af9", "application/vnd.cncf.notary.signature"},
		"oras-zot-artifacts":               {"", ""},
		"docker-attest-containerd-subject": {"sha256:bba371330d0124ce45f669c5d73092a3f2078ed1491e2bc52189a82e279074a1", ""},
	} {
		t.Run(path, func(t *testing.T) {
			host, subjects := serveLayout(t, filepath.Join(root, "layouts-other", path))
			if want.subject != "" {
				subjects = []policy.Digest{digest(t, want.subject)}
			}
			c := client(t, options())
			var seen []string
			for _, d := range subjects {
				for _, store := range []verify.Store{tagsOf(c), c.Referrers(), c.Unsigned()} {
					bundles, err := store.Bundles(t.Context(), at(host+"/acme/app"), d)
					if err != nil {
						t.Errorf("%s: %v", d, err)
					}
					for _, b := range bundles {
						seen = append(seen, b.Location)
						if b.Format != policy.FormatUnsupported || b.Payload != nil {
							t.Errorf("%s may count: %+v", d, b)
						}
					}
				}
			}
			if !strings.Contains(strings.Join(seen, "\n"), want.seen) {
				t.Errorf("seen %q, want %s", seen, want.seen)
			}
		})
	}
}

// serveLayout serves all that an OCI layout holds, whatever it is for, and
// returns the registry's host and the digests of its manifests.
func serveLayout(t *testing.T, dir string) (string, []policy.Digest) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %d blobs", dir, err, len(files))
	}
	blobs, types := map[string][]byte{}, map[string]string{}
	var found []policy.Digest
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		id := "sha256:" + filepath.Base(file)
		blobs[id] = content
		var m struct {
			SchemaVersion int
			MediaType     string
			Manifests     []json.RawMessage
		}
		if json.Unmarshal(content, &m) != nil || m.SchemaVersion != 2 {
			continue
		}
		found = append(found, digest(t, id))
		if types[id] = m.MediaType; m.MediaType == "" {
			types[id] = ociManifest
			if m.Manifests != nil {
				types[id] = "application/vnd.oci.image.index.v1+json"
			}
		}
	}
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	content, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil || json.Unmarshal(content, &index) != nil {
		t.Fatal(err)
	}
	for _, m := range index.Manifests {
		tag := m.Annotations["org.opencontainers.image.ref.name"]
		blobs[tag], types[tag] = blobs[m.Digest], types[m.Digest]
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		switch content, ok := blobs[id]; {
		case r.URL.Path == "/v2/":
		case !ok || strings.Contains(r.URL.Path, "/referrers/"):
			w.WriteHeader(http.StatusNotFound)
		default:
			w.Header().Set("Content-Type", types[id])
			_, _ = w.Write(content)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), found
}
