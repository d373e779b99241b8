package predicate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

// plainSPDX and plainSPDXPackage are the library's types without its
// decoders, which read each package twice and leave escapes in names.
// SPDX 2.3 only adds optional fields to SPDX 2.2.
type (
	plainSPDX        spdx.Document
	plainSPDXPackage spdx.Package
)

// spdxDocument is the library's document without what is not looked at.
type spdxDocument struct {
	plainSPDX
	CreationInfo *struct {
		Creators []spdxCreator `json:"creators"`
		Created  string        `json:"created"`
	} `json:"creationInfo"`
	Packages      []spdxPackage `json:"packages"`
	Files         ignored       `json:"files"`
	Snippets      ignored       `json:"snippets"`
	Annotations   ignored       `json:"annotations"`
	OtherLicenses ignored       `json:"hasExtractedLicensingInfos"`
}

// spdxCreator is "Tool: name", "Person: name" or "Organization: name". Some
// tools have written {"Person": "name"}.
type spdxCreator string

// UnmarshalJSON reads either form.
func (c *spdxCreator) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return json.Unmarshal(data, (*string)(c))
	}
	var pairs map[string]string
	if err := json.Unmarshal(data, &pairs); err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(pairs)) {
		*c = spdxCreator(kind + ": " + pairs[kind])
	}
	return nil
}

// spdxPackage is the library's package without what is not looked at.
type spdxPackage struct {
	plainSPDXPackage
	Supplier      string  `json:"supplier"`
	Originator    ignored `json:"originator"`
	Files         ignored `json:"files"`
	Annotations   ignored `json:"annotations"`
	Copyright     ignored `json:"copyrightText"`
	Description   ignored `json:"description"`
	LicensesFound ignored `json:"licenseInfoFromFiles"`
	Attribution   ignored `json:"attributionTexts"`
}

func parseSPDX(raw []byte) (*SBOM, error) {
	raw, err := open(raw, "spdxVersion", "SPDXID", "name", "creationInfo", "creators", "created", "packages",
		"versionInfo", "supplier", "licenseConcluded", "licenseDeclared", "externalRefs", "referenceType",
		"referenceLocator", "relationships", "relationshipType", "spdxElementId", "relatedSpdxElement")
	if err != nil {
		return nil, err
	}
	var mark struct {
		Context json.RawMessage `json:"@context"`
	}
	if bytes.Contains(raw, []byte(`"@graph"`)) && json.Unmarshal(raw, &mark) == nil && isSPDX3(mark.Context) {
		return parseSPDX3(raw)
	}
	var document spdxDocument
	wrong := decode("SPDX", raw, &document)
	version, known := strings.CutPrefix(document.SPDXVersion, "SPDX-")
	if wrong != nil || !known || version != "2.2" && version != "2.3" {
		return nil, explainSPDX(raw, wrong)
	}
	what := "SPDX " + version
	if document.SPDXIdentifier != "DOCUMENT" {
		return nil, fmt.Errorf("decode %s: SPDXID: want %q, found %q", what, "SPDXRef-DOCUMENT", "SPDXRef-"+clip(string(document.SPDXIdentifier)))
	}
	if document.CreationInfo == nil {
		return nil, fmt.Errorf("decode %s: creationInfo: missing", what)
	}
	facts := &SBOM{Format: formatSPDX, SpecVersion: version, Name: document.DocumentName}
	for _, creator := range document.CreationInfo.Creators {
		facts.Authors = appendNew(facts.Authors, string(creator))
	}
	if facts.Created, err = instant(what, "creationInfo.created", document.CreationInfo.Created); err != nil {
		return nil, err
	}
	facts.Packages = make([]Package, 0, len(document.Packages))
	for i := range document.Packages {
		facts.Packages = append(facts.Packages, document.Packages[i].facts())
	}
	for _, relationship := range document.Relationships {
		if relationship != nil && spdxDependency(relationship.Relationship) {
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
func (p *spdxPackage) facts() Package {
	facts := Package{Name: p.PackageName, Version: p.PackageVersion, Ref: string(p.PackageSPDXIdentifier)}
	if p.Supplier != noAssertion {
		_, name, found := strings.Cut(p.Supplier, ":")
		facts.Supplier = strings.TrimSpace(name)
		if !found {
			facts.Supplier = p.Supplier
		}
	}
	for _, license := range []string{p.PackageLicenseConcluded, p.PackageLicenseDeclared} {
		if license != noAssertion {
			facts.Licenses = appendNew(facts.Licenses, license)
		}
	}
	for _, ref := range p.PackageExternalReferences {
		if ref != nil && ref.RefType == "purl" && facts.PURL == "" {
			facts.PURL = ref.Locator
		}
	}
	return facts
}

// noAssertion is what SPDX writes for what its author does not say.
const noAssertion = "NOASSERTION"

// spdxDependency reports whether a relationship says what an element is made
// of or needs: DEPENDS_ON, BUILD_DEPENDENCY_OF, CONTAINS, STATIC_LINK,
// HAS_PREREQUISITE and their like.
func spdxDependency(relationship string) bool {
	for _, part := range []string{"DEPEND", "CONTAIN", "LINK", "PREREQUISITE", "PACKAGE_OF"} {
		if strings.Contains(relationship, part) {
			return true
		}
	}
	return false
}
