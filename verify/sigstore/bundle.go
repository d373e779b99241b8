package sigstore

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	sgverify "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// opened is a Sigstore bundle that was read and not yet verified.
type opened struct {
	*bundle.Bundle
	// payload is what an envelope holds, and message what its signature is
	// over.
	payload, message []byte
	// artifact is the digest that a message signature is of. It is nil for
	// an envelope, and only then.
	artifact []byte
	// entries is the number of log entries.
	entries int
	// content and signatures are kept because sigstore-go's verifier asks
	// for them at each step, and the bundle makes them anew each time.
	content    sgverify.VerificationContent
	signatures sgverify.SignatureContent
}

// VerificationContent is the certificate or the key.
func (o *opened) VerificationContent() (sgverify.VerificationContent, error) {
	var err error
	if o.content == nil {
		o.content, err = o.Bundle.VerificationContent()
	}
	return o.content, err
}

// SignatureContent is the envelope or the message signature.
func (o *opened) SignatureContent() (sgverify.SignatureContent, error) {
	var err error
	if o.signatures == nil {
		o.signatures, err = o.Bundle.SignatureContent()
	}
	return o.signatures, err
}

// Version hides the bundle's version from sigstore-go's verifier. All that it
// does with a version is to try SHA-256 too for certificates on P-384 and
// P-521, and to print to standard error when it does. Fulcio's clients sign
// with the hash that fits the curve there.
func (o *opened) Version() (string, error) { return "", nil }

// bundle verifies a Sigstore bundle.
func (v *Verifier) bundle(ctx context.Context, digest policy.Digest, found verify.Bundle) (policy.Evidence, error) {
	o, err := openBundle(found.Payload)
	if err != nil {
		return policy.Evidence{}, err
	}
	content, err := o.VerificationContent()
	if err != nil {
		return policy.Evidence{}, because(CodePayloadMalformed, err, "its certificate or key cannot be read")
	}
	if o.artifact != nil && hex.EncodeToString(o.artifact) != digest.Hex() {
		return policy.Evidence{}, reject(CodeSubjectMismatch, "signs another artifact: %s", hex.EncodeToString(o.artifact))
	}
	var signers []policy.Signer
	if content.Certificate() != nil {
		signers, err = v.bundleCertificate(ctx, digest, o)
	} else {
		signers, err = v.bundleKey(ctx, o)
	}
	if len(signers) == 0 {
		return policy.Evidence{}, err
	}
	if o.artifact == nil {
		evidence, wrong := attestation(o.payload, digest, found, signers)
		if wrong != nil {
			return policy.Evidence{}, wrong
		}
		return evidence, err
	}
	return policy.Evidence{
		Kind: policy.KindSignature, Format: found.Format, ID: digest, Location: found.Location,
		Subject: digest, Signers: signers,
	}, err
}

// openBundle reads a bundle and bounds what is in it.
func openBundle(data []byte) (*opened, error) {
	o := &opened{Bundle: &bundle.Bundle{}}
	if err := o.UnmarshalJSON(data); err != nil {
		return nil, unreadable(err)
	}
	o.entries = len(o.VerificationMaterial.GetTlogEntries())
	if o.entries > bounds.LogEntries {
		return nil, reject(CodeTooLarge, "has %d transparency-log entries, more than the %d that are read", o.entries, bounds.LogEntries)
	}
	if n := len(o.VerificationMaterial.GetTimestampVerificationData().GetRfc3161Timestamps()); n > bounds.Timestamps {
		return nil, reject(CodeTooLarge, "has %d timestamps, more than the %d that are read", n, bounds.Timestamps)
	}
	switch content := o.Content.(type) {
	case *protobundle.Bundle_DsseEnvelope:
		envelope := content.DsseEnvelope
		if err := checkPayloadType(envelope.GetPayloadType()); err != nil {
			return nil, err
		}
		if n := len(envelope.GetSignatures()); n != 1 {
			return nil, reject(CodePayloadMalformed, "its envelope has %d signatures; in a Sigstore bundle it must have one", n)
		}
		o.payload = envelope.GetPayload()
		o.message = preAuthentication(envelope.GetPayloadType(), o.payload)
	case *protobundle.Bundle_MessageSignature:
		o.artifact = content.MessageSignature.GetMessageDigest().GetDigest()
		if len(o.artifact) == 0 {
			return nil, reject(CodePayloadMalformed, "does not say which digest it signs")
		}
	default:
		return nil, reject(CodePayloadMalformed, "holds neither an envelope nor a message signature")
	}
	return o, nil
}

// unreadable says why a bundle cannot be read.
func unreadable(err error) error {
	switch {
	case errors.Is(err, bundle.ErrUnsupportedMediaType):
		return because(CodeUnsupportedFormat, err, "is a Sigstore bundle of a version that is not read")
	case strings.Contains(err.Error(), "inclusion p"):
		// sigstore-go has no error value for a proof or promise that lacks.
		return because(CodeLogEntryInvalid, err, "its transparency-log entry is not complete")
	default:
		return because(CodePayloadMalformed, err, "is no Sigstore bundle")
	}
}
