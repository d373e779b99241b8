// Package forge is what publishers of every forge have in common: what they
// publish, where, and how they talk to a server that limits and fails.
package forge

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// State is what a status says of a commit.
type State string

// The states of a status. Only Success lets a commit be merged.
const (
	// Pending: the verdict is not known yet.
	Pending State = "pending"
	// Success: the verdict is pass.
	Success State = "success"
	// Failure: the verdict is fail.
	Failure State = "failure"
	// Error: not everything could be checked, or there is no report.
	Error State = "error"
)

// Status is one check of one commit. The newest of a name counts.
type Status struct {
	State State
	// Name tells checks of one commit apart: "syncgate/production".
	Name string
	// Description is one line. What a forge has no room for is cut off.
	Description string
	// Link is where more is to be seen. It may be empty.
	Link string
}

// Target is the commit, and the pull request, that is published to.
type Target struct {
	// Forge is the kind of server: see Kinds.
	Forge string
	// API is the base URL of its interface.
	API string
	// Project is the repository, "owner/name", or a project's number.
	Project string
	// Commit is the full id.
	Commit string
	// Merge is the commit that a CI system made of Commit and its target
	// branch, and checked out; what is verified there is told of Commit.
	Merge string
	// Change is the number of the pull request, or 0.
	Change int
	// Ref is the branch that the commit is built for.
	Ref string
	// Link is where the CI job is to be seen.
	Link string
	// Token authenticates. It is in no error.
	Token string
}

// Publisher publishes to one target. Its errors name the forge, the repository
// and the commit, and say what to do next.
type Publisher interface {
	// Publish sets a status. To set the same one twice is no error.
	Publish(ctx context.Context, s Status) error
	// Comment writes text as the one comment of a pull request that begins with
	// marker: the one that is there is replaced. The text begins with the marker.
	Comment(ctx context.Context, marker, text string) error
}

// Of is the status that a report makes.
func Of(r verify.Report) Status {
	s := r.Summary
	switch r.Verdict {
	case policy.Pass:
		if s.Pass < s.Images {
			return Status{State: Success, Description: fmt.Sprintf("nothing new fails: %d of %s verified, %d as before", s.Pass, images(s.Images), s.Images-s.Pass)}
		}
		return Status{State: Success, Description: fmt.Sprintf("%s verified", images(s.Images))}
	case policy.Fail:
		what := fmt.Sprintf("%d of %s denied", s.Fail, images(s.Images))
		if s.Fail == 0 {
			what = "what would be deployed is broken"
		}
		if c := r.ComparedTo; c != nil && c.Old > 0 {
			what += fmt.Sprintf(" (%d as before)", c.Old)
		}
		if s.Unknown > 0 {
			what += fmt.Sprintf(", %d could not be checked", s.Unknown)
		}
		return Status{State: Failure, Description: what}
	}
	if s.Unknown == 0 {
		return Status{State: Error, Description: "not all that would be deployed could be checked"}
	}
	return Status{State: Error, Description: fmt.Sprintf("%d of %s could not be checked", s.Unknown, images(s.Images))}
}

func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", n)
}

// Cut is text of at most limit characters.
func Cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}

// Split takes "owner/name" apart.
func Split(project string) (owner, name string, err error) {
	i := strings.LastIndex(project, "/")
	if i < 1 || i == len(project)-1 {
		return "", "", fmt.Errorf("read project %q: want owner/name", project)
	}
	return project[:i], project[i+1:], nil
}
