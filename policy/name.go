package policy

import "strings"

// dockerHub is the registry of names that name none.
const dockerHub = "index.docker.io"

// imageName is how an image is named, in all the ways that a pattern may be
// about.
type imageName struct {
	// written is as in the manifest, without tag and digest; normalised has
	// the registry first.
	written, normalised string
	tag, digest         string
	// pinned tells that the reference carries a digest, so that its tag is
	// decoration.
	pinned bool
}

func nameOf(s Subject) imageName {
	written, _, _ := strings.Cut(s.Reference, "@")
	written, _ = cutTag(written)
	return imageName{
		written:    written,
		normalised: normaliseName(s.Repository),
		tag:        s.Tag,
		digest:     s.Digest.String(),
		pinned:     s.Pinned,
	}
}

// cutTag splits "name:tag"; a colon before the last slash is a port.
func cutTag(s string) (name, tag string) {
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, '/') {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// normaliseName puts a name or a pattern into the form that all spellings of
// it share: the registry first and in lower case, without the default port;
// "index.docker.io/library/" before a bare name.
func normaliseName(name string) string {
	if strings.HasPrefix(name, "**") {
		return name
	}
	registry, path, found := strings.Cut(name, "/")
	if !found {
		return dockerHub + "/library/" + name
	}
	if !strings.ContainsAny(registry, ".:") && registry != "localhost" {
		if strings.Contains(registry, "**") {
			return name
		}
		registry, path = dockerHub, name
	}
	written := registry
	registry = strings.TrimSuffix(strings.ToLower(registry), ":443")
	registry = strings.TrimSuffix(registry, ".")
	switch registry {
	case "docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		registry = dockerHub
	}
	if registry == dockerHub && !strings.Contains(path, "/") && !strings.Contains(path, "**") {
		return registry + "/library/" + path
	}
	if registry == written && len(registry)+1+len(path) == len(name) {
		return name
	}
	return registry + "/" + path
}

// stance says for what a pattern is asked. What only adds demands may rest on
// the reference as written; what takes demands away may not rest on a tag
// beside a digest, which anybody can write and no registry checks.
type stance uint8

const (
	demands stance = iota
	lifts
)

// matchName tells whether a pattern names the image. A pattern with ":" after
// its last "/" is about the tag too, one with "@" about the digest too. Its
// name is compared as it is and normalised, with the normalised name, and as
// it is with the name as written.
func matchName(pattern string, name imageName, why stance) match {
	rest, digest, hasDigest := strings.Cut(pattern, "@")
	repository, tag := cutTag(rest)
	if !matchGlob(repository, name.normalised) {
		normal := normaliseName(repository)
		if (normal == repository || !matchGlob(normal, name.normalised)) &&
			(name.written == name.normalised || !matchGlob(repository, name.written)) {
			return matchNo
		}
	}
	if tag != "" && (!matchGlob(tag, name.tag) || name.tag == "") {
		return matchNo
	}
	if tag != "" && !hasDigest && why == lifts && name.pinned {
		return matchNo
	}
	if !hasDigest {
		return matchYes
	}
	if name.digest == "" {
		return matchUnknown
	}
	return matchIf(matchGlob(digest, name.digest))
}

// matchNames is the best that any of the patterns makes of the name, and the
// pattern that made it.
func matchNames(patterns []string, name imageName, why stance) (match, string) {
	best, which := matchNo, ""
	for _, pattern := range patterns {
		if m := matchName(pattern, name, why); m > best {
			best, which = m, pattern
		}
	}
	return best, which
}

// NormalPattern is a glob of image names in the form that all spellings of it
// share, as images are matched: the registry first, "index.docker.io/library/"
// before a bare name. The pattern is without tag and digest.
func NormalPattern(pattern string) string { return normaliseName(pattern) }
