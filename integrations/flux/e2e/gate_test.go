package e2e

import (
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/verify/verifytest"
)

func (w *world) app(image string) map[string]string {
	return map[string]string{"app/pod.yaml": pod(image), "README.md": "hello"}
}

// gateObject is the gate, to be edited.
func (w *world) gateObject() *v1alpha1.ImageGate {
	return &v1alpha1.ImageGate{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "app"}}
}

// ask asks for a verification now, as flux reconcile does.
func (w *world) ask(token string) {
	w.t.Helper()
	edit(w, w.gateObject(), func(gate *v1alpha1.ImageGate) {
		gate.Annotations = map[string]string{"reconcile.fluxcd.io/requestedAt": token}
	})
}

// answered waits until what was asked for is done.
func (w *world) answered(token string) *v1alpha1.ImageGate {
	w.t.Helper()
	return w.gateIs("answer to "+token, func(gate *v1alpha1.ImageGate) bool { return gate.Status.LastHandledReconcileAt == token })
}

// TestFirstPass: before it there is no target, and then it is the candidate at
// one commit.
func TestFirstPass(t *testing.T) {
	w := newWorld(t)
	w.standard()
	start(t, w)
	w.gate("Ready", metav1.ConditionFalse, "DependencyNotReady", "has not seen its newest generation")
	if target := w.source("GitRepository", "app"); target != nil {
		t.Fatalf("there is a target before anything passed: %v", target)
	}
	commit := w.move(w.app(w.image("web", true).Pinned()))
	target := w.holds(commit)
	gate := w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", "main@sha1:"+commit+" passed with 1 images")
	want := map[string]any{"url": "https://git.example.com/acme/deploy", "interval": "1m", "timeout": "60s", "ref": map[string]any{"commit": commit}}
	got, _, _ := unstructured.NestedMap(target.Object, "spec")
	delete(got, "provider")
	if len(got) != len(want) || got["url"] != want["url"] || len(got["ref"].(map[string]any)) != 1 {
		t.Errorf("target is %v, want %v", got, want)
	}
	if owner := metav1.GetControllerOf(target); owner == nil || owner.UID != gate.UID {
		t.Errorf("target is owned by %v", owner)
	}
	if gate.Status.Verified == nil || gate.Status.Verified.Revision != "main@sha1:"+commit || gate.Status.Attempted.Verdict != "pass" {
		t.Errorf("status is %+v", gate.Status)
	}
}

// TestDenialKeepsTheLastGoodRevision, and new evidence turns it.
func TestDenialKeepsTheLastGoodRevision(t *testing.T) {
	w := newWorld(t)
	w.standard()
	start(t, w)
	good := w.move(w.app(w.image("web", true).Pinned()))
	w.holds(good)
	history := w.history()
	unsigned := w.image("cart", false)
	bad := w.move(w.app(unsigned.Pinned()))
	gate := w.gate("SourceVerified", metav1.ConditionFalse, "RevisionDenied", "has no signature")
	if gate.Status.Verified.Revision != "main@sha1:"+good || gate.Status.Attempted.Revision != "main@sha1:"+bad {
		t.Errorf("status is %+v", gate.Status)
	}
	w.gate("Ready", metav1.ConditionFalse, "RevisionDenied", "main@sha1:"+good+" stays deployed")
	if at := ref(w.source("GitRepository", "app"), "commit"); at != good {
		t.Errorf("target is at %s", at)
	}
	never(t, history(), bad)

	w.sign(unsigned)
	w.ask("again")
	w.holds(bad)
	w.answered("again")
	w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", bad)
}

// TestEvidenceIsAskedForAgainByItself: a denial is looked at again after the
// interval for it.
func TestEvidenceIsAskedForAgainByItself(t *testing.T) {
	w := newWorld(t)
	w.standard()
	edit(w, w.gateObject(), func(gate *v1alpha1.ImageGate) { gate.Spec.RetryInterval.Duration = 1e9 })
	start(t, w)
	unsigned := w.image("cart", false)
	commit := w.move(w.app(unsigned.Pinned()))
	w.gate("Ready", metav1.ConditionFalse, "RevisionDenied", "nothing has passed yet")
	w.sign(unsigned)
	w.holds(commit)
}

