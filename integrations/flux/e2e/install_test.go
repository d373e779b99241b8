package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// manifests renders a directory of the repository.
func (s *suite) manifests(path string) ([]*unstructured.Unstructured, error) {
	cmd := exec.Command(s.program, "render", "../../..", "--path", path)
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("render %s: %w\n%s", path, err, wrong.String())
	}
	var all []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(&out, 1<<16)
	for {
		u := &unstructured.Unstructured{}
		err := decoder.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if len(u.Object) > 0 {
			all = append(all, u)
		}
	}
}

// apply applies objects as kubectl apply --server-side does.
func (s *suite) apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, u := range objects {
		err := s.admin.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("installer"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	return nil
}

// isAdmission tells whether an object guards what is written.
func isAdmission(u *unstructured.Unstructured) bool {
	return strings.HasPrefix(u.GetKind(), "ValidatingAdmissionPolicy")
}

// install installs the gate, but for what guards its objects: tests play those
// who get round it.
func (s *suite) install(ctx context.Context) error {
	err := s.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "flux-system"}})
	if err != nil {
		return err
	}
	objects, err := s.manifests("integrations/flux/install")
	if err != nil {
		return err
	}
	var some []*unstructured.Unstructured
	for _, u := range objects {
		if !isAdmission(u) {
			some = append(some, u)
		}
	}
	return s.apply(ctx, some)
}

// guarded installs the admission policies of a file for one test: in its
// namespace alone, because the API server takes a moment to forget them.
func (w *world) guarded(file string) {
	t := w.t
	t.Helper()
	for _, u := range documents(t, read(t, file)) {
		if !isAdmission(u) {
			t.Fatalf("%s holds a %s", file, u.GetKind())
		}
		if u.GetKind() == "ValidatingAdmissionPolicyBinding" {
			set(t, u, map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": w.namespace}}, "spec", "matchResources", "namespaceSelector")
		}
		if err := shared.apply(t.Context(), []*unstructured.Unstructured{u.DeepCopy()}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := shared.admin.Delete(context.Background(), u); err != nil {
				t.Error(err)
			}
		})
	}
}

// as returns a client of another user, who may do everything.
func as(t *testing.T, name string) client.Client {
	t.Helper()
	user, err := shared.server.AddUser(envtest.User{Name: name, Groups: []string{"system:masters"}}, nil) // whom RBAC does not stop
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(user.Config(), client.Options{Scheme: shared.admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// userOf is a service account of flux-system.
func userOf(name string) envtest.User {
	return envtest.User{Name: name, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:flux-system"}}
}

// refused tries until the API server refuses what it should, for the reason: it
// takes a moment to know a new policy. What it lets through is undone.
func refused(t *testing.T, reason string, try func() error, undo func()) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
			if !strings.Contains(err.Error(), reason) {
				t.Errorf("refused because %v, want %q", err, reason)
			}
			return
		}
		if err == nil {
			undo()
		}
		if time.Now().After(deadline) {
			t.Fatalf("not refused: %v", err)
		}
	}
}

// TestTargetsAreGuarded: with the admission policies nobody but the controller
// writes a target, and the controller nothing but targets.
func TestTargetsAreGuarded(t *testing.T) {
	w := newWorld(t)
	w.standard()
	w.guarded("../install/admission.yaml")
	mallory := as(t, "mallory")
	early := func() client.Object { return w.object(strings.ReplaceAll(candidateYAML, "app-candidate", "app")) }
	const only = "is the target of the ImageGate app: only its controller may write it"
	refused(t, only, func() error { return mallory.Create(t.Context(), early()) }, func() {
		_ = shared.admin.Delete(t.Context(), early())
	})

	controller := as(t, serviceAccount)
	refused(t, "writes no source but targets", func() error {
		other := early()
		other.SetName("other")
		return controller.Create(t.Context(), other)
	}, func() {
		other := early()
		other.SetName("other")
		_ = shared.admin.Delete(t.Context(), other)
	})
	gate := w.gateObject()
	if err := shared.admin.Get(t.Context(), client.ObjectKeyFromObject(gate), gate); err != nil {
		t.Fatal(err)
	}
	yes := true
	floating := early()
	floating.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "gate.syncgate.dev/v1alpha1", Kind: "ImageGate", Name: "app", UID: gate.UID, Controller: &yes}})
	refused(t, "a target names one commit or digest", func() error { return controller.Create(t.Context(), floating.DeepCopyObject().(client.Object)) }, func() {
		_ = shared.admin.Delete(t.Context(), early())
	})

	w.sources = as(t, "system:serviceaccount:flux-system:source-controller")
	start(t, w)
	commit := w.move(w.app(w.image("web", true).Pinned()))
	target := w.holds(commit)
	w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", commit)
	refused(t, only, func() error {
		return mallory.Patch(t.Context(), target.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"ref":{"commit":null,"branch":"evil"}}}`)))
	}, func() {})
	refused(t, only, func() error { return mallory.Delete(t.Context(), target.DeepCopy()) }, func() {})
	refused(t, only, func() error {
		return mallory.Patch(t.Context(), target.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"ownerReferences":null}}`)))
	}, func() {})
	refused(t, "only the controller may write the status", func() error {
		return mallory.Status().Patch(t.Context(), w.gateObject(), client.RawPatch(types.MergePatchType, []byte(`{"status":{"observedGeneration":7}}`)))
	}, func() {})
	forgedStatus := []byte(`{"status":{"artifact":{"path":"x","url":"http://example.com/x","digest":"sha256:` + strings.Repeat("e", 64) + `","lastUpdateTime":"2026-01-01T00:00:00Z","revision":"main@sha1:` + strings.Repeat("e", 40) + `"}}}`)
	for _, name := range []string{"app-candidate", "app"} {
		forged := w.source("GitRepository", name)
		refused(t, "only source-controller may write its status", func() error {
			return mallory.Status().Patch(t.Context(), forged.DeepCopy(), client.RawPatch(types.MergePatchType, forgedStatus))
		}, func() { t.Fatalf("the artifact of %s was forged", name) })
	}
	// What neither goes by may be changed, or flux reconcile would not work, and
	// source-controller could not write its finalizer.
	err := mallory.Patch(t.Context(), target.DeepCopy(), client.RawPatch(types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":"now"},"finalizers":["finalizers.fluxcd.io"]}}`)))
	if err == nil {
		err = mallory.Patch(t.Context(), target.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))
	}
	if err != nil {
		t.Errorf("annotations and finalizers are refused: %v", err)
	}
}
