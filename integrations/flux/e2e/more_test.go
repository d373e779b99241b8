package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	eventv1 "github.com/fluxcd/pkg/apis/event/v1beta1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// TestOCIRepository is gated by its digest.
func TestOCIRepository(t *testing.T) {
	w := newWorld(t)
	w.create(`{apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository, metadata: {name: app-candidate}, spec: {url: "oci://ghcr.io/acme/deploy", interval: 1m, ref: {tag: latest}}}`)
	w.create(strings.ReplaceAll(deployerYAML, "GitRepository", "OCIRepository"))
	w.create(strings.ReplaceAll(gateYAML, "GitRepository", "OCIRepository"))
	start(t, w)
	digest := "sha256:" + strings.Repeat("ab", 32)
	w.hold("OCIRepository", "app-candidate", "latest@"+digest, w.app(w.image("web", true).Pinned()))
	w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", "latest@"+digest)
	target := w.source("OCIRepository", "app")
	if got, _, _ := unstructured.NestedMap(target.Object, "spec", "ref"); len(got) != 1 || got["digest"] != digest {
		t.Errorf("target is at %v", got)
	}
}

// TestEvents: who looks after the candidate is told, in the cluster and by
// notification-controller.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.standard()
	told := make(chan eventv1.Event, 10)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		var event eventv1.Event
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil || r.Method != http.MethodPost || r.URL.Path != "/" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		told <- event
		out.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	start(t, w, "--events", server.URL+"/")
	good := w.move(w.app(w.image("web", true).Pinned()))
	w.holds(good)
	passed := <-told
	if passed.Severity != "info" || passed.Reason != "RevisionVerified" || passed.InvolvedObject.Kind != "GitRepository" || passed.InvolvedObject.Name != "app-candidate" ||
		passed.InvolvedObject.UID == "" || passed.Metadata["source.toolkit.fluxcd.io/revision"] != "main@sha1:"+good {
		t.Errorf("told of a pass: %+v", passed)
	}
	bad := w.move(w.app(w.image("cart", false).Pinned()))
	denied := <-told
	if denied.Severity != "error" || denied.Reason != "RevisionDenied" || !strings.Contains(denied.Message, "has no signature") || denied.Metadata["source.toolkit.fluxcd.io/revision"] != "main@sha1:"+bad {
		t.Errorf("told of a denial: %+v", denied)
	}
	var reasons []string
	w.until(&eventsv1.EventList{}, "events", func(_ watch.EventType, object runtime.Object) bool {
		if event, ok := object.(*eventsv1.Event); ok && event.Regarding.Name == "app-candidate" {
			reasons = append(reasons, event.Type+" "+event.Reason)
		}
		return slices.Contains(reasons, "Normal RevisionVerified") && slices.Contains(reasons, "Warning RevisionDenied")
	})
	// The same verdict again is no news.
	w.ask("again")
	w.answered("again")
	select {
	case event := <-told:
		t.Errorf("told again: %+v", event)
	default:
	}
}

// TestTagsAreDenied: what a tag stands for may change after it was verified.
func TestTagsAreDenied(t *testing.T) {
	w := newWorld(t)
	w.standard()
	p := start(t, w)
	image := w.image("web", true)
	commit := w.move(w.app(image.Reference()))
	w.gate("SourceVerified", metav1.ConditionFalse, "RevisionDenied", "digest-required")
	p.stop(interrupt)
	start(t, w, "--allow-tags")
	w.ask("with tags")
	w.holds(commit)
}

