package predicate

import (
	"errors"
	"fmt"
	"strings"
)

// trivyReport is what is looked at of Trivy's JSON report, schema version 2:
// pkg/types/report.go of github.com/aquasecurity/trivy.
type trivyReport struct {
	SchemaVersion int
	ArtifactName  string
	Results       []struct {
		Vulnerabilities []trivyVulnerability
	}
}

type trivyVulnerability struct {
	VulnerabilityID  string
	VendorIDs        []string
	PkgName          string
	PkgIdentifier    struct{ PURL string }
	InstalledVersion string
	FixedVersion     string
	Severity         string
	CVSS             map[string]struct{ V2Score, V3Score, V40Score float64 }
}

func parseTrivy(raw []byte) ([]Vulnerability, error) {
	const what = "Trivy report"
	var report trivyReport
	if err := decode(what, raw, &report); err != nil {
		return nil, err
	}
	if report.SchemaVersion != 2 {
		return nil, unsupported("Trivy report of schema version %d; read is 2", report.SchemaVersion)
	}
	if report.ArtifactName == "" {
		return nil, unsupported("Trivy report without ArtifactName: it does not say what was scanned")
	}
	found := []Vulnerability{}
	for i, result := range report.Results {
		for j, vulnerability := range result.Vulnerabilities {
			facts, err := vulnerability.facts()
			if err != nil {
				return nil, fmt.Errorf("decode %s: Results[%d].Vulnerabilities[%d].%w", what, i, j, err)
			}
			found = append(found, facts)
		}
	}
	return found, nil
}

// facts normalises a vulnerability.
func (v *trivyVulnerability) facts() (Vulnerability, error) {
	if v.VulnerabilityID == "" {
		return Vulnerability{}, errors.New("VulnerabilityID: missing")
	}
	severity, known := severityWord(v.Severity)
	if !known {
		return Vulnerability{}, fmt.Errorf("Severity: unknown word %q", clip(v.Severity))
	}
	if severity == SeverityUnknown {
		for _, rating := range v.CVSS {
			severity = max(severity, severityScore(rating.V3Score), severityScore(rating.V40Score), severityScore(rating.V2Score))
		}
	}
	return Vulnerability{
		ID:       v.VulnerabilityID,
		Aliases:  appendNew(nil, v.VendorIDs...),
		Severity: severity,
		Package:  v.PkgName,
		Version:  v.InstalledVersion,
		PURL:     v.PkgIdentifier.PURL,
		FixedIn:  v.FixedVersion,
	}, nil
}

// grypeReport is what is looked at of Grype's JSON report:
// grype/presenter/models/document.go of github.com/anchore/grype.
type grypeReport struct {
	Matches    []grypeMatch `json:"matches"`
	Descriptor struct {
		Name string `json:"name"`
	} `json:"descriptor"`
}

type grypeMatch struct {
	Vulnerability struct {
		ID       string      `json:"id"`
		Severity string      `json:"severity"`
		CVSS     []grypeCVSS `json:"cvss"`
		Fix      struct {
			Versions []string `json:"versions"`
		} `json:"fix"`
	} `json:"vulnerability"`
	Related []struct {
		ID   string      `json:"id"`
		CVSS []grypeCVSS `json:"cvss"`
	} `json:"relatedVulnerabilities"`
	Artifact struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl"`
	} `json:"artifact"`
}

type grypeCVSS struct {
	Metrics struct {
		BaseScore float64 `json:"baseScore"`
	} `json:"metrics"`
}

func parseGrype(raw []byte) ([]Vulnerability, error) {
	const what = "Grype report"
	var report grypeReport
	if err := decode(what, raw, &report); err != nil {
		return nil, err
	}
	if report.Descriptor.Name != "grype" || report.Matches == nil {
		return nil, unsupported("a report with matches whose descriptor.name is %q, not \"grype\"", clip(report.Descriptor.Name))
	}
	found := make([]Vulnerability, 0, len(report.Matches))
	for i := range report.Matches {
		facts, err := report.Matches[i].facts()
		if err != nil {
			return nil, fmt.Errorf("decode %s: matches[%d].vulnerability.%w", what, i, err)
		}
		found = append(found, facts)
	}
	return found, nil
}

// facts normalises a match.
func (m *grypeMatch) facts() (Vulnerability, error) {
	if m.Vulnerability.ID == "" {
		return Vulnerability{}, errors.New("id: missing")
	}
	severity, known := severityWord(m.Vulnerability.Severity)
	if !known {
		return Vulnerability{}, fmt.Errorf("severity: unknown word %q", clip(m.Vulnerability.Severity))
	}
	ratings := m.Vulnerability.CVSS
	facts := Vulnerability{
		ID:      m.Vulnerability.ID,
		Package: m.Artifact.Name,
		Version: m.Artifact.Version,
		PURL:    m.Artifact.PURL,
		FixedIn: strings.Join(m.Vulnerability.Fix.Versions, ", "),
	}
	for _, related := range m.Related {
		if related.ID != facts.ID {
			facts.Aliases = appendNew(facts.Aliases, related.ID)
		}
		ratings = append(ratings, related.CVSS...)
	}
	if severity == SeverityUnknown {
		for _, rating := range ratings {
			severity = max(severity, severityScore(rating.Metrics.BaseScore))
		}
	}
	facts.Severity = severity
	return facts, nil
}

// severityWord reads a scanner's word for a severity. Distributions call what
// they will not mend "negligible": it is low here, so that no policy about
// low severities passes it over. What is not a word of theirs is not known.
func severityWord(word string) (severity Severity, known bool) {
	switch strings.ToLower(word) {
	case "", "unknown":
		return SeverityUnknown, true
	case "none":
		return SeverityNone, true
	case "negligible", "low":
		return SeverityLow, true
	case "medium", "moderate":
		return SeverityMedium, true
	case "high", "important":
		return SeverityHigh, true
	case "critical":
		return SeverityCritical, true
	}
	return SeverityUnknown, false
}

// severityScore is the rating of a CVSS base score after the table of CVSS
// v3.1, section 5. Scanners write 0 for a score that they do not have.
func severityScore(score float64) Severity {
	switch {
	case score >= 9:
		return SeverityCritical
	case score >= 7:
		return SeverityHigh
	case score >= 4:
		return SeverityMedium
	case score > 0:
		return SeverityLow
	}
	return SeverityUnknown
}
