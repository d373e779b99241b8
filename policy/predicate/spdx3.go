package predicate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// SPDX 3 is a graph of elements in JSON-LD. The library knows SPDX 2 alone, so
// that what facts are made of is read here, in the one form that SPDX 3.0
// allows for JSON: one @context, of the specification's own, and compact names.

// spdx3Element holds what is looked at of elements of any class.
type spdx3Element struct {
	ID         string   `json:"spdxId"`
	BlankID    string   `json:"@id"`
	Type       string   `json:"type"`
	Name       string   `json:"name"`
	Info       spdx3Ref `json:"creationInfo"`
	Version    string   `json:"software_packageVersion"`
	PURL       string   `json:"software_packageUrl"`
	SuppliedBy spdx3Ref `json:"suppliedBy"`
	External   []struct {
		Type       string `json:"externalIdentifierType"`
		Identifier string `json:"identifier"`
	} `json:"externalIdentifier"`
	SpecVersion  string     `json:"specVersion"`
	Created      string     `json:"created"`
	CreatedBy    []spdx3Ref `json:"createdBy"`
	CreatedUsing []spdx3Ref `json:"createdUsing"`
	From         spdx3Ref   `json:"from"`
	To           []spdx3Ref `json:"to"`
	Relationship string     `json:"relationshipType"`
	License      string     `json:"simplelicensing_licenseExpression"`
}

// spdx3Ref is the id of an element, or the element itself where it is used.
type spdx3Ref struct {
	id    string
	value *spdx3Element
}

// UnmarshalJSONFrom reads either form.
func (r *spdx3Ref) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	if in.PeekKind() != jsontext.KindBeginObject {
		return json.UnmarshalDecode(in, &r.id)
	}
	r.value = new(spdx3Element)
	if err := json.UnmarshalDecode(in, r.value); err != nil {
		return err
	}
	r.id = r.value.key()
	return nil
}

func (e *spdx3Element) key() string {
	if e.ID != "" {
		return e.ID
	}
	return e.BlankID
}

// spdx3Graph is a document's elements by their id.
type spdx3Graph struct {
	elements []spdx3Element
	byID     map[string]*spdx3Element
}

func (g *spdx3Graph) at(r spdx3Ref) *spdx3Element {
	if r.value != nil {
		return r.value
	}
	return g.byID[r.id]
}

// nameOf is the name of an agent or a tool, and its id where it has none.
func (g *spdx3Graph) nameOf(r spdx3Ref) string {
	if e := g.at(r); e != nil && e.Name != "" {
		return e.Name
	}
	return r.id
}

// isSPDX3 tells whether a document is of SPDX 3, by its context.
func isSPDX3(context []byte) bool {
	return strings.Contains(string(context), "https://spdx.org/rdf/3")
}

func parseSPDX3(raw []byte) (*SBOM, error) {
	var document struct {
		Context jsontext.Value `json:"@context"`
		Graph   []spdx3Element `json:"@graph"`
	}
	if err := CheckKeys(raw, "@context", "@graph", "spdxId", "@id", "type", "name", "creationInfo", "created", "createdBy",
		"specVersion", "suppliedBy", "software_packageVersion", "software_packageUrl", "externalIdentifier",
		"externalIdentifierType", "identifier", "relationshipType", "from", "to", "simplelicensing_licenseExpression"); err != nil {
		return nil, err
	}
	if err := decode("SPDX 3", raw, &document); err != nil {
		return nil, err
	}
	var context string
	if unmarshal(document.Context, &context) != nil || !strings.HasPrefix(context, "https://spdx.org/rdf/3.0.") {
		return nil, unsupported("SPDX with the context %s; read is https://spdx.org/rdf/3.0.1/spdx-context.jsonld", clip(string(document.Context)))
	}
	if document.Graph == nil {
		return nil, errors.New("decode SPDX 3: @graph: missing")
	}
	g := spdx3Graph{elements: document.Graph, byID: make(map[string]*spdx3Element, len(document.Graph))}
	for i := range g.elements {
		e := &g.elements[i]
		if e.Type == "" {
			return nil, fmt.Errorf("decode SPDX 3: @graph[%d].type: missing", i)
		}
		if e.key() != "" && g.byID[e.key()] != nil {
			return nil, fmt.Errorf("decode SPDX 3: @graph[%d]: two elements have the id %q", i, clip(e.key()))
		}
		g.byID[e.key()] = e
	}
	return g.facts()
}

