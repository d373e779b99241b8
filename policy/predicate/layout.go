package predicate

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/in-toto/in-toto-golang/in_toto"
	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
)

// Layout is an in-toto layout whose owners' signatures hold.
type Layout struct {
	// Steps are in the layout's order.
	Steps []LayoutStep
	// Expires is the first moment at which it no longer holds.
	Expires time.Time
	// Inspections are the names of those that it wants run. Nothing is run
	// here, so that a layout with one cannot be honoured.
	Inspections []string

	steps []in_toto.Step
}

// LayoutStep is one step of a layout.
type LayoutStep struct {
	Name string
	// Keys are the functionaries' public keys.
	Keys []crypto.PublicKey
	// Threshold is how many of them must have signed a link of the step.
	Threshold int
}

// ParseLayout reads a layout, in in-toto's own envelope or in DSSE, which every
// one of the owners' keys must have signed.
func ParseLayout(raw []byte, owners [][]byte) (*Layout, error) {
	return guard("in-toto layout", func() (*Layout, error) { return parseLayout(raw, owners) })
}

func parseLayout(raw []byte, owners [][]byte) (*Layout, error) {
	if len(owners) == 0 {
		return nil, errors.New("verify layout: no key of an owner is given")
	}
	if err := CheckKeys(raw, "signed", "signatures", "payload", "payloadType", "keyid", "sig"); err != nil {
		return nil, err
	}
	signed, err := verifyLayout(raw, owners)
	if err != nil {
		return nil, err
	}
	if err := CheckKeys(signed, "_type", "steps", "inspect", "keys", "expires", "name", "pubkeys", "threshold",
		"expected_materials", "expected_products", "keyid", "keyval", "public"); err != nil {
		return nil, err
	}
	var layout in_toto.Layout
	if err := decode("in-toto layout", signed, &layout); err != nil {
		return nil, err
	}
	// The library validates a layout only within its own envelope.
	if err := in_toto.ValidateMetablock(in_toto.Metablock{Signed: layout, Signatures: []in_toto.Signature{}}); err != nil {
		return nil, fmt.Errorf("decode in-toto layout: %s", clip(err.Error()))
	}
	facts := &Layout{steps: layout.Steps}
	if facts.Expires, err = time.Parse(in_toto.ISO8601DateSchema, layout.Expires); err != nil {
		return nil, fmt.Errorf("decode in-toto layout: expires: %q is not a time", clip(layout.Expires))
	}
	if len(layout.Steps) == 0 {
		return nil, errors.New("decode in-toto layout: steps: there is none, so that nothing is asked for")
	}
	for _, inspection := range layout.Inspect {
		facts.Inspections = append(facts.Inspections, inspection.Name)
	}
	for _, step := range layout.Steps {
		one, err := newStep(step, layout.Keys)
		if err != nil {
			return nil, fmt.Errorf("decode in-toto layout: step %q: %w", clip(step.Name), err)
		}
		facts.Steps = append(facts.Steps, one)
	}
	return facts, nil
}

// newStep finds the functionaries of a step. Those whom the layout names by
// what their certificates say are not known here, and none of them counts.
func newStep(step in_toto.Step, keys map[string]in_toto.Key) (LayoutStep, error) {
	one := LayoutStep{Name: step.Name, Threshold: max(step.Threshold, 1)}
	for _, id := range step.PubKeys {
		key, ok := keys[id]
		if !ok {
			return one, fmt.Errorf("the key %q is not among the layout's keys", clip(id))
		}
		public, err := publicKeyOf(key)
		if err != nil {
			return one, fmt.Errorf("key %q: %w", clip(id), err)
		}
		one.Keys = append(one.Keys, public)
	}
	switch {
	case len(one.Keys) == 0 && len(step.CertificateConstraints) > 0:
		return one, unsupported("it names functionaries by their certificates alone")
	case len(one.Keys) < one.Threshold:
		return one, fmt.Errorf("it asks for links by %d functionaries and names %d", one.Threshold, len(one.Keys))
	}
	return one, nil
}

func publicKeyOf(key in_toto.Key) (crypto.PublicKey, error) {
	sslib := &signerverifier.SSLibKey{KeyID: key.KeyID, KeyType: key.KeyType, Scheme: key.Scheme, KeyVal: signerverifier.KeyVal{Public: key.KeyVal.Public}}
	verifier, err := verifierOf(sslib)
	if err != nil {
		return nil, err
	}
	return verifier.Public(), nil
}

