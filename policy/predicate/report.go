package predicate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The formats of reports.
const (
	formatCosignVuln  = "cosign-vuln"
	formatInTotoVulns = "in-toto-vulns"
	formatTrivy       = "trivy"
	formatGrype       = "grype"
	formatSARIF       = "sarif"
	formatCSAF        = "csaf"
	formatOpenVEX     = "openvex"
)

// ErrNoVulnerabilities is returned, wrapped, for a CycloneDX document that has
// no list of vulnerabilities. It is a bill of materials, and says nothing about
// them: not even that there are none.
var ErrNoVulnerabilities = errors.New("it has no list of vulnerabilities")

// ParseReport reads cosign's vulnerability record around a report of Trivy or
// Grype, in-toto's vulnerability reports v0.1 and v0.2, the reports of Trivy
// and Grype as they are, SARIF by either, and CycloneDX. The error wraps
// ErrUnsupported for other predicate types and for the reports of other
// scanners: that a report names no vulnerability is a fact only where it is
// known how the scanner would have named one.
func ParseReport(predicateType string, raw []byte) (*Report, error) {
	switch scanner := scannerFormat(predicateType); {
	case predicateType == TypeCosignVuln, predicateType == TypeCosignCustom:
		return guard("cosign vulnerability record", func() (*Report, error) { return parseCosignVuln(predicateType, raw) })
	case hasVersion(predicateType, familyVulns):
		version := strings.TrimPrefix(strings.TrimPrefix(predicateType, familyVulns), "/")
		if version != "v0.1" && version != "v0.2" && version != "v0.1.0" && version != "v0.2.0" {
			return nil, unsupported("vulnerability report %q; read are v0.1 and v0.2", clip(predicateType))
		}
		return guard("in-toto vulnerability report", func() (*Report, error) { return parseInTotoVulns(raw) })
	case scanner != "":
		return guard("report of "+scanner, func() (*Report, error) { return parseScanner(scanner, raw) })
	case isCycloneDX(predicateType):
		return guard("CycloneDX", func() (*Report, error) { return parseCycloneDXReport(raw) })
	}
	return nil, unsupported("%q is not a vulnerability report", clip(predicateType))
}

// parseScanner reads a scanner's report that is the whole predicate.
func parseScanner(format string, raw []byte) (*Report, error) {
	raw, err := open(raw, reportKeys()...)
	if err != nil {
		return nil, err
	}
	if format == formatSARIF {
		return parseSARIF(raw)
	}
	parse := parseTrivy
	if format == formatGrype {
		parse = parseGrype
	}
	facts := &Report{Format: format, Scanner: format}
	var mark struct {
		CreatedAt  string
		Descriptor struct {
			Timestamp string `json:"timestamp"`
			Version   string `json:"version"`
		} `json:"descriptor"`
	}
	if facts.Vulnerabilities, err = parse(raw); err != nil {
		return nil, err
	}
	if err := decode("report of "+format, raw, &mark); err != nil {
		return nil, err
	}
	when := mark.CreatedAt
	if format == formatGrype {
		when = mark.Descriptor.Timestamp
	}
	facts.Time, err = instant("report of "+format, "time", when)
	return facts, err
}

// reportKeys are the keys of scanners' reports that facts are made of.
func reportKeys() []string {
	return []string{
		"SchemaVersion", "ArtifactName", "CreatedAt", "Results", "Vulnerabilities", "VulnerabilityID", "PkgName", "InstalledVersion",
		"FixedVersion", "Severity", "PkgIdentifier", "PURL", "matches", "vulnerability", "artifact", "purl", "descriptor", "timestamp",
		"fix", "runs", "tool", "driver", "rules", "results", "ruleId", "ruleIndex", "message", "properties", "security-severity",
	}
}

// cosignVuln is the record, after cosign's COSIGN_VULN_ATTESTATION_SPEC.
type cosignVuln struct {
	Scanner *struct {
		URI     string          `json:"uri"`
		Version string          `json:"version"`
		Result  json.RawMessage `json:"result"`
	} `json:"scanner"`
	Metadata struct {
		Finished string `json:"scanFinishedOn"`
	} `json:"metadata"`
}

func parseCosignVuln(predicateType string, raw []byte) (*Report, error) {
	const what = "cosign vulnerability record"
	raw, err := open(raw, "scanner", "uri", "result", "metadata", "scanStartedOn", "scanFinishedOn",
		"SchemaVersion", "Results", "Vulnerabilities", "VulnerabilityID", "PkgName", "InstalledVersion",
		"FixedVersion", "matches", "vulnerability", "artifact", "severity", "purl")
	if err != nil {
		return nil, err
	}
	var record cosignVuln
	if err := decode(what, raw, &record); err != nil {
		return nil, err
	}
	if record.Scanner == nil && predicateType == TypeCosignCustom {
		return nil, unsupported("cosign's custom predicate does not hold a vulnerability record")
	}
	if record.Scanner == nil {
		return nil, fmt.Errorf("decode %s: scanner: missing", what)
	}
	facts := &Report{Format: formatCosignVuln, Scanner: record.Scanner.URI}
	if facts.Time, err = instant(what, "metadata.scanFinishedOn", record.Metadata.Finished); err != nil {
		return nil, err
	}
	if facts.Vulnerabilities, err = scanResult(record.Scanner.Result); err != nil {
		return nil, fmt.Errorf("scanner.result: %w", err)
	}
	return facts, nil
}

// scanResult reads a scanner's own report, whichever it is.
func scanResult(raw json.RawMessage) ([]Vulnerability, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '"' {
		inner, err := open(raw, "Results", "Vulnerabilities", "matches", "vulnerability", "severity")
		if err != nil {
			return nil, err
		}
		raw = inner
	}
	var mark map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &mark) != nil || len(mark) == 0 {
		return nil, unsupported("it holds no report of Trivy or Grype, so that what was found cannot be told")
	}
	switch {
	case mark["SchemaVersion"] != nil:
		return parseTrivy(raw)
	case mark["matches"] != nil && mark["descriptor"] != nil:
		return parseGrype(raw)
	}
	return nil, unsupported("it is neither a report of Trivy nor of Grype, so that what was found cannot be told")
}
