package policy

import "time"

// EvidenceKind says what a piece of evidence is.
type EvidenceKind string

// The kinds of evidence. An attestation that merely verifies is no signature
// of the image.
const (
	// KindSignature is a signature of the image itself: simple signing, or a
	// bundle whose predicate type is https://sigstore.dev/cosign/sign/v1.
	KindSignature EvidenceKind = "signature"
	// KindAttestation is a signed in-toto statement about the image.
	KindAttestation EvidenceKind = "attestation"
)

// Format says in which form evidence was found.
type Format string

// The formats of evidence.
const (
	// FormatSimpleSigning is cosign's signature at a .sig tag.
	FormatSimpleSigning Format = "simplesigning"
	// FormatDSSE is a DSSE envelope at an .att tag.
	FormatDSSE Format = "dsse"
	// FormatBundle is a Sigstore bundle.
	FormatBundle Format = "bundle"
	// FormatUnsupported is something that is kept for an image but cannot be
	// evidence: an artifact of another kind, or a referrer of another image.
	// It has a location that says what it is, and no bytes.
	FormatUnsupported Format = "unsupported"
)

// Evidence is a fact whose cryptography holds: somebody signed something
// about a digest. Whether that somebody is good enough is for a policy to say.
type Evidence struct {
	Kind   EvidenceKind
	Format Format
	// ID is the SHA-256 of what was signed. Evidence with the same ID and
	// the same signer counts once.
	ID Digest
	// Location is where the bytes were found, for people:
	// "ghcr.io/acme/app:sha256-….att layer 2".
	Location string
	// Source is where it is kept, as a signer of a policy names it.
	Source Source
	// Subject is the digest that it speaks of: the image's own, or that of
	// one of its platforms.
	Subject Digest
	// Signers are those whose signatures hold. It is never empty.
	Signers []Signer
	// Statement is what was attested. It is nil for a signature.
	Statement *Statement
	// Annotations are the signed annotations of a simple-signing payload.
	Annotations map[string]string
}

// Signer is who made one signature that holds: a key or a certificate.
type Signer struct {
	// Key is the fingerprint of the key: lower-case hex of the SHA-256 of
	// its DER-encoded SubjectPublicKeyInfo. It is empty if a certificate
	// signed.
	Key string
	// Certificate is who the certificate says signed. It is nil if a key did.
	Certificate *Certificate
	// Logged tells that inclusion in a trusted transparency log was verified.
	Logged bool
	// SignedAt is the earliest time that a trusted transparency log or
	// timestamp authority vouches for. It is zero if none does.
	SignedAt time.Time
	// Trust is what the signature holds against.
	Trust Trust
	// Stamped tells that a trusted timestamp authority vouches for its time.
	Stamped bool
	// CertificateLogged tells that a trusted certificate log has the
	// certificate.
	CertificateLogged bool
	// ValidFrom and ValidUntil are when the certificate and all that issued
	// it are valid. They are set, and needed, only where SignedAt is zero.
	ValidFrom, ValidUntil time.Time
}

// Certificate is what a verified signing certificate says of its holder, as
// Fulcio's OID documentation names it.
type Certificate struct {
	// Issuer is the OpenID Connect issuer that vouched for the subject.
	Issuer string `json:"issuer,omitempty"`
	// Subject is the subject alternative name: a URI or an e-mail address.
	Subject string `json:"subject,omitempty"`
	// Extensions are Fulcio's certificate extensions by the lower-camel-case
	// name that Fulcio's documentation gives them: buildSignerURI,
	// sourceRepositoryURI, sourceRepositoryRef, runnerEnvironment, ...
	Extensions map[string]string `json:"extensions,omitempty"`
}

// Rejection is a bundle that was found but is no evidence, and why.
type Rejection struct {
	// Code names the kind of rejection.
	Code Code
	// Format is the form in which it was found, if that could be told.
	Format Format
	// Location is where it was found.
	Location string
	// Reason says why it counts for nothing.
	Reason string
	// PredicateType is what it claims to be, unverified, for messages only.
	PredicateType string
}