func verifierOf(key *signerverifier.SSLibKey) (dsse.Verifier, error) {
	switch key.KeyType {
	case signerverifier.RSAKeyType:
		return signerverifier.NewRSAPSSSignerVerifierFromSSLibKey(key)
	case signerverifier.ED25519KeyType:
		return signerverifier.NewED25519SignerVerifierFromSSLibKey(key)
	case signerverifier.ECDSAKeyType:
		return signerverifier.NewECDSASignerVerifierFromSSLibKey(key)
	}
	return nil, fmt.Errorf("keys of type %q are not supported", clip(key.KeyType))
}

// layoutEnvelope is either of in-toto's envelopes.
type layoutEnvelope struct {
	Signed      json.RawMessage `json:"signed"`
	PayloadType string          `json:"payloadType"`
	Payload     string          `json:"payload"`
	Signatures  []struct {
		KeyID string `json:"keyid"`
		Sig   string `json:"sig"`
	} `json:"signatures"`
}

// verifyLayout returns what was signed, by every one of the owners.
func verifyLayout(raw []byte, owners [][]byte) ([]byte, error) {
	var envelope layoutEnvelope
	if err := decode("in-toto layout", raw, &envelope); err != nil {
		return nil, err
	}
	content, message, decodeSig := []byte(envelope.Signed), []byte(nil), hex.DecodeString
	switch {
	case envelope.Payload != "" && len(content) > 0, envelope.Payload == "" && len(content) == 0:
		return nil, errors.New("decode in-toto layout: want either \"signed\" or \"payload\"")
	case len(content) > 0:
		var generic any
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.UseNumber()
		if err := decoder.Decode(&generic); err != nil {
			return nil, fmt.Errorf("decode in-toto layout: %w", err)
		}
		var err error
		if message, err = cjson.EncodeCanonical(generic); err != nil {
			return nil, fmt.Errorf("decode in-toto layout: %w", err)
		}
	case envelope.PayloadType != "application/vnd.in-toto+json":
		return nil, fmt.Errorf("decode in-toto layout: payloadType: %q is not in-toto's", clip(envelope.PayloadType))
	default:
		var err error
		if content, err = base64.StdEncoding.DecodeString(envelope.Payload); err != nil {
			return nil, errors.New("decode in-toto layout: payload: it is not base64")
		}
		message, decodeSig = dsse.PAE(envelope.PayloadType, content), base64.StdEncoding.DecodeString
	}
	for i, owner := range owners {
		if !envelope.signedBy(owner, message, decodeSig) {
			return nil, fmt.Errorf("verify layout: no signature by the owner's key %d of %d holds", i+1, len(owners))
		}
	}
	return content, nil
}

// signedBy tries every signature: what a signature says of its key is only a
// hint.
func (e *layoutEnvelope) signedBy(owner, message []byte, decodeSig func(string) ([]byte, error)) bool {
	key, err := signerverifier.LoadKey(owner)
	if err != nil {
		return false
	}
	verifier, err := verifierOf(key)
	if err != nil {
		return false
	}
	for _, s := range e.Signatures {
		if sig, err := decodeSig(s.Sig); err == nil && verifier.Verify(context.Background(), message, sig) == nil {
			return true
		}
	}
	return false
}

// Verify holds links, one for each step by its name, to the layout's artifact
// rules. An error says which rule does not hold.
func (l *Layout) Verify(links map[string]*Link) error {
	_, err := guard("in-toto layout", func() (*Layout, error) {
		var items []any
		metadata := map[string]in_toto.Metadata{}
		for _, step := range l.steps {
			link := links[step.Name]
			if link == nil {
				return nil, fmt.Errorf("step %q has no link", clip(step.Name))
			}
			items = append(items, step)
			metadata[step.Name] = &in_toto.Metablock{Signed: in_toto.Link{
				Type: "link", Name: link.Name, Command: link.Command,
				Materials: libraryHashes(link.Materials), Products: libraryHashes(link.Products),
			}}
		}
		if err := in_toto.VerifyArtifacts(items, metadata); err != nil {
			return nil, errors.New(clip(err.Error()))
		}
		return l, nil
	})
	return err
}

// libraryHashes copies: the library cleans the paths in place.
func libraryHashes(in map[string]map[string]string) map[string]in_toto.HashObj {
	out := make(map[string]in_toto.HashObj, len(in))
	for name, hashes := range in {
		out[name] = hashes
	}
	return out
}
