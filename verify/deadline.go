package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
)

// Deadline is the cause that a context with a deadline is given: it says whose
// time is over. It is a context.DeadlineExceeded too, because HTTP clients hand
// on the cause.
type Deadline string

// Error says whose time is over.
func (d Deadline) Error() string { return string(d) }

// Unwrap makes it a context.DeadlineExceeded.
func (Deadline) Unwrap() error { return context.DeadlineExceeded }

// decide gives the verdict on an image within the time that it has, and tells
// whether there was enough memory for its evidence. An image that is not
// decided by then is unknown: what does not stop by itself is left behind, so
// that the other images have their verdicts and the report is made.
func (g *Gate) decide(ctx context.Context, image render.Image, memory *room) (result ImageResult, enough bool) {
	limit := cmp.Or(g.ImageTime, bounds.ImageTime)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, Deadline(fmt.Sprintf("the %s that one image has are over", limit)))
	defer cancel()
	if ctx.Err() != nil {
		return outOfTime(ctx, newResult(image)), true
	}
	type answer struct {
		result ImageResult
		enough bool
	}
	answers := make(chan answer, 1)
	go func() {
		inside, leave := memory.enter(ctx)
		result := g.checkImage(inside, image)
		answers <- answer{result, leave()}
	}()
	var a answer
	select {
	case a = <-answers:
	case <-ctx.Done():
		// What waits for a registry says which one, given a moment.
		grace := time.NewTimer(bounds.Grace)
		defer grace.Stop()
		select {
		case a = <-answers:
		case <-grace.C:
			return outOfTime(ctx, newResult(image)), true
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && a.result.Verdict == policy.Unknown {
		return outOfTime(ctx, a.result), a.enough
	}
	return a.result, a.enough
}

// outOfTime is a result that says first that there was no time to decide, and
// what the time went by with. That a registry did not answer before the end
// is no finding of its own then.
func outOfTime(ctx context.Context, r ImageResult) ImageResult {
	message := fmt.Sprintf("verify %s: it is not decided: %v", r.Reference, context.Cause(ctx))
	kept, waited := []policy.Finding{}, ""
	for _, f := range r.Findings {
		if f.Code == CodeRegistryTimeout {
			waited = cmp.Or(waited, f.Message)
			continue
		}
		kept = append(kept, f)
	}
	if waited != "" {
		message += "; it waited to " + waited
	}
	r.Findings = kept
	return r.stopped(policy.Finding{
		Code: CodeDeadlineExceeded, Verdict: policy.Unknown, Retryable: true, Message: message,
		Hint: "run it again, with more time (--timeout) if the run's was over, or look at how the registry answers",
	})
}
