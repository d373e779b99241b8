package kyverno

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect/cel"
	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// imageProgram are the expressions of a policy.
type imageProgram struct {
	source                  []byte
	at                      string
	attestors, attestations []string
	selector                *imageSelector
	programs                *sandbox.Pool
}

// String names the program.
func (p *imageProgram) String() string { return "the validations at " + p.at }

// ReadsUse tells that the object is asked for: it says how it names the image.
func (p *imageProgram) ReadsUse() bool { return true }

// notYet is the error of a program whose answer rests on what is not known.
type notYet struct{}

// Error says so.
func (notYet) Error() string { return "its answer rests on what could not be looked at" }

// Undecided tells that trying again may help.
func (notYet) Undecided() bool { return true }

// Decide runs the expressions on what was found. Where an attestation has
// several statements, they must hold for each of them: Kyverno takes whichever
// came last.
func (p *imageProgram) Decide(ctx context.Context, in policy.ProgramInput) (policy.Decision, error) {
	var d policy.Decision
	input, payloads := p.input(in)
	form, ok := p.selector.form(ctx, in.Use)
	if !ok {
		return d, errors.New("the object that the policy is about is not known")
	}
	input.Object = form.Object
	for round := 0; ; round++ {
		if round == bounds.StatementsTried {
			return d, &sandbox.LimitError{Reason: fmt.Sprintf("attestations have more than %d statements", bounds.StatementsTried)}
		}
		input.Payloads = map[string]json.RawMessage{}
		more := false
		for name, list := range payloads {
			input.Payloads[name] = list[min(round, len(list)-1)]
			more = more || round+1 < len(list)
		}
		one, err := p.run(ctx, in, input)
		if err != nil || one.Verdict != policy.Pass || !more {
			return one, err
		}
	}
}

// run runs the expressions once.
func (p *imageProgram) run(ctx context.Context, in policy.ProgramInput, input cel.Input) (policy.Decision, error) {
	var d policy.Decision
	text, err := json.Marshal(input)
	if err != nil {
		return d, err
	}
	answer, err := p.programs.Run(ctx, sandbox.Task{Program: sandbox.Program{Language: cel.Language, Source: p.source}, Input: text, At: in.At})
	if err != nil {
		if mistake := new(sandbox.Mistake); errors.As(err, &mistake) {
			// It may quote the object, and that may hold secrets.
			return d, errors.New("an expression fails on the object or on what was found; what it says is not shown, because it may quote the object")
		}
		return d, err
	}
	var output cel.Output
	if err := json.Unmarshal(answer.Output, &output); err != nil {
		return d, err
	}
	switch {
	case output.Unknown:
		return d, notYet{}
	case !answer.Holds:
		return policy.Decision{Verdict: policy.Fail, Message: p.discreet(answer.Message)}, nil
	}
	return policy.Decision{Verdict: policy.Pass, Rests: output.Used}, nil
}

// discreet leaves out what an expression made of the object.
func (p *imageProgram) discreet(message string) string {
	var program cel.Program
	if json.Unmarshal(p.source, &program) == nil {
		for _, c := range program.Conditions {
			if c.MessageExpression != "" {
				return "an expression does not hold"
			}
		}
	}
	return message
}

// input is what the expressions see of what was found, and the statements of
// each attestation.
func (p *imageProgram) input(in policy.ProgramInput) (cel.Input, map[string][]json.RawMessage) {
	out := cel.Input{
		Image: in.Subject.Reference, Attestors: p.attestors, Attestations: p.attestations,
		Signed: map[string]*bool{}, Attested: map[string]map[string]*bool{},
	}
	for _, name := range p.attestations {
		out.Attested[name] = map[string]*bool{}
	}
	payloads, seen := map[string][]json.RawMessage{}, map[string]bool{}
	for _, f := range in.Found {
		if name, found := strings.CutPrefix(f.Name, "signed "); found {
			out.Signed[name] = known(f.Verdict)
			continue
		}
		rest, _ := strings.CutPrefix(f.Name, "attested ")
		attestation, by, _ := strings.Cut(rest, " ")
		out.Attested[attestation][by] = known(f.Verdict)
		for _, proof := range f.Proofs {
			id := attestation + " " + proof.Evidence.ID.String()
			if s := proof.Evidence.Statement; s != nil && !seen[id] {
				seen[id] = true
				payloads[attestation] = append(payloads[attestation], statement(s))
			}
		}
	}
	return out, payloads
}

// known is nil for what is not known.
func known(v policy.Verdict) *bool {
	if v == policy.Unknown {
		return nil
	}
	passed := v == policy.Pass
	return &passed
}

// statement is a statement as extractPayload gives it.
func statement(s *policy.Statement) json.RawMessage {
	raw := func(r json.RawMessage) json.RawMessage {
		if r == nil {
			return json.RawMessage("null")
		}
		return r
	}
	out, err := json.Marshal(map[string]any{"_type": s.Type, "predicateType": s.PredicateType, "subject": raw(s.Subject), "predicate": raw(s.Predicate)})
	if err != nil {
		return json.RawMessage("null")
	}
	return out
}
