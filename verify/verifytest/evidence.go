package verifytest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Form says how evidence is written down and where it is put.
type Form uint8

// The forms of evidence.
const (
	// FormTag is cosign's usual form: at the .sig or the .att tag.
	FormTag Form = iota
	// FormBundle is a Sigstore bundle, version 0.3, that refers to the image.
	FormBundle
)

// LogEntry says how evidence is logged.
type LogEntry uint8

// The ways of logging.
const (
	// LogUsual makes the entry that cosign makes today: hashedrekord for a
	// signature, dsse for an envelope.
	LogUsual LogEntry = iota
	// LogIntoto makes the intoto 0.0.1 entry that cosign made for envelopes
	// until 2023.
	LogIntoto
	// LogIntoto2 makes the intoto 0.0.2 entry that other clients make.
	LogIntoto2
	// LogNone makes none.
	LogNone
)

// How says how evidence is made. The zero value is the usual way, now.
type How struct {
	// At is when it is signed and logged. It is the world's time if zero.
	At time.Time
	// CertifiedAt is when a keyless signer's certificate is issued. It is At
	// if zero.
	CertifiedAt time.Time
	Form        Form
	Log         LogEntry
	// Stamped asks the timestamp authority to confirm the time.
	Stamped bool
	// Optional are signed annotations of a simple-signing payload.
	Optional map[string]string
	// CoSigners sign the same envelope too. They must have keys.
	CoSigners []*Signer
	// Version is that of a Sigstore bundle: "0.1", "0.2" or "0.3", which it is
	// if empty.
	Version string
}

// Claim is what an attestation says.
type Claim struct {
	PredicateType string
	// Predicate is anything that encodes to JSON; a json.RawMessage is taken
	// as it is.
	Predicate any
	// Subjects are the digests that it speaks of. It is the image's own if
	// nil.
	Subjects []policy.Digest
}

// The media type that in-toto statements are signed under, and the predicate
// type of a bundle that is a signature of an image.
const (
	IntotoPayload      = "application/vnd.in-toto+json"
	SignPredicate      = "https://sigstore.dev/cosign/sign/v1"
	statementV1        = "https://in-toto.io/Statement/v1"
	statementV01       = "https://in-toto.io/Statement/v0.1"
	annotationPrefix   = "dev.sigstore.cosign/"
	signatureKey       = "dev.cosignproject.cosign/signature"
	simpleSigningClaim = "cosign container image signature"
)

// SimpleSigning makes what cosign keeps at a .sig tag.
func (w *World) SimpleSigning(image Image, signer *Signer, how How) (verify.Bundle, error) {
	payload, err := canonical(map[string]any{
		"critical": map[string]any{
			"identity": map[string]any{"docker-reference": image.world.Host() + "/" + image.Repository},
			"image":    map[string]any{"docker-manifest-digest": image.Digest.String()},
			"type":     simpleSigningClaim,
		},
		"optional": how.Optional,
	})
	if err != nil {
		return verify.Bundle{}, err
	}
	with, err := w.credential(signer, w.certifiedAt(how))
	if err != nil {
		return verify.Bundle{}, err
	}
	signature, err := with.key.Sign(payload)
	if err != nil {
		return verify.Bundle{}, err
	}
	annotations := map[string]string{signatureKey: base64.StdEncoding.EncodeToString(signature)}
	var logged *entry
	if how.Log != LogNone {
		if logged, err = w.logSignature(payload, signature, with, w.at(how)); err != nil {
			return verify.Bundle{}, err
		}
	}
	err = w.annotate(annotations, with, logged)
	if err == nil && how.Stamped {
		err = w.annotateStamp(annotations, signature, w.at(how))
	}
	return verify.Bundle{Format: policy.FormatSimpleSigning, Payload: payload, Annotations: annotations}, err
}

// logSignature logs the signature of a message.
func (w *World) logSignature(message, signature []byte, with credential, at time.Time) (*entry, error) {
	return w.rekor.append("hashedrekord", "0.0.1", map[string]any{
		"data":      map[string]any{"hash": hash(message)},
		"signature": map[string]any{"content": signature, "publicKey": map[string]any{"content": with.pem()}},
	}, at)
}

// Envelope makes what cosign keeps at an .att tag.
func (w *World) Envelope(image Image, signer *Signer, claim Claim, how How) (verify.Bundle, error) {
	e, err := w.seal(image, signer, claim, how)
	if err != nil {
		return verify.Bundle{}, err
	}
	annotations := map[string]string{signatureKey: "", "predicateType": claim.PredicateType}
	err = w.annotate(annotations, e.with, e.logged)
	if err == nil && how.Stamped {
		err = w.annotateStamp(annotations, e.envelope, w.at(how))
	}
	return verify.Bundle{Format: policy.FormatDSSE, Payload: e.envelope, Annotations: annotations}, err
}

// sealed is a signed envelope, and who signed first.
type sealed struct {
	with      credential
	statement []byte
	signature []byte
	envelope  []byte
	logged    *entry
}

