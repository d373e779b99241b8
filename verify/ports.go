package verify

import (
	"context"

	"github.com/syncgate/syncgate/policy"
)

// Resolver pins an image.
type Resolver interface {
	// Resolve turns a reference as written in a manifest into the pinned
	// artifact. Where the reference carries a digest and want does not ask
	// for platforms, it need not ask the registry. Its error is a *Fault.
	Resolve(ctx context.Context, reference string, want Want) (policy.Subject, error)
}

// Want says what of a reference must be known.
type Want struct {
	// Platforms asks for the child manifests of an index.
	Platforms bool
	// Existence asks that the registry be asked for the manifest even if the
	// reference carries a digest.
	Existence bool
}

// Store lists the evidence of a digest. What it returns is untrusted.
type Store interface {
	// Bundles returns what it finds for a digest in a repository, which is
	// always named. No evidence is an empty list and no error. It returns what
	// it could read together with an error, a *Fault or several joined, if it
	// could not read everything.
	Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]Bundle, error)
}

// Partial is implemented by stores that do not hold evidence of every kind, so
// that they are asked only where theirs is wanted.
type Partial interface {
	Store
	// Only is the one kind that it may hold, or NoEvidence where what it holds
	// is told of and counts for nothing.
	Only() policy.EvidenceKind
}

// NoEvidence is what stores hold whose bundles are never evidence.
const NoEvidence policy.EvidenceKind = "none"

// Only is the one kind of evidence that a store may hold, and empty where that
// may be any.
func Only(s Store) policy.EvidenceKind {
	if partial, ok := s.(Partial); ok {
		return partial.Only()
	}
	return ""
}

// Verifier turns a bundle into evidence.
type Verifier interface {
	// Verify checks the cryptography of a bundle and that it speaks of
	// digest. Its error is a *Rejected if the bundle is no evidence, and
	// anything else if it could not be looked at: if it could in part, there
	// is evidence with signers too.
	Verify(ctx context.Context, digest policy.Digest, bundle Bundle) (policy.Evidence, error)
}

// Selective is implemented by verifiers that hold evidence against several
// trusts, of which an image may need only some.
type Selective interface {
	Verifier
	// Against is the verifier for some of its trusts.
	Against(trusts []policy.Trust) Verifier
}

// Bundle is untrusted bytes that were found for a digest, and where.
type Bundle struct {
	// Format is the form that it was found in. It says how to read Payload.
	Format policy.Format
	// Location is where it was found, for people:
	// "ghcr.io/acme/app:sha256-….att layer 2".
	Location string
	// Payload is the simple-signing payload, the DSSE envelope or the
	// Sigstore bundle. It has been checked against its registry digest.
	Payload []byte
	// Annotations are those of the layer that held it: cosign keeps
	// signature, certificate, chain, log entry and timestamp there.
	Annotations map[string]string
}

// Fault is why something in a registry could not be looked at, or is not
// there.
type Fault struct {
	// Code names the kind of fault; see the Code constants of this package.
	Code policy.Code
	// Verdict is Fail where the registry answered properly and the thing is
	// not there or is not what it should be, and Unknown otherwise.
	Verdict policy.Verdict
	// Message says what is so, in lower case, naming host and repository.
	Message string
	// Hint says what to do next.
	Hint string
	// Retryable tells that trying again later may help.
	Retryable bool
	// Err is the cause. It never carries a credential.
	Err error
}

// Error returns the message.
func (f *Fault) Error() string { return f.Message }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Rejected is why a bundle is no evidence.
type Rejected struct {
	policy.Rejection
	Err error
}

// Error returns the location and the reason.
func (r *Rejected) Error() string { return r.Location + ": " + r.Reason }

// Unwrap returns the cause.
func (r *Rejected) Unwrap() error { return r.Err }

// The codes of findings about images and registries.
const (
	// CodeImageNotFound: the registry says that there is no such image. Fail.
	CodeImageNotFound policy.Code = "image-not-found"
	// CodeImageMalformed: the reference does not parse. Fail.
	CodeImageMalformed policy.Code = "image-malformed"
	// CodeDigestMismatch: the registry's bytes have another digest. Fail.
	CodeDigestMismatch policy.Code = "digest-mismatch"
	// CodeRegistryRateLimited: 429. Unknown, retryable.
	CodeRegistryRateLimited policy.Code = "registry-rate-limited"
	// CodeRegistryUnavailable: 5xx, or no connection. Unknown, retryable.
	CodeRegistryUnavailable policy.Code = "registry-unavailable"
	// CodeRegistryTimeout: no answer in time. Unknown, retryable.
	CodeRegistryTimeout policy.Code = "registry-timeout"
	// CodeRegistryDenied: 401 or 403. Unknown.
	CodeRegistryDenied policy.Code = "registry-denied"
	// CodeRegistryProtocol: an answer that no registry should give. Unknown.
	CodeRegistryProtocol policy.Code = "registry-protocol"
	// CodeLimitExceeded: more data than the bounds allow. Unknown.
	CodeLimitExceeded policy.Code = "limit-exceeded"
	// CodeOffline: it needs the network, which is switched off. Unknown.
	CodeOffline policy.Code = "offline"
	// CodeDeadlineExceeded: the image's time or the run's was over before the
	// verdict. Unknown, retryable.
	CodeDeadlineExceeded policy.Code = "deadline-exceeded"
	// CodeNotRecorded: the evidence that was saved does not hold it. Unknown.
	CodeNotRecorded policy.Code = "evidence-not-recorded"
	// CodeNoImages: the revision deploys no image at all. Unknown.
	CodeNoImages policy.Code = "no-images"
	// CodeInternal: a defect of syncgate. Unknown.
	CodeInternal policy.Code = "internal-error"
)
