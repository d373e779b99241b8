package policy

import (
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
)

// names are what an image, or one of its platforms, is known by.
type names struct {
	subject *Subject
	target  target
}

func (e *evaluation) names(t target) names { return names{&e.in.Subject, t} }

// digest tells whether a digest is that of the image or of the platform that
// is asked about.
func (n names) digest(text string) bool {
	return text == n.target.digest.String() || text == n.subject.Digest.String()
}

// hash tells whether one of several hashes, by algorithm as OpenVEX and CSAF
// name them, is the digest.
func (n names) hash(hashes map[string]string) bool {
	for algorithm, hash := range hashes {
		name := dashes.Replace(strings.ToLower(algorithm))
		if n.digest(name + ":" + strings.ToLower(hash)) {
			return true
		}
	}
	return false
}

// resource tells whether a URI names the image: a package URL, or a reference.
func (n names) resource(uri string) bool {
	if strings.HasPrefix(uri, "pkg:") {
		purl, err := packageurl.FromString(uri)
		return err == nil && n.purl(purl)
	}
	return uri != "" && n.reference(uri)
}

// purl tells whether a package URL is the image's. As package URLs are
// compared, what it leaves out may be anything, and every qualifier that it
// has must be the image's.
func (n names) purl(p packageurl.PackageURL) bool {
	qualifiers := p.Qualifiers.Map()
	repository := normaliseName(n.subject.Repository)
	base := repository[strings.LastIndexByte(repository, '/')+1:]
	place := strings.TrimSuffix(trimScheme(qualifiers["repository_url"]), "/")
	switch p.Type {
	case packageurl.TypeDocker:
		name := strings.Trim(p.Namespace+"/"+p.Name, "/")
		if place != "" {
			name = place + "/" + name
		}
		if normaliseName(name) != repository {
			return false
		}
	case packageurl.TypeOCI:
		// Its name is the last part of the repository's, in lower case.
		if p.Namespace != "" || !strings.EqualFold(p.Name, base) {
			return false
		}
		if place != "" && normaliseName(place) != repository && normaliseName(place+"/"+base) != repository {
			return false
		}
	default:
		return false
	}
	return n.version(p.Version, qualifiers)
}

// version compares tag and digest, where a package URL names them, and its
// other qualifiers. The digest decides; a tag alone must be the one that the
// image is written with.
func (n names) version(version string, qualifiers map[string]string) bool {
	tag, digest := qualifiers["tag"], qualifiers["digest"]
	if strings.Contains(version, ":") {
		digest = version
	} else if version != "" {
		tag = version
	}
	if digest != "" {
		return n.digest(digest)
	}
	for name, value := range qualifiers {
		switch name {
		case "tag", "digest", "repository_url":
		case "arch":
			if !n.architecture(value) {
				return false
			}
		default:
			return false // what it limits the name to is not known here
		}
	}
	return tag == "" || tag == n.subject.Tag
}

// architecture tells whether all that is asked about is of an architecture. Of
// an image that is no index it is not known which it is of; who names one in a
// statement on that image speaks of it.
func (n names) architecture(arch string) bool {
	is := func(platform string) bool { return slices.Contains(strings.Split(platform, "/"), arch) }
	switch {
	case n.target.platform != "":
		return is(n.target.platform)
	case !n.subject.PlatformsKnown:
		return false
	}
	for _, p := range n.subject.Platforms {
		if !is(p.Name) {
			return false
		}
	}
	return true
}

// reference tells whether an image reference is the image's.
func (n names) reference(text string) bool {
	rest, digest, _ := strings.Cut(trimScheme(text), "@")
	name, tag := cutTag(rest)
	if normaliseName(name) != normaliseName(n.subject.Repository) {
		return false
	}
	if digest != "" {
		return n.digest(digest)
	}
	return tag == "" || tag == n.subject.Tag
}

func trimScheme(uri string) string {
	if _, rest, found := strings.Cut(uri, "://"); found {
		return rest
	}
	return uri
}

// dashes takes out what spellings of algorithms differ in.
var dashes = strings.NewReplacer("-", "", "_", "")
