package registry

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// titleAnnotation is the name of the file that a layer holds, as the OCI image
// specification has it.
const titleAnnotation = "org.opencontainers.image.title"

// Layer is one layer of an artifact.
type Layer struct {
	MediaType string
	// Title is the name of the file that it holds, if it is one.
	Title   string
	Content []byte
}

// Artifact reads the layers of an artifact, of at most limit bytes together.
// Each has been checked against its digest. Its error is a *verify.Fault.
func (c *Client) Artifact(ctx context.Context, repository string, digest policy.Digest, limit int64) ([]Layer, error) {
	parsed, err := name.NewRepository(repository)
	if err != nil {
		return nil, fmt.Errorf("parse repository %q: %w", repository, err)
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ImageTime)
	defer cancel()
	layers, err := c.artifact(ctx, parsed, digest, limit)
	if err != nil {
		return nil, c.at("read artifact "+repository+"@"+digest.String(), parsed).fault(err)
	}
	return layers, nil
}

func (c *Client) artifact(ctx context.Context, repository name.Repository, digest policy.Digest, limit int64) ([]Layer, error) {
	repo, err := c.repo(ctx, repository)
	if err != nil {
		return nil, err
	}
	m, err := repo.manifestByDigest(ctx, digest)
	switch {
	case err != nil:
		return nil, err
	case m.index:
		return nil, protocolError("it is an index of several manifests, want one artifact")
	case len(m.layers) > bounds.Layers:
		return nil, protocolError(fmt.Sprintf("it has more than %d layers", bounds.Layers))
	}
	var layers []Layer
	for _, d := range m.layers {
		if limit -= d.Size; d.Size < 0 || limit < 0 {
			return nil, protocolError("its layers are larger together than policies may be")
		}
		content, err := repo.blob(ctx, d)
		if err != nil {
			return nil, err
		}
		layers = append(layers, Layer{MediaType: d.MediaType, Title: d.Annotations[titleAnnotation], Content: content})
	}
	return layers, nil
}
