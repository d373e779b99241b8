package policy

import (
	"context"
	"crypto"
	"regexp"
	"time"

	"github.com/syncgate/syncgate/policy/predicate"
)

// Set is the loaded policies and exceptions.
type Set struct {
	Policies   []Policy
	Exceptions []Exception
}

// Mode says whether a policy counts.
type Mode uint8

// The modes of policies.
const (
	// Enforce makes the policy's findings count. It is the default.
	Enforce Mode = iota
	// Warn reports the policy's findings and changes no verdict.
	Warn
)

// Policy says which images must carry which evidence, by whom.
type Policy struct {
	// Name is unique in a set, save as Dialect says.
	Name string
	// Digest is the SHA-256 of the document's bytes.
	Digest Digest
	// Source is "file:line" of the document.
	Source string
	// Dialect is the apiVersion and kind of the document that the policy was
	// read from, where that is another tool's. Several policies that are read
	// from one such document share its name.
	Dialect string
	Mode    Mode
	Match   Match
	// RequireDigest fails an image that is written without a digest.
	RequireDigest bool
	// Platforms says what of an index must carry the evidence.
	Platforms PlatformRule
	// AllowUnmatched makes this policy a list of images that pass if no
	// other policy matches them. It then has no requirements.
	AllowUnmatched bool
	// Require must all be met. It is empty only with AllowUnmatched.
	Require []Requirement
}

// Match says which images a policy is about. Every list that is not empty
// must match.
type Match struct {
	// Images are globs: "*" stops at "/", "**" does not. They are matched on
	// the normalised name and on the name as written. It is never empty.
	Images []string
	// Exclude are globs of images that are left out.
	Exclude []string
	// Namespaces, Units are globs; Kinds are object kinds.
	Namespaces, Kinds, Units []string
	// Labels must all be there with these values.
	Labels map[string]string
	// Classes are the classes of images; empty is all.
	Classes []string
	// Selector, where it is set, decides instead of all of the above.
	Selector Selector
}

// PlatformRule says which digests must carry the evidence where an image is
// an index of several platforms.
type PlatformRule uint8

// The platform rules.
const (
	// PlatformInherit is the policy's rule, in a requirement, and
	// PlatformIndex in a policy.
	PlatformInherit PlatformRule = iota
	// PlatformIndex: the index itself.
	PlatformIndex
	// PlatformEach: every platform's manifest. What is attached to the index
	// does not speak of them. A single manifest is its own platform.
	PlatformEach
	// PlatformAny: the index or one of the platforms.
	PlatformAny
)

// Requirement is one thing that an image must have. Name is unique in a
// policy. Exactly one of Signature to Group is set, or none where Unsupported
// says why.
type Requirement struct {
	Name string
	// Source is "file:line" of the requirement.
	Source    string
	Platforms PlatformRule
	// Unsupported are fields of the requirement that are well formed and that
	// syncgate does not honour yet, as "file:line:column: field". Where there
	// is one, the requirement is never met: its verdict is at best unknown.
	// A requirement that is unsupported as a whole has none of the below.
	Unsupported []string
	// Relaxed are fields that are not honoured and that could only let more
	// evidence count, written likewise. A pass stands without them; what is
	// not met is unknown.
	Relaxed []string
	// Formats are the forms in which evidence counts; empty is any.
	Formats []Format

	Signature       *SignatureRequirement
	Provenance      *ProvenanceRequirement
	SBOM            *SBOMRequirement
	Vulnerabilities *VulnerabilityRequirement
	Attestation     *AttestationRequirement
	VSA             *VSARequirement
	Layout          *LayoutRequirement
	Static          *StaticRequirement
	Program         *ProgramRequirement
	// Group combines other requirements.
	Group *Group
}

// Group combines requirements: Count of them must be met.
type Group struct {
	// Kind is "allOf", "anyOf", "atLeast" or "count". With atLeast, each of
	// those that are counted needs a signer of its own; with count none does.
	Kind string
	// Count is len(Of) for allOf and 1 for anyOf.
	Count int
	// Of is never empty.
	Of []Requirement
}

