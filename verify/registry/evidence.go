package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// The media types of layers that hold evidence.
const (
	simpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json"
	dsseType          = "application/vnd.dsse.envelope.v1+json"
	inTotoType        = "application/vnd.in-toto+json"
	bundlePrefix      = "application/vnd.dev.sigstore.bundle"
)

// formatOf is the format that a layer's media type stands for, and
// FormatUnsupported for all others.
func formatOf(mediaType string) policy.Format {
	switch {
	case mediaType == simpleSigningType:
		return policy.FormatSimpleSigning
	case mediaType == dsseType || mediaType == inTotoType:
		return policy.FormatDSSE
	case strings.HasPrefix(mediaType, bundlePrefix):
		return policy.FormatBundle
	}
	return policy.FormatUnsupported
}

// search is the search of one store for the evidence of one digest.
type search struct {
	client     *Client
	repository name.Repository
	digest     policy.Digest
	what       string
	faults     []error
	bundles    []verify.Bundle
	seen       map[string]bool
}

// begin checks the repository's name, which may be anybody's.
func begin(c *Client, repository string, digest policy.Digest, what string) (*search, error) {
	parsed, err := name.NewRepository(repository)
	if err == nil {
		err = checkPath(parsed)
	}
	if err == nil && digest.IsZero() {
		err = errors.New("there is no digest to look for")
	}
	if err != nil {
		return nil, &verify.Fault{
			Code: verify.CodeImageMalformed, Verdict: policy.Fail, Err: err,
			Message: fmt.Sprintf("look for %s of %q: %v", what, repository, err),
			Hint:    "write the image as registry/repository:tag@sha256:digest",
		}
	}
	return &search{client: c, repository: parsed, digest: digest, what: what, seen: map[string]bool{}}, nil
}

// fault records that something could not be read.
func (s *search) fault(what string, err error) {
	at := s.client.at("read "+what+" of "+s.repository.Name()+"@"+s.digest.String(), s.repository)
	var status *statusError
	if errors.As(err, &status) && status.missing() && !status.token {
		err = protocolError("it names content that it does not have (" + status.Error() + ")")
	}
	s.faults = append(s.faults, at.fault(err))
}

// result is what was found, and what could not be read.
func (s *search) result() ([]verify.Bundle, error) { return s.bundles, errors.Join(s.faults...) }

// unsupported records, once a kind, that there is something that cannot be
// evidence, so that a message can say what was found.
func (s *search) unsupported(kind, location string) {
	if !s.seen[kind] {
		s.seen[kind] = true
		s.bundles = append(s.bundles, verify.Bundle{Format: policy.FormatUnsupported, Location: location})
	}
}

// layer is a layer that may hold evidence.
type layer struct {
	descriptor
	location string
	format   policy.Format
}

// layersOf takes the layers out of a manifest that hold evidence.
func (s *search) layersOf(m manifest, location string) []layer {
	if m.index {
		s.fault(location, protocolError("there is an index where an image manifest should be"))
		return nil
	}
	layers := m.layers
	if len(layers) > bounds.Layers {
		s.fault(location, limitError(fmt.Sprintf("it has %d layers; only %d are looked at", len(layers), bounds.Layers)))
		layers = layers[:bounds.Layers]
	}
	var found []layer
	for i, d := range layers {
		at := fmt.Sprintf("%s layer %d", location, i+1)
		format := formatOf(d.MediaType)
		if format == policy.FormatUnsupported {
			s.unsupported(d.MediaType, fmt.Sprintf("%s, media type %.100q", at, d.MediaType))
			continue
		}
		found = append(found, layer{d, at, format})
	}
	return found
}

// read fetches the layers, several at once, and keeps their order. What is
// too much for one image is not asked for.
func (s *search) read(ctx context.Context, r *repo, layers []layer) {
	if len(layers) > bounds.ImageItems {
		s.fault(s.what, limitError(fmt.Sprintf("there are %d; only %d are looked at", len(layers), bounds.ImageItems)))
		layers = layers[:bounds.ImageItems]
	}
	payloads, errs := make([][]byte, len(layers)), make([]error, len(layers))
	var wanted []int
	var size int64
	room := int64(bounds.ImageEvidenceBytes)
	for i, l := range layers {
		switch {
		case l.Size < 0 || l.Size > bounds.EvidenceBytes:
			errs[i] = limitError(fmt.Sprintf("it is said to have %d bytes, more than %d", l.Size, bounds.EvidenceBytes))
		case l.Size > room:
			errs[i] = limitError(fmt.Sprintf("the evidence of one image is larger than %d bytes", bounds.ImageEvidenceBytes))
		default:
			room -= l.Size
			if l.format == policy.FormatSimpleSigning {
				payloads[i] = predicted(s.repository, s.digest, l.descriptor)
			}
			if payloads[i] == nil {
				wanted, size = append(wanted, i), size+l.Size
			}
		}
	}
	doing := "read " + s.what + " of " + s.repository.Name() + "@" + s.digest.String()
	if err := verify.Reserve(ctx, doing, size); err != nil {
		s.faults = append(s.faults, err)
		return
	}
	inParallel(len(wanted), func(n int) {
		i := wanted[n]
		payloads[i], errs[i] = r.blob(ctx, layers[i].descriptor)
	})
	for i, l := range layers {
		if errs[i] != nil {
			s.fault(l.location, errs[i])
			continue
		}
		s.bundles = append(s.bundles, verify.Bundle{
			Format: l.format, Location: l.location, Payload: payloads[i], Annotations: l.Annotations,
		})
	}
}
