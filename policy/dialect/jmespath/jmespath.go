// Package jmespath evaluates the conditions of Kyverno's policies: a key and a
// value, each of which may hold {{variables}} in JMESPath, and an operator. It
// is the only one that imports Kyverno's fork of JMESPath, in which a field
// that is not there is an error, and Kubernetes' quantities.
//
// Functions that answer otherwise the next time, or that reach out, are not
// there.
package jmespath

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	gojmespath "github.com/kyverno/go-jmespath"

	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// Language is the name of the language in a sandbox.
const Language = "kyverno"

// Conditions are those that must all hold.
type Conditions []Block

// Block holds where one of Any, if there are any, and each of All holds.
type Block struct {
	Any []Condition `json:"any,omitempty"`
	All []Condition `json:"all,omitempty"`
}

// Condition compares two values.
type Condition struct {
	Key      any    `json:"key"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
	Message  string `json:"message,omitempty"`
}

// Evaluate runs conditions, which the program is as JSON, on an object. All
// variables of all of them must be there, whether they make a difference or
// not.
func Evaluate(task sandbox.Task) (sandbox.Answer, error) {
	var conditions []any
	var input any
	if err := json.Unmarshal(task.Source, &conditions); err != nil {
		return sandbox.Answer{}, err
	}
	if err := json.Unmarshal(task.Input, &input); err != nil {
		return sandbox.Answer{}, err
	}
	s := substitution{input: input, functions: newFunctions(task.At)}
	resolved, err := s.all(conditions)
	if err != nil {
		return sandbox.Answer{}, err
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return sandbox.Answer{}, err
	}
	var blocks Conditions
	if err := json.Unmarshal(text, &blocks); err != nil {
		return sandbox.Answer{}, fmt.Errorf("the conditions are none once their variables are filled in: %w", err)
	}
	for _, b := range blocks {
		holds, message, err := s.block(b)
		if err != nil || !holds {
			return sandbox.Answer{Message: message}, err
		}
	}
	return sandbox.Answer{Holds: true}, nil
}

// block evaluates one block.
func (s *substitution) block(b Block) (bool, string, error) {
	var messages []string
	met := b.Any == nil
	for _, c := range b.Any {
		holds, err := s.condition(c)
		if err != nil {
			return false, "", err
		}
		if met = holds; met {
			break
		}
		messages = append(messages, c.String())
	}
	if !met {
		return false, "none of these holds: " + strings.Join(messages, "; "), nil
	}
	for _, c := range b.All {
		holds, err := s.condition(c)
		if err != nil || !holds {
			return false, "it does not hold that " + c.String(), err
		}
	}
	return true, "", nil
}

// String says what the condition asks for.
func (c Condition) String() string {
	if c.Message != "" {
		return c.Message
	}
	key, _ := json.Marshal(c.Key)
	value, _ := json.Marshal(c.Value)
	const most = 100
	return fmt.Sprintf("%.*s %s %.*s", most, key, c.Operator, most, value)
}

// condition evaluates one condition. What came out of variables may hold
// variables again.
func (s *substitution) condition(c Condition) (bool, error) {
	key, err := s.all(c.Key)
	if err != nil {
		return false, err
	}
	value, err := s.all(c.Value)
	if err != nil {
		return false, err
	}
	return compare(key, c.Operator, value)
}

// Check reads the conditions' expressions without running them, and returns
// the first fields of those that they ask for: "request" of "request.object".
func Check(conditions Conditions) (roots []string, err error) {
	for _, b := range conditions {
		for _, c := range append(slices.Clone(b.Any), b.All...) {
			if !slices.Contains(operators(), strings.ToLower(c.Operator)) {
				return nil, fmt.Errorf("unknown operator %.40q", c.Operator)
			}
			for _, side := range []any{c.Key, c.Value} {
				found, err := check(side)
				if err != nil {
					return nil, err
				}
				roots = append(roots, found...)
			}
		}
	}
	return roots, nil
}

// check reads the variables of a value.
func check(value any) (roots []string, err error) {
	err = walk(value, func(text string) error {
		for _, v := range variables(text) {
			expression, _ := bare(v)
			if strings.Contains(expression, "{{") {
				continue // it is made at the time
			}
			node, err := gojmespath.NewParser().Parse(expression)
			if err != nil {
				return fmt.Errorf("{{%.60s}} is no JMESPath: %v", expression, err)
			}
			found, err := rootsOf(node)
			if err != nil {
				return fmt.Errorf("{{%.60s}}: %w", expression, err)
			}
			roots = append(roots, found...)
		}
		return nil
	})
	return roots, err
}