// SignatureRequirement asks for a signature of the image itself.
type SignatureRequirement struct {
	Signers []SignerRule
	// Annotations must be signed with these values, for simple signing.
	Annotations map[string]string
}

// ProvenanceRequirement asks for SLSA provenance.
type ProvenanceRequirement struct {
	Signers []SignerRule
	// Builders, BuildTypes, Sources and Refs are globs; each list that is
	// not empty must match. Sources are matched on the entry point's URI and
	// on every source's if the predicate names no entry point.
	Builders, BuildTypes, Sources, Refs []string
	// Level is the SLSA build level that the builder is trusted for: it is
	// checked against Builders, which must then not be empty.
	Level  int
	MaxAge time.Duration
}

// SBOMRequirement asks for a software bill of materials.
type SBOMRequirement struct {
	Signers []SignerRule
	// Formats are "cyclonedx" and "spdx".
	Formats []string
	// NTIA asks for the NTIA minimum elements.
	NTIA bool
	// DenyPackages are purls with a version range after "@"; DenyLicenses
	// are SPDX licence ids.
	DenyPackages []PackageRule
	DenyLicenses []string
	MaxAge       time.Duration
}

// PackageRule is a package URL without version and a range of versions.
type PackageRule struct {
	// Text is the rule as written.
	Text string
	// PURL is without version.
	PURL string
	// Range is as written after "@": "<0.38.0", "1.2.3", empty for all.
	Range string
}

// VulnerabilityRequirement asks for vulnerability reports that deny nothing.
type VulnerabilityRequirement struct {
	// Signers are the scanners: the newest statement of each counts.
	Signers []SignerRule
	// Formats are those that count: openvex, csaf, cosign-vuln, ... Empty are
	// those that could be nothing else: not SARIF, CSAF and CycloneDX.
	Formats []string
	MaxAge  time.Duration
	// Severity and worse are denied. SeverityUnknown denies none by rating.
	Severity predicate.Severity
	// UnknownSeverity denies vulnerabilities that no report rates.
	UnknownSeverity bool
	// FixableOnly denies only what has a fix.
	FixableOnly bool
	// VEX says whose word silences a vulnerability. Nil is nobody's.
	VEX *VEXRule
	// Exploited denies what is in the run's catalogue of vulnerabilities that
	// are known to be exploited, whatever its severity.
	Exploited bool
	// EPSS denies what is at least this likely to be exploited; 0 asks for
	// nothing.
	EPSS float64
	// Ignore are vulnerabilities that are accepted for a time.
	Ignore []Ignore
}

// VEXRule says which VEX statements silence a vulnerability.
type VEXRule struct {
	Signers []SignerRule
	// Statuses are those that silence; never empty.
	Statuses []predicate.VEXStatus
	// Justifications limit not_affected; empty takes any.
	Justifications []string
}

// Ignore accepts one vulnerability for a time.
type Ignore struct {
	ID, Reason string
	// Until is the first moment at which it no longer holds.
	Until time.Time
	// Source is "file:line".
	Source string
}

// Quantifier says which of several statements of one type must meet a
// requirement.
type Quantifier uint8

// The quantifiers over statements.
const (
	// AnyStatement: one is enough.
	AnyStatement Quantifier = iota
	// EveryStatement: all of them, and at least one.
	EveryStatement
	// NewestStatement: the one that was signed last.
	NewestStatement
)

// AttestationRequirement asks for an attestation of any type.
type AttestationRequirement struct {
	Signers       []SignerRule
	PredicateType string
	Statements    Quantifier
	MaxAge        time.Duration
	// Expression must be true; nil asks for nothing more than the statement.
	Expression Expression
}

// VSARequirement asks for a SLSA verification summary of the image.
type VSARequirement struct {
	Signers []SignerRule
	// Verifier is the verifier's id, and Level the level that it must have
	// found: it, or a higher one of the same track.
	Verifier, Level string
	MaxAge          time.Duration
}

