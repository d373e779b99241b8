package registry

import (
	"context"
	"fmt"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// unsigned is the store of BuildKit's attestation manifests.
type unsigned struct{ client *Client }

// Bundles tells of the attestation manifests in an index, once. As none of them
// can be evidence, that the index cannot be read is no fault: who needs it for
// more is told when it asks for more.
func (u unsigned) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	s, err := begin(u.client, from.Repository, digest, "attestations of BuildKit")
	if err != nil {
		return nil, err
	}
	r, err := u.client.repo(ctx, s.repository)
	if err != nil {
		return nil, nil
	}
	m, err := r.manifestByDigest(ctx, digest)
	if err != nil {
		return nil, nil
	}
	found := 0
	for _, d := range m.manifests {
		if d.isBuildKit() {
			found++
		}
	}
	if found > 0 {
		s.unsupported("buildkit", fmt.Sprintf("%s@%s, %d attestation manifests of BuildKit in the index, which nobody signed", s.repository.Name(), digest, found))
	}
	return s.result()
}
