package predicate

import (
	"fmt"
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
	Type         cyclonedx.ComponentType         `json:"type"`
	Group        string                          `json:"group"`
	Name         string                          `json:"name"`
	Version      string                          `json:"version"`
	PackageURL   string                          `json:"purl"`
	Publisher    string                          `json:"publisher"`
	Supplier     *cyclonedx.OrganizationalEntity `json:"supplier"`
	Manufacturer *cyclonedx.OrganizationalEntity `json:"manufacturer"`
	Licenses     *cyclonedx.Licenses             `json:"licenses"`
	Components   []cyclonedxComponent            `json:"components"`
}

func parseCycloneDX(raw []byte) (*SBOM, error) {
	raw, err := open(raw, "bomFormat", "specVersion", "metadata", "timestamp", "component", "components",
		"type", "group", "name", "version", "purl", "supplier", "licenses", "license", "expression", "id",
		"dependencies", "ref", "dependsOn")
	if err != nil {
		return nil, err
	}
	version, err := cyclonedxVersion(raw)
	if err != nil {
		return nil, err
	}
	what := "CycloneDX " + version
	var bom cyclonedxBOM
	if err := decode(what, raw, &bom); err != nil {
		return nil, err
	}
	facts := &SBOM{Format: formatCycloneDX, SpecVersion: version, Authors: bom.Metadata.makers()}
	if facts.Created, err = instant(what, "metadata.timestamp", bom.Metadata.Timestamp); err != nil {
		return nil, err
	}
	if main := bom.Metadata.Component; main != nil {
		facts.Name = main.Name
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

// cyclonedxVersion reads the version of the specification, and says what it
// found if that is none that is read.
func cyclonedxVersion(raw []byte) (string, error) {
	var mark struct {
		Format  string `json:"bomFormat"`
		Version string `json:"specVersion"`
	}
	if err := decode("CycloneDX", raw, &mark); err != nil {
		return "", err
	}
	if mark.Format != cyclonedx.BOMFormat {
		return "", fmt.Errorf("decode CycloneDX: bomFormat: want %q, found %q", cyclonedx.BOMFormat, clip(mark.Format))
	}
	switch mark.Version {
	case "1.2", "1.3", "1.4", "1.5", "1.6":
		return mark.Version, nil
	case "":
		return "", fmt.Errorf("decode CycloneDX: specVersion: missing")
	}
	return "", unsupported("CycloneDX version %q; read are 1.2 to 1.6", clip(mark.Version))
}

// addComponents appends components and what is nested in them.
func (s *SBOM) addComponents(path string, components []cyclonedxComponent) error {
	for i := range components {
		component := &components[i]
		if component.Name == "" {
			return fmt.Errorf("%s[%d].name: missing", path, i)
		}
		if component.Type == "" {
			return fmt.Errorf("%s[%d].type: missing", path, i)
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

// facts normalises a component.
func (c *cyclonedxComponent) facts() Package {
	facts := Package{Name: c.Name, Version: c.Version, PURL: c.PackageURL}
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
