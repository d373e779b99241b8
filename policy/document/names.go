package document

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
)

// Names are the places of what was read, by name.
type Names map[string]string

// Once reports a name that was used before.
func (d *Decoder) Once(names Names, what string, name Text) {
	if !name.Written() || name.Value == "" {
		return
	}
	if first, twice := names[name.Value]; twice {
		d.Report(name.Node, "%s %s is defined twice: first at %s", what, Quote(name.Value), first)
		return
	}
	names[name.Value] = d.At(name.Place)
}

// At is "file:line" of a place.
func (d *Decoder) At(p Place) string {
	if !p.Written() {
		return d.File.Name
	}
	return fmt.Sprintf("%s:%d", d.File.Name, p.Node.Line)
}

// Digest is the digest of a document's text.
func Digest(text []byte) policy.Digest {
	sum := sha256.Sum256(text)
	digest, err := policy.ParseDigest("sha256:" + hex.EncodeToString(sum[:]))
	if err != nil {
		return policy.Digest{}
	}
	return digest
}

// FieldAt is "file:line:column: field", for fields that are not honoured.
func (d *Decoder) FieldAt(n *yaml.Node, field string) string {
	return d.Pointed(n) + ": " + field
}

// Pointed is the place of a node, with its column.
func (d *Decoder) Pointed(n *yaml.Node) string {
	return fmt.Sprintf("%s:%d:%d", d.File.Name, n.Line, n.Column)
}
