package policy

// The codes of findings about whole policies and about what they match.
const (
	// CodeImageUnmatched: no enforced policy matches the image. Fail.
	CodeImageUnmatched Code = "image-unmatched"
	// CodeImageAllowed: no other policy matches the image, and a policy says
	// that it may run all the same. Pass.
	CodeImageAllowed Code = "image-allowed"
	// CodeImageWarned: only policies of mode warn are about the image. Pass.
	CodeImageWarned Code = "image-warned"
	// CodeMatchUnknown: whether a policy matches cannot be told. Unknown.
	CodeMatchUnknown Code = "match-unknown"
	// CodePolicyEmpty: a policy asks for nothing. Unknown.
	CodePolicyEmpty Code = "policy-empty"
	// CodeDigestRequired: the image is written without a digest. Fail.
	CodeDigestRequired Code = "digest-required"
	// CodeDigestUnresolved: the image's digest is not known. Unknown.
	CodeDigestUnresolved Code = "digest-unresolved"
	// CodePlatformsUnknown: what platforms the image has is not known.
	// Unknown.
	CodePlatformsUnknown Code = "platforms-unknown"
	// CodeUnsupportedField: the policy uses a field that is not honoured yet.
	// Unknown.
	CodeUnsupportedField Code = "unsupported-field"
	// CodeStaticPass: a policy lets the image run whatever evidence there is.
	// Pass.
	CodeStaticPass Code = "static-pass"
	// CodeStaticFail: a policy lets the image not run, whatever evidence there
	// is. Fail.
	CodeStaticFail Code = "static-fail"
	// CodeGroupUnmet: too few alternatives of anyOf or atLeast are met.
	CodeGroupUnmet Code = "group-unmet"
	// CodeEvidenceNone: a requirement would be met without any evidence.
	// Fail.
	CodeEvidenceNone Code = "evidence-none"
	// CodeEvidenceIncomplete: what was found holds, and what could not be
	// looked at might not. Unknown.
	CodeEvidenceIncomplete Code = "evidence-incomplete"
	// CodeEvaluationStopped: the evaluation was cancelled or broke. Unknown.
	CodeEvaluationStopped Code = "evaluation-stopped"
	// CodeTimeMissing: no time to evaluate at was given. Unknown.
	CodeTimeMissing Code = "time-missing"
)

// The codes of findings about signatures and attestations. Without another
// word their verdict is fail, and unknown where a registry fault may be why.
const (
	// CodeSignatureMissing: there is no signature of the image.
	CodeSignatureMissing Code = "signature-missing"
	// CodeSignatureAnnotations: the signature lacks signed annotations.
	CodeSignatureAnnotations Code = "signature-annotations"
	// CodeAttestationMissing: there is no attestation of the wanted type.
	CodeAttestationMissing Code = "attestation-missing"
	// CodeSignerMismatch: somebody signed who does not count.
	CodeSignerMismatch Code = "signer-mismatch"
	// CodeLogEntryMissing: the right key signed, and no transparency log
	// vouches for it.
	CodeLogEntryMissing Code = "log-entry-missing"
	// CodeCertificateLapsed: nobody dates the signature, and its certificate is
	// not valid at the time of evaluation.
	CodeCertificateLapsed Code = "certificate-lapsed"
	// CodeKeyUnknown: a key-management service did not give out a signer's key.
	// Unknown.
	CodeKeyUnknown Code = "key-unknown"
	// CodeRelaxed: a signature counts only because the policy relaxes what is
	// asked of it. A warning.
	CodeRelaxed Code = "insecure-relaxation"
	// CodeAttestationStale: the attestation is older than maxAge.
	CodeAttestationStale Code = "attestation-stale"
	// CodeAttestationFuture: the attestation's time lies in the future.
	CodeAttestationFuture Code = "attestation-future"
	// CodeAttestationUndated: maxAge is set and there is no time to count
	// from.
	CodeAttestationUndated Code = "attestation-undated"
	// CodePredicateMalformed: the predicate is not what its type says.
	CodePredicateMalformed Code = "predicate-malformed"
	// CodePredicateUnsupported: syncgate does not read this version of the
	// predicate. Unknown.
	CodePredicateUnsupported Code = "predicate-unsupported"
	// CodeExpressionFalse: the expression is false of the statement.
	CodeExpressionFalse Code = "expression-false"
	// CodeExpressionError: the expression could not be evaluated.
	CodeExpressionError Code = "expression-error"
)

// The codes of findings about provenance. Fail.
const (
	// CodeProvenanceMissing: there is no provenance.
	CodeProvenanceMissing Code = "provenance-missing"
	// CodeProvenanceBuilder: the builder is none that the policy names.
	CodeProvenanceBuilder Code = "provenance-builder"
	// CodeProvenanceBuildType: the build type is none that it names.
	CodeProvenanceBuildType Code = "provenance-build-type"
	// CodeProvenanceSource: the source is none that it names.
	CodeProvenanceSource Code = "provenance-source"
	// CodeProvenanceRef: the branch or tag is none that it names.
	CodeProvenanceRef Code = "provenance-ref"
	// CodeProvenanceLevel: the build level cannot be ascribed.
	CodeProvenanceLevel Code = "provenance-level"
	// CodeProvenanceIdentity: the predicate contradicts the certificate that
	// signed it.
	CodeProvenanceIdentity Code = "provenance-identity"
)