// TestPolicyChange: every gate is verified anew, and a policy that does not load
// passes nothing.
func TestPolicyChange(t *testing.T) {
	w := newWorld(t)
	w.standard()
	write(t, w.policies, lax)
	start(t, w)
	first := w.move(w.app(w.image("web", false).Pinned()))
	w.holds(first)
	write(t, w.policies, strict)
	gate := w.gate("Ready", metav1.ConditionFalse, "RevisionDenied", "it passed before, and stays deployed")
	if gate.Status.Verified.Revision != "main@sha1:"+first {
		t.Errorf("status is %+v", gate.Status)
	}
	write(t, w.policies, "kind: nonsense\n")
	w.gate("SourceVerified", metav1.ConditionUnknown, "RevisionUnknown", "load policy")
	second := w.move(w.app(w.image("cart", false).Pinned()))
	w.gateIs("attempt at "+second, func(gate *v1alpha1.ImageGate) bool {
		return gate.Status.Attempted.Revision == "main@sha1:"+second && gate.Status.Attempted.Verdict == "unknown"
	})
	write(t, w.policies, lax)
	w.holds(second)
}

// TestKilledBetweenVerifyAndPatch: what is deployed is what was verified,
// wherever the controller ends.
func TestKilledBetweenVerifyAndPatch(t *testing.T) {
	for name, where := range map[string]func(*http.Request) bool{
		"before the status": func(r *http.Request) bool { return writesStatus(r) },
		"before the target": writesSource,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.standard()
			p := start(t, w)
			w.gate("Ready", metav1.ConditionFalse, "DependencyNotReady", "")
			var once sync.Once
			dead := make(chan struct{})
			p.at(func(r *http.Request) bool {
				if where(r) {
					once.Do(func() { _ = p.cmd.Process.Kill(); close(dead) })
				}
				select {
				case <-dead:
					return false
				default:
					return true
				}
			})
			commit := w.move(w.app(w.image("web", true).Pinned()))
			<-dead
			<-p.done
			if target := w.source("GitRepository", "app"); target != nil {
				t.Fatalf("there is a target: %v", target)
			}
			// What was verified is not what is there any more.
			bad := w.move(w.app(w.image("cart", false).Pinned()))
			history := w.history()
			start(t, w)
			if name == "before the target" {
				w.holds(commit)
			}
			w.gate("Ready", metav1.ConditionFalse, "RevisionDenied", "")
			never(t, history(), bad)
		})
	}
}

// TestEditedTarget: what others do to the target is undone.
func TestEditedTarget(t *testing.T) {
	w := newWorld(t)
	w.standard()
	start(t, w)
	commit := w.move(w.app(w.image("web", true).Pinned()))
	w.holds(commit)
	for name, change := range map[string]func(*unstructured.Unstructured){
		"commit":  func(u *unstructured.Unstructured) { set(t, u, strings.Repeat("a", 40), "spec", "ref", "commit") },
		"branch":  func(u *unstructured.Unstructured) { set(t, u, "evil", "spec", "ref", "branch") },
		"no ref":  func(u *unstructured.Unstructured) { unstructured.RemoveNestedField(u.Object, "spec", "ref") },
		"url":     func(u *unstructured.Unstructured) { set(t, u, "https://git.example.com/mallory/deploy", "spec", "url") },
		"ignore":  func(u *unstructured.Unstructured) { set(t, u, "/app", "spec", "ignore") },
		"suspend": func(u *unstructured.Unstructured) { set(t, u, true, "spec", "suspend") },
		"include": func(u *unstructured.Unstructured) {
			set(t, u, []any{map[string]any{"repository": map[string]any{"name": "other"}}}, "spec", "include")
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.source("GitRepository", "app")
			changed := before.DeepCopy()
			edit(w, changed, change)
			w.untilTarget("target as it was", func(u *unstructured.Unstructured) bool {
				return u.GetGeneration() > changed.GetGeneration() && same(u.Object["spec"], before.Object["spec"])
			})
		})
	}
	t.Run("deleted", func(t *testing.T) {
		target := w.source("GitRepository", "app")
		if err := shared.admin.Delete(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		w.untilTarget("another target", func(u *unstructured.Unstructured) bool {
			return u.GetUID() != target.GetUID() && ref(u, "commit") == commit
		})
	})
}

// TestForeignTarget: an object that the gate did not make is never written.
func TestForeignTarget(t *testing.T) {
	w := newWorld(t)
	foreign := w.create(strings.ReplaceAll(candidateYAML, "app-candidate", "app"))
	w.standard()
	p := start(t, w)
	w.move(w.app(w.image("web", true).Pinned()))
	w.gate("Stalled", metav1.ConditionTrue, "TargetNotOwned", "exists and is not of this gate")
	if now := w.source("GitRepository", "app"); now.GetResourceVersion() != foreign.GetResourceVersion() || p.writes.Load() != 0 {
		t.Errorf("it was written: %v", now)
	}
}

