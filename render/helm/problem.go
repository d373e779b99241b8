package helm

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/render"
)

// broken returns the problem of a chart that is wrong.
func broken(origin render.Origin, message string) *render.Problem {
	return &render.Problem{Code: render.CodeFailed, Severity: render.Broken, Message: message, Origin: origin}
}

// unseen returns the problem of what could not be looked at.
func unseen(origin render.Origin, message string) *render.Problem {
	return &render.Problem{Code: render.CodeFailed, Severity: render.Unseen, Message: message, Origin: origin}
}

// tooLarge returns the problem of what exceeds a limit of package bounds.
func tooLarge(origin render.Origin, what, limit string) *render.Problem {
	p := unseen(origin, fmt.Sprintf("%s exceeds the limit of %s", what, limit))
	p.Hint = "render less in one unit: nothing beyond the limit is looked at"
	return p
}

// asProblem returns the problem in err, or a problem of the chart with Helm's
// own message. Where it has no place, origin is.
func asProblem(err error, origin render.Origin) *render.Problem {
	if p, ok := errors.AsType[*render.Problem](err); ok {
		if p.Origin.File == "" {
			p.Origin = origin
		}
		return p
	}
	return broken(origin, oneLine(err.Error()))
}

// messageBytes is how much of a message is told. Some quote whole templates.
const messageBytes = 2000

// oneLine joins the lines of a message and cuts off what is too long.
func oneLine(s string) string {
	if len(s) > messageBytes {
		s = strings.ToValidUTF8(s[:messageBytes], "") + " ..."
	}
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// yamlLine returns the line that a YAML parser's message names, or 0.
func yamlLine(err error) int {
	match := regexp.MustCompile(`yaml: line (\d+)`).FindStringSubmatch(err.Error())
	if match == nil {
		return 0
	}
	line, _ := strconv.Atoi(match[1])
	return line
}
