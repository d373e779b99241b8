package policy

import (
	"context"
	"time"
)

// Input is all that a verdict on one image rests on.
type Input struct {
	Subject Subject
	// Evidence is what was verified so far.
	Evidence []Evidence
	// Rejected is what was found and counts for nothing, for messages.
	Rejected []Rejection
	// Faults are what could not be looked at. Where there is one, absence of
	// evidence is unknown instead of fail.
	Faults []Finding
	// Complete tells that every store was asked. Where it is false, Result
	// says whether the rest could still change the verdict.
	Complete bool
	// At is the time to evaluate at.
	At time.Time
}

// Result is the verdict on one image, and why.
type Result struct {
	Verdict Verdict
	// Findings are in the order of policies and requirements, byte-stable.
	Findings []Finding
	// Policies are the names of the policies that match the image.
	Policies []string
	// Settled tells that evidence which was not yet asked for cannot change
	// the verdict. It is always true where Input.Complete is.
	Settled bool
}

// Needs is what a set of policies wants to know of an image before it can be
// evaluated.
type Needs struct {
	// Evidence tells that any requirement at all asks for evidence. Where it
	// is false, the registry need not be asked for any.
	Evidence bool
	// Platforms tells that the child manifests of an index must be known.
	Platforms bool
	// Digest tells that the reference must be resolved to a digest.
	Digest bool
}

// Needs tells what must be known of a subject, of which Reference,
// Repository, Tag, Pinned and Uses are set, to evaluate it.
func (s Set) Needs(subject Subject) Needs { panic("to be written") }

// Evaluate judges one image. Every policy that matches must pass; an image
// that none matches fails.
func (s Set) Evaluate(ctx context.Context, in Input) Result { panic("to be written") }

// Keys are all public keys that the policies name, for the verifier.
func (s Set) Keys() []Key { panic("to be written") }
