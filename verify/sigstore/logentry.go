package sigstore

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/tlog"

	"github.com/syncgate/syncgate/bounds"
	// Rekor's entry types register themselves; sigstore-go knows the others.
	_ "github.com/sigstore/rekor/pkg/types/intoto/v0.0.1"
	_ "github.com/sigstore/rekor/pkg/types/rekord/v0.0.1"
)

// logEntry is an entry of Rekor version 1 as cosign attaches it, with the
// log's signed promise and no proof.
type logEntry struct {
	promise    []byte
	body       []byte
	integrated int64
	index      int64
	logID      string
	subject    loggedSubject
}

// loggedSubject is what an entry is an entry for.
type loggedSubject struct {
	kind string
	// blob and payload are the digests of the layer and of what an envelope
	// holds. Each entry has one or both.
	blob, payload loggedHash
	signatures    []loggedSignature
}

// loggedSignature is who signed. The signature is nil where the kind of entry
// leaves it to the digest of the envelope.
type loggedSignature struct {
	signature []byte
	signer    []byte
}

// parseLogEntry reads the annotation that cosign calls a bundle.
func parseLogEntry(data []byte) (*logEntry, error) {
	var annotation struct {
		SignedEntryTimestamp []byte
		Payload              struct {
			Body           []byte `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		}
	}
	// How often a key stands in it does not matter: the log's promise is over
	// the values that are read here, written anew.
	if err := json.Unmarshal(data, &annotation); err != nil {
		return nil, err
	}
	e := &logEntry{
		promise: annotation.SignedEntryTimestamp, body: annotation.Payload.Body,
		integrated: annotation.Payload.IntegratedTime, index: annotation.Payload.LogIndex, logID: annotation.Payload.LogID,
	}
	if len(e.promise) == 0 || len(e.body) == 0 || e.integrated <= 0 || e.logID == "" {
		return nil, errors.New("it lacks the body, the time, the log's id or the log's promise")
	}
	var err error
	e.subject, err = parseLoggedSubject(e.body)
	return e, err
}

// parseLoggedSubject reads the body of an entry. It is a digest or two, and
// who signed. The log wrote it, and its promise is over these bytes.
func parseLoggedSubject(body []byte) (loggedSubject, error) {
	var entry struct {
		Kind       string          `json:"kind"`
		APIVersion string          `json:"apiVersion"`
		Spec       json.RawMessage `json:"spec"`
	}
	if err := json.Unmarshal(body, &entry); err != nil {
		return loggedSubject{}, err
	}
	kind := entry.Kind + "/" + entry.APIVersion
	read := map[string]func(json.RawMessage) (loggedSubject, error){
		"hashedrekord/0.0.1": hashedSubject,
		"rekord/0.0.1":       hashedSubject,
		"dsse/0.0.1":         dsseSubject,
		"intoto/0.0.1":       intotoSubject,
		"intoto/0.0.2":       intoto2Subject,
	}[kind]
	if read == nil {
		return loggedSubject{}, fmt.Errorf("it is of kind %q, which is not read", kind)
	}
	subject, err := read(entry.Spec)
	subject.kind = kind
	if err == nil && len(subject.signatures) == 0 {
		err = errors.New("it names no signer")
	}
	if err == nil && len(subject.signatures) > bounds.Signatures {
		err = fmt.Errorf("it has %d signatures, more than the %d that are read", len(subject.signatures), bounds.Signatures)
	}
	return subject, err
}

// loggedHash is a digest in an entry. The zero value is none.
type loggedHash struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// of tells whether the digest is that of data, or there is no digest.
func (h loggedHash) of(data []byte) bool {
	sum := func() string {
		switch h.Algorithm {
		case "sha256":
			return fmt.Sprintf("%x", sha256.Sum256(data))
		case "sha384":
			return fmt.Sprintf("%x", sha512.Sum384(data))
		case "sha512":
			return fmt.Sprintf("%x", sha512.Sum512(data))
		}
		return ""
	}
	return h == loggedHash{} || h.Value != "" && h.Value == sum()
}

func hashedSubject(spec json.RawMessage) (loggedSubject, error) {
	var entry struct {
		Data      struct{ Hash loggedHash }
		Signature struct {
			Content   []byte
			PublicKey struct{ Content []byte }
		}
	}
	err := json.Unmarshal(spec, &entry)
	return loggedSubject{
		blob:       entry.Data.Hash,
		signatures: []loggedSignature{{entry.Signature.Content, der(entry.Signature.PublicKey.Content)}},
	}, err
}

func dsseSubject(spec json.RawMessage) (loggedSubject, error) {
	var entry struct {
		EnvelopeHash, PayloadHash loggedHash
		Signatures                []struct{ Signature, Verifier []byte }
	}
	err := json.Unmarshal(spec, &entry)
	subject := loggedSubject{blob: entry.EnvelopeHash, payload: entry.PayloadHash}
	for _, s := range entry.Signatures {
		subject.signatures = append(subject.signatures, loggedSignature{s.Signature, der(s.Verifier)})
	}
	return subject, err
}

// intotoSubject reads the entries that cosign made for envelopes until 2023.
// They bind the signature by the digest of the envelope that holds it.
func intotoSubject(spec json.RawMessage) (loggedSubject, error) {
	var entry struct {
		Content   struct{ Hash, PayloadHash loggedHash }
		PublicKey []byte
	}
	err := json.Unmarshal(spec, &entry)
	if err == nil && entry.Content.Hash == (loggedHash{}) {
		err = errors.New("it has no digest of the envelope")
	}
	return loggedSubject{
		blob: entry.Content.Hash, payload: entry.Content.PayloadHash,
		signatures: []loggedSignature{{nil, der(entry.PublicKey)}},
	}, err
}

// intoto2Subject reads entries whose envelope digest is of a form of the
// envelope that nobody else has; the payload's digest and the signatures bind.
func intoto2Subject(spec json.RawMessage) (loggedSubject, error) {
	var entry struct {
		Content struct {
			PayloadHash loggedHash
			Envelope    struct {
				Signatures []struct{ Sig, PublicKey []byte }
			}
		}
	}
	err := json.Unmarshal(spec, &entry)
	subject := loggedSubject{payload: entry.Content.PayloadHash}
	for _, s := range entry.Content.Envelope.Signatures {
		// Rekor encodes the signature a second time.
		sig, err := base64.StdEncoding.DecodeString(string(s.Sig))
		if err != nil {
			return subject, fmt.Errorf("a signature in it cannot be read: %w", err)
		}
		subject.signatures = append(subject.signatures, loggedSignature{sig, der(s.PublicKey)})
	}
	return subject, err
}

// der is the contents of the first PEM block.
func der(text []byte) []byte {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	return block.Bytes
}

// matches tells whether the entry is for a signature that holds. Its error
// says what differs.
func (e *logEntry) matches(s signed, by candidate) error {
	subject := e.subject
	if subject.blob == (loggedHash{}) && subject.payload == (loggedHash{}) {
		return errors.New("it has no digest of what was signed")
	}
	if !subject.blob.of(s.blob) || !subject.payload.of(s.payload) {
		return errors.New("it is an entry for another artifact")
	}
	reason := errors.New("it is an entry for another signature")
	for _, logged := range subject.signatures {
		switch {
		case logged.signature != nil && !bytes.Equal(logged.signature, s.signature):
		case !by.is(logged.signer):
			reason = errors.New("it is an entry for another key or certificate")
		default:
			return nil
		}
	}
	return reason
}

// at is when the log says that it took the entry in.
func (e *logEntry) at() time.Time { return time.Unix(e.integrated, 0).UTC() }

// verify checks the log's promise. It tells whether the log is one of the
// trusted root; an entry of a log that is not is neither good nor bad.
func (e *logEntry) verify(m *material) (known bool, err error) {
	id, err := hex.DecodeString(e.logID)
	if err != nil {
		return false, fmt.Errorf("its log id cannot be read: %w", err)
	}
	logs := m.RekorLogs()
	if _, ok := logs[hex.EncodeToString(id)]; !ok {
		return false, nil
	}
	kind, version, _ := strings.Cut(e.subject.kind, "/")
	entry, err := tlog.ParseTransparencyLogEntry(&rekor.TransparencyLogEntry{
		LogIndex:          e.index,
		LogId:             &common.LogId{KeyId: id},
		KindVersion:       &rekor.KindVersion{Kind: kind, Version: version},
		IntegratedTime:    e.integrated,
		InclusionPromise:  &rekor.InclusionPromise{SignedEntryTimestamp: e.promise},
		CanonicalizedBody: e.body,
	})
	if err != nil {
		return true, err
	}
	if err := tlog.VerifySET(entry, logs); err != nil {
		return true, fmt.Errorf("the log did not promise this entry at this time: %w", err)
	}
	return true, nil
}

// is tells whether a certificate or key in a log entry is the candidate's.
func (c candidate) is(logged []byte) bool {
	if len(logged) == 0 {
		return false
	}
	if c.key == nil {
		return bytes.Equal(logged, c.certificate.Raw)
	}
	if bytes.Equal(logged, c.key.der) {
		return true
	}
	// Cosign logs the certificate where a key comes with one.
	certificate, err := x509.ParseCertificate(logged)
	return err == nil && bytes.Equal(certificate.RawSubjectPublicKeyInfo, c.key.der)
}
