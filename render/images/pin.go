package images

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// CodeNotPinned is an image that no digest was written into.
const CodeNotPinned = "image-not-pinned"

// Pin writes a digest into every place of a rendering that names an image
// without one, and keeps the tags. It changes the objects in place. Digests
// are by reference as written. What it cannot pin is Unseen: a reference
// without a digest in the map, or one whose parts leave no place for it.
func (r Rules) Pin(rendering render.Rendering, digests map[string]string) []render.Problem {
	p := &pinning{digests: digests, done: map[edit]bool{}}
	problems := r.search(rendering, func(h hit) { p.hits = append(p.hits, h) })
	for _, h := range p.hits {
		p.pin(h)
	}
	return append(problems, p.problems...)
}

// pinning writes digests.
type pinning struct {
	digests  map[string]string
	hits     []hit
	problems []render.Problem
	// done are the edits that were made: objects may share nodes.
	done map[edit]bool
}

// edit is a reference in a scalar.
type edit struct {
	node      *yaml.Node
	reference string
}

func (p *pinning) pin(h hit) {
	if parsed, err := ParseReference(h.reference); err == nil && parsed.Digest != "" {
		return
	}
	digest := p.digests[h.reference]
	switch {
	case digest == "":
		p.fail(h, "its digest is not known")
	case h.node == nil:
		p.fail(h, "several fields make it, and none of them can hold a digest")
	case p.done[edit{h.node, h.reference}]:
	case h.tag:
		h.node.Value += "@" + digest
		h.node.Tag, h.node.Style = "!!str", yaml.DoubleQuotedStyle
	default:
		pinned, ok := replaceReference(h.node.Value, h.reference, h.reference+"@"+digest)
		if !ok {
			p.fail(h, "it cannot be told apart in the text that it is in")
			return
		}
		h.node.Value = pinned
	}
	p.done[edit{h.node, h.reference}] = true
}

// fail reports an image that is not pinned.
func (p *pinning) fail(h hit, why string) {
	p.problems = append(p.problems, render.Problem{
		Code: CodeNotPinned, Unit: h.location.Unit, Object: h.location.Object, Origin: h.location.Origin,
		Message: fmt.Sprintf("%s: %s: cannot pin %s: %s", h.location.Object, h.location.Field, h.reference, why),
		Hint:    "write the image with its digest",
	})
}

// replaceReference replaces a reference wherever it stands alone in a text,
// and tells whether it did so.
func replaceReference(text, reference, pinned string) (string, bool) {
	var b strings.Builder
	found, last := false, byte(' ')
	for {
		at := strings.Index(text, reference)
		if at < 0 {
			b.WriteString(text)
			return b.String(), found
		}
		end := at + len(reference)
		if at > 0 {
			last = text[at-1]
		}
		b.WriteString(text[:at])
		if !inReference(last) && (end == len(text) || !inReference(text[end])) {
			b.WriteString(pinned)
			found = true
		} else {
			b.WriteString(reference)
		}
		last, text = reference[len(reference)-1], text[end:]
	}
}

// inReference tells whether a character may be part of a reference.
func inReference(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._-/:@", c) >= 0
}
