package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// Attached is what is put beside an image.
type Attached struct {
	// Type is its media type, and Annotations say what it is about.
	Type        string
	Annotations map[string]string
	Content     []byte
}

// Attach puts something beside an image, as a referrer of the OCI distribution
// specification 1.1, or in the index of the fallback tag where the registry has
// no referrers API. It is the one thing that is ever written to a registry. Its
// error is a *verify.Fault.
func (c *Client) Attach(ctx context.Context, repository string, digest policy.Digest, a Attached) error {
	mediaType, body, err := c.Manifest(ctx, repository, digest)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.PublishTime)
	defer cancel()
	parsed, err := c.writable(repository)
	if err != nil {
		return err
	}
	if err := c.attach(ctx, parsed, v1.Descriptor{
		MediaType: types.MediaType(mediaType), Size: int64(len(body)),
		Digest: v1.Hash{Algorithm: digest.Algorithm(), Hex: digest.Hex()},
	}, a); err != nil {
		return c.at("attach to "+repository+"@"+digest.String(), parsed).fault(written(err))
	}
	return nil
}

// writable is a repository as go-containerregistry reaches it for writing.
func (c *Client) writable(repository string) (name.Repository, error) {
	parsed, err := name.NewRepository(repository)
	if err != nil {
		return parsed, fmt.Errorf("parse repository %q: %w", repository, err)
	}
	if c.plain(parsed.RegistryStr()) {
		return name.NewRepository(repository, name.Insecure)
	}
	return parsed, nil
}

// referrerManifest is an OCI image manifest that refers to another.
type referrerManifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     types.MediaType   `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        v1.Descriptor     `json:"config"`
	Layers        []v1.Descriptor   `json:"layers"`
	Subject       v1.Descriptor     `json:"subject"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// taggable is a manifest that can be put.
type taggable []byte

// RawManifest implements remote.Taggable.
func (t taggable) RawManifest() ([]byte, error) { return t, nil }

// MediaType is that of the manifest.
func (taggable) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func (c *Client) attach(ctx context.Context, to name.Repository, subject v1.Descriptor, a Attached) error {
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(c.options.Keychain), remote.WithTransport(c.options.Base), remote.WithUserAgent(c.userAgent()),
	}
	m := referrerManifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: a.Type, Subject: subject, Annotations: a.Annotations,
	}
	for _, blob := range []struct {
		mediaType types.MediaType
		content   []byte
		into      func(v1.Descriptor)
	}{
		{"application/vnd.oci.empty.v1+json", []byte("{}"), func(d v1.Descriptor) { m.Config = d }},
		{types.MediaType(a.Type), a.Content, func(d v1.Descriptor) { m.Layers = []v1.Descriptor{d} }},
	} {
		layer := static.NewLayer(blob.content, blob.mediaType)
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		if err := remote.WriteLayer(to, layer, options...); err != nil {
			return err
		}
		blob.into(v1.Descriptor{MediaType: blob.mediaType, Size: int64(len(blob.content)), Digest: digest})
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	digest, _, err := v1.SHA256(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return remote.Put(to.Digest(digest.String()), taggable(text), options...)
}

// written is an error of go-containerregistry's as this package has them: of
// what the registry says only the code is kept.
func written(err error) error {
	var refused *transport.Error
	if !errors.As(err, &refused) {
		return err
	}
	status := &statusError{status: refused.StatusCode}
	if len(refused.Errors) > 0 {
		status.code = cleanCode(string(refused.Errors[0].Code))
	}
	return status
}