// The codes of findings about verification summaries. Fail.
const (
	// CodeVSAMissing: there is no verification summary.
	CodeVSAMissing Code = "vsa-missing"
	// CodeVSAVerifier: another verifier made it.
	CodeVSAVerifier Code = "vsa-verifier"
	// CodeVSAResource: it is of another resource.
	CodeVSAResource Code = "vsa-resource"
	// CodeVSAFailed: the verifier says that the image failed.
	CodeVSAFailed Code = "vsa-failed"
	// CodeVSALevel: it does not ascribe the wanted level.
	CodeVSALevel Code = "vsa-level"
)

// The codes of findings about in-toto layouts. Fail.
const (
	// CodeLayoutExpired: the layout no longer holds.
	CodeLayoutExpired Code = "layout-expired"
	// CodeLinkMissing: too few functionaries signed a link of a step.
	CodeLinkMissing Code = "link-missing"
	// CodeLinkMismatch: functionaries of one step say different things.
	CodeLinkMismatch Code = "link-mismatch"
	// CodeLayoutRule: the links do not meet a rule of the layout.
	CodeLayoutRule Code = "layout-rule"
)

// The codes of findings about bills of materials. Fail, save where a package
// cannot be compared: unknown.
const (
	// CodeSBOMMissing: there is no SBOM.
	CodeSBOMMissing Code = "sbom-missing"
	// CodeSBOMFormat: the SBOM is in a format that does not count.
	CodeSBOMFormat Code = "sbom-format"
	// CodeSBOMEmpty: the SBOM lists no package.
	CodeSBOMEmpty Code = "sbom-empty"
	// CodeSBOMElements: NTIA minimum elements are missing.
	CodeSBOMElements Code = "sbom-elements"
	// CodeSBOMPackageDenied: the image holds a package that is denied.
	CodeSBOMPackageDenied Code = "sbom-package-denied"
	// CodeSBOMPackageUnknown: whether a package is denied cannot be told.
	// Unknown.
	CodeSBOMPackageUnknown Code = "sbom-package-unknown"
	// CodeSBOMLicenseDenied: a package's licence is denied.
	CodeSBOMLicenseDenied Code = "sbom-license-denied"
	// CodeSBOMLicenseUnread: licences that are no SPDX expressions were only
	// searched for the denied names. A warning.
	CodeSBOMLicenseUnread Code = "sbom-license-unread"
)

// The codes of findings about vulnerabilities.
const (
	// CodeReportMissing: there is no vulnerability report. Fail.
	CodeReportMissing Code = "report-missing"
	// CodeReportFormat: there are reports, in no format that counts. Fail.
	CodeReportFormat Code = "report-format"
	// CodeReportStale: the newest report is older than maxAge. Fail.
	CodeReportStale Code = "report-stale"
	// CodeReportFuture: the report's time lies in the future. Fail.
	CodeReportFuture Code = "report-future"
	// CodeReportUndated: maxAge is set and the report has no time. Fail.
	CodeReportUndated Code = "report-undated"
	// CodeVulnerabilityDenied: a vulnerability is as severe as denied. Fail.
	CodeVulnerabilityDenied Code = "vulnerability-denied"
	// CodeVulnerabilityExploited: a vulnerability is known to be exploited, or
	// is likely to be. Fail.
	CodeVulnerabilityExploited Code = "vulnerability-exploited"
	// CodeExploitsUnknown: a policy asks which vulnerabilities are exploited,
	// and the run was given no list of them. Unknown.
	CodeExploitsUnknown Code = "exploits-unknown"
	// CodeVulnerabilityIgnored: a denied vulnerability is accepted for a
	// time. Pass.
	CodeVulnerabilityIgnored Code = "vulnerability-ignored"
	// CodeIgnoreExpired: a vulnerability was accepted until a day that is
	// past. A warning.
	CodeIgnoreExpired Code = "ignore-expired"
	// CodeVEXSilenced: a VEX statement explains a vulnerability away. Pass.
	CodeVEXSilenced Code = "vex-silenced"
	// CodeReportDecided: which report decided, and how old it is. Pass.
	CodeReportDecided Code = "report-decided"
)

// The codes of findings about exceptions.
const (
	// CodeExceptionApplied: an exception lifts an unmet requirement. Pass.
	CodeExceptionApplied Code = "exception-applied"
	// CodeExceptionExpired: an exception no longer holds. A warning.
	CodeExceptionExpired Code = "exception-expired"
	// CodeExceptionEnding: an exception ends within 14 days. A warning.
	CodeExceptionEnding Code = "exception-ending"
	// CodeExceptionUnused: an exception matches nothing. A warning.
	CodeExceptionUnused Code = "exception-unused"
)
