package predicate

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// ParseReport reads cosign's vulnerability record around a report of Trivy or
// Grype. The error wraps ErrUnsupported for other predicate types and for the
// reports of other scanners: that a report names no vulnerability is a fact
// only where it is known how the scanner would have named one.
func ParseReport(predicateType string, raw []byte) (*Report, error) {
	switch {
	case predicateType == TypeCosignVuln, predicateType == TypeCosignCustom:
		return guard("cosign vulnerability record", func() (*Report, error) { return parseCosignVuln(predicateType, raw) })
	case IsReport(predicateType):
		return nil, unsupported("vulnerability report %q", clip(predicateType))
	}
	return nil, unsupported("%q is not a vulnerability report", clip(predicateType))
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
	facts := &Report{Format: "cosign-vuln", Scanner: record.Scanner.URI}
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
