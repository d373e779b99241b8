package registry

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// tags is the store of what cosign keeps at tags beside the image, as its
// specs/SIGNATURE_SPEC.md and specs/ATTESTATION_SPEC.md have it.
type tags struct{ client *Client }

// Bundles returns the layers of the ".sig" and then of the ".att" manifest.
func (t tags) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	s, err := begin(t.client, from.Repository, digest, "signatures and attestations")
	if err != nil {
		return nil, err
	}
	if digest.Algorithm() != "sha256" {
		return nil, nil // such a tag would be longer than a tag may be
	}
	stem := from.TagPrefix + "sha256-" + digest.Hex()
	if _, err := name.NewTag(s.repository.Name()+":"+stem+".sig", name.StrictValidation); err != nil {
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
	kinds := []struct{ suffix, what string }{{".sig", "signatures"}, {".att", "attestations"}}
	manifests, errs := make([]manifest, len(kinds)), make([]error, len(kinds))
	inParallel(len(kinds), func(i int) {
		manifests[i], errs[i] = r.manifestByTag(ctx, stem+kinds[i].suffix)
	})
	var layers []layer
	for i, kind := range kinds {
		var status *statusError
		switch {
		case errs[i] == nil:
			location := s.repository.Name() + ":" + stem + kind.suffix
			layers = append(layers, s.layersOf(manifests[i], location)...)
		case errors.As(errs[i], &status) && status.missing() && !status.token:
			// The registry answered properly: there are none.
		default:
			s.fault(kind.what, errs[i])
		}
	}
	s.read(ctx, r, layers)
	return s.result()
}
