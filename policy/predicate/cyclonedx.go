package predicate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// cyclonedxBOM is the library's type without what is not looked at. The
// version is text, to tell which it is if it is none that is read.
type cyclonedxBOM struct {
	cyclonedx.BOM
	SpecVersion        string               `json:"specVersion"`
	Metadata           cyclonedxMetadata    `json:"metadata"`
	Components         []cyclonedxComponent `json:"components"`
	Services           ignored              `json:"services"`
	ExternalReferences ignored              `json:"externalReferences"`
	Compositions       ignored              `json:"compositions"`
	Properties         ignored              `json:"properties"`
	Vulnerabilities    ignored              `json:"vulnerabilities"`
	Annotations        ignored              `json:"annotations"`
	Formulation        ignored              `json:"formulation"`
	Declarations       ignored              `json:"declarations"`
	Definitions        ignored              `json:"definitions"`
	Citations          ignored              `json:"citations"`
	Signature          ignored              `json:"signature"`
}

// cyclonedxMetadata is the library's type with the component's own
// components in reach.
type cyclonedxMetadata struct {
	cyclonedx.Metadata
	Component *cyclonedxComponent `json:"component"`
}

// cyclonedxComponent holds what is looked at of the library's Component,
// whose many other fields would cost more than all facts together.
type cyclonedxComponent struct {
	Ref          string                          `json:"bom-ref"`
	Type         cyclonedx.ComponentType         `json:"type"`
	Group        string                          `json:"group"`
	Name         string                          `json:"name"`
	Version      string                          `json:"version"`
	VersionRange string                          `json:"versionRange"`
	External     bool                            `json:"isExternal"`
	PackageURL   string                          `json:"purl"`
	Publisher    string                          `json:"publisher"`
	Supplier     *cyclonedx.OrganizationalEntity `json:"supplier"`
	Manufacturer *cyclonedx.OrganizationalEntity `json:"manufacturer"`
	Licenses     *cyclonedx.Licenses             `json:"licenses"`
	Components   []cyclonedxComponent            `json:"components"`
}

// openCycloneDX reads a document, of JSON or of XML in a string, into a type
// that holds a cyclonedxBOM.
func openCycloneDX(raw []byte, into any, bom *cyclonedxBOM) error {
	raw, err := cyclonedxJSON(raw)
	if err != nil {
		return err
	}
	raw, err = open(raw, "bomFormat", "specVersion", "serialNumber", "metadata", "timestamp", "component", "components",
		"bom-ref", "type", "group", "name", "version", "versionRange", "isExternal", "purl", "supplier", "licenses", "license",
		"expression", "id", "dependencies", "ref", "dependsOn", "vulnerabilities", "affects", "versions", "range", "status",
		"analysis", "state", "justification", "ratings", "severity", "score")
	if err != nil {
		return err
	}
	wrong := decode("CycloneDX", raw, into)
	if wrong != nil || bom.BOMFormat != cyclonedx.BOMFormat || !cyclonedxRead(bom.SpecVersion) {
		return explainCycloneDX(raw, wrong)
	}
	return nil
}

func parseCycloneDX(raw []byte) (*SBOM, error) {
	var bom cyclonedxBOM
	if err := openCycloneDX(raw, &bom, &bom); err != nil {
		return nil, err
	}
	return bom.facts()
}

// facts normalises a document.
func (bom *cyclonedxBOM) facts() (*SBOM, error) {
	var err error
	what := "CycloneDX " + bom.SpecVersion
	facts := &SBOM{Format: formatCycloneDX, SpecVersion: bom.SpecVersion, Authors: bom.Metadata.makers()}
	if id, ok := strings.CutPrefix(bom.SerialNumber, "urn:uuid:"); ok {
		facts.Serial = fmt.Sprintf("urn:cdx:%s/%d", id, max(bom.Version, 1))
	}
	if facts.Created, err = instant(what, "metadata.timestamp", bom.Metadata.Timestamp); err != nil {
		return nil, err
	}
	if main := bom.Metadata.Component; main != nil {
		facts.Name, facts.Main = main.Name, main.Ref
		if err := facts.addComponents("metadata.component.components", main.Components); err != nil {
			return nil, fmt.Errorf("decode %s: %w", what, err)
		}
	}
	if err := facts.addComponents("components", bom.Components); err != nil {
		return nil, fmt.Errorf("decode %s: %w", what, err)
	}
	if bom.Dependencies != nil {
		for i, dependency := range *bom.Dependencies {
			if dependency.Ref == "" {
				return nil, fmt.Errorf("decode %s: dependencies[%d].ref: missing", what, i)
			}
			if dependency.Dependencies != nil {
				facts.Relationships += len(*dependency.Dependencies)
			}
		}
	}
	return facts, nil
}

// cyclonedxRead tells whether a version of the specification is read.
func cyclonedxRead(version string) bool {
	return slices.Contains([]string{"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"}, version)
}