// facts normalises a document.
func (g *spdx3Graph) facts() (*SBOM, error) {
	facts := &SBOM{Format: formatSPDX}
	licenses := map[string][]string{}
	documents := 0
	for i := range g.elements {
		e := &g.elements[i]
		switch {
		case e.Type == "SpdxDocument":
			documents++
			if err := g.describe(facts, e); err != nil {
				return nil, err
			}
		case strings.HasSuffix(e.Type, "Relationship"):
			g.relate(facts, licenses, e)
		}
	}
	if documents != 1 {
		return nil, fmt.Errorf("decode SPDX 3: want one SpdxDocument, found %d", documents)
	}
	for i := range g.elements {
		if e := &g.elements[i]; e.Type == "software_Package" {
			if e.key() == "" || e.Name == "" {
				return nil, fmt.Errorf("decode SPDX 3: @graph[%d]: a software_Package without spdxId or name", i)
			}
			facts.Packages = append(facts.Packages, g.pack(e, licenses[e.key()]))
		}
	}
	return facts, nil
}

// describe takes what the document says of itself.
func (g *spdx3Graph) describe(facts *SBOM, e *spdx3Element) error {
	info := g.at(e.Info)
	switch {
	case info == nil:
		return errors.New("decode SPDX 3: SpdxDocument.creationInfo: missing")
	case !strings.HasPrefix(info.SpecVersion, "3.0"):
		return unsupported("SPDX version %q; read are 2.2, 2.3 and 3.0", clip(info.SpecVersion))
	}
	facts.Name, facts.SpecVersion = e.Name, info.SpecVersion
	for _, by := range [][]spdx3Ref{info.CreatedBy, info.CreatedUsing} {
		for _, ref := range by {
			facts.Authors = appendNew(facts.Authors, g.nameOf(ref))
		}
	}
	var err error
	facts.Created, err = instant("SPDX 3", "creationInfo.created", info.Created)
	return err
}

// relate takes a relationship: what says a licence, and what counts as a
// dependency.
func (g *spdx3Graph) relate(facts *SBOM, licenses map[string][]string, e *spdx3Element) {
	switch e.Relationship {
	case "hasConcludedLicense", "hasDeclaredLicense":
		for _, to := range e.To {
			text := strings.TrimPrefix(to.id, "https://spdx.org/licenses/")
			if l := g.at(to); l != nil {
				text = l.License
				if text == "" {
					text = l.Name
				}
			}
			// As in SPDX 2, what its author does not say is not a licence.
			if text == noAssertion || strings.HasSuffix(text, "/NoAssertionLicense") {
				continue
			}
			if e.Relationship == "hasConcludedLicense" {
				licenses[e.From.id] = append([]string{text}, licenses[e.From.id]...)
			} else {
				licenses[e.From.id] = appendNew(licenses[e.From.id], text)
			}
		}
	case "dependsOn", "contains", "hasStaticLink", "hasDynamicLink", "hasOptionalDependency", "hasProvidedDependency",
		"hasPrerequisite", "hasOptionalComponent", "packagedBy", "hasRequirement":
		facts.Relationships += len(e.To)
	}
}

func (g *spdx3Graph) pack(e *spdx3Element, licenses []string) Package {
	facts := Package{Name: e.Name, Version: e.Version, PURL: e.PURL, Ref: e.key(), Licenses: appendNew(nil, licenses...)}
	if e.SuppliedBy.id != "" || e.SuppliedBy.value != nil {
		facts.Supplier = g.nameOf(e.SuppliedBy)
	}
	for _, x := range e.External {
		if x.Type == "packageUrl" && facts.PURL == "" {
			facts.PURL = x.Identifier
		}
	}
	return facts
}
