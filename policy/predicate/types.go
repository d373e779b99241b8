package predicate

import (
	"bytes"
	"slices"
	"strings"
)

// The predicate types that this package reads.
const (
	// TypeSLSA01 is SLSA provenance v0.1.
	TypeSLSA01 = "https://slsa.dev/provenance/v0.1"
	// TypeSLSA02 is SLSA provenance v0.2.
	TypeSLSA02 = "https://slsa.dev/provenance/v0.2"
	// TypeSLSA1 is SLSA provenance v1, all of its minor versions.
	TypeSLSA1 = "https://slsa.dev/provenance/v1"
	// TypeSPDX is an SPDX document. Some tools append a version: "/v2.3".
	TypeSPDX = "https://spdx.dev/Document"
	// TypeCycloneDX is a CycloneDX document. Some tools append a version:
	// "/v1.6".
	TypeCycloneDX = "https://cyclonedx.org/bom"
	// TypeCosignVuln is cosign's vulnerability record around a scanner's own
	// report.
	TypeCosignVuln = "https://cosign.sigstore.dev/attestation/vuln/v1"
	// TypeOpenVEX is an OpenVEX document. Some tools append a version:
	// "/v0.2.0".
	TypeOpenVEX = "https://openvex.dev/ns"
	// TypeCosignCustom is what cosign wraps around any document that it is
	// given without a type. It does not say what is inside: no Is function
	// takes it for anything, and a Parse function that is handed one looks
	// whether the document is of its own kind.
	TypeCosignCustom = "https://cosign.sigstore.dev/attestation/v1"
)

// familySLSA begins the types of all versions of SLSA provenance.
const familySLSA = "https://slsa.dev/provenance/"

// familyVulns begins the types of in-toto's vulnerability reports.
const familyVulns = "https://in-toto.io/attestation/vulns"

// scannerFamilies begin the types under which people attest a scanner's own
// report as it is. There is no registry of these: the first of each is the
// scanner's own or the format's, and the others are in use.
func scannerFamilies() [13]scannerFamily {
	return [...]scannerFamily{
		{formatTrivy, "https://trivy.dev/report"},
		{formatTrivy, "https://predicates.policylabs.dev/trivy"},
		{formatTrivy, "https://github.com/aquasecurity/trivy"},
		{formatTrivy, "https://aquasecurity.github.io/trivy"},
		{formatGrype, "https://github.com/anchore/grype"},
		{formatGrype, "https://anchore.com/grype"},
		{formatGrype, "https://predicates.policylabs.dev/grype"},
		{formatSARIF, "https://docs.oasis-open.org/sarif/sarif"},
		{formatSARIF, "http://docs.oasis-open.org/sarif/sarif"},
		{formatSARIF, "https://json.schemastore.org/sarif-2.1.0.json"},
		{formatSARIF, "https://json.schemastore.org/sarif-2.1.0"},
		{formatSARIF, "https://github.com/oasis-tcs/sarif-spec"},
		{formatSARIF, "https://predicates.policylabs.dev/sarif"},
	}
}

type scannerFamily struct{ format, begins string }

// scannerFormat is the format whose family a type belongs to, or nothing.
func scannerFormat(predicateType string) string {
	for _, family := range scannerFamilies() {
		if hasVersion(predicateType, family.begins) {
			return family.format
		}
	}
	return ""
}

// csafFamilies begin the types under which CSAF documents are attested.
func csafFamilies() []string {
	return []string{"https://docs.oasis-open.org/csaf/csaf", "https://docs.oasis-open.org/csaf", "https://predicates.policylabs.dev/csaf"}
}

func isCSAF(predicateType string) bool {
	return slices.ContainsFunc(csafFamilies(), func(family string) bool { return hasVersion(predicateType, family) })
}

// IsProvenance reports whether a predicate type is build provenance, of a
// version that ParseProvenance reads or of another.
func IsProvenance(predicateType string) bool {
	return strings.HasPrefix(predicateType, familySLSA)
}

// IsSBOM reports whether a predicate type is a software bill of materials, of
// a version that ParseSBOM reads or of another.
func IsSBOM(predicateType string) bool {
	return isSPDX(predicateType) || isCycloneDX(predicateType)
}

// IsReport reports whether a predicate type is a scanner's report of
// vulnerabilities, of a format that ParseReport reads or of another.
func IsReport(predicateType string) bool {
	return predicateType == TypeCosignVuln || hasVersion(predicateType, familyVulns) || scannerFormat(predicateType) != ""
}

// IsVEX reports whether a predicate type is a VEX document, of a version that
// ParseVEX reads or of another.
//
// A CycloneDX document is VEX, and a report, if it speaks of vulnerabilities:
// see SpeaksOfVulnerabilities.
func IsVEX(predicateType string) bool {
	return hasVersion(predicateType, TypeOpenVEX) || isCSAF(predicateType)
}

// SpeaksOfVulnerabilities reports whether a statement may be a CycloneDX
// document with a list of vulnerabilities. ParseReport and ParseVEX read such
// a document, and return ErrNoVulnerabilities for one without the list.
func SpeaksOfVulnerabilities(predicateType string, raw []byte) bool {
	return isCycloneDX(predicateType) && bytes.Contains(raw, []byte("vulnerabilities"))
}

// ReportFormat is the format in which a statement reports vulnerabilities, by
// its predicate type, and empty if it reports none.
func ReportFormat(predicateType string, raw []byte) string {
	switch scanner := scannerFormat(predicateType); {
	case scanner != "":
		return scanner
	case predicateType == TypeCosignVuln:
		return formatCosignVuln
	case hasVersion(predicateType, familyVulns):
		return formatInTotoVulns
	case isCSAF(predicateType):
		return formatCSAF
	case IsVEX(predicateType):
		return formatOpenVEX
	case SpeaksOfVulnerabilities(predicateType, raw):
		return formatCycloneDX
	}
	return ""
}

func isSPDX(predicateType string) bool { return hasVersion(predicateType, TypeSPDX) }

func isCycloneDX(predicateType string) bool { return hasVersion(predicateType, TypeCycloneDX) }

// hasVersion reports whether a predicate type is base, with or without a
// version as a further path element.
func hasVersion(predicateType, base string) bool {
	rest, ok := strings.CutPrefix(predicateType, base)
	return ok && (rest == "" || rest[0] == '/')
}
