// Package v1alpha1 holds the API of the Flux gate: the custom resource
// ImageGate, from which its definition and its copy functions are generated.
//
// +kubebuilder:object:generate=true
// +groupName=gate.syncgate.dev
package v1alpha1

//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0 object crd paths=. output:crd:dir=../install/crd

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group and Version are those of the API, and Kind is its one kind.
const (
	Group   = "gate.syncgate.dev"
	Version = "v1alpha1"
	Kind    = "ImageGate"
)

// AddToScheme makes the types known to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	version := schema.GroupVersion{Group: Group, Version: Version}
	scheme.AddKnownTypes(version, &ImageGate{}, &ImageGateList{})
	metav1.AddToGroupVersion(scheme, version)
	return nil
}