// LayoutRequirement asks that the steps of an in-toto layout were done by whom
// it names, and that their links meet its rules.
type LayoutRequirement struct {
	// Layout is one whose owners' signatures hold.
	Layout *predicate.Layout
	// Functionaries are those of each step, in the order of the layout's steps.
	Functionaries [][]SignerRule
	// Source is "file:line" of the layout.
	Source string
}

// Expression is a compiled condition on a statement.
type Expression interface {
	// Evaluate tells whether the condition holds. An error is never a pass:
	// it is a mistake in the expression or a limit that was exceeded, and
	// fails unless it implements Undecided.
	Evaluate(ctx context.Context, in ExpressionInput) (bool, error)
	// String is the source text.
	String() string
}

// ExpressionInput is what an expression sees.
type ExpressionInput struct {
	// Statement is what was attested, its predicate as JSON.
	Statement *Statement
	// Subject is the image: reference, repository, tag, digest.
	Subject Subject
	// Use is where the image runs.
	Use Use
	// At is the time to evaluate at.
	At time.Time
}

// SignerRule says whose signature counts. Exactly one of Key, Keyless and X509
// is set.
type SignerRule struct {
	// Name is the policy's name for the signer.
	Name    string
	Key     *Key
	Keyless *Keyless
	X509    *X509
	// Root is what signatures are checked against: the authorities that issue
	// certificates, the logs and the timestamp authorities. Nil is the run's.
	Root *TrustedRoot
	// Source is where the signer's evidence is kept, and counts.
	Source Source
	// RequireTimestamp takes only what a timestamp authority vouches for, too.
	RequireTimestamp bool
	// IgnoreTransparencyLog takes a signature that is in no transparency log.
	// What a certificate signed then needs a timestamp, save that of X509: it
	// may instead be valid at the time of evaluation.
	IgnoreTransparencyLog bool
	// IgnoreCertificateLog takes a certificate that is in no certificate log.
	IgnoreCertificateLog bool
}

// Key is a public key.
type Key struct {
	// Fingerprint is lower-case hex of the SHA-256 of the DER-encoded
	// SubjectPublicKeyInfo. It is empty where the key is not known.
	Fingerprint string
	Public      crypto.PublicKey
	// KMS is the URI of the key in a key-management service, which must be
	// asked for it before a policy is evaluated.
	KMS string
	// Unknown says why the key is not known. It is unknown, not fail.
	Unknown *Finding
	// NotBefore is the first moment at which the key may sign, and NotAfter
	// the first at which it may no longer. Zero is no limit. A signature whose
	// time nobody vouches for is in no period.
	NotBefore, NotAfter time.Time
}

// X509 is the holder of a certificate that the policy's own authorities
// issued, those of SignerRule.Root. Whether it was revoked is not asked.
type X509 struct {
	// Subject is a glob of the subject alternative name, or if the certificate
	// has none, of the subject's common name; SubjectPattern is anchored and
	// set instead of it.
	Subject        string
	SubjectPattern *regexp.Regexp
}

// Keyless is a certificate identity. Issuer and subject are always both
// asked for.
type Keyless struct {
	// Issuer is exact; IssuerPattern is anchored and set instead of it.
	Issuer        string
	IssuerPattern *regexp.Regexp
	// Subject is a glob if it holds "*", else exact; SubjectPattern is
	// anchored and set instead of it.
	Subject        string
	SubjectPattern *regexp.Regexp
	// Extensions are globs by the name that Certificate.Extensions uses.
	Extensions map[string]string
}

// Exception lifts requirements from images until a day.
type Exception struct {
	Name string
	// Images are globs over the normalised name with "@digest"; a pattern
	// without a digest matches any.
	Images       []string
	Policies     []string
	Requirements []string
	// Until is the first moment at which it no longer holds.
	Until              time.Time
	Reason, ApprovedBy string
	// Source is "file:line".
	Source string
}