// explainCycloneDX says why a document is not read: that its version is not,
// or else what is wrong with it.
func explainCycloneDX(raw []byte, wrong error) error {
	var mark struct {
		Format  string `json:"bomFormat"`
		Version string `json:"specVersion"`
	}
	if err := decode("CycloneDX", raw, &mark); err != nil {
		return err
	}
	switch {
	case mark.Format != cyclonedx.BOMFormat:
		return fmt.Errorf("decode CycloneDX: bomFormat: want %q, found %q", cyclonedx.BOMFormat, clip(mark.Format))
	case mark.Version == "":
		return errors.New("decode CycloneDX: specVersion: missing")
	case !cyclonedxRead(mark.Version):
		return unsupported("CycloneDX version %q; read are 1.2 to 1.7", clip(mark.Version))
	}
	return wrong
}

// addComponents appends components and what is nested in them.
func (s *SBOM) addComponents(path string, components []cyclonedxComponent) error {
	for i := range components {
		component := &components[i]
		if err := component.check(); err != nil {
			return fmt.Errorf("%s[%d].%w", path, i, err)
		}
		s.Packages = append(s.Packages, component.facts())
		if len(component.Components) == 0 {
			continue
		}
		if err := s.addComponents(fmt.Sprintf("%s[%d].components", path, i), component.Components); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a component that cannot be told for what it is. Its schema
// says more; what no fact is made of is not held to it.
func (c *cyclonedxComponent) check() error {
	switch c.Type {
	case "":
		return errors.New("type: missing")
	case cyclonedx.ComponentTypeApplication, cyclonedx.ComponentTypeContainer, cyclonedx.ComponentTypeCryptographicAsset,
		cyclonedx.ComponentTypeData, cyclonedx.ComponentTypeDevice, cyclonedx.ComponentTypeDeviceDriver,
		cyclonedx.ComponentTypeFile, cyclonedx.ComponentTypeFirmware, cyclonedx.ComponentTypeFramework,
		cyclonedx.ComponentTypeLibrary, cyclonedx.ComponentTypeMachineLearningModel, cyclonedx.ComponentTypeOS,
		cyclonedx.ComponentTypePlatform:
	default:
		return fmt.Errorf("type: unknown type %q", clip(string(c.Type)))
	}
	switch {
	case c.Name == "":
		return errors.New("name: missing")
	case c.VersionRange != "" && c.Version != "":
		return errors.New("versionRange: has a version too")
	case c.VersionRange != "" && !c.External:
		return errors.New("versionRange: is for components that are external")
	}
	if c.Licenses == nil {
		return nil
	}
	for i, choice := range *c.Licenses {
		switch {
		case choice.License != nil && choice.Expression != "":
			return fmt.Errorf("licenses[%d]: has both a license and an expression", i)
		case choice.License != nil && choice.License.ID != "" && choice.License.Name != "":
			return fmt.Errorf("licenses[%d].license: has both an id and a name", i)
		case choice.License != nil && choice.License.ID == "" && choice.License.Name == "":
			return fmt.Errorf("licenses[%d].license: has neither an id nor a name", i)
		}
	}
	return nil
}

// facts normalises a component.
func (c *cyclonedxComponent) facts() Package {
	facts := Package{Name: c.Name, Version: c.Version, PURL: c.PackageURL, Ref: c.Ref}
	if c.Group != "" {
		facts.Name = c.Group + "/" + c.Name
	}
	switch {
	case c.Supplier != nil && c.Supplier.Name != "":
		facts.Supplier = c.Supplier.Name
	case c.Manufacturer != nil && c.Manufacturer.Name != "":
		facts.Supplier = c.Manufacturer.Name
	default:
		facts.Supplier = c.Publisher
	}
	if c.Licenses != nil {
		for _, choice := range *c.Licenses {
			if choice.License != nil {
				facts.Licenses = appendNew(facts.Licenses, choice.License.ID, choice.License.Name)
			}
			facts.Licenses = appendNew(facts.Licenses, choice.Expression)
		}
	}
	return facts
}

// makers lists the tools, persons and organisations that made a BOM.
func (m *cyclonedxMetadata) makers() []string {
	var makers []string
	if m.Authors != nil {
		for _, author := range *m.Authors {
			if author.Name == "" {
				author.Name = author.Email
			}
			makers = appendNew(makers, author.Name)
		}
	}
	for _, organization := range []*cyclonedx.OrganizationalEntity{m.Manufacture, m.Manufacturer} {
		if organization != nil {
			makers = appendNew(makers, organization.Name)
		}
	}
	if m.Tools == nil {
		return makers
	}
	if m.Tools.Tools != nil {
		for _, tool := range *m.Tools.Tools {
			makers = appendNew(makers, joinWords(tool.Vendor, tool.Name, tool.Version))
		}
	}
	if m.Tools.Components != nil {
		for _, tool := range *m.Tools.Components {
			makers = appendNew(makers, joinWords(tool.Group, tool.Name, tool.Version))
		}
	}
	if m.Tools.Services != nil {
		for _, tool := range *m.Tools.Services {
			makers = appendNew(makers, joinWords(tool.Group, tool.Name, tool.Version))
		}
	}
	return makers
}

// joinWords joins what is not empty with spaces.
func joinWords(words ...string) string {
	return strings.Join(appendNew(nil, words...), " ")
}
