package kyverno

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/jmespath"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// conditions reads conditions on attestations, or says what of them is not
// honoured. It is nil where there are none.
func (c *converter) conditions(written conditions, r *rule) (policy.Expression, []string) {
	read, source := c.blocks(written)
	if len(read) == 0 {
		return nil, nil
	}
	roots, lacking := c.checked(written, read)
	var known []string
	for _, entry := range r.Context {
		known = append(known, entry.Name.Value)
	}
	known = append(known, "request", "images", "element", "elementIndex", "target", "serviceAccountName", "serviceAccountNamespace")
	for _, root := range roots {
		if slices.Contains(known, root) {
			lacking = append(lacking, c.FieldAt(written.Node, "conditions that ask for "+root))
		}
	}
	return &condition{source: source, at: c.At(written.Place), programs: c.programs}, lacking
}

// blocks are conditions as they are written, and as a program.
func (c *converter) blocks(written conditions) (jmespath.Conditions, []byte) {
	if !written.Written() || len(c.Problems) > 0 {
		return nil, nil
	}
	var value any
	if err := written.Node.Decode(&value); err != nil {
		c.Report(written.Node, "read conditions: %v", err)
		return nil, nil
	}
	if written.Node.Kind == yaml.MappingNode {
		value = []any{value}
	}
	if list, ok := value.([]any); ok && len(list) > 0 && older(list) {
		value = []any{map[string]any{"all": list}}
	}
	text, err := json.Marshal(value)
	var out jmespath.Conditions
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(&out)
	}
	empty := func(b jmespath.Block) bool { return len(b.Any)+len(b.All) == 0 }
	if err != nil || slices.ContainsFunc(out, empty) {
		c.Report(written.Node, "read conditions: want a list of any and all, with key, operator, value and message")
		return nil, nil
	}
	return out, text
}

// older tells whether conditions are written as a list without any and all, as
// preconditions once were: all of them must hold.
func older(list []any) bool {
	return !slices.ContainsFunc(list, func(item any) bool {
		condition, ok := item.(map[string]any)
		_, has := condition["key"]
		return !ok || !has
	})
}

// checked are the fields that conditions ask for first, and what of them is
// not honoured.
func (c *converter) checked(written conditions, read jmespath.Conditions) (roots, lacking []string) {
	roots, err := jmespath.Check(read)
	if missing := new(jmespath.Missing); errors.As(err, &missing) {
		return nil, []string{c.FieldAt(written.Node, "conditions: "+missing.Error())}
	}
	if err != nil {
		c.Report(written.Node, "read conditions: %v", err)
	}
	return roots, nil
}

// condition are conditions on the predicate of a statement.
type condition struct {
	source   []byte
	at       string
	programs *sandbox.Pool
}

// String names the conditions.
func (p *condition) String() string { return "the conditions at " + p.at }

// ReadsUse tells that they ask about the statement alone.
func (p *condition) ReadsUse() bool { return false }

// Evaluate runs the conditions on the predicate, whose fields they see as
// their own, beside the image's.
func (p *condition) Evaluate(ctx context.Context, in policy.ExpressionInput) (bool, error) {
	document := map[string]any{}
	var predicate map[string]any
	if err := json.Unmarshal(in.Statement.Predicate, &predicate); err != nil || predicate == nil {
		return false, errors.New("its predicate is no object")
	}
	document["image"] = nameOf(in.Subject).variables()
	for key, value := range predicate {
		document[key] = value
	}
	text, err := json.Marshal(document)
	if err != nil {
		return false, err
	}
	answer, err := p.programs.Run(ctx, sandbox.Task{Program: sandbox.Program{Language: jmespath.Language, Source: p.source}, Input: text, At: in.At})
	if err != nil {
		return false, err
	}
	if !answer.Holds {
		return false, &policy.No{Reason: answer.Message}
	}
	return true, nil
}

// precondition tells whether a rule is about an object at all.
type precondition struct {
	source   []byte
	programs *sandbox.Pool
}

// holds asks for an object that is made, and for one that is changed. Where
// the answers differ, or there is none, it cannot be told.
func (p *precondition) holds(ctx context.Context, request map[string]any) (policy.Selection, string) {
	answers := map[bool]bool{}
	for _, operation := range []string{"CREATE", "UPDATE"} {
		request["operation"] = operation
		text, err := json.Marshal(map[string]any{"request": request})
		if err != nil {
			return policy.SelectionUnknown, "its preconditions cannot be asked"
		}
		answer, err := p.programs.Run(ctx, sandbox.Task{Program: sandbox.Program{Language: jmespath.Language, Source: p.source}, Input: text})
		if err != nil {
			// What it says may quote the object, and that may hold secrets.
			return policy.SelectionUnknown, "its preconditions cannot be evaluated for the object"
		}
		answers[answer.Holds] = true
	}
	switch {
	case answers[true] && answers[false]:
		return policy.SelectionUnknown, fmt.Sprintf("its preconditions hold for some of %s and %s alone", "CREATE", "UPDATE")
	case answers[true]:
		return policy.Selected, ""
	}
	return policy.NotSelected, "its preconditions do not hold"
}
