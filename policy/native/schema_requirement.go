package native

// requirement is one thing that an image must have: exactly one of the fields
// after Platforms.
type requirement struct {
	place
	// Name is unique in the policy. Default: the kind, with a number where
	// there are several.
	Name name `yaml:"name"`
	// Platforms overrides the policy's.
	Platforms text `yaml:"platforms" enum:"index each any"`

	Signature       *signature       `yaml:"signature" oneof:"requirement"`
	Provenance      *provenance      `yaml:"provenance" oneof:"requirement"`
	SBOM            *sbom            `yaml:"sbom" oneof:"requirement"`
	Vulnerabilities *vulnerabilities `yaml:"vulnerabilities" oneof:"requirement"`
	Attestation     *attestation     `yaml:"attestation" oneof:"requirement"`
	VSA             *vsa             `yaml:"vsa" oneof:"requirement"`
	Layout          *layout          `yaml:"layout" oneof:"requirement"`
	// AllOf must all be met.
	AllOf []requirement `yaml:"allOf" oneof:"requirement" label:"requirement"`
	// AnyOf: one must be met.
	AnyOf   []requirement `yaml:"anyOf" oneof:"requirement" label:"requirement"`
	AtLeast *atLeast      `yaml:"atLeast" oneof:"requirement"`
}

// atLeast asks that some of several requirements are met.
type atLeast struct {
	place
	// Count of them must be met.
	Count count         `yaml:"count" need:"yes"`
	Of    []requirement `yaml:"of" need:"yes" label:"requirement"`
}

// signature asks for a signature of the image itself.
type signature struct {
	place
	// Signers are names of spec.signers; any one of them suffices.
	Signers []text `yaml:"signers" need:"yes"`
	// Annotations must be signed with these values.
	Annotations map[string]text `yaml:"annotations"`
}

// provenance asks for SLSA provenance.
type provenance struct {
	place
	Signers []text `yaml:"signers" need:"yes"`
	// Builders are globs of the builder's id.
	Builders []glob `yaml:"builders"`
	// BuildTypes are globs of the buildType.
	BuildTypes []glob `yaml:"buildTypes"`
	// Sources are globs of the URI of the source that was built.
	Sources []glob `yaml:"sources"`
	// Refs are globs of the Git ref that was built, such as refs/tags/*.
	Refs []glob `yaml:"refs"`
	// Level is the SLSA build level that the builders are trusted for.
	Level count `yaml:"level"`
	// MaxAge is how old it may be. Default: any age.
	MaxAge span `yaml:"maxAge"`
}

// sbom asks for a software bill of materials.
type sbom struct {
	place
	Signers []text `yaml:"signers" need:"yes"`
	// Formats that count. Default: all.
	Formats []text `yaml:"formats" enum:"cyclonedx spdx"`
	// MinimumElements asks for the elements that a body demands.
	MinimumElements text      `yaml:"minimumElements" enum:"ntia"`
	Deny            *sbomDeny `yaml:"deny"`
	MaxAge          span      `yaml:"maxAge"`
}

// sbomDeny says what an SBOM must not list.
type sbomDeny struct {
	place
	// Packages are package URLs with a range of versions after "@".
	Packages []packageRule `yaml:"packages"`
	// Licenses are SPDX licence ids.
	Licenses []licence `yaml:"licenses"`
}

// vulnerabilities asks for vulnerability reports that hold nothing denied.
type vulnerabilities struct {
	place
	// Signers are the scanners. The newest statement of each counts.
	Signers []text `yaml:"signers" need:"yes"`
	// Formats that count. Default: those of which a document can be nothing
	// but a report: openvex, cosign-vuln, in-toto-vulns, trivy and grype.
	Formats []text `yaml:"formats" enum:"openvex cosign-vuln csaf cyclonedx trivy grype sarif in-toto-vulns"`
	// MaxAge is how old a report may be. Default: any age.
	MaxAge span `yaml:"maxAge"`
	// Deny says what a report must not hold.
	Deny *vulnerabilityDeny `yaml:"deny"`
	// VEX says whose statements silence a vulnerability. Default: nobody's.
	VEX *vex `yaml:"vex"`
	// Ignore accepts single vulnerabilities for a time.
	Ignore []ignore `yaml:"ignore" empty:"ok"`
}

// vulnerabilityDeny says what a report must not hold.
type vulnerabilityDeny struct {
	place
	// Severity and worse are denied. Default: high.
	Severity text `yaml:"severity" enum:"low medium high critical"`
	// UnknownSeverity denies what no report rates. Default: true.
	UnknownSeverity flag `yaml:"unknownSeverity"`
	// KEV denies what is in the catalogue of exploited vulnerabilities that the
	// run is given, whatever its severity. Default: false.
	KEV flag `yaml:"kev"`
	// EPSS denies what is at least this likely to be exploited, by the scores
	// that the run is given, whatever its severity.
	EPSS share `yaml:"epss"`
	// FixableOnly denies only what has a fix. Default: false.
	FixableOnly flag `yaml:"fixableOnly"`
}

// vex says which VEX statements silence a vulnerability.
type vex struct {
	place
	Signers []text `yaml:"signers" need:"yes"`
	// Statuses that silence. Default: not_affected and fixed.
	Statuses []text `yaml:"statuses" enum:"not_affected fixed"`
	// Justifications that count, for not_affected. Default: any.
	Justifications []text `yaml:"justifications" enum:"component_not_present vulnerable_code_not_present vulnerable_code_not_in_execute_path vulnerable_code_cannot_be_controlled_by_adversary inline_mitigations_already_exist"`
}

// ignore accepts one vulnerability for a time.
type ignore struct {
	place
	// ID is the vulnerability's identifier or one of its aliases.
	ID     name `yaml:"id" need:"yes"`
	Until  end  `yaml:"until" need:"yes"`
	Reason text `yaml:"reason" need:"yes"`
}

// attestation asks for an attestation of any type.
type attestation struct {
	place
	Signers []text `yaml:"signers" need:"yes"`
	// PredicateType is the predicate type, exactly.
	PredicateType text `yaml:"predicateType" need:"yes"`
	// Statements: which of several must meet the requirement. Default: any.
	Statements text `yaml:"statements" enum:"any every newest"`
	MaxAge     span `yaml:"maxAge"`
	// Expression is a CEL expression that must be true.
	Expression text `yaml:"expression"`
}

// vsa asks for a SLSA verification summary.
type vsa struct {
	place
	Signers []text `yaml:"signers" need:"yes"`
	// Verifier is the verifier's id.
	Verifier text `yaml:"verifier" need:"yes"`
	// Level is the level that was verified, such as SLSA_BUILD_LEVEL_3, or a
	// higher one of its track.
	Level  text `yaml:"level" need:"yes"`
	MaxAge span `yaml:"maxAge"`
}

// layout asks that an in-toto layout holds over link attestations.
type layout struct {
	place
	// File is the layout, relative to the policy file.
	File text `yaml:"file" need:"yes"`
	// Keys are PEM files of the layout's owners, relative to the policy file.
	// All of them must have signed it.
	Keys []text `yaml:"keys" need:"yes"`
	// InsecureIgnoreTransparencyLog takes links that are in no transparency
	// log. Default: false.
	InsecureIgnoreTransparencyLog flag `yaml:"insecureIgnoreTransparencyLog"`
}
