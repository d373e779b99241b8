package snapshot

import (
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"sync"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// answers are what a resolver and stores answered, and where its bytes are.
type answers struct {
	blobs *blobs

	mu        sync.Mutex
	resolved  map[resolving]resolution
	found     map[looking]evidence
	manifests map[string]manifest
}

func newAnswers(b *blobs) *answers {
	return &answers{blobs: b, resolved: map[resolving]resolution{}, found: map[looking]evidence{}, manifests: map[string]manifest{}}
}

func (a *answers) resolution(q resolving) (resolution, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.resolved[q]
	return r, ok
}

func (a *answers) evidence(q looking) (evidence, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.found[q]
	return e, ok
}

// subject is the answer to Resolve that a resolution was. The platforms are
// those of the index itself, whose digest holds.
func (a *answers) subject(r resolution) (policy.Subject, error) {
	subject := policy.Subject{
		Reference: r.Reference, Repository: r.Repository, Tag: r.Tag, Pinned: r.Pinned, Digest: r.Digest,
	}
	if r.Fault != nil {
		return subject, fault(*r.Fault)
	}
	if !r.PlatformsKnown {
		return subject, nil
	}
	kept, _ := a.manifest(r.Digest)
	body, err := a.blobs.get(kept.Content, bounds.ManifestBytes)
	if err == nil && digestOf(r.Digest.Algorithm(), body) != r.Digest.String() {
		err = errors.New("it has another digest")
	}
	if err == nil {
		subject.Platforms, err = registry.Platforms(kept.MediaType, body, r.Digest)
	}
	if err != nil {
		return subject, &verify.Fault{
			Code: verify.CodeNotRecorded, Verdict: policy.Unknown, Err: err,
			Message: fmt.Sprintf("resolve %s: the manifest in the evidence that was saved cannot be read: %v", r.Reference, err),
			Hint:    "save the evidence again",
		}
	}
	subject.PlatformsKnown = true
	return subject, nil
}

func (a *answers) manifest(digest policy.Digest) (manifest, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, ok := a.manifests[digest.String()]
	return m, ok
}

func digestOf(algorithm string, data []byte) string {
	if algorithm == "sha512" {
		return fmt.Sprintf("sha512:%x", sha512.Sum512(data))
	}
	return sum(data)
}

// bundles are the answer to Bundles that e was.
func (a *answers) bundles(ctx context.Context, e evidence) ([]verify.Bundle, error) {
	doing := "read the evidence that was saved for " + e.Repository + "@" + e.Digest.String()
	var faults []error
	for _, f := range e.Faults {
		faults = append(faults, fault(f))
	}
	var found []verify.Bundle
	for _, b := range e.Bundles {
		read := verify.Bundle{Format: b.Format, Location: b.Location, Annotations: b.Annotations}
		if b.Payload != "" {
			size, _ := a.blobs.size(b.Payload)
			if err := verify.Reserve(ctx, doing, size); err != nil {
				return found, errors.Join(append(faults, err)...)
			}
			var err error
			if read.Payload, err = a.blobs.get(b.Payload, bounds.EvidenceBytes); err != nil {
				return found, errors.Join(append(faults, &verify.Fault{
					Code: verify.CodeNotRecorded, Verdict: policy.Unknown, Err: err,
					Message: doing + ": " + err.Error(), Hint: "save the evidence again",
				})...)
			}
		}
		found = append(found, read)
	}
	return found, errors.Join(faults...)
}

// fault is the error that made a finding.
func fault(f policy.Finding) *verify.Fault {
	return &verify.Fault{Code: f.Code, Verdict: f.Verdict, Message: f.Message, Hint: f.Hint, Retryable: f.Retryable}
}

// findingOf is the one finding that an error of a port makes, or nil.
func findingOf(err error) *policy.Finding {
	for _, f := range verify.Findings(err) {
		return &f
	}
	return nil
}
