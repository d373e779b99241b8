package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// world is what one test has: a registry and a Sigstore, policies, a namespace,
// and source-controller.
type world struct {
	*verifytest.World
	t              *testing.T
	policies, root string
	// sources is who writes the status of sources.
	sources   client.Client
	release   *verifytest.Signer
	namespace string

	mu        sync.Mutex
	artifacts map[string][]byte
	// forge is what every artifact is answered with, if anything.
	forge  []byte
	server *httptest.Server
	// commits counts the revisions that were made.
	commits int
}

// strict demands signatures by the release workflow, and lax nothing.
const (
	strict = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: production}
spec:
  match: {images: ["**"]}
  signers:
    release:
      keyless: {issuer: https://token.actions.githubusercontent.com, subject: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"}
  require: [{name: signed, signature: {signers: [release]}}]
`
	lax = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: lax}
spec:
  match: {images: ["**"]}
  unmatched: allow
`
)

func newWorld(t *testing.T) *world {
	t.Helper()
	made, err := verifytest.NewWorld(verifytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() })
	dir := t.TempDir()
	w := &world{
		World: made, t: t, sources: shared.admin, policies: filepath.Join(dir, "policy.yaml"), root: filepath.Join(dir, "root.json"), artifacts: map[string][]byte{},
		release: made.Keyless("https://token.actions.githubusercontent.com", "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1", nil),
	}
	write(t, w.policies, strict)
	write(t, w.root, string(made.TrustedRoot()))
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "gate-"}}
	w.create(namespace)
	w.namespace = namespace.Name
	t.Cleanup(func() {
		// Namespaces stay: nothing empties them here. Gates must not.
		gates := &v1alpha1.ImageGateList{}
		if err := shared.admin.List(context.Background(), gates, client.InNamespace(w.namespace)); err != nil {
			t.Error(err)
		}
		for _, gate := range gates.Items {
			if err := shared.admin.Delete(context.Background(), &gate); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

func (w *world) serve(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if data := w.artifacts[r.URL.Path]; data != nil {
		if w.forge != nil {
			data = w.forge
		}
		_, _ = out.Write(data)
		return
	}
	http.NotFound(out, r)
}

// image pushes an image, and signs it if it is to pass.
func (w *world) image(name string, signed bool) verifytest.Image {
	w.t.Helper()
	image, err := w.PushImage("acme/" + name + ":v1")
	if err == nil && signed {
		err = w.Sign(image, w.release, verifytest.How{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return image
}

func (w *world) sign(image verifytest.Image) {
	w.t.Helper()
	if err := w.Sign(image, w.release, verifytest.How{}); err != nil {
		w.t.Fatal(err)
	}
}

// pod is a manifest that runs an image.
func pod(reference string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: \"" + reference + "\"}]}\n"
}

// create makes an object, written as YAML or as it is.
func (w *world) create(what any) client.Object {
	w.t.Helper()
	object := w.object(what)
	if err := shared.admin.Create(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
	return object
}

func (w *world) object(what any) client.Object {
	w.t.Helper()
	if object, ok := what.(client.Object); ok {
		return object
	}
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(what.(string)), &u.Object); err != nil {
		w.t.Fatal(err)
	}
	if u.GetNamespace() == "" {
		u.SetNamespace(w.namespace)
	}
	return u
}

// The candidate and the gate that most tests have, and a Kustomization that
// deploys from the target.
const (
	candidateYAML = `{apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {name: app-candidate}, spec: {url: "https://git.example.com/acme/deploy", interval: 1m, ref: {branch: main}}}`
	gateYAML      = `{apiVersion: gate.syncgate.dev/v1alpha1, kind: ImageGate, metadata: {name: app}, spec: {candidate: {kind: GitRepository, name: app-candidate}, target: app, kustomizations: [app], interval: 1h, retryInterval: 1h}}`
	deployerYAML  = `{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: app}, spec: {interval: 1m, prune: true, path: ./app, sourceRef: {kind: GitRepository, name: app}}}`
)

// standard makes them.
func (w *world) standard() {
	w.t.Helper()
	w.create(candidateYAML)
	w.create(deployerYAML)
	w.create(gateYAML)
}

// move has the candidate hold the files, as source-controller does, and returns
// the commit.
func (w *world) move(files map[string]string) string {
	w.t.Helper()
	w.mu.Lock()
	w.commits++
	commit := fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "%s %d", w.namespace, w.commits)))
	w.mu.Unlock()
	w.hold("GitRepository", "app-candidate", "main@sha1:"+commit, files)
	return commit
}

func (w *world) hold(kind, name, revision string, files map[string]string) {
	w.t.Helper()
	packed := pack(w.t, files)
	w.mu.Lock()
	path := "/" + name + "/" + strings.NewReplacer(":", "-", "@", "-").Replace(revision) + ".tar.gz"
	w.artifacts[path] = packed
	w.mu.Unlock()
	source := w.source(kind, name)
	if source == nil {
		w.t.Fatalf("no %s %s", kind, name)
	}
	source.Object["status"] = map[string]any{
		"observedGeneration": source.GetGeneration(),
		"artifact": map[string]any{
			"path": path, "url": w.server.URL + path, "revision": revision, "lastUpdateTime": time.Now().UTC().Format(time.RFC3339),
			"digest": fmt.Sprintf("sha256:%x", sha256.Sum256(packed)),
		},
		"conditions": []any{map[string]any{
			"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored artifact", "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
			"observedGeneration": source.GetGeneration(),
		}},
	}
	if err := w.sources.Status().Update(w.t.Context(), source); err != nil {
		w.t.Fatal(err)
	}
}

func pack(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	out := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		err := out.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(files[name]))})
		if err == nil {
			_, err = out.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
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

// source returns a source, or nil where there is none.
func (w *world) source(kind, name string) *unstructured.Unstructured {
	w.t.Helper()
	u := &unstructured.Unstructured{}
	u.SetAPIVersion("source.toolkit.fluxcd.io/v1")
	u.SetKind(kind)
	err := shared.admin.Get(w.t.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, u)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// edit changes an object until the API server takes it.
func edit[T client.Object](w *world, object T, change func(T)) {
	w.t.Helper()
	for {
		if err := shared.admin.Get(w.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			w.t.Fatal(err)
		}
		change(object)
		err := shared.admin.Update(w.t.Context(), object)
		if err == nil {
			return
		}
		if !apierrors.IsConflict(err) {
			w.t.Fatal(err)
		}
	}
}
