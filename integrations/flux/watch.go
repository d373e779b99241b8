package flux

import (
	"context"
	"log/slog"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// watch says what makes a gate be looked at. What is watched says only that
// something may have changed: what there is is read anew.
func (r *reconciler) watch(m ctrl.Manager, options Options) error {
	changed := make(chan event.GenericEvent)
	w := watcher{reader: m.GetClient(), log: options.Log}
	b := ctrl.NewControllerManagedBy(m).
		For(&v1alpha1.ImageGate{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		WithOptions(controller.Options{MaxConcurrentReconciles: options.Concurrent}).
		WatchesRawSource(source.Channel(changed, &handler.EnqueueRequestForObject{}))
	for _, kind := range []string{gitRepository, ociRepository} {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(sourceVersion.WithKind(kind))
		b = b.WatchesMetadata(object, handler.EnqueueRequestsFromMapFunc(w.ofSource(kind)))
	}
	r.watched = map[schema.GroupVersionKind]bool{}
	for _, kind := range deployerKinds() {
		if _, err := m.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version); apimeta.IsNoMatchError(err) && optional(kind) {
			options.Log.Info("not watched: the cluster does not have it", "kind", kind.Kind)
			continue // it is looked for at every interval
		}
		r.watched[kind] = true
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(kind)
		b = b.Watches(object, handler.EnqueueRequestsFromMapFunc(w.ofDeployer), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
	}
	if err := b.Complete(r); err != nil {
		return err
	}
	return m.Add(&poller{files: r.files, every: options.Poll, gates: w, changed: changed})
}

// watcher finds the gates that something is about.
type watcher struct {
	reader client.Reader
	log    *slog.Logger
}

func (w watcher) gates(ctx context.Context, in ...client.ListOption) []v1alpha1.ImageGate {
	var list v1alpha1.ImageGateList
	if err := w.reader.List(ctx, &list, in...); err != nil {
		w.log.Error("list gates", "error", err)
	}
	return list.Items
}

// ofSource are the gates that a source is candidate or target of.
func (w watcher) ofSource(kind string) handler.MapFunc {
	return func(ctx context.Context, object client.Object) []reconcile.Request {
		var found []reconcile.Request
		for _, gate := range w.gates(ctx, client.InNamespace(object.GetNamespace())) {
			if s := gate.Spec; s.Candidate.Kind == kind && (s.Candidate.Name == object.GetName() || s.Target == object.GetName()) {
				found = append(found, requestFor(&gate))
			}
		}
		return found
	}
}

// ofDeployer are the gates whose target an object deploys from, and those that
// name it. Of what deploys by way of others it is not known, so all are meant.
func (w watcher) ofDeployer(ctx context.Context, object client.Object) []reconcile.Request {
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	indirect := false
	for _, ref := range references(u) {
		indirect = indirect || ref["kind"] == "ExternalArtifact" || ref["kind"] == "HelmChart"
	}
	var found []reconcile.Request
	for _, gate := range w.gates(ctx) {
		if indirect || refers(u, gate.Spec.Candidate.Kind, gate.Namespace, gate.Spec.Target) {
			found = append(found, requestFor(&gate))
		}
	}
	return found
}

func requestFor(gate *v1alpha1.ImageGate) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: gate.Namespace, Name: gate.Name}}
}

// poller looks at the files of policy and trust. Those of a mounted ConfigMap
// are replaced by symlinks, of which not every file system tells.
type poller struct {
	files   Files
	every   time.Duration
	gates   watcher
	changed chan<- event.GenericEvent
}

var _ manager.Runnable = (*poller)(nil)

// Start implements manager.Runnable.
func (p *poller) Start(ctx context.Context) error {
	known, _ := p.files.Fingerprint()
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now, _ := p.files.Fingerprint() // unreadable files are a change too
		if now == known {
			continue
		}
		known = now
		for _, gate := range p.gates.gates(ctx) {
			select {
			case p.changed <- event.GenericEvent{Object: &gate}:
			case <-ctx.Done():
				return nil
			}
		}
	}
}
