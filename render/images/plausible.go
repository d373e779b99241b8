package images

import (
	"path"
	"regexp"
	"strings"
)

// plausible tells whether a text is an image, given how much its key promises.
// It is for places that nothing but a name or a look says are images.
//
// A registry with a dot and a tag or digest are enough anywhere; else the key
// has to say so, and the less it does, the more of a reference has to be there.
func plausible(text string, key keyKind) bool {
	if len(text) > maxReference {
		return false
	}
	reference, err := ParseReference(text)
	if err != nil || notRegistries[host(text)] || notImages[path.Ext(reference.Repository)] {
		return false
	}
	name := reference.Repository[strings.LastIndexByte(reference.Repository, '/')+1:]
	pinned := reference.Tag != "" || reference.Digest != ""
	dotted := registryShape.MatchString(host(text))
	slash := strings.Contains(text, "/")
	switch {
	case !strings.ContainsFunc(name, isLetter) || dotted && !slash:
		return false
	case reference.Digest != "" || dotted && pinned:
		return true
	case key == keyExact:
		return pinned || slash
	case key == keyImage:
		return pinned || dotted
	case key == keyImages, key == keyMentions:
		return pinned && (slash || key == keyImages) || dotted && key == keyImages
	}
	return false
}

// maxReference is the longest reference there can be: name, tag and digest.
const maxReference = maxName + 1 + 128 + 1 + len("sha512:") + 128

// registryShape is a host name that ends in what may be a top-level domain,
// perhaps with a port.
var registryShape = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:[0-9]+)?$|^[0-9]+(\.[0-9]+){3}(:[0-9]+)?$`)

// notRegistries are hosts of what looks like references and is none.
var notRegistries = map[string]bool{
	"github.com": true, "gitlab.com": true, "bitbucket.org": true, "golang.org": true, "raw.githubusercontent.com": true,
}

// notImages are ends of names that are files.
var notImages = map[string]bool{
	".png": true, ".svg": true, ".jpg": true, ".jpeg": true, ".gif": true, ".ico": true, ".webp": true,
	".iso": true, ".img": true, ".qcow2": true, ".raw": true, ".vmdk": true, ".tar": true, ".tgz": true, ".gz": true,
	".yaml": true, ".yml": true, ".json": true, ".sh": true, ".py": true, ".md": true, ".txt": true, ".conf": true,
}

// host is the part of a reference before the first slash.
func host(text string) string {
	before, _, found := strings.Cut(text, "/")
	if !found {
		return ""
	}
	return before
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' }
