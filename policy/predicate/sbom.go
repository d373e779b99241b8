package predicate

import (
	"encoding/json"
	"slices"
)

// The formats of SBOM.
const (
	formatSPDX      = "spdx"
	formatCycloneDX = "cyclonedx"
)

// ParseSBOM reads SPDX 2.2, 2.3 and 3.0 as JSON, and CycloneDX 1.2 to 1.7 as
// JSON, and as XML in a JSON string.
// The error wraps ErrUnsupported for other predicate types and versions.
func ParseSBOM(predicateType string, raw []byte) (*SBOM, error) {
	switch {
	case isSPDX(predicateType):
		return guard("SPDX", func() (*SBOM, error) { return parseSPDX(raw) })
	case isCycloneDX(predicateType):
		return guard("CycloneDX", func() (*SBOM, error) { return parseCycloneDX(raw) })
	case predicateType == TypeCosignCustom:
		return guard("cosign's custom predicate", func() (*SBOM, error) { return parseCustomSBOM(raw) })
	}
	return nil, unsupported("%q is not an SBOM", clip(predicateType))
}

// parseCustomSBOM reads whichever SBOM cosign wrapped.
func parseCustomSBOM(raw []byte) (*SBOM, error) {
	document, err := open(raw)
	if err != nil {
		return nil, err
	}
	var mark map[string]json.RawMessage
	if err := decode("cosign's custom predicate", document, &mark); err != nil {
		return nil, err
	}
	switch {
	case mark["spdxVersion"] != nil, isSPDX3(mark["@context"]):
		return parseSPDX(document)
	case mark["bomFormat"] != nil:
		return parseCycloneDX(document)
	}
	return nil, unsupported("cosign's custom predicate holds neither SPDX nor CycloneDX")
}

// appendNew appends what is not empty and not there yet.
func appendNew(list []string, values ...string) []string {
	for _, value := range values {
		if value != "" && !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}
