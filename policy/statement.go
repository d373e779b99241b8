package policy

import "encoding/json"

// Statement is an in-toto statement, v0.1 or v1, whose envelope was verified.
type Statement struct {
	// Type is the statement's _type.
	Type string
	// PredicateType is the payload's own, never an annotation's.
	PredicateType string
	// Subjects are the digests that the statement speaks of, those with an
	// algorithm that ParseDigest takes.
	Subjects []Digest
	// Predicate is the predicate's JSON as it was signed.
	Predicate json.RawMessage
}
