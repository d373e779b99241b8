package v1alpha1

import (
	"github.com/fluxcd/pkg/apis/meta"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ImageGate lets a Flux source move to a revision only after every image that
// the revision deploys is verified.
//
// It watches a candidate source, which follows a branch or a tag, and owns the
// target source, which names one commit or digest. Kustomizations and
// HelmReleases deploy from the target. Until a first revision has passed the
// target does not exist, and a revision that does not pass leaves it where it
// is.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=flux
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].status"
// +kubebuilder:printcolumn:name="Verified",type="string",JSONPath=".status.verified.revision"
// +kubebuilder:printcolumn:name="Status",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].message"
type ImageGate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec ImageGateSpec `json:"spec"`
	// +optional
	Status ImageGateStatus `json:"status,omitempty"`
}

// ImageGateSpec is what a gate is told.
//
// +kubebuilder:validation:XValidation:rule="self.target != self.candidate.name",message="the target must not be the candidate: it would be deployed before it is verified"
// +kubebuilder:validation:XValidation:rule="self.target == oldSelf.target && self.candidate.kind == oldSelf.candidate.kind",message="the target and its kind are immutable: make another gate"
type ImageGateSpec struct {
	// Candidate is the source whose revisions are verified, in the namespace
	// of the gate. It follows a branch or a tag, and nothing deploys from it.
	// +required
	Candidate SourceReference `json:"candidate"`

	// Target is the name of the source that the gate creates, owns and moves
	// to revisions that passed. It has the kind and the namespace of the
	// candidate, and must be in no repository.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Target string `json:"target"`

	// Kustomizations are the names of those, in the namespace of the gate,
	// that must be there. All Kustomizations and HelmReleases of the cluster
	// that deploy from the target are verified, whether they are named or not.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	Kustomizations []string `json:"kustomizations,omitempty"`

	// Paths are directories of the source that are verified besides.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=200
	Paths []string `json:"paths,omitempty"`

	// Interval is after what time a verdict is renewed: evidence ages, and
	// comes after a denial.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern="^([0-9]+(\\.[0-9]+)?(s|m|h))+$"
	Interval metav1.Duration `json:"interval,omitempty"`

	// RetryInterval is after what time a revision that did not pass is
	// verified again.
	// +optional
	// +kubebuilder:default="2m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern="^([0-9]+(\\.[0-9]+)?(s|m|h))+$"
	RetryInterval metav1.Duration `json:"retryInterval,omitempty"`

	// Suspend stops the gate: the target stays where it is, unguarded.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// SourceReference names a source in the namespace of the gate.
type SourceReference struct {
	// Kind is the kind of the source.
	// +required
	// +kubebuilder:validation:Enum=GitRepository;OCIRepository
	Kind string `json:"kind"`
	// Name is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ImageGateStatus is what a gate has done.
type ImageGateStatus struct {
	meta.ReconcileRequestStatus `json:",inline"`

	// ObservedGeneration is the generation that was last looked at.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Conditions are Ready, Reconciling, Stalled and SourceVerified.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// Verified is the last revision that passed, at which the target is held.
	// +optional
	Verified *Verified `json:"verified,omitempty"`

	// Attempted is the last revision that was verified, with what verdict.
	// +optional
	Attempted *Attempted `json:"attempted,omitempty"`
}

// Verified is a revision that passed.
type Verified struct {
	// Revision is that of the candidate's artifact.
	Revision string `json:"revision"`
	// ArtifactDigest is the digest of the artifact that was verified.
	ArtifactDigest string `json:"artifactDigest"`
	// VerifiedAt is when it passed for the last time.
	VerifiedAt metav1.Time `json:"verifiedAt"`
	// Source is the spec of the target.
	Source apiextensionsv1.JSON `json:"source"`
}

// Attempted is a revision with its verdict.
type Attempted struct {
	// Revision is that of the candidate's artifact.
	Revision string `json:"revision"`
	// ArtifactDigest is the digest of the artifact.
	// +optional
	ArtifactDigest string `json:"artifactDigest,omitempty"`
	// Verdict is pass, fail or unknown.
	Verdict string `json:"verdict"`
	// VerifiedAt is when the verdict was reached.
	VerifiedAt metav1.Time `json:"verifiedAt"`
	// Inputs is a digest of all that the verdict rests on besides evidence:
	// the candidate, what deploys from the target, policy and trust.
	// +optional
	Inputs string `json:"inputs,omitempty"`
}

// ImageGateList is a list of gates.
//
// +kubebuilder:object:root=true
type ImageGateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ImageGate `json:"items"`
}
