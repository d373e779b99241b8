package policy

// Subject is the pinned artifact that a policy is asked about: what was
// written, what it resolved to, and where it runs.
type Subject struct {
	// Reference is the image as written in the manifest.
	Reference string
	// Repository is the normalised name without tag and digest, registry
	// first: "index.docker.io/library/nginx".
	Repository string
	// Tag is the tag as written or implied ("latest"), empty where only a
	// digest was written.
	Tag string
	// Pinned tells that Reference itself carries a digest.
	Pinned bool
	// Digest is what everything after resolution is keyed on. It is the zero
	// value where resolution failed.
	Digest Digest
	// Platforms are the child manifests if Digest names an index, without
	// those that are attestation manifests of BuildKit. It is empty for a
	// single manifest and where PlatformsKnown is false.
	Platforms []Platform
	// PlatformsKnown tells that the manifest was read, so that an empty
	// Platforms means a single manifest.
	PlatformsKnown bool
	// Uses are the places where the image runs.
	Uses []Use
}

// Platform is one child manifest of an image index.
type Platform struct {
	// Name is "os/architecture[/variant]".
	Name string
	// Digest is the child manifest's digest.
	Digest Digest
}

// Use is one place where an image runs.
type Use struct {
	// Unit is the name of what deploys the object.
	Unit string
	// APIVersion, Kind, Namespace and Name identify the object. Namespace is
	// the destination namespace where the object names none.
	APIVersion, Kind, Namespace, Name string
	// Labels are the object's labels.
	Labels map[string]string
	// Class is how the image was found: podspec, resource or text.
	Class string
	// Object is the object itself. It is nil where that is not at hand.
	Object Object
}
