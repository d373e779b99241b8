package images

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/render"
)

// pattern is the path of a field, with wildcards.
type pattern struct {
	// steps are keys; anyIndex is any item of a list, anyKey any key.
	steps []string
	// below tells that there may be any steps before these.
	below bool
}

const (
	anyIndex = "[]"
	anyKey   = "*"
	anyDepth = "**"
)

// parsePattern reads a path such as **.steps[].image or spec.*["a.b"].image.
func parsePattern(text string) (pattern, error) {
	var p pattern
	rest := text
	if rest == anyDepth {
		return pattern{below: true}, nil
	}
	if after, found := strings.CutPrefix(rest, anyDepth+"."); found {
		p.below, rest = true, after
	}
	for rest != "" {
		step, after, err := cutStep(rest)
		if err != nil {
			return pattern{}, fmt.Errorf("read path %q: %w", text, err)
		}
		p.steps = append(p.steps, step)
		rest = after
	}
	if len(p.steps) == 0 {
		return pattern{}, errors.New("read path: it is empty")
	}
	return p, nil
}

// cutStep takes the first step off a path.
func cutStep(text string) (step, rest string, err error) {
	switch {
	case strings.HasPrefix(text, anyIndex):
		step, rest = anyIndex, text[len(anyIndex):]
	case text[0] == '[':
		quoted, err := strconv.QuotedPrefix(text[1:])
		if err != nil || !strings.HasPrefix(text[1+len(quoted):], "]") {
			return "", "", errors.New(`want [] for any item, or a key in ["quotes"]`)
		}
		step, _ = strconv.Unquote(quoted)
		rest = text[len(quoted)+2:]
	default:
		end := strings.IndexAny(text, ".[")
		if end < 0 {
			end = len(text)
		}
		step, rest = text[:end], text[end:]
	}
	if step == "" || step == anyDepth {
		return "", "", errors.New("want a key between dots; ** may only come first")
	}
	if rest != "" && rest[0] == '.' {
		if rest = rest[1:]; rest == "" || rest[0] == '[' {
			return "", "", errors.New("want a key after each dot")
		}
	}
	return step, rest, nil
}

// matches tells whether a field is one of the pattern's.
func (p pattern) matches(field render.Field) bool {
	before := len(field) - len(p.steps)
	if before < 0 || before > 0 && !p.below {
		return false
	}
	for i, want := range p.steps {
		step := field[before+i]
		switch {
		case want == anyIndex:
			if step.Key != "" {
				return false
			}
		case step.Key == "" || want != anyKey && want != step.Key && !wildcard(want, step.Key):
			return false
		}
	}
	return true
}

// wildcard tells whether a key is what a step that ends in * stands for.
func wildcard(want, key string) bool {
	prefix, found := strings.CutSuffix(want, anyKey)
	return found && strings.HasPrefix(key, prefix)
}