// TestDeployersAreVerifiedAnew: what deploys from the target decides what is
// deployed, and a change of it is looked at.
func TestDeployersAreVerifiedAnew(t *testing.T) {
	w := newWorld(t)
	w.standard()
	start(t, w)
	files := map[string]string{"app/pod.yaml": pod(w.image("web", true).Pinned()), "other/pod.yaml": pod(w.image("cart", false).Pinned())}
	commit := w.move(files)
	w.holds(commit)
	other := w.create(strings.NewReplacer("name: app}, spec", "name: other}, spec", "./app", "./other").Replace(deployerYAML))
	w.gate("Ready", metav1.ConditionFalse, "RevisionDenied", "other/pod.yaml")
	if err := shared.admin.Delete(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", commit)
	if err := shared.admin.Delete(t.Context(), w.object(deployerYAML)); err != nil {
		t.Fatal(err)
	}
	w.gate("SourceVerified", metav1.ConditionUnknown, "RevisionUnknown", "deployer-missing")
}

// TestGateIsChecked: the API server refuses gates that would gate nothing.
func TestGateIsChecked(t *testing.T) {
	w := newWorld(t)
	for want, change := range map[string][2]string{
		"the target must not be the candidate": {"target: app,", "target: app-candidate,"},
		"Unsupported value":                    {"kind: GitRepository,", "kind: Bucket,"},
		"spec.target":                          {"target: app,", ""},
		"spec.interval":                        {"interval: 1h,", "interval: often,"},
	} {
		refused(t, want, func() error {
			return shared.admin.Create(t.Context(), w.object(strings.Replace(gateYAML, change[0], change[1], 1)))
		}, func() { t.Fatalf("%v is taken", change) })
	}
	w.create(gateYAML)
	refused(t, "the target and its kind are immutable", func() error {
		gate := w.gateObject()
		if err := shared.admin.Get(t.Context(), keyOf(gate), gate); err != nil {
			return err
		}
		gate.Spec.Target = "another"
		return shared.admin.Update(t.Context(), gate)
	}, func() { t.Fatal("the target can be changed") })
	if gate := w.gateObject(); shared.admin.Get(t.Context(), keyOf(gate), gate) != nil || gate.Spec.Interval.Hours() != 1 {
		t.Errorf("the gate is %+v", gate.Spec)
	}
	plain := w.object(strings.NewReplacer("name: app}", "name: plain}", ", interval: 1h, retryInterval: 1h", "").Replace(gateYAML))
	w.create(plain)
	gate := &v1alpha1.ImageGate{}
	if err := shared.admin.Get(t.Context(), keyOf(plain), gate); err != nil || gate.Spec.Interval.Minutes() != 10 || gate.Spec.RetryInterval.Minutes() != 2 {
		t.Errorf("the defaults are %+v, %v", gate.Spec, err)
	}
}

// TestCandidateThatMovesByItself is no candidate.
func TestCandidateThatMovesByItself(t *testing.T) {
	w := newWorld(t)
	w.create(strings.Replace(candidateYAML, "interval: 1m,", "interval: 1m, include: [{repository: {name: other}}],", 1))
	w.create(deployerYAML)
	w.create(gateYAML)
	start(t, w)
	w.move(w.app(w.image("web", true).Pinned()))
	w.gate("Stalled", metav1.ConditionTrue, "CandidateUnsupported", "spec.include is not known to hold still")
	if target := w.source("GitRepository", "app"); target != nil {
		t.Errorf("there is a target: %v", target)
	}
}

// TestForgedArtifact: what has another digest than source-controller says is
// never looked at.
func TestForgedArtifact(t *testing.T) {
	w := newWorld(t)
	w.standard()
	start(t, w)
	commit := w.move(w.app(w.image("web", true).Pinned()))
	w.holds(commit)
	w.mu.Lock()
	w.forge = pack(t, w.app(w.image("cart", false).Pinned()))
	w.mu.Unlock()
	w.move(w.app(w.image("web", true).Pinned()))
	w.gate("SourceVerified", metav1.ConditionUnknown, "RevisionUnknown", "its bytes have another digest")
	if at := ref(w.source("GitRepository", "app"), "commit"); at != commit {
		t.Errorf("target is at %s", at)
	}
}

// TestCharts: a chart is told what the cluster has, and is taken at its word
// only where charts are trusted.
func TestCharts(t *testing.T) {
	w := newWorld(t)
	w.standard()
	w.create(`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: cart}, spec: {interval: 1m, chart: {spec: {chart: ./cart, reconcileStrategy: Revision, sourceRef: {kind: GitRepository, name: app}}}}}`)
	p := start(t, w)
	unsigned := w.image("cart", false)
	files := w.app(w.image("web", true).Pinned())
	files["cart/Chart.yaml"] = "apiVersion: v2\nname: cart\nversion: 1.0.0\n"
	files["cart/templates/cart.yaml"] = "{{ if .Capabilities.APIVersions.Has \"gate.syncgate.dev/v1alpha1/ImageGate\" }}\n" + pod(unsigned.Pinned()) + "{{ end }}\n"
	commit := w.move(files)
	w.gate("SourceVerified", metav1.ConditionUnknown, "RevisionUnknown", "may render otherwise when it is deployed")
	p.stop(interrupt)
	start(t, w, "--allow-charts")
	w.ask("with charts")
	w.gate("SourceVerified", metav1.ConditionFalse, "RevisionDenied", "cart/templates/cart.yaml")
	w.sign(unsigned)
	w.ask("signed")
	w.holds(commit)
}
