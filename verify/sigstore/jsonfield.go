package sigstore

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/predicate"
	"github.com/syncgate/syncgate/verify"
)

// decodeStrict reads JSON whose keys, names among them, can be read in one
// way only.
func decodeStrict(data []byte, into any, names ...string) error {
	if err := predicate.CheckKeys(data, names...); err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// decodeBase64 takes the standard and the URL-safe alphabet, as the DSSE
// specification asks readers to.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "-_") {
		return base64.URLEncoding.DecodeString(text)
	}
	return base64.StdEncoding.DecodeString(text)
}

// claimedPredicateType is what a bundle that was rejected claims to be. It is
// for messages and rests on no signature.
func claimedPredicateType(bundle verify.Bundle) string {
	var outer struct {
		Payload  []byte `json:"payload"`
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if bundle.Format == policy.FormatSimpleSigning || json.Unmarshal(bundle.Payload, &outer) != nil {
		return ""
	}
	var statement struct {
		PredicateType string `json:"predicateType"`
	}
	payload := outer.Payload
	if payload == nil {
		payload = outer.Envelope.Payload
	}
	if json.Unmarshal(payload, &statement) != nil {
		return ""
	}
	return oneLine(statement.PredicateType)
}
