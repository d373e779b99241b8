package render

import (
	"context"
	"errors"
)

// Join returns an error that holds problems, or nil where there are none.
func Join(problems []Problem) error {
	errs := make([]error, len(problems))
	for i := range problems {
		errs[i] = &problems[i]
	}
	return errors.Join(errs...)
}

// Problems returns what an error of a Renderer holds, in order. What is no
// *Problem becomes one of code render-failed that is Unseen, or of code
// render-timeout where time ran out.
func Problems(err error) []Problem {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var problems []Problem
		for _, e := range joined.Unwrap() {
			problems = append(problems, Problems(e)...)
		}
		return problems
	}
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return []Problem{*problem}
	case errors.Is(err, context.DeadlineExceeded):
		return []Problem{{Code: CodeTimeout, Message: "rendering takes too long", Hint: "look for what never ends, or render it on a faster machine", Retryable: true}}
	case errors.Is(err, context.Canceled):
		return []Problem{{Code: CodeFailed, Message: "rendering was cancelled", Retryable: true}}
	}
	return []Problem{{Code: CodeFailed, Message: err.Error()}}
}

// blocks tells whether any problem changes a verdict.
func blocks(problems []Problem) bool {
	for _, p := range problems {
		if p.Severity != Notice {
			return true
		}
	}
	return false
}
