package sigstore

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sigstore/cosign/v2/pkg/oci/static"
	signaturepayload "github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// simpleSigning verifies what cosign keeps at .sig tags: a payload that names
// the image, and its signature in an annotation.
func (v *Verifier) simpleSigning(ctx context.Context, digest policy.Digest, bundle verify.Bundle) (policy.Evidence, error) {
	text := bundle.Annotations[static.SignatureAnnotationKey]
	if text == "" {
		return policy.Evidence{}, reject(CodePayloadMalformed, "has no signature in the annotation %s", static.SignatureAnnotationKey)
	}
	signature, err := decodeBase64(text)
	if err != nil {
		return policy.Evidence{}, because(CodePayloadMalformed, err, "its signature is not base64")
	}
	a, err := readAttached(bundle)
	if err != nil {
		return policy.Evidence{}, err
	}
	signers, err := v.signers(ctx, a, []signed{{
		blob: bundle.Payload, payload: bundle.Payload, message: bundle.Payload, signature: signature,
	}})
	if len(signers) == 0 {
		return policy.Evidence{}, err
	}
	annotations, wrong := checkClaim(bundle.Payload, digest)
	if wrong != nil {
		return policy.Evidence{}, wrong
	}
	id, wrong := contentID(bundle.Payload)
	if wrong != nil {
		return policy.Evidence{}, wrong
	}
	return policy.Evidence{
		Kind: policy.KindSignature, Format: bundle.Format, ID: id, Location: bundle.Location,
		Subject: digest, Signers: signers, Annotations: annotations,
	}, err
}

// claimType tells whether a payload is a signature of an image: cosign's, or
// that of the format that cosign took it from.
func claimType(t string) bool {
	return t == signaturepayload.CosignSignatureType || t == "atomic container signature"
}

// checkClaim reads the verified payload, as containers-signature(5) describes
// it, and returns its signed annotations: those that are strings.
func checkClaim(payload []byte, digest policy.Digest) (map[string]string, error) {
	var claim struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
		Optional map[string]json.RawMessage `json:"optional"`
	}
	err := decodeStrict(payload, &claim, "critical", "optional", "image", "identity", "type", "docker-manifest-digest")
	if err != nil {
		return nil, because(CodePayloadMalformed, err, "its payload cannot be read")
	}
	if !claimType(claim.Critical.Type) {
		return nil, reject(CodePayloadMalformed, "its payload is no signature of an image: its type is %.100q", claim.Critical.Type)
	}
	if claim.Critical.Image.Digest != digest.String() {
		return nil, reject(CodeSubjectMismatch, "signs another image: %s", naming(claim.Critical.Image.Digest))
	}
	annotations := map[string]string{}
	for name, raw := range claim.Optional {
		var value string
		if json.Unmarshal(raw, &value) == nil && string(raw) != "null" {
			annotations[name] = value
		}
	}
	if len(annotations) == 0 {
		return nil, nil
	}
	return annotations, nil
}

// naming is a digest out of a payload, for a message.
func naming(text string) string {
	if d, err := policy.ParseDigest(text); err == nil {
		return d.String()
	}
	return fmt.Sprintf("%.100q, which is no digest", text)
}
