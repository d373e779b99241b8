package e2e

import (
	"context"
	"reflect"
	"strings"
	"testing"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// until watches the objects of a kind in the namespace until one event is what
// is waited for, and fails the test if none is in time. It begins with what is
// there.
func (w *world) until(list client.ObjectList, what string, done func(watch.EventType, runtime.Object) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		events, err := shared.admin.Watch(ctx, list, client.InNamespace(w.namespace))
		if err != nil {
			w.t.Fatal(err)
		}
		for event := range events.ResultChan() {
			if done(event.Type, event.Object) {
				events.Stop()
				return
			}
		}
	}
	gates := &v1alpha1.ImageGateList{}
	_ = shared.admin.List(w.t.Context(), gates, client.InNamespace(w.namespace))
	for _, gate := range gates.Items {
		w.t.Logf("gate %s: %+v", gate.Name, gate.Status)
	}
	w.t.Fatalf("waited for %s", what)
}

// gate waits until the gate's condition is so, and returns it.
func (w *world) gate(kind string, status metav1.ConditionStatus, reason, message string) *v1alpha1.ImageGate {
	w.t.Helper()
	return w.gateIs(kind+" "+string(status)+" "+reason+": "+message, func(gate *v1alpha1.ImageGate) bool {
		c := apimeta.FindStatusCondition(gate.Status.Conditions, kind)
		return c != nil && c.Status == status && c.Reason == reason && strings.Contains(c.Message, message) && c.ObservedGeneration == gate.Generation
	})
}

func (w *world) gateIs(what string, so func(*v1alpha1.ImageGate) bool) *v1alpha1.ImageGate {
	w.t.Helper()
	var found *v1alpha1.ImageGate
	w.until(&v1alpha1.ImageGateList{}, what, func(_ watch.EventType, object runtime.Object) bool {
		gate, ok := object.(*v1alpha1.ImageGate)
		if ok && so(gate) {
			found = gate
		}
		return found != nil
	})
	return found
}

// sources is a list to watch sources of a kind with.
func sources(kind string) *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("source.toolkit.fluxcd.io/v1")
	list.SetKind(kind + "List")
	return list
}

// holds waits until the target is at a commit.
func (w *world) holds(commit string) *unstructured.Unstructured {
	w.t.Helper()
	var found *unstructured.Unstructured
	w.until(sources("GitRepository"), "target at "+commit, func(kind watch.EventType, object runtime.Object) bool {
		u, ok := object.(*unstructured.Unstructured)
		if ok && kind != watch.Deleted && u.GetName() == "app" && ref(u, "commit") == commit {
			found = u
		}
		return found != nil
	})
	return found
}

// ref is a field of the reference of a source.
func ref(u *unstructured.Unstructured, field string) string {
	text, _, _ := unstructured.NestedString(u.Object, "spec", "ref", field)
	return text
}

// history records every state of the target from now on. What it returns ends
// that and gives the commits, "" being a target without one and "-" none.
func (w *world) history() func() []string {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	events, err := shared.admin.Watch(ctx, sources("GitRepository"), client.InNamespace(w.namespace))
	if err != nil {
		w.t.Fatal(err)
	}
	done := make(chan []string, 1)
	go func() {
		var seen []string
		for event := range events.ResultChan() {
			u, ok := event.Object.(*unstructured.Unstructured)
			switch {
			case !ok || u.GetName() != "app":
			case event.Type == watch.Deleted:
				seen = append(seen, "-")
			default:
				seen = append(seen, ref(u, "commit"))
			}
		}
		done <- seen
	}()
	return func() []string { cancel(); return <-done }
}

// never fails the test if the target was ever at a commit.
func never(t *testing.T, seen []string, commit string) {
	t.Helper()
	for _, at := range seen {
		if at == commit {
			t.Errorf("target was at %q: %q", commit, seen)
		}
	}
}

// untilTarget waits until the target is so.
func (w *world) untilTarget(what string, so func(*unstructured.Unstructured) bool) {
	w.t.Helper()
	w.until(sources("GitRepository"), what, func(kind watch.EventType, object runtime.Object) bool {
		u, ok := object.(*unstructured.Unstructured)
		return ok && kind != watch.Deleted && u.GetName() == "app" && so(u)
	})
}

// same tells whether two values are the same.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func keyOf(object client.Object) client.ObjectKey { return client.ObjectKeyFromObject(object) }
