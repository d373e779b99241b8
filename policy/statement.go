package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/predicate"
)

// The statement types that ParseStatement reads.
const (
	// StatementV01 is in-toto Statement v0.1.
	StatementV01 = "https://in-toto.io/Statement/v0.1"
	// StatementV1 is in-toto Statement v1.
	StatementV1 = "https://in-toto.io/Statement/v1"
)

// Statement is an in-toto statement, v0.1 or v1, whose envelope was verified.
type Statement struct {
	// Type is the statement's _type.
	Type string
	// PredicateType is the payload's own, never an annotation's.
	PredicateType string
	// Subjects are the digests that the statement speaks of, those with an
	// algorithm that ParseDigest takes.
	Subjects []Digest
	// Subject is the list of subjects as it was signed.
	Subject json.RawMessage
	// Predicate is the predicate's JSON as it was signed. It is nil if there
	// is none.
	Predicate json.RawMessage

	// facts are what the predicate was parsed to.
	facts *facts
}

// Names tells whether the statement speaks of a digest.
func (s *Statement) Names(digest Digest) bool {
	if digest.IsZero() {
		return false
	}
	for _, subject := range s.Subjects {
		if subject == digest {
			return true
		}
	}
	return false
}

// ParseStatement reads an in-toto statement, v0.1 or v1, from the bytes that
// an envelope's signature was verified over.
//
// It is strict where two readers could see two statements: a key that stands
// twice in an object at any depth, or that differs from one of the
// specification's only in letter case, makes an error. So do more subjects
// than bounds.Subjects, nesting deeper than bounds.JSONDepth, and a list of
// subjects that is empty, because that would be a statement about nothing.
//
// It is lenient where real statements are odd and no reader is misled. "type"
// is taken for "_type" where that is missing, as some OpenVEX tools write it.
// The predicate may be any JSON value, such as a string, or missing. Subjects
// without a sha256, sha384 or sha512 digest are passed over, so that Subjects may be
// empty, and the statement then speaks of no image. Unknown keys are ignored.
func ParseStatement(payload []byte) (*Statement, error) {
	if err := predicate.CheckKeys(payload); err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	fields, err := exactFields(payload, "_type", "type", "predicateType", "subject", "predicate")
	if err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	s := &Statement{Subject: fields["subject"], Predicate: fields["predicate"], facts: &facts{}}
	if s.Type, err = statementType(fields); err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	if s.PredicateType, err = stringField(fields, "predicateType"); err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	if s.Subjects, err = subjects(fields["subject"]); err != nil {
		return nil, fmt.Errorf("read statement: %w", err)
	}
	return s, nil
}

func statementType(fields map[string]json.RawMessage) (string, error) {
	name := "_type"
	if _, ok := fields[name]; !ok {
		name = "type"
	} else if _, ok := fields["type"]; ok {
		return "", errors.New("it has both _type and type")
	}
	if _, ok := fields[name]; !ok {
		return "", errors.New("it has no _type")
	}
	value, err := stringField(fields, name)
	if err != nil {
		return "", err
	}
	if value != StatementV01 && value != StatementV1 {
		return "", fmt.Errorf("%s is %q, want %s or %s", name, value, StatementV1, StatementV01)
	}
	return value, nil
}

// subjects reads the digests of a statement's subjects, each once, in order.
func subjects(raw json.RawMessage) ([]Digest, error) {
	var list []json.RawMessage
	if raw == nil {
		return nil, errors.New("it has no subject")
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("subject is not a list")
	}
	if len(list) == 0 {
		return nil, errors.New("its list of subjects is empty")
	}
	if len(list) > bounds.Subjects {
		return nil, fmt.Errorf("it has %d subjects, more than the %d that are read", len(list), bounds.Subjects)
	}
	var digests []Digest
	seen := map[Digest]bool{}
	for i, item := range list {
		fields, err := exactFields(item, "name", "uri", "digest")
		if err != nil {
			return nil, fmt.Errorf("subject %d: %w", i+1, err)
		}
		found, err := digestSet(fields["digest"])
		if err != nil {
			return nil, fmt.Errorf("subject %d: %w", i+1, err)
		}
		for _, d := range found {
			if !seen[d] {
				seen[d] = true
				digests = append(digests, d)
			}
		}
	}
	return digests, nil
}

// digestSet reads those digests of an in-toto DigestSet that ParseDigest
// takes.
func digestSet(raw json.RawMessage) ([]Digest, error) {
	if raw == nil {
		return nil, nil
	}
	fields, err := exactFields(raw, "sha256", "sha384", "sha512")
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	var out []Digest
	for _, algorithm := range []string{"sha256", "sha384", "sha512"} {
		if _, ok := fields[algorithm]; !ok {
			continue
		}
		hex, err := stringField(fields, algorithm)
		if err != nil {
			return nil, fmt.Errorf("digest: %w", err)
		}
		if d, err := ParseDigest(algorithm + ":" + hex); err == nil {
			out = append(out, d)
		}
	}
	return out, nil
}

// exactFields reads a JSON object by its exact keys. A key that is one of
// names but for letter case is an error: encoding/json would take it.
func exactFields(raw json.RawMessage, names ...string) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, errors.New("it is not a JSON object")
	}
	for key := range fields {
		for _, name := range names {
			if key != name && strings.EqualFold(key, name) {
				return nil, fmt.Errorf("it has the key %q, which is %s but for letter case", key, name)
			}
		}
	}
	return fields, nil
}

// stringField reads a field that must be there, and be a string that is not
// empty.
func stringField(fields map[string]json.RawMessage, name string) (string, error) {
	raw, ok := fields[name]
	if !ok {
		return "", fmt.Errorf("it has no %s", name)
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil || value == "" {
		return "", fmt.Errorf("%s is not a string with something in it", name)
	}
	return value, nil
}
