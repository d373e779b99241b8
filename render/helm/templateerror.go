package helm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// position is a place in a template, by the name that Helm gives to it.
// Column counts from 0, as text/template's messages do.
type position struct {
	name         string
	line, column int
	hasColumn    bool
}

func (p position) String() string {
	switch {
	case p.line == 0:
		return p.name
	case !p.hasColumn:
		return fmt.Sprintf("%s:%d", p.name, p.line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.name, p.line, p.column)
	}
}

// templateError is why a template did not parse or execute.
type templateError struct {
	// at is where it happened, then where that was included, and so on.
	at []position
	// message is Helm's own; without it, that of cause holds.
	message string
	cause   error
}

func (e *templateError) Error() string {
	if e.message != "" {
		return e.message
	}
	return e.cause.Error()
}

func (e *templateError) Unwrap() error { return e.cause }

// parseError turns what text/template says about a text that does not parse,
// "template: NAME:LINE: MESSAGE", into what Helm says.
func parseError(err error) error {
	head, ok := cutPosition(err.Error())
	if !ok {
		return &templateError{cause: err, message: "parse error in template: " + err.Error()}
	}
	message := err.Error()
	message = message[strings.LastIndex(message, ": ")+2:]
	return &templateError{
		at: []position{head}, cause: err,
		message: fmt.Sprintf("parse error at (%s): %s", head, message),
	}
}

// executionError turns what text/template says about a template that failed
// into what Helm says. The errors of templates that include each other are
// wrapped in each other.
func executionError(err error) error {
	var at []position
	last := err
	for e := err; e != nil; e = errors.Unwrap(e) {
		if p, ok := cutPosition(e.Error()); ok {
			if len(at) == 0 || at[0] != p {
				at = append([]position{p}, at...)
			}
			last = e
		}
	}
	failed := &templateError{at: at, cause: err}
	if f, ok := errors.AsType[failure](err); ok && len(at) > 0 {
		failed.message = fmt.Sprintf("execution error at (%s): %s", at[len(at)-1], f.message)
		return failed
	}
	if len(at) == 0 {
		return failed
	}
	failed.message = strings.TrimPrefix(last.Error(), "template: ")
	for i, p := range at[1:] {
		failed.message += []string{" (included from ", ", "}[min(i, 1)] + p.String()
	}
	if len(at) > 1 {
		failed.message += ")"
	}
	return failed
}

// cutPosition reads the place in a message of text/template.
func cutPosition(message string) (position, bool) {
	match := regexp.MustCompile(`^template: ([^\n]+?):(\d+)(?::(\d+))?: `).FindStringSubmatch(message)
	if match == nil {
		return position{}, false
	}
	p := position{name: match[1], hasColumn: match[3] != ""}
	p.line, _ = strconv.Atoi(match[2])
	p.column, _ = strconv.Atoi(match[3])
	return p, true
}

// templateProblem returns the problem of a template that failed, at its place
// in the revision.
func (r *rendering) templateProblem(failed *templateError) *render.Problem {
	origin := r.chartOrigin()
	for _, p := range failed.at {
		found, ok := r.templates[p.name]
		if !ok {
			continue
		}
		if origin = found.origin; !found.packed && p.line > 0 {
			origin.Line = p.line
			if p.hasColumn {
				origin.Column = p.column + 1
			}
		}
		break
	}
	if limit, ok := errors.AsType[*render.Problem](failed.cause); ok {
		p := *limit
		p.Origin = origin
		return &p
	}
	if errors.Is(failed.cause, context.DeadlineExceeded) || errors.Is(failed.cause, context.Canceled) {
		return stopped(failed.cause, origin)
	}
	return broken(origin, oneLine(failed.Error()))
}

// stopped returns the problem of a render that did not end in time.
func stopped(err error, origin render.Origin) *render.Problem {
	p := unseen(origin, "stop rendering the chart: "+err.Error())
	p.Retryable = true
	if errors.Is(err, context.DeadlineExceeded) {
		p.Code = render.CodeTimeout
		p.Message = fmt.Sprintf("stop rendering the chart: it takes longer than it may, at most %v", bounds.RenderTime)
		p.Hint = "look for what never ends, or render it on a faster machine"
	}
	return p
}
