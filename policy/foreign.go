package policy

import (
	"context"
	"time"
)

// What policies of other tools need beyond the native language. They are read
// into the same model, so that verdicts combine in one way only.

// Selection tells whether a policy is about an image in one place.
type Selection uint8

// The selections. The zero value is that it cannot be told.
const (
	SelectionUnknown Selection = iota
	NotSelected
	Selected
)

// Selector tells whether a policy of another tool is about an image, in that
// tool's own way.
type Selector interface {
	// Select tells whether the policy is about the image in one place, and
	// why not or why that cannot be told. Of an image that is not known to
	// run anywhere, use is empty.
	Select(ctx context.Context, s Subject, use Use) (selection Selection, reason string)
}

// Object is a rendered Kubernetes object, for policies that look into it.
type Object interface {
	// JSON returns the object as JSON. It may hold secrets: nothing of it
	// goes into a message.
	JSON() ([]byte, error)
}

// StaticRequirement is met, or not, whatever evidence there is: a policy that
// says of some images that they may run, or may not.
type StaticRequirement struct {
	Verdict Verdict
	// Message is what the policy says about it.
	Message string
}

// ProgramRequirement asks a program about what was found for other
// requirements.
type ProgramRequirement struct {
	// Of are looked for first, each with a name of its own.
	Of []Requirement
	// Count of them must be met for the program to be asked at all.
	Count int
	// Program decides. Nil is satisfied with the count.
	Program Program
}

// Program decides about an image from what was found for requirements. It is
// pure, and bounded in time and memory.
type Program interface {
	// Decide decides. An error is never a pass: it fails, unless it
	// implements Undecided.
	Decide(ctx context.Context, in ProgramInput) (Decision, error)
	// ReadsUse tells whether the program asks where the image runs.
	ReadsUse() bool
	// String names the program for messages.
	String() string
}

// ProgramInput is what a program sees.
type ProgramInput struct {
	Subject Subject
	// Use is where the image runs. It is empty where ReadsUse is false.
	Use Use
	// At is the time to evaluate at.
	At time.Time
	// Found is what was found, in the order of the requirements.
	Found []Found
}

// Found is what was found for one requirement that a program is asked about.
type Found struct {
	Name string
	// Verdict is Unknown where it could not be looked at, and where more may
	// be found yet.
	Verdict Verdict
	// Proofs are all signatures or attestations that meet the requirement.
	Proofs []Proof
	// Parts are those of a group.
	Parts []Found
}

// Proof is evidence that meets a requirement, and who signed it.
type Proof struct {
	Evidence *Evidence
	Signer   *Signer
}

// Decision is what a program decides.
type Decision struct {
	Verdict Verdict
	// Message is why, where it is not a pass.
	Message string
	// Rests are the names of the requirements whose proofs it rests on. A
	// pass that rests on none is none.
	Rests []string
}

// No is the error of an expression that does not hold and tells why.
type No struct{ Reason string }

// Error returns the reason.
func (n *No) Error() string { return n.Reason }

// Undecided is implemented by errors of expressions and programs that say
// nothing about the image: the verdict is then unknown instead of fail.
type Undecided interface {
	error
	// Undecided tells whether trying again may help.
	Undecided() (retryable bool)
}