// TestTargetBeforeThePass: a target that somebody made in the name of the gate
// is taken away.
func TestTargetBeforeThePass(t *testing.T) {
	w := newWorld(t)
	w.standard()
	gate := w.gateObject()
	edit(w, gate, func(*v1alpha1.ImageGate) {})
	forged := w.object(strings.ReplaceAll(candidateYAML, "app-candidate", "app"))
	yes := true
	forged.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "gate.syncgate.dev/v1alpha1", Kind: "ImageGate", Name: "app", UID: gate.UID, Controller: &yes}})
	w.create(forged)
	w.move(w.app(w.image("cart", false).Pinned()))
	history := w.history()
	start(t, w)
	w.gate("Ready", metav1.ConditionFalse, "RevisionDenied", "nothing has passed yet")
	if target := w.source("GitRepository", "app"); target != nil {
		t.Errorf("it is still there: %v", target)
	}
	if seen := history(); len(seen) == 0 || seen[len(seen)-1] != "-" {
		t.Errorf("target was %q", seen)
	}
}

// TestSourceDeleted: without a candidate the last good revision stays.
func TestSourceDeleted(t *testing.T) {
	w := newWorld(t)
	w.standard()
	start(t, w)
	commit := w.move(w.app(w.image("web", true).Pinned()))
	w.holds(commit)
	w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", "")
	if err := shared.admin.Delete(t.Context(), w.source("GitRepository", "app-candidate")); err != nil {
		t.Fatal(err)
	}
	w.gate("Ready", metav1.ConditionFalse, "DependencyNotReady", "there is none")
	if at := ref(w.source("GitRepository", "app"), "commit"); at != commit {
		t.Errorf("target is at %q", at)
	}
}

// TestTwoReplicas: one of them writes, and the other takes over.
func TestTwoReplicas(t *testing.T) {
	w := newWorld(t)
	w.standard()
	first := start(t, w)
	w.gate("Ready", metav1.ConditionFalse, "DependencyNotReady", "")
	second := start(t, w)
	one := w.move(w.app(w.image("web", true).Pinned()))
	w.holds(one)
	w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", one)
	if first.writes.Load() != 1 || second.writes.Load() != 0 {
		t.Errorf("they wrote %d and %d times", first.writes.Load(), second.writes.Load())
	}
	first.stop(os.Kill)
	two := w.move(w.app(w.image("cart", true).Pinned()))
	w.holds(two)
	if second.writes.Load() != 1 {
		t.Errorf("the second wrote %d times", second.writes.Load())
	}
}

// TestRegistryDown: nobody knows is no pass, and is looked at again.
func TestRegistryDown(t *testing.T) {
	w := newWorld(t)
	w.standard()
	edit(w, w.gateObject(), func(gate *v1alpha1.ImageGate) { gate.Spec.RetryInterval.Duration = 1e9 })
	image := w.image("web", true)
	w.Break(verifytest.Answers(http.StatusServiceUnavailable, ""))
	start(t, w)
	commit := w.move(w.app(image.Pinned()))
	w.gate("SourceVerified", metav1.ConditionUnknown, "RevisionUnknown", "nothing has passed yet, and nothing is deployed")
	if target := w.source("GitRepository", "app"); target != nil {
		t.Fatalf("there is a target: %v", target)
	}
	w.Mend()
	w.holds(commit)
}

// TestCandidateMovesDuringVerification: the verdict is about what is not there
// any more, and is dropped.
func TestCandidateMovesDuringVerification(t *testing.T) {
	w := newWorld(t)
	w.standard()
	image := w.image("web", true)
	asked, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.Break(func(out http.ResponseWriter, r *http.Request, behind http.Handler) {
		once.Do(func() { close(asked); <-goOn })
		behind.ServeHTTP(out, r)
	})
	history := w.history()
	start(t, w)
	first := w.move(w.app(image.Pinned()))
	<-asked
	second := w.move(map[string]string{"app/pod.yaml": pod(image.Pinned()), "more": "of it"})
	close(goOn)
	w.holds(second)
	never(t, history(), first)
}

// TestSuspended: a gate that is suspended does nothing.
func TestSuspended(t *testing.T) {
	w := newWorld(t)
	w.standard()
	edit(w, w.gateObject(), func(gate *v1alpha1.ImageGate) { gate.Spec.Suspend = true })
	p := start(t, w)
	commit := w.move(w.app(w.image("web", true).Pinned()))
	edit(w, w.gateObject(), func(gate *v1alpha1.ImageGate) { gate.Spec.Suspend = false })
	w.holds(commit)
	p.stop(interrupt)
}

func set(t *testing.T, u *unstructured.Unstructured, value any, at ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(u.Object, value, at...); err != nil {
		t.Fatal(err)
	}
}
