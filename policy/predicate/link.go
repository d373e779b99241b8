package predicate

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/in-toto/in-toto-golang/in_toto"
)

// The predicate types of links.
const (
	// TypeLink1 is a link of in-toto 0.9 as it was. It names its products.
	TypeLink1 = "https://in-toto.io/Link/v1"
	// TypeLink03 is in-toto's link predicate v0.3. Its products are the
	// statement's subjects.
	TypeLink03 = "https://in-toto.io/attestation/link/v0.3"
)

// IsLink reports whether a predicate type is a link that ParseLink reads.
func IsLink(predicateType string) bool {
	return predicateType == TypeLink1 || predicateType == TypeLink03
}

// Link is what one step of a supply chain was given and what it made, as paths
// and their digests by algorithm.
type Link struct {
	// Name is the step's.
	Name                string
	Materials, Products map[string]map[string]string
	// Command is what was run.
	Command []string
}

// descriptor is in-toto's resource descriptor, as far as links need it.
type descriptor struct {
	Name   string            `json:"name"`
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// ParseLink reads a link. One of TypeLink03 has no products: WithSubjects adds
// them.
func ParseLink(predicateType string, raw []byte) (*Link, error) {
	switch predicateType {
	case TypeLink1:
		return guard("link", func() (*Link, error) { return parseLink1(raw) })
	case TypeLink03:
		return guard("link", func() (*Link, error) { return parseLink03(raw) })
	}
	return nil, unsupported("%q is not a link", clip(predicateType))
}

func parseLink1(raw []byte) (*Link, error) {
	raw, err := open(raw, "_type", "name", "materials", "products", "command", "byproducts", "environment")
	if err != nil {
		return nil, err
	}
	var document struct {
		in_toto.Link
		ByProducts  ignored `json:"byproducts"`
		Environment ignored `json:"environment"`
	}
	if err := decode("link", raw, &document); err != nil {
		return nil, err
	}
	if document.Type != "" && document.Type != "link" {
		return nil, fmt.Errorf("decode link: _type: want \"link\", found %q", clip(document.Type))
	}
	return checkLink(&Link{Name: document.Name, Command: document.Command, Materials: plainHashes(document.Materials), Products: plainHashes(document.Products)})
}

func parseLink03(raw []byte) (*Link, error) {
	raw, err := open(raw, "name", "command", "materials", "byproducts", "environment", "uri", "digest")
	if err != nil {
		return nil, err
	}
	var document struct {
		Name      string       `json:"name"`
		Command   []string     `json:"command"`
		Materials []descriptor `json:"materials"`
	}
	if err := decode("link", raw, &document); err != nil {
		return nil, err
	}
	link := &Link{Name: document.Name, Command: document.Command}
	if link.Materials, err = artifacts("materials", document.Materials); err != nil {
		return nil, err
	}
	return checkLink(link)
}

func checkLink(link *Link) (*Link, error) {
	if link.Name == "" {
		return nil, fmt.Errorf("decode link: name: missing")
	}
	return link, nil
}

// WithSubjects is the link with the subjects of its statement as products,
// where it names none itself.
func (l *Link) WithSubjects(subjects json.RawMessage) (*Link, error) {
	if l.Products != nil {
		return l, nil
	}
	var list []descriptor
	if err := json.Unmarshal(subjects, &list); err != nil {
		return nil, fmt.Errorf("decode link: subject: %s", clip(err.Error()))
	}
	with := *l
	var err error
	with.Products, err = artifacts("subject", list)
	return &with, err
}

// artifacts are descriptors by their name, or URI where they have none.
func artifacts(field string, list []descriptor) (map[string]map[string]string, error) {
	out := make(map[string]map[string]string, len(list))
	for i, d := range list {
		name := firstOf(d.Name, d.URI)
		if name == "" || len(d.Digest) == 0 {
			return nil, fmt.Errorf("decode link: %s[%d]: want a name or a URI, and a digest", field, i)
		}
		if out[name] != nil {
			return nil, fmt.Errorf("decode link: %s[%d]: %q is there twice", field, i, clip(name))
		}
		out[name] = d.Digest
	}
	return out, nil
}

func plainHashes(in map[string]in_toto.HashObj) map[string]map[string]string {
	out := make(map[string]map[string]string, len(in))
	for name, hashes := range in {
		out[name] = hashes
	}
	return out
}

// Same reports whether two links name the same materials and products.
func (l *Link) Same(other *Link) bool {
	same := func(a, b map[string]map[string]string) bool {
		return maps.EqualFunc(a, b, func(x, y map[string]string) bool { return maps.Equal(x, y) })
	}
	return same(l.Materials, other.Materials) && same(l.Products, other.Products)
}
