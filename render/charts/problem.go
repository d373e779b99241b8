package charts

import (
	"fmt"

	"github.com/syncgate/syncgate/render"
)

// CodeChart is a chart that is not at hand.
const CodeChart = "chart-unavailable"

// unseen returns the problem of what could not be looked at.
func unseen(hint, format string, args ...any) *render.Problem {
	return &render.Problem{Code: CodeChart, Severity: render.Unseen, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// broken returns the problem of what was looked at and is wrong.
func broken(hint, format string, args ...any) *render.Problem {
	p := unseen(hint, format, args...)
	p.Severity = render.Broken
	return p
}

// busy returns the problem of what may be better in a moment.
func busy(hint, format string, args ...any) *render.Problem {
	p := unseen(hint, format, args...)
	p.Retryable = true
	return p
}
