package flux

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

const (
	// fieldManager is what the controller writes as.
	fieldManager = "syncgate"
	// ownerLabel names the gate of a target: what protects targets selects by
	// it.
	ownerLabel = v1alpha1.Group + "/name"
)

// errForeign is why a target is not touched.
type errForeign struct{ name string }

func (e errForeign) Error() string {
	return fmt.Sprintf("%s exists and is not of this gate; delete it, or name another target", e.name)
}

// readTarget returns the target of a gate, or nil where there is none. It is an
// errForeign where something else made it.
func (r *reconciler) readTarget(ctx context.Context, gate *v1alpha1.ImageGate) (*unstructured.Unstructured, error) {
	u := newSource(gate.Spec.Candidate.Kind, types.NamespacedName{Namespace: gate.Namespace, Name: gate.Spec.Target})
	err := r.reader.Get(ctx, client.ObjectKeyFromObject(u), u)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read target: %w", err)
	}
	if owner := metav1.GetControllerOf(u); owner == nil || owner.UID != gate.UID {
		return nil, errForeign{describe(u)}
	}
	return u, nil
}

// guard puts a target back to the last revision that passed, if somebody
// changed it, and takes away one that there should not be. It returns the target
// as it is afterwards.
func (r *reconciler) guard(ctx context.Context, gate *v1alpha1.ImageGate, target *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	verified := gate.Status.Verified
	switch {
	case verified == nil && target == nil:
		return nil, nil
	case verified == nil:
		// Nothing has passed yet, so that nothing may be deployed.
		version, uid := target.GetResourceVersion(), target.GetUID()
		err := r.writer.Delete(ctx, target, client.Preconditions{UID: &uid, ResourceVersion: &version})
		if err == nil {
			r.metrics.restored.Inc()
			r.tell(ctx, gate, warned("TargetRemoved", "removed "+describe(target)+": nothing has passed yet, and somebody else made it"))
		}
		return nil, err
	case target == nil && denied(gate):
		// Somebody took away what does not pass any more.
		return nil, nil
	}
	var spec map[string]any
	if err := json.Unmarshal(verified.Source.Raw, &spec); err != nil {
		return nil, fmt.Errorf("read status of gate: %w", err)
	}
	found := describe(newSource(gate.Spec.Candidate.Kind, types.NamespacedName{Namespace: gate.Namespace, Name: gate.Spec.Target}))
	if target != nil && held(gate, target, spec) {
		return target, nil
	}
	moved, err := r.move(ctx, gate, target, spec)
	if err == nil {
		r.metrics.restored.Inc()
		r.tell(ctx, gate, warned("TargetRestored", fmt.Sprintf("put %s back to %s, the last revision that passed", found, verified.Revision)))
	}
	return moved, err
}

// denied tells whether the last revision that passed does not pass any more.
func denied(gate *v1alpha1.ImageGate) bool {
	verified, attempted := gate.Status.Verified, gate.Status.Attempted
	return verified != nil && attempted != nil && attempted.Verdict != verdictPass &&
		attempted.Revision == verified.Revision && attempted.ArtifactDigest == verified.ArtifactDigest
}

// held tells whether a target is as the controller writes it.
func held(gate *v1alpha1.ImageGate, target *unstructured.Unstructured, spec map[string]any) bool {
	return target.GetDeletionTimestamp() != nil || // nothing holds it any more
		equalJSON(target.Object["spec"], spec) && target.GetLabels()[ownerLabel] == gate.Name
}

// move writes the target: a new one where there is none, or else the version
// that was seen. Where another one came meanwhile the API server refuses.
func (r *reconciler) move(ctx context.Context, gate *v1alpha1.ImageGate, seen *unstructured.Unstructured, spec map[string]any) (*unstructured.Unstructured, error) {
	target := newSource(gate.Spec.Candidate.Kind, types.NamespacedName{Namespace: gate.Namespace, Name: gate.Spec.Target})
	if seen != nil {
		target = seen.DeepCopy()
		delete(target.Object, "status")
		target.SetManagedFields(nil)
	}
	labels := target.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[ownerLabel] = gate.Name
	target.SetLabels(labels)
	yes, no := true, false
	target.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: v1alpha1.Group + "/" + v1alpha1.Version, Kind: v1alpha1.Kind, Name: gate.Name, UID: gate.UID,
		Controller: &yes, BlockOwnerDeletion: &no,
	}})
	target.Object["spec"] = spec
	if seen == nil {
		return target, r.writer.Create(ctx, target, client.FieldOwner(fieldManager))
	}
	return target, r.writer.Update(ctx, target, client.FieldOwner(fieldManager))
}
