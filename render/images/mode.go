package images

import (
	"slices"
	"strings"

	"github.com/syncgate/syncgate/render"
)

// mode says where, apart from PodSpecs, an object may name images.
type mode uint8

const (
	// modePods is an object of Kubernetes itself: the arguments, variables
	// and annotations of its pods.
	modePods mode = iota
	// modeResource is a custom resource: every field that says so.
	modeResource
	// modeData is a ConfigMap or Secret: its values.
	modeData
	// modeAdmission is an object that changes others by expressions.
	modeAdmission
	// modeSchema is the definition of a kind: nothing.
	modeSchema
	// modeText is a document inside of a string: every field that says so,
	// but as text.
	modeText
)

// modeOf chooses the mode of an object.
func modeOf(id render.ObjectID) mode {
	group, _, versioned := strings.Cut(id.APIVersion, "/")
	switch {
	case !versioned && (id.Kind == "ConfigMap" || id.Kind == "Secret"):
		return modeData
	case group == "apiextensions.k8s.io":
		return modeSchema
	case group == "admissionregistration.k8s.io":
		return modeAdmission
	case !versioned || !strings.Contains(group, ".") || slices.Contains(builtinGroups, group):
		return modePods
	}
	return modeResource
}

// builtinGroups are the API groups of Kubernetes itself that have a dot.
var builtinGroups = []string{
	"rbac.authorization.k8s.io", "networking.k8s.io", "storage.k8s.io", "scheduling.k8s.io",
	"certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
	"flowcontrol.apiserver.k8s.io", "node.k8s.io", "apiregistration.k8s.io", "resource.k8s.io",
	"authentication.k8s.io", "authorization.k8s.io", "metrics.k8s.io", "policy.k8s.io",
}
