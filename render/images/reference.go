package images

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Reference is an image reference, taken apart.
type Reference struct {
	// Repository is the full name: registry, "/" and path. Images of Docker
	// Hub are under index.docker.io, official ones in library.
	Repository string
	// Tag is the tag as written, or "". A reference without tag and digest
	// means the tag latest.
	Tag string
	// Digest is the digest as written, algorithm:hex, or "".
	Digest string
}

// String returns repository:tag@digest, leaving out what there is not.
func (r Reference) String() string {
	s := r.Repository
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// The grammar of references, of which the container runtimes hold by
// github.com/distribution/reference. The registry client is laxer.
var (
	grammarPath   = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$`)
	grammarTag    = regexp.MustCompile(`^\w[\w.-]{0,127}$`)
	grammarDigest = regexp.MustCompile(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
	grammarHost   = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$`)
)

// maxName is the longest name of a repository that runtimes take, in bytes.
const maxName = 255

// ParseReference parses an image reference as the kubelet reads it:
// [registry/]path[:tag][@digest]. The error says what is wrong with it, in a
// form to follow "image ...".
//
// It must never say another repository than the one a runtime would pull
// from, so what runtimes and registry clients read differently, such as a
// registry in upper case, is an error.
func ParseReference(reference string) (Reference, error) {
	if err := checkText(reference); err != nil {
		return Reference{}, err
	}
	rest, digest, pinned := strings.Cut(reference, "@")
	if pinned && !grammarDigest.MatchString(digest) {
		return Reference{}, errors.New("has a malformed digest: it must be sha256: and 64 hexadecimal digits in lower case")
	}
	repository, tag := rest, ""
	if colon := strings.LastIndexByte(rest, ':'); colon > strings.LastIndexByte(rest, '/') {
		repository, tag = rest[:colon], rest[colon+1:]
		if !grammarTag.MatchString(tag) {
			return Reference{}, errors.New("has a malformed tag: it must be up to 128 letters, digits, dots, dashes and underscores")
		}
	}
	full, err := parseRepository(repository)
	if err != nil {
		return Reference{}, err
	}
	return Reference{Repository: full, Tag: tag, Digest: digest}, nil
}

// checkText refuses what is no reference at all.
func checkText(reference string) error {
	switch {
	case reference == "":
		return errors.New("is empty")
	case strings.TrimSpace(reference) == "":
		return errors.New("is blank")
	case strings.ContainsAny(reference, " \t\r\n"):
		return errors.New("holds white space")
	case strings.Contains(reference, "://"):
		return errors.New("starts with a URL scheme: leave that out")
	}
	return nil
}

// parseRepository returns the full name of a repository.
func parseRepository(repository string) (string, error) {
	host, path, qualified := strings.Cut(repository, "/")
	if !qualified || !(strings.ContainsAny(host, ".:") || host == "localhost") {
		host, path = "", repository
	}
	lower := strings.ToLower(path)
	switch {
	case host != "" && !grammarHost.MatchString(host):
		return "", fmt.Errorf("has a malformed registry %q: it must be a host name in lower case, with a port if need be", host)
	case path == "":
		return "", errors.New("has no repository")
	case path != lower && grammarPath.MatchString(lower):
		return "", errors.New("has upper-case letters in its repository")
	case !grammarPath.MatchString(path):
		return "", errors.New("has a malformed repository: it must be lower-case letters and digits, with single separators between them")
	case len(repository) > maxName:
		return "", fmt.Errorf("has a name of more than %d characters", maxName)
	}
	parsed, err := name.NewRepository(repository, name.WeakValidation)
	if err != nil {
		return "", fmt.Errorf("cannot be parsed: %w", err)
	}
	return parsed.Name(), nil
}
