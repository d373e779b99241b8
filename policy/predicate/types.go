package predicate

import "strings"

// The predicate types that this package reads.
const (
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

// familyVulns begins the types of in-toto's vulnerability reports, which are
// not read yet.
const familyVulns = "https://in-toto.io/attestation/vulns"

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
	return predicateType == TypeCosignVuln || hasVersion(predicateType, familyVulns)
}

// IsVEX reports whether a predicate type is a VEX document, of a version that
// ParseVEX reads or of another.
func IsVEX(predicateType string) bool { return hasVersion(predicateType, TypeOpenVEX) }

func isSPDX(predicateType string) bool { return hasVersion(predicateType, TypeSPDX) }

func isCycloneDX(predicateType string) bool { return hasVersion(predicateType, TypeCycloneDX) }

// hasVersion reports whether a predicate type is base, with or without a
// version as a further path element.
func hasVersion(predicateType, base string) bool {
	rest, ok := strings.CutPrefix(predicateType, base)
	return ok && (rest == "" || rest[0] == '/')
}
