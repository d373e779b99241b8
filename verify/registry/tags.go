package registry

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// attached is the store of what cosign keeps at one kind of tag beside the
// image, as its specs/SIGNATURE_SPEC.md and specs/ATTESTATION_SPEC.md have it.
type attached struct {
	client *Client
	// suffix is the tag's ".sig" or ".att", and what is there.
	suffix, what string
}

// Bundles returns the layers of the manifest at the tag.
func (t attached) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	s, err := begin(t.client, from.Repository, digest, t.what)
	if err != nil {
		return nil, err
	}
	if digest.Algorithm() != "sha256" {
		return nil, nil // such a tag would be longer than a tag may be
	}
	tag := from.TagPrefix + "sha256-" + digest.Hex() + t.suffix
	if _, err := name.NewTag(s.repository.Name()+":"+tag, name.StrictValidation); err != nil {
		s.fault(s.what, protocolError("no tag can begin with the prefix that the policy names"))
		return s.result()
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ImageTime)
	defer cancel()
	r, err := t.client.repo(ctx, s.repository)
	if err != nil {
		s.fault(s.what, err)
		return s.result()
	}
	m, err := r.manifestByTag(ctx, tag)
	var status *statusError
	switch {
	case err == nil:
		s.read(ctx, r, s.layersOf(m, s.repository.Name()+":"+tag))
	case errors.As(err, &status) && status.missing() && !status.token:
		// The registry answered properly: there are none.
	default:
		s.fault(s.what, err)
	}
	return s.result()
}
