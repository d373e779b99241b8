package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// referrers is the store of manifests whose subject is the digest.
type referrers struct{ client *Client }

// Bundles returns the layers of all referrers that may hold evidence. A list
// is only a claim: each referrer is read, and has to name the digest itself.
func (f referrers) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	s, err := begin(f.client, from.Repository, digest, "referrers")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ImageTime)
	defer cancel()
	r, err := f.client.repo(ctx, s.repository)
	if err != nil {
		s.fault(s.what, err)
		return s.result()
	}
	list := s.choose(s.list(ctx, r))
	manifests, errs := make([]manifest, len(list)), make([]error, len(list))
	inParallel(len(list), func(i int) {
		manifests[i], errs[i] = r.manifestOf(ctx, list[i])
	})
	var layers []layer
	for i, d := range list {
		location := s.repository.Name() + "@" + d.Digest
		switch m := manifests[i]; {
		case errs[i] != nil:
			s.fault("referrer "+location, errs[i])
		case m.subject != digest.String():
			s.unsupported(location, fmt.Sprintf("%s, a referrer of %.100q and not of this image", location, m.subject))
		case !supported(m.artifactType, m.layers):
			s.unsupported(m.artifactType, fmt.Sprintf("%s, artifact type %.100q", location, m.artifactType))
		default:
			layers = append(layers, s.layersOf(m, location)...)
		}
	}
	s.read(ctx, r, layers)
	return s.result()
}

// choose leaves out what is known not to be evidence, and what is too much.
// Registries list in whatever order, which must not show in a report.
func (s *search) choose(list []descriptor) []descriptor {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b descriptor) int { return strings.Compare(a.Digest, b.Digest) })
	var chosen []descriptor
	seen := map[string]bool{}
	for _, d := range list {
		location := s.repository.Name() + "@" + d.Digest
		switch _, err := policy.ParseDigest(d.Digest); {
		case err != nil:
			s.fault(s.what, protocolError("it lists a referrer whose digest is none"))
		case seen[d.Digest]:
		case d.MediaType != ociManifest && d.MediaType != dockerManifest:
			s.unsupported(d.MediaType, fmt.Sprintf("%s, media type %.100q", location, d.MediaType))
		case !promising(d.ArtifactType):
			s.unsupported(d.ArtifactType, fmt.Sprintf("%s, artifact type %.100q", location, d.ArtifactType))
		case len(chosen) == bounds.Referrers:
			s.fault(s.what, limitError(fmt.Sprintf("there are more than %d; the others are not looked at", bounds.Referrers)))
			return chosen
		default:
			seen[d.Digest] = true
			chosen = append(chosen, d)
		}
	}
	return chosen
}

// evidenceTypes are the artifact types of referrers that hold evidence, beside
// Sigstore bundles of every version.
func evidenceTypes() []string {
	return []string{
		simpleSigningType, dsseType, inTotoType,
		"application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.dev.cosign.artifact.att.v1+json",
	}
}

// promising tells whether a referrer is worth reading, by the artifact type
// that the list gives. Some registries give that of the config there, which
// says nothing.
func promising(artifactType string) bool {
	switch artifactType {
	case "", "application/vnd.oci.empty.v1+json", "application/vnd.oci.image.config.v1+json":
		return true
	}
	return strings.HasPrefix(artifactType, bundlePrefix) || slices.Contains(evidenceTypes(), artifactType)
}

// supported tells whether a referrer that was read can hold evidence.
func supported(artifactType string, layers []descriptor) bool {
	return promising(artifactType) && slices.ContainsFunc(layers, func(d descriptor) bool {
		return formatOf(d.MediaType) != policy.FormatUnsupported
	})
}

// manifestOf returns the manifest of a descriptor, from the descriptor itself
// if it carries it.
func (r *repo) manifestOf(ctx context.Context, d descriptor) (manifest, error) {
	digest, err := policy.ParseDigest(d.Digest)
	if err != nil {
		return manifest{}, protocolError("a referrer's digest is none")
	}
	if len(d.Data) > 0 && digestOf(digest.Algorithm(), d.Data) == digest {
		return parseManifest(d.Data, d.MediaType, digest)
	}
	return r.manifestByDigest(ctx, digest)
}