// seal signs a claim as a DSSE envelope and logs it.
func (w *World) seal(image Image, signer *Signer, claim Claim, how How) (sealed, error) {
	e := sealed{}
	var err error
	if e.with, err = w.credential(signer, w.certifiedAt(how)); err != nil {
		return e, err
	}
	if e.statement, err = statement(image, claim, how.Form); err != nil {
		return e, err
	}
	message := []byte(fmt.Sprintf("DSSEv1 %d %s %d %s", len(IntotoPayload), IntotoPayload, len(e.statement), e.statement))
	if e.signature, err = e.with.key.Sign(message); err != nil {
		return e, err
	}
	signatures := []map[string]any{{"keyid": "", "sig": e.signature}}
	verifiers := []map[string]any{{"signature": base64.StdEncoding.EncodeToString(e.signature), "verifier": e.with.pem()}}
	for _, other := range how.CoSigners {
		if other.key == nil {
			return e, errors.New("sign envelope: a co-signer has no key")
		}
		signature, err := other.key.Sign(message)
		if err != nil {
			return e, err
		}
		signatures = append(signatures, map[string]any{"keyid": "", "sig": signature})
		verifiers = append(verifiers, map[string]any{"signature": base64.StdEncoding.EncodeToString(signature), "verifier": other.PEM()})
	}
	e.envelope, err = json.Marshal(map[string]any{"payloadType": IntotoPayload, "payload": e.statement, "signatures": signatures})
	if err != nil {
		return e, err
	}
	e.logged, err = w.logEnvelope(e, verifiers, how)
	return e, err
}

func (w *World) logEnvelope(e sealed, verifiers []map[string]any, how How) (*entry, error) {
	switch how.Log {
	case LogNone:
		return nil, nil
	case LogIntoto:
		return w.rekor.append("intoto", "0.0.1", map[string]any{
			"content":   map[string]any{"hash": hash(e.envelope), "payloadHash": hash(e.statement)},
			"publicKey": e.with.pem(),
		}, w.at(how))
	case LogIntoto2:
		return w.rekor.append("intoto", "0.0.2", map[string]any{
			"content": map[string]any{
				"hash": hash([]byte("of a form that only Rekor has")), "payloadHash": hash(e.statement),
				"envelope": map[string]any{"payloadType": IntotoPayload, "signatures": []any{map[string]any{
					"publicKey": e.with.pem(), "sig": []byte(base64.StdEncoding.EncodeToString(e.signature)),
				}}},
			},
		}, w.at(how))
	default:
		return w.rekor.append("dsse", "0.0.1", map[string]any{
			"envelopeHash": hash(e.envelope), "payloadHash": hash(e.statement), "signatures": verifiers,
		}, w.at(how))
	}
}

// statement writes an in-toto statement: version 0.1 at tags and 1 in bundles,
// as cosign does.
func statement(image Image, claim Claim, form Form) ([]byte, error) {
	digests := claim.Subjects
	if digests == nil {
		digests = []policy.Digest{image.Digest}
	}
	subjects := []map[string]any{}
	for _, d := range digests {
		subjects = append(subjects, map[string]any{
			"name": image.world.Host() + "/" + image.Repository, "digest": map[string]string{d.Algorithm(): d.Hex()},
		})
	}
	version := statementV01
	if form == FormBundle {
		version = statementV1
	}
	return json.Marshal(map[string]any{
		"_type": version, "predicateType": claim.PredicateType, "subject": subjects, "predicate": claim.Predicate,
	})
}

// annotate adds what cosign keeps beside a signature: the certificate, its
// chain and the log's promise.
func (w *World) annotate(annotations map[string]string, with credential, logged *entry) error {
	if with.certificate != nil {
		annotations[annotationPrefix+"certificate"] = string(with.pem())
		annotations[annotationPrefix+"chain"] = string(certificatePEM(with.chain...))
	}
	if logged == nil {
		return nil
	}
	bundle, err := canonical(map[string]any{"SignedEntryTimestamp": logged.promise, "Payload": logged.payload(w.rekor.key)})
	annotations[annotationPrefix+"bundle"] = string(bundle)
	return err
}

func (w *World) annotateStamp(annotations map[string]string, data []byte, at time.Time) error {
	token, err := w.stamp(data, at)
	if err != nil {
		return err
	}
	encoded, err := canonical(map[string]any{"SignedRFC3161Timestamp": token})
	annotations[annotationPrefix+"rfc3161timestamp"] = string(encoded)
	return err
}

func (w *World) at(how How) time.Time {
	if how.At.IsZero() {
		return w.now
	}
	return how.At
}

func (w *World) certifiedAt(how How) time.Time {
	if how.CertifiedAt.IsZero() {
		return w.at(how)
	}
	return how.CertifiedAt
}

// hash is how log entries write a SHA-256 digest.
func hash(data []byte) map[string]string {
	sum := sha256.Sum256(data)
	return map[string]string{"algorithm": "sha256", "value": hex.EncodeToString(sum[:])}
}

// bytesOf are the bytes of a value that hash made.
func bytesOf(value string) []byte {
	b, err := hex.DecodeString(value)
	if err != nil {
		panic(err) // hash writes hex
	}
	return b
}
