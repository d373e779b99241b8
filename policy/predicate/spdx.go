package predicate

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// spdxDocument holds what is looked at of a document of SPDX 2.2 or 2.3, which
// only adds optional fields. The rest would cost more than all facts together.
type spdxDocument struct {
	Version      string `json:"spdxVersion"`
	ID           string `json:"SPDXID"`
	Name         string `json:"name"`
	CreationInfo *struct {
		Creators []spdxCreator `json:"creators"`
		Created  string        `json:"created"`
	} `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

// spdxCreator is "Tool: name", "Person: name" or "Organization: name". Some
// tools have written {"Person": "name"}.
type spdxCreator string

// UnmarshalJSONFrom reads either form.
func (c *spdxCreator) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	if in.PeekKind() != jsontext.KindBeginObject {
		return json.UnmarshalDecode(in, (*string)(c))
	}
	var pairs map[string]string
	if err := json.UnmarshalDecode(in, &pairs); err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(pairs)) {
		*c = spdxCreator(kind + ": " + pairs[kind])
	}
	return nil
}

type spdxPackage struct {
	ID               string `json:"SPDXID"`
	Name             string `json:"name"`
	Version          string `json:"versionInfo"`
	Supplier         string `json:"supplier"`
	LicenseConcluded string `json:"licenseConcluded"`
	LicenseDeclared  string `json:"licenseDeclared"`
	ExternalRefs     []struct {
		Type    string `json:"referenceType"`
		Locator string `json:"referenceLocator"`
	} `json:"externalRefs"`
}

type spdxRelationship struct {
	From string `json:"spdxElementId"`
	To   string `json:"relatedSpdxElement"`
	Type string `json:"relationshipType"`
}

func parseSPDX(raw []byte) (*SBOM, error) {
	raw, err := open(raw, "spdxVersion", "SPDXID", "name", "creationInfo", "creators", "created", "packages",
		"versionInfo", "supplier", "licenseConcluded", "licenseDeclared", "externalRefs", "referenceType",
		"referenceLocator", "relationships", "relationshipType", "spdxElementId", "relatedSpdxElement")
	if err != nil {
		return nil, err
	}
	var mark struct {
		Context jsontext.Value `json:"@context"`
	}
	if bytes.Contains(raw, []byte(`"@graph"`)) && unmarshal(raw, &mark) == nil && isSPDX3(mark.Context) {
		return parseSPDX3(raw)
	}
	var document spdxDocument
	wrong := decode("SPDX", raw, &document)
	version, known := strings.CutPrefix(document.Version, "SPDX-")
	if wrong != nil || !known || version != "2.2" && version != "2.3" {
		return nil, explainSPDX(raw, wrong)
	}
	what := "SPDX " + version
	if document.ID != "SPDXRef-DOCUMENT" {
		return nil, fmt.Errorf("decode %s: SPDXID: want %q, found %q", what, "SPDXRef-DOCUMENT", clip(document.ID))
	}
	if document.CreationInfo == nil {
		return nil, fmt.Errorf("decode %s: creationInfo: missing", what)
	}
	facts := &SBOM{Format: formatSPDX, SpecVersion: version, Name: document.Name}
	for _, creator := range document.CreationInfo.Creators {
		facts.Authors = appendNew(facts.Authors, string(creator))
	}
	if facts.Created, err = instant(what, "creationInfo.created", document.CreationInfo.Created); err != nil {
		return nil, err
	}
	facts.Packages = make([]Package, 0, len(document.Packages))
	for i := range document.Packages {
		ref, ok := strings.CutPrefix(document.Packages[i].ID, spdxRef)
		if !ok {
			return nil, fmt.Errorf("decode %s: packages[%d].SPDXID: want %q and a name, found %q", what, i, spdxRef, clip(document.Packages[i].ID))
		}
		facts.Packages = append(facts.Packages, document.Packages[i].facts(ref))
	}
	for i := range document.Relationships {
		if document.Relationships[i].dependency() {
			facts.Relationships++
		}
	}
	return facts, nil
}

// explainSPDX says why a document is not read: that its version is not, or
// else what is wrong with it.
func explainSPDX(raw []byte, wrong error) error {
	var mark struct {
		Version *string `json:"spdxVersion"`
		Context any     `json:"@context"`
	}
	if err := decode("SPDX", raw, &mark); err != nil {
		return err
	}
	switch {
	case mark.Version == nil && mark.Context != nil:
		return unsupported("SPDX with the context %q; read are 2.2, 2.3 and 3.0", clip(fmt.Sprint(mark.Context)))
	case mark.Version == nil:
		return errors.New("decode SPDX: spdxVersion: missing")
	case *mark.Version == "SPDX-2.2" || *mark.Version == "SPDX-2.3":
		return wrong
	}
	return unsupported("SPDX version %q; read are SPDX-2.2, SPDX-2.3 and 3.0", clip(*mark.Version))
}

// facts normalises a package.
func (p *spdxPackage) facts(ref string) Package {
	facts := Package{Name: p.Name, Version: p.Version, Ref: ref}
	if p.Supplier != noAssertion {
		_, name, found := strings.Cut(p.Supplier, ":")
		facts.Supplier = strings.TrimSpace(name)
		if !found {
			facts.Supplier = p.Supplier
		}
	}
	for _, license := range []string{p.LicenseConcluded, p.LicenseDeclared} {
		if license != noAssertion {
			facts.Licenses = appendNew(facts.Licenses, license)
		}
	}
	for _, ref := range p.ExternalRefs {
		if ref.Type == "purl" && facts.PURL == "" {
			facts.PURL = ref.Locator
		}
	}
	return facts
}

const (
	// noAssertion is what SPDX writes for what its author does not say.
	noAssertion = "NOASSERTION"
	// spdxRef is what identifiers of a document's own elements begin with.
	spdxRef = "SPDXRef-"
)

// dependency reports whether a relationship says what an element is made of
// or needs: DEPENDS_ON, BUILD_DEPENDENCY_OF, CONTAINS, STATIC_LINK,
// HAS_PREREQUISITE and their like. One that lacks an element says nothing.
func (r *spdxRelationship) dependency() bool {
	if r.From == "" || r.To == "" {
		return false
	}
	for _, part := range []string{"DEPEND", "CONTAIN", "LINK", "PREREQUISITE", "PACKAGE_OF"} {
		if strings.Contains(r.Type, part) {
			return true
		}
	}
	return false
}
