package jmespath

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	gojmespath "github.com/kyverno/go-jmespath"
)

// variable is {{expression}}, as Kyverno's regular expression has it: not
// after a backslash, without braces inside save those of one object.
var variable = regexp.MustCompile(`(^|[^\\])(\{\{(?:\{[^{}]*\}|[^{}])*\}\})`)

// most is how often the variables of one text are filled in: what comes out
// may hold variables again.
const most = 64

// substitution fills variables in.
type substitution struct {
	input     any
	functions *gojmespath.FunctionCaller
}

// variables are those of a text, with their braces.
func variables(text string) []string {
	var out []string
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		out = append(out, m[2])
	}
	return out
}

// bare is the expression of a variable. A shallow one, {{- x }}, is not looked
// into for others.
func bare(v string) (expression string, shallow bool) {
	expression = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(v, "{{", ""), "}}", ""))
	if rest, found := strings.CutPrefix(expression, "-"); found {
		return strings.TrimSpace(rest), true
	}
	return expression, false
}

// walk visits every text of a value, keys too.
func walk(value any, visit func(string) error) error {
	switch v := value.(type) {
	case string:
		return visit(v)
	case []any:
		for _, item := range v {
			if err := walk(item, visit); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range v {
			if err := errors.Join(visit(key), walk(item, visit)); err != nil {
				return err
			}
		}
	}
	return nil
}

// all fills in the variables of a value.
func (s *substitution) all(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return s.text(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			filled, err := s.all(item)
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			name, err := s.text(key)
			if err != nil {
				return nil, err
			}
			if out[fmt.Sprint(name)], err = s.all(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return value, nil
}

// text fills in the variables of a text. One that is a variable as a whole
// becomes the value itself.
func (s *substitution) text(text string) (any, error) {
	if strings.Contains(text, "$(") {
		return nil, errors.New("references, $(...), are not read")
	}
	for round := 0; ; round++ {
		found := variables(text)
		if len(found) == 0 {
			return strings.ReplaceAll(text, `\{{`, "{{"), nil
		}
		if round == most {
			return nil, fmt.Errorf("variables lead to variables more than %d times", most)
		}
		whole, last := text, false
		for _, v := range found {
			expression, shallow := bare(v)
			value, err := gojmespath.Search(expression, s.input, gojmespath.WithFunctionCaller(s.functions))
			if err != nil {
				return nil, fmt.Errorf("variable {{%.60s}}: %w", expression, err)
			}
			if whole == v {
				return value, nil
			}
			written, ok := value.(string)
			if !ok {
				out, err := json.Marshal(value)
				if err != nil {
					return nil, err
				}
				written = string(out)
			}
			if last = shallow; shallow {
				written = strings.ReplaceAll(written, "{{", `\{{`)
			}
			text = strings.Replace(text, v, written, 1)
		}
		if last {
			return strings.ReplaceAll(text, `\{{`, "{{"), nil
		}
	}
}
