package predicate

import (
	"errors"
	"fmt"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// cyclonedxVulns is a document as far as it speaks of vulnerabilities.
type cyclonedxVulns struct {
	cyclonedxBOM
	Vulnerabilities *[]cyclonedx.Vulnerability `json:"vulnerabilities"`
}

// cyclonedxTold is a document of which everything was read.
type cyclonedxTold struct {
	bom      *cyclonedxVulns
	facts    *SBOM
	packages map[string]*Package
}

func readCycloneDXVulns(raw []byte) (*cyclonedxTold, error) {
	bom := new(cyclonedxVulns)
	if err := openCycloneDX(raw, bom, &bom.cyclonedxBOM); err != nil {
		return nil, err
	}
	if bom.Vulnerabilities == nil {
		return nil, fmt.Errorf("decode CycloneDX %s: %w", bom.SpecVersion, ErrNoVulnerabilities)
	}
	facts, err := bom.facts()
	if err != nil {
		return nil, err
	}
	told := &cyclonedxTold{bom: bom, facts: facts, packages: map[string]*Package{}}
	for i := range facts.Packages {
		if p := &facts.Packages[i]; p.Ref != "" {
			if told.packages[p.Ref] != nil {
				return nil, fmt.Errorf("decode CycloneDX %s: two components have the bom-ref %q", bom.SpecVersion, clip(p.Ref))
			}
			told.packages[p.Ref] = p
		}
	}
	return told, nil
}

// cyclonedxStatus is the VEX status of an analysis, and whether it says one.
// What is "resolved" was mended; a "false positive" was none.
func cyclonedxStatus(state cyclonedx.ImpactAnalysisState) (VEXStatus, bool) {
	status, ok := map[cyclonedx.ImpactAnalysisState]VEXStatus{
		cyclonedx.IASExploitable: Affected, cyclonedx.IASInTriage: UnderInvestigation,
		cyclonedx.IASNotAffected: NotAffected, cyclonedx.IASFalsePositive: NotAffected,
		cyclonedx.IASResolved: Fixed, cyclonedx.IASResolvedWithPedigree: Fixed,
	}[state]
	return status, ok
}

// parseCycloneDXReport reads what a scanner found. As in a report in OpenVEX
// form, what the scanner itself says not to matter is none of it.
func parseCycloneDXReport(raw []byte) (*Report, error) {
	told, err := readCycloneDXVulns(raw)
	if err != nil {
		return nil, err
	}
	facts := &Report{Format: formatCycloneDX, Scanner: strings.Join(told.facts.Authors, ", "), Time: told.facts.Created, Vulnerabilities: []Vulnerability{}}
	for i := range *told.bom.Vulnerabilities {
		v := &(*told.bom.Vulnerabilities)[i]
		if v.ID == "" {
			return nil, fmt.Errorf("decode CycloneDX: vulnerabilities[%d].id: missing", i)
		}
		if v.Analysis != nil {
			status, known := cyclonedxStatus(v.Analysis.State)
			switch {
			case !known && v.Analysis.State != "":
				return nil, fmt.Errorf("decode CycloneDX: vulnerabilities[%d].analysis.state: unknown state %q", i, clip(string(v.Analysis.State)))
			case status == NotAffected, status == Fixed:
				continue
			}
		}
		found := Vulnerability{ID: v.ID, Aliases: cyclonedxAliases(v)}
		if found.Severity, err = cyclonedxSeverity(v); err != nil {
			return nil, fmt.Errorf("decode CycloneDX: vulnerabilities[%d].%w", i, err)
		}
		facts.Vulnerabilities = append(facts.Vulnerabilities, told.inPackages(v, found)...)
	}
	return facts, nil
}

// inPackages is the vulnerability in each component that it affects.
func (told *cyclonedxTold) inPackages(v *cyclonedx.Vulnerability, found Vulnerability) []Vulnerability {
	var all []Vulnerability
	if v.Affects != nil {
		for _, affects := range *v.Affects {
			one := found
			one.Package = affects.Ref
			if p := told.packages[affects.Ref]; p != nil {
				one.Package, one.Version, one.PURL = p.Name, p.Version, p.PURL
			} else if strings.HasPrefix(affects.Ref, "pkg:") {
				one.PURL = affects.Ref
			}
			all = append(all, one)
		}
	}
	if all == nil {
		return []Vulnerability{found}
	}
	return all
}

func cyclonedxAliases(v *cyclonedx.Vulnerability) []string {
	var aliases []string
	if v.References != nil {
		for _, reference := range *v.References {
			aliases = appendNew(aliases, reference.ID)
		}
	}
	return aliases
}

// cyclonedxSeverity is the worst of all ratings.
func cyclonedxSeverity(v *cyclonedx.Vulnerability) (Severity, error) {
	worst := SeverityUnknown
	if v.Ratings == nil {
		return worst, nil
	}
	for i, rating := range *v.Ratings {
		severity, known := severityWord(string(rating.Severity))
		if !known && rating.Severity != cyclonedx.SeverityInfo {
			return 0, fmt.Errorf("ratings[%d].severity: unknown word %q", i, clip(string(rating.Severity)))
		}
		if rating.Severity == cyclonedx.SeverityInfo {
			severity = SeverityNone
		}
		if severity == SeverityUnknown && rating.Score != nil {
			severity = severityScore(*rating.Score)
		}
		worst = max(worst, severity)
	}
	return worst, nil
}

// parseCycloneDXVEX reads what a document says of vulnerabilities that it
// gives an analysis.
func parseCycloneDXVEX(raw []byte) (*VEX, error) {
	told, err := readCycloneDXVulns(raw)
	if err != nil {
		return nil, err
	}
	facts := &VEX{Format: formatCycloneDX, Author: strings.Join(told.facts.Authors, ", "), Time: told.facts.Created}
	for i := range *told.bom.Vulnerabilities {
		v := &(*told.bom.Vulnerabilities)[i]
		if v.ID == "" {
			return nil, fmt.Errorf("decode CycloneDX: vulnerabilities[%d].id: missing", i)
		}
		if err := told.say(facts, v); err != nil {
			return nil, fmt.Errorf("decode CycloneDX: vulnerabilities[%d].%w", i, err)
		}
	}
	return facts, nil
}

// say appends the statements of one vulnerability: one for all components that
// it affects as the analysis says, and one for each version that is told to
// stand otherwise.
func (told *cyclonedxTold) say(facts *VEX, v *cyclonedx.Vulnerability) error {
	if v.Analysis == nil || v.Analysis.State == "" {
		// No word is a word for affected: who lists it has not looked yet.
		v.Analysis = &cyclonedx.VulnerabilityAnalysis{State: cyclonedx.IASInTriage}
	}
	status, known := cyclonedxStatus(v.Analysis.State)
	if !known {
		return fmt.Errorf("analysis.state: unknown state %q", clip(string(v.Analysis.State)))
	}
	statement := VEXStatement{
		ID: v.ID, Aliases: cyclonedxAliases(v), Status: status, Justification: openVEXLabel(v.Analysis.Justification),
		Impact: v.Analysis.Detail, Action: v.Recommendation,
	}
	for _, when := range []string{v.Analysis.LastUpdated, v.Analysis.FirstIssued} {
		at, err := instant("CycloneDX", "analysis", when)
		if err != nil {
			return errors.New("analysis.lastUpdated: " + clip(when) + " is not a time of RFC 3339")
		}
		if statement.Time.IsZero() {
			statement.Time = at
		}
	}
	if statement.Time.IsZero() {
		statement.Time = facts.Time
	}
	if v.Affects == nil || len(*v.Affects) == 0 {
		facts.Statements = append(facts.Statements, statement)
		return nil
	}
	for _, affects := range *v.Affects {
		if err := told.sayOf(facts, statement, affects); err != nil {
			return err
		}
	}
	return nil
}

// sayOf appends what is said of one component.
func (told *cyclonedxTold) sayOf(facts *VEX, statement VEXStatement, affects cyclonedx.Affects) error {
	if affects.Ref == "" {
		return errors.New("affects.ref: missing")
	}
	product := told.product(affects.Ref)
	if affects.Range == nil || len(*affects.Range) == 0 {
		statement.Products = []Product{product}
		facts.Statements = append(facts.Statements, statement)
		return nil
	}
	for _, versions := range *affects.Range {
		one := statement
		one.Products = []Product{product.in(versions.Version, versions.Range)}
		switch versions.Status {
		case "":
			// The versions that the analysis is about.
		case cyclonedx.VulnerabilityStatusAffected:
			// It contradicts an analysis that says otherwise, and counts.
			if one.Status != UnderInvestigation {
				one.Status = Affected
			}
		case cyclonedx.VulnerabilityStatusNotAffected:
			if one.Status != Fixed {
				one.Status = NotAffected
			}
		default:
			one.Status = UnderInvestigation
		}
		facts.Statements = append(facts.Statements, one)
	}
	return nil
}

// product is what a reference names: the document's own main component, which
// is what the document is attached to, a component of it, or a component of
// another document, by a link to that.
func (told *cyclonedxTold) product(ref string) Product {
	main := told.bom.Metadata.Component
	switch p := told.packages[ref]; {
	case main != nil && ref == main.Ref:
		product := Product{ID: main.PackageURL, Subject: true}
		return product
	case p != nil && p.PURL != "":
		return Product{Subject: true, Subcomponents: []Product{{ID: p.PURL}}}
	case p != nil:
		return Product{Subject: true, Subcomponents: []Product{{ID: p.Name, Version: p.Version}}}
	}
	return Product{ID: ref}
}

// in limits a product, or the component of it that is meant, to a version or a
// range of versions.
func (p Product) in(version, versions string) Product {
	if len(p.Subcomponents) == 1 {
		part := p.Subcomponents[0]
		part.Version, part.Range = version, versions
		p.Subcomponents = []Product{part}
		return p
	}
	p.Version, p.Range = version, versions
	return p
}

// openVEXLabel is OpenVEX's word for a justification, where it has one that
// means the same.
func openVEXLabel(justification cyclonedx.ImpactAnalysisJustification) string {
	switch justification {
	case cyclonedx.IAJCodeNotPresent:
		return "vulnerable_code_not_present"
	case cyclonedx.IAJCodeNotReachable:
		return "vulnerable_code_not_in_execute_path"
	case cyclonedx.IAJProtectedByCompiler, cyclonedx.IAJProtectedAtRuntime, cyclonedx.IAJProtectedAtPerimeter, cyclonedx.IAJProtectedByMitigatingControl:
		return "inline_mitigations_already_exist"
	}
	return string(justification)
}
