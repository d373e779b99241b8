package predicate

import (
	"encoding/json"
	"errors"
	"time"
)

// ErrUnsupported is returned, wrapped, for a predicate type or a version that
// this package does not read. What it means for a verdict is unknown, not
// fail.
var ErrUnsupported = errors.New("unsupported predicate")

// Provenance says how an artifact was built, normalised over SLSA provenance
// v0.1, v0.2 and v1.
type Provenance struct {
	// Builder is the builder's id. BuildKit leaves it empty unless it is told
	// one: that is no builder that a policy could name.
	Builder string
	// BuildType is the buildType URI: in v0.1 the recipe's type.
	BuildType string
	// Sources are what was built: for v0.1 the materials, of which the recipe may
	// name one as its own, for v0.2 configSource and the materials,
	// for v1 the external parameters that name a source and the resolved
	// dependencies. The entry point of the build comes first.
	Sources []SourceRef
	// Parameters is the JSON of what the caller chose: v0.1
	// recipe.arguments, v0.2 invocation.parameters, v1 buildDefinition.externalParameters.
	Parameters json.RawMessage
	// Started and Finished are zero where the predicate does not say.
	Started, Finished time.Time
}

// SourceRef is one source of a build.
type SourceRef struct {
	// URI as written, such as "git+https://github.com/acme/app@refs/tags/v1".
	URI string
	// Digests by algorithm name.
	Digests map[string]string
	// EntryPoint tells that the caller chose it: definedInMaterial in v0.1, configSource in v0.2, in v1
	// the workflow or source among the external parameters.
	EntryPoint bool
}

// SBOM is the contents of an artifact, normalised over SPDX and CycloneDX.
type SBOM struct {
	// Format is "spdx" or "cyclonedx".
	Format string
	// SpecVersion is "2.3", "1.6", ...
	SpecVersion string
	// Serial is the serial number and version of a CycloneDX document, as
	// links to it have them: "urn:cdx:…/1". It is empty where there is none.
	Serial string
	// Name is the document's name or the main component's, and Main what
	// references call that component.
	Name, Main string
	// Created is zero where the document does not say.
	Created time.Time
	// Authors are the tools, persons and organisations that made it.
	Authors []string
	// Packages are all components, nested ones too.
	Packages []Package
	// Relationships is the number of dependency relationships.
	Relationships int
}

// Package is one component of an SBOM.
type Package struct {
	Name, Version, Supplier string
	// PURL is the package URL, empty where there is none.
	PURL string
	// Licenses are SPDX expressions as written, concluded before declared.
	Licenses []string
	// Ref is what the document calls it in references; empty if nothing.
	Ref string
}

// Report is what a vulnerability scanner found, normalised over its formats.
type Report struct {
	// Format is "cosign-vuln", "in-toto-vulns", "trivy", "grype", "sarif" or
	// "cyclonedx".
	Format string
	// Scanner is the scanner's URI or name.
	Scanner string
	// Time is when the scan finished, or zero where the report does not say.
	Time time.Time
	// Vulnerabilities are what it found.
	Vulnerabilities []Vulnerability
}

// Severity is how bad a vulnerability is. The zero value is unknown.
type Severity uint8

// The severities, in rising order, as CVSS v3 rates them.
const (
	SeverityUnknown Severity = iota
	SeverityNone
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

// Vulnerability is one vulnerability in one package.
type Vulnerability struct {
	// ID is the identifier as the scanner wrote it: CVE-2026-1, GHSA-…
	ID string
	// Aliases are other identifiers of the same vulnerability.
	Aliases []string
	// Severity is the scanner's own word, or the highest CVSS rating that the
	// report tells where the scanner has no word.
	Severity Severity
	// Package is the package's name and Version its version.
	Package, Version string
	// PURL is the package URL, empty where there is none.
	PURL string
	// FixedIn is the version that fixes it, empty where none is known.
	FixedIn string
}

// VEX is a document that says which vulnerabilities matter.
type VEX struct {
	// Format is "openvex", "csaf" or "cyclonedx".
	Format string
	// Draft tells that the author has not published it.
	Draft bool
	// Author is who wrote it, as the document says.
	Author string
	// Time is the document's own time, of its last update if it tells one, or
	// zero.
	Time time.Time
	// Statements are in the order of the document.
	Statements []VEXStatement
}

// VEXStatus is what a VEX statement says of a vulnerability.
type VEXStatus string

// The statuses of OpenVEX.
const (
	NotAffected        VEXStatus = "not_affected"
	Affected           VEXStatus = "affected"
	Fixed              VEXStatus = "fixed"
	UnderInvestigation VEXStatus = "under_investigation"
)

// VEXStatement is one statement of a VEX document.
type VEXStatement struct {
	// ID is the vulnerability, Aliases its other identifiers.
	ID      string
	Aliases []string
	Status  VEXStatus
	// Justification is OpenVEX's label, for not_affected.
	Justification string
	// Impact is the impact statement, for not_affected.
	Impact string
	// Action is the action statement, for affected.
	Action string
	// Time is the statement's own time, of its last update if it tells one,
	// else the document's.
	Time time.Time
	// Products are what it speaks of. An empty list speaks of what the
	// attestation's subject is.
	Products []Product
}

// Product is one product of a VEX statement.
type Product struct {
	// Subject tells that the document speaks of what it is attached to. A
	// package URL in ID must then not be another image's.
	Subject bool
	// ID is the identifier as written: a purl, an IRI, a name.
	ID string
	// Version limits it to one version, and Range to those of a vers: URI.
	Version, Range string
	// Identifiers are further ones by kind: purl, cpe22, cpe23.
	Identifiers map[string]string
	// Hashes by algorithm, as OpenVEX names them ("sha-256").
	Hashes map[string]string
	// Subcomponents are the parts that the vulnerability is in; empty means
	// the whole product.
	Subcomponents []Product
}
