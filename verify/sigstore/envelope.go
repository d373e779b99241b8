package sigstore

import (
	"context"
	"fmt"

	"github.com/sigstore/cosign/v2/pkg/types"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// envelope verifies a DSSE envelope that is not in a Sigstore bundle: what
// cosign keeps at .att tags, and envelopes that refer to the image.
func (v *Verifier) envelope(ctx context.Context, digest policy.Digest, bundle verify.Bundle) (policy.Evidence, error) {
	payload, signatures, err := openEnvelope(bundle.Payload)
	if err != nil {
		return policy.Evidence{}, err
	}
	a, err := readAttached(bundle)
	if err != nil {
		return policy.Evidence{}, err
	}
	signers, err := v.signers(ctx, a, signatures)
	if len(signers) == 0 {
		return policy.Evidence{}, err
	}
	evidence, wrong := attestation(payload, digest, bundle, signers)
	if wrong != nil {
		return policy.Evidence{}, wrong
	}
	return evidence, err
}

// openEnvelope reads an envelope: what it holds, and its signatures.
func openEnvelope(data []byte) ([]byte, []signed, error) {
	var envelope struct {
		PayloadType string `json:"payloadType"`
		Payload     string `json:"payload"`
		Signatures  []struct {
			Sig string `json:"sig"`
		} `json:"signatures"`
	}
	if err := decodeStrict(data, &envelope, "payloadType", "payload", "signatures", "sig"); err != nil {
		return nil, nil, because(CodePayloadMalformed, err, "is no DSSE envelope")
	}
	if err := checkPayloadType(envelope.PayloadType); err != nil {
		return nil, nil, err
	}
	if len(envelope.Signatures) == 0 {
		return nil, nil, reject(CodeSignatureInvalid, "its envelope has no signature")
	}
	if n := len(envelope.Signatures); n > bounds.Signatures {
		return nil, nil, reject(CodeTooLarge, "its envelope has %d signatures, more than the %d that are read", n, bounds.Signatures)
	}
	payload, err := decodeBase64(envelope.Payload)
	if err != nil {
		return nil, nil, because(CodePayloadMalformed, err, "the payload of its envelope is not base64")
	}
	message := preAuthentication(envelope.PayloadType, payload)
	var out []signed
	for _, s := range envelope.Signatures {
		signature, err := decodeBase64(s.Sig)
		if err != nil {
			return nil, nil, because(CodePayloadMalformed, err, "a signature of its envelope is not base64")
		}
		out = append(out, signed{blob: data, payload: payload, message: message, signature: signature})
	}
	return payload, out, nil
}

func checkPayloadType(payloadType string) error {
	if payloadType != types.IntotoPayloadType {
		return reject(CodePayloadMalformed, "its envelope holds %.100q, want %s", payloadType, types.IntotoPayloadType)
	}
	return nil
}

// preAuthentication is what a DSSE signature is over: the PAE of the DSSE
// protocol, version 1.
func preAuthentication(payloadType string, payload []byte) []byte {
	head := fmt.Sprintf("DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload))
	return append([]byte(head), payload...)
}

// attestation makes evidence of a payload whose signatures were verified.
func attestation(payload []byte, digest policy.Digest, bundle verify.Bundle, signers []policy.Signer) (policy.Evidence, error) {
	statement, err := policy.ParseStatement(payload)
	if err != nil {
		return policy.Evidence{}, because(CodeStatementMalformed, err, "what it attests cannot be read")
	}
	if !statement.Names(digest) {
		r := reject(CodeSubjectMismatch, "attests %s", others(statement.Subjects))
		r.PredicateType = statement.PredicateType
		return policy.Evidence{}, r
	}
	id, err := contentID(payload)
	evidence := policy.Evidence{
		Kind: policy.KindAttestation, Format: bundle.Format, ID: id, Location: bundle.Location,
		Subject: digest, Signers: signers, Statement: statement,
	}
	if statement.PredicateType == types.CosignSignPredicateType {
		// It signs the image and attests nothing more.
		evidence.Kind, evidence.Statement = policy.KindSignature, nil
	}
	return evidence, err
}

// others names what a statement is about instead.
func others(subjects []policy.Digest) string {
	switch len(subjects) {
	case 0:
		return "nothing that has a sha256, sha384 or sha512 digest"
	case 1:
		return "another image: " + subjects[0].String()
	default:
		return fmt.Sprintf("%d other subjects, the first of which is %s", len(subjects), subjects[0])
	}
}
