package sigstore

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// The codes of bundles that are no evidence.
const (
	// CodeUnsupportedFormat: it is of a kind that is not read here.
	CodeUnsupportedFormat policy.Code = "unsupported-format"
	// CodePayloadMalformed: what was found cannot be read, or the payload is
	// of another type than its format has.
	CodePayloadMalformed policy.Code = "payload-malformed"
	// CodeStatementMalformed: the signature is good and what it signs is no
	// in-toto statement.
	CodeStatementMalformed policy.Code = "statement-malformed"
	// CodeSubjectMismatch: it is about another image.
	CodeSubjectMismatch policy.Code = "subject-mismatch"
	// CodeSignatureInvalid: the signature is not of this payload by the key
	// or certificate that comes with it.
	CodeSignatureInvalid policy.Code = "signature-invalid"
	// CodeUnknownKey: no certificate comes with it, and no key that a policy
	// names made the signature.
	CodeUnknownKey policy.Code = "unknown-key"
	// CodeCertificateUntrusted: the certificate does not chain to a trusted
	// authority, or is in no trusted certificate log.
	CodeCertificateUntrusted policy.Code = "certificate-untrusted"
	// CodeCertificateExpired: the certificate, or one that issued it, was not
	// valid when the signature was made.
	CodeCertificateExpired policy.Code = "certificate-expired"
	// CodeLogEntryMissing: it is in no trusted transparency log.
	CodeLogEntryMissing policy.Code = "log-entry-missing"
	// CodeLogEntryInvalid: the entry does not hold, or is one for another
	// artifact, signature or key.
	CodeLogEntryInvalid policy.Code = "log-entry-invalid"
	// CodeTimestampMissing: nobody who is trusted says when it was signed.
	CodeTimestampMissing policy.Code = "timestamp-missing"
	// CodeTimestampInvalid: the timestamp does not hold.
	CodeTimestampInvalid policy.Code = "timestamp-invalid"
	// CodeTooLarge: it holds more than the bounds allow.
	CodeTooLarge policy.Code = "evidence-too-large"
)

// CodeTrustUnavailable is the code of the *verify.Fault that Verify returns
// if the trusted root cannot be had, so that nothing can be said. Unknown.
const CodeTrustUnavailable policy.Code = "trusted-root-unavailable"

// reject says why a bundle is no evidence. Verify adds where it was found.
func reject(code policy.Code, format string, args ...any) *verify.Rejected {
	return &verify.Rejected{Rejection: policy.Rejection{Code: code, Reason: fmt.Sprintf(format, args...)}}
}

// because is reject with a cause, which the reason ends in.
func because(code policy.Code, cause error, reason string) *verify.Rejected {
	r := reject(code, "%s: %s", reason, oneLine(cause.Error()))
	r.Err = cause
	return r
}

// printable drops what no message should have in it.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return -1
}

// oneLine makes a library's message fit a report: some go over lines, or
// quote what they could not read, which may try to steer a terminal.
func oneLine(text string) string {
	const most = 240
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "")
	text = strings.Map(printable, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
