package registry

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// resolution is what a reference stands for in this run. A tag is resolved
// once, so that what is verified is what is reported.
type resolution struct {
	digest    policy.Digest
	platforms []policy.Platform
	// unreadable is why the platforms are not known.
	unreadable error
	// cached tells that the registry was not asked for it.
	cached bool
}

// Resolve implements verify.Resolver. A tag costs one request; a digest none,
// unless want asks for more.
func (c *Client) Resolve(ctx context.Context, reference string, want verify.Want) (policy.Subject, error) {
	parsed, err := parse(reference)
	if err != nil {
		return policy.Subject{Reference: reference}, &verify.Fault{
			Code: verify.CodeImageMalformed, Verdict: policy.Fail, Err: err,
			Message: fmt.Sprintf("parse image %q: %v", reference, err),
			Hint:    "write it as registry/repository:tag@sha256:digest",
		}
	}
	subject := policy.Subject{
		Reference: reference, Repository: parsed.repository.Name(), Tag: parsed.tag,
		Pinned: !parsed.digest.IsZero(), Digest: parsed.digest,
	}
	if subject.Pinned && want == (verify.Want{}) {
		return subject, nil
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ImageTime)
	defer cancel()
	at := func() place { return c.at("resolve "+reference, parsed.repository) }
	found, err := c.resolved.do(ctx, parsed.key(), func() (resolution, error) { return c.resolve(ctx, parsed) })
	if err == nil && found.cached && want.Existence {
		found, err = c.resolved.do(ctx, "exists "+parsed.key(), func() (resolution, error) { return c.exists(ctx, parsed) })
	}
	var status *statusError
	if errors.As(err, &status) && status.missing() && !status.token {
		return subject, at().make(verify.CodeImageNotFound, policy.Fail,
			because{"there is no such image (" + status.Error() + ")", status}, "check the name, the tag and the digest, and that it was pushed")
	}
	if err != nil {
		return subject, at().fault(err)
	}
	subject.Digest = found.digest
	if found.unreadable != nil && want.Platforms {
		return subject, at().fault(found.unreadable)
	}
	subject.Platforms, subject.PlatformsKnown = found.platforms, found.unreadable == nil
	return subject, nil
}

func (c *Client) resolve(ctx context.Context, ref parsedReference) (resolution, error) {
	repo, err := c.repo(ctx, ref.repository)
	if err != nil {
		return resolution{}, err
	}
	var m manifest
	if ref.digest.IsZero() {
		m, err = repo.manifestByTag(ctx, ref.tag)
	} else {
		m, err = repo.manifestByDigest(ctx, ref.digest)
	}
	if err != nil {
		return resolution{}, err
	}
	return resolved(m), nil
}

// exists asks the registry for what is in the cache.
func (c *Client) exists(ctx context.Context, ref parsedReference) (resolution, error) {
	repo, err := c.repo(ctx, ref.repository)
	if err != nil {
		return resolution{}, err
	}
	m, err := repo.fetchManifest(ctx, ref.digest.String(), ref.digest)
	return resolved(m), err
}

func resolved(m manifest) resolution {
	r := resolution{digest: m.digest, cached: m.cached}
	r.platforms, r.unreadable = m.platforms()
	return r
}

// The patterns of the distribution specification for a tag, and for a part of
// a repository's name.
var (
	tagPattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	pathPattern = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)
)

// parsedReference is an image reference taken apart.
type parsedReference struct {
	repository name.Repository
	tag        string
	digest     policy.Digest
}

// key names what is asked for: the digest where there is one.
func (r parsedReference) key() string {
	if r.digest.IsZero() {
		return r.repository.Name() + ":" + r.tag
	}
	return r.repository.Name() + "@" + r.digest.String()
}

// parse reads a reference as Docker and containerd do. Where a digest is
// written, the tag beside it is only a name.
func parse(reference string) (parsedReference, error) {
	base, digits, pinned := strings.Cut(reference, "@")
	implied := "latest"
	var parsed parsedReference
	if pinned {
		digest, err := policy.ParseDigest(digits)
		if err != nil {
			return parsed, err
		}
		if digest.Algorithm() == "sha384" {
			return parsed, errors.New("images have digests of sha256 or sha512")
		}
		parsed.digest, implied = digest, ""
	}
	tag, err := name.NewTag(base, name.WithDefaultTag(implied))
	if err != nil {
		return parsed, errors.New("it is not written as registry/repository:tag@digest")
	}
	parsed.repository, parsed.tag = tag.Repository, tag.TagStr()
	if err := checkPath(parsed.repository); err != nil {
		return parsed, err
	}
	if parsed.tag != "" && !tagPattern.MatchString(parsed.tag) {
		return parsed, fmt.Errorf("%q is no tag", parsed.tag)
	}
	return parsed, nil
}

// checkPath holds a repository's name to the distribution specification:
// go-containerregistry takes "..", which a server reads as another path.
func checkPath(repository name.Repository) error {
	path := repository.RepositoryStr()
	for part := range strings.SplitSeq(path, "/") {
		if !pathPattern.MatchString(part) {
			return fmt.Errorf("%q is no repository name", path)
		}
	}
	return nil
}

// Manifest returns the manifest with a digest as the registry has it, and its
// media type. Its error is a *verify.Fault.
func (c *Client) Manifest(ctx context.Context, repository string, digest policy.Digest) (mediaType string, body []byte, err error) {
	parsed, err := name.NewRepository(repository)
	if err != nil {
		return "", nil, fmt.Errorf("parse repository %q: %w", repository, err)
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ImageTime)
	defer cancel()
	repo, err := c.repo(ctx, parsed)
	if err == nil {
		mediaType, body, err = repo.manifestBytes(ctx, digest)
	}
	if err != nil {
		return "", nil, c.at("read manifest "+repository+"@"+digest.String(), parsed).fault(err)
	}
	return mediaType, body, nil
}

// Platforms are the images of the index that a manifest is, or none where it
// is that of an image. The digest must have been checked.
func Platforms(mediaType string, body []byte, digest policy.Digest) ([]policy.Platform, error) {
	m, err := parseManifest(body, mediaType, digest)
	if err != nil {
		return nil, err
	}
	return m.platforms()
}
