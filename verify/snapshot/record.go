package snapshot

import (
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// The apiVersion and kind of every record.
const (
	apiVersion = "syncgate.dev/v1alpha1"
	kind       = "Snapshot"
)

// Record is what a run was asked and what it was answered. Bytes are named by
// their digests, "sha256:" and hex, and stand in the archive.
type Record struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Version is that of the syncgate that made it.
	Version string `json:"version"`
	// At is the time that was evaluated at.
	At time.Time `json:"at"`
	// Settings are the run's own, for who made the snapshot to read again.
	Settings Settings `json:"settings"`

	Revision render.Revision     `json:"revision"`
	Units    []verify.UnitResult `json:"units"`
	Objects  int                 `json:"objects"`
	Images   []image             `json:"images"`
	Findings []verify.Finding    `json:"findings"`

	// Stores are the kinds of evidence that the stores hold alone, in their order.
	Stores      []policy.EvidenceKind `json:"stores"`
	Resolutions []resolution          `json:"resolutions"`
	Evidence    []evidence            `json:"evidence"`
	Roots       map[string]root       `json:"roots"`
	// PolicyFiles are those of policies and their keys, Files the others that
	// the settings name, by their names.
	PolicyFiles map[string]string `json:"policyFiles"`
	Files       map[string]string `json:"files"`
	// Keys are those that key-management services gave out, PEM by URI.
	Keys map[string]string `json:"keys,omitempty"`
	// Manifests are those of images, by their digests.
	Manifests map[string]manifest `json:"manifests"`
}

// Settings are what a run was told, as far as a verdict rests on it.
type Settings struct {
	// Policies are the files that policies were read from.
	Policies []string `json:"policies"`
	// TrustedRoots, TUFMirrors, TUFRoots, KEV and EPSS are the flags of these
	// names.
	TrustedRoots []string `json:"trustedRoots,omitempty"`
	TUFMirrors   []string `json:"tufMirrors,omitempty"`
	TUFRoots     []string `json:"tufRoots,omitempty"`
	KEV          string   `json:"kev,omitempty"`
	EPSS         string   `json:"epss,omitempty"`
	// AtGiven tells that the time to evaluate at was the caller's.
	AtGiven bool `json:"atGiven,omitempty"`
}

// image is a render.Image with all that policies ask of it.
type image struct {
	Reference string       `json:"reference"`
	Class     render.Class `json:"class"`
	Locations []location   `json:"locations"`
}

type location struct {
	render.Location
	Labels map[string]string `json:"labels,omitempty"`
	Class  render.Class      `json:"class,omitempty"`
	// Node is the digest of the object as JSON.
	Node string `json:"node,omitempty"`
}

// resolution is an answer of the resolver.
type resolution struct {
	resolving
	Repository     string          `json:"repository"`
	Tag            string          `json:"tag,omitempty"`
	Pinned         bool            `json:"pinned"`
	Digest         policy.Digest   `json:"digest"`
	PlatformsKnown bool            `json:"platformsKnown"`
	Fault          *policy.Finding `json:"fault,omitempty"`
}

// resolving is what a resolver is asked.
type resolving struct {
	Reference string `json:"reference"`
	Platforms bool   `json:"platforms,omitempty"`
	Existence bool   `json:"existence,omitempty"`
}

// evidence is an answer of a store.
type evidence struct {
	looking
	Bundles []bundle         `json:"bundles"`
	Faults  []policy.Finding `json:"faults,omitempty"`
}

// looking is what a store is asked.
type looking struct {
	Store      int           `json:"store"`
	Repository string        `json:"repository"`
	TagPrefix  string        `json:"tagPrefix,omitempty"`
	Digest     policy.Digest `json:"digest"`
}

type bundle struct {
	Format      policy.Format     `json:"format"`
	Location    string            `json:"location"`
	Payload     string            `json:"payload,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type manifest struct {
	MediaType string `json:"mediaType"`
	Content   string `json:"content"`
}

// root is what came of fetching a trusted root.
type root struct {
	JSON  string          `json:"json,omitempty"`
	Fault *policy.Finding `json:"fault,omitempty"`
}
