package flux

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/render"
)

// deployerKinds are the kinds of objects that deploy from a source, or make
// something of it that others deploy from.
func deployerKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{
		{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Kind: "Kustomization"},
		{Group: "helm.toolkit.fluxcd.io", Version: "v2", Kind: "HelmRelease"},
		sourceVersion.WithKind("HelmChart"),
		{Group: "source.extensions.fluxcd.io", Version: "v1beta1", Kind: "ArtifactGenerator"},
	}
}

// references are the places of such an object that name a source, and lists
// of them.
func references(u *unstructured.Unstructured) []map[string]any {
	var found []map[string]any
	for _, at := range [][]string{{"spec", "sourceRef"}, {"spec", "chart", "spec", "sourceRef"}, {"spec", "chartRef"}} {
		if ref, ok, _ := unstructured.NestedMap(u.Object, at...); ok {
			found = append(found, ref)
		}
	}
	sources, _, _ := unstructured.NestedSlice(u.Object, "spec", "sources")
	for _, source := range sources {
		if ref, ok := source.(map[string]any); ok {
			found = append(found, ref)
		}
	}
	return found
}

// refers tells whether an object names another, as Flux resolves names.
func refers(u *unstructured.Unstructured, kind, namespace, name string) bool {
	return slices.ContainsFunc(references(u), func(ref map[string]any) bool {
		in, _ := ref["namespace"].(string)
		if in == "" {
			in = u.GetNamespace()
		}
		return ref["kind"] == kind && ref["name"] == name && in == namespace
	})
}

// optional tells whether a cluster may be without a kind: helm-controller and
// source-watcher need not be installed.
func optional(kind schema.GroupVersionKind) bool {
	return kind.Kind == "HelmRelease" || kind.Kind == "ArtifactGenerator"
}

// deployers returns the objects of the cluster that deploy from the target of a
// gate, or from what others make of it.
func (r *reconciler) deployers(ctx context.Context, gate *v1alpha1.ImageGate) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, kind := range deployerKinds() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		// A kind that was there once is not missing: the API server is.
		if err := r.reader.List(ctx, list); err != nil && !(apimeta.IsNoMatchError(err) && optional(kind) && !r.watched[kind]) {
			return nil, fmt.Errorf("list objects of kind %s: %w", kind.Kind, err)
		}
		for i := range list.Items {
			all = append(all, &list.Items[i])
		}
	}
	from := [][3]string{{gate.Spec.Candidate.Kind, gate.Namespace, gate.Spec.Target}}
	taken := map[*unstructured.Unstructured]bool{}
	var found []*unstructured.Unstructured
	for i := 0; i < len(from); i++ {
		for _, u := range all {
			if taken[u] || !refers(u, from[i][0], from[i][1], from[i][2]) {
				continue
			}
			taken[u] = true
			found = append(found, u)
			from = append(from, made(u)...)
		}
	}
	slices.SortFunc(found, func(a, b *unstructured.Unstructured) int { return strings.Compare(describe(a), describe(b)) })
	return found, nil
}

// made are the sources that an object makes of another.
func made(u *unstructured.Unstructured) [][3]string {
	switch u.GetKind() {
	case "HelmChart":
		return [][3]string{{"HelmChart", u.GetNamespace(), u.GetName()}}
	case "ArtifactGenerator":
		var names [][3]string
		artifacts, _, _ := unstructured.NestedSlice(u.Object, "spec", "artifacts")
		for _, artifact := range artifacts {
			if fields, ok := artifact.(map[string]any); ok {
				name, _ := fields["name"].(string)
				names = append(names, [3]string{"ExternalArtifact", u.GetNamespace(), name})
			}
		}
		return names
	}
	return nil
}

// declared is what somebody wrote of an object: not its status, and not what
// changes with every write.
func declared(u *unstructured.Unstructured) map[string]any {
	metadata := map[string]any{"name": u.GetName(), "namespace": u.GetNamespace()}
	if labels := u.GetLabels(); len(labels) > 0 {
		metadata["labels"] = labels
	}
	return map[string]any{"apiVersion": u.GetAPIVersion(), "kind": u.GetKind(), "metadata": metadata, "spec": u.Object["spec"]}
}

// objectsOf returns objects of the cluster as they are rendered.
func objectsOf(found []*unstructured.Unstructured) ([]render.Object, []render.Problem, error) {
	var objects []render.Object
	var problems []render.Problem
	for _, u := range found {
		text, err := yaml.Marshal(declared(u))
		if err != nil {
			return nil, nil, fmt.Errorf("write %s: %w", describe(u), err)
		}
		parsed, wrong := render.ParseObjects(describe(u), text)
		for i := range parsed {
			parsed[i].Origin = render.Origin{} // it is in no file
		}
		objects, problems = append(objects, parsed...), append(problems, wrong...)
	}
	return objects, problems, nil
}
