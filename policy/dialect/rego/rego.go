// Package rego evaluates Rego programs as cosign does: version 0 of the
// language, the package sigstore, and its rule isCompliant. It is the only one
// that imports OPA.
//
// What could reach out, read what is not handed to the program, or answer
// otherwise the next time is taken out of the language.
package rego

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// Language is the name of the language in a sandbox.
const Language = "rego"

// rule is what is asked, as cosign asks it.
const rule = "isCompliant"

// Evaluate runs a program. It holds if isCompliant is true, or is a set whose
// first entry that has a result has a true one and no warning: a warning
// fails, as it does in policy-controller.
func Evaluate(task sandbox.Task) (sandbox.Answer, error) {
	ctx := context.Background()
	query, err := rego.New(
		rego.Query(rule+" = data.sigstore."+rule),
		rego.Module("policy.rego", string(task.Source)),
		rego.SetRegoVersion(ast.RegoV0),
		rego.Capabilities(capabilities()),
		rego.Time(task.At),
	).PrepareForEval(ctx)
	if err != nil {
		return sandbox.Answer{}, err
	}
	var input any
	decoder := json.NewDecoder(bytes.NewReader(task.Input))
	decoder.UseNumber()
	if err := decoder.Decode(&input); err != nil {
		return sandbox.Answer{}, err
	}
	results, err := query.Eval(ctx, rego.EvalInput(input), rego.EvalTime(task.At))
	if err != nil {
		return sandbox.Answer{}, err
	}
	for _, result := range results {
		switch response := result.Bindings[rule].(type) {
		case []any:
			return judge(response)
		case bool:
			if response {
				return sandbox.Answer{Holds: true}, nil
			}
		}
	}
	return sandbox.Answer{Message: rule + " is not true"}, nil
}

// judge reads a set of results with messages.
func judge(responses []any) (sandbox.Answer, error) {
	said := rule + " holds no result"
	for _, r := range responses {
		text, err := json.Marshal(r)
		if err != nil {
			return sandbox.Answer{}, err
		}
		var result struct {
			Warning string `json:"warning"`
			Error   string `json:"error"`
			Result  bool   `json:"result"`
		}
		if err := json.Unmarshal(text, &result); err != nil {
			return sandbox.Answer{}, fmt.Errorf("an entry of %s is no object of result, error and warning", rule)
		}
		switch {
		case result.Result && result.Warning == "":
			return sandbox.Answer{Holds: true}, nil
		case result.Result:
			return sandbox.Answer{Message: "warning: " + result.Warning}, nil
		}
		said = strings.TrimSpace(result.Error + " " + result.Warning)
	}
	return sandbox.Answer{Message: said}, nil
}

// capabilities are the functions of the language that only depend on what they
// are given. A JSON schema may name others by address.
func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(ast.RegoV0))
	c.AllowNet = []string{}
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool {
		return b.Nondeterministic && b.Name != "time.now_ns" || slices.Contains(refused(), b.Name)
	})
	return c
}

func refused() []string {
	return []string{
		"http.send", "net.lookup_ip_addr", "opa.runtime", "json.match_schema", "json.verify_schema",
		"providers.aws.sign_req", "rand.intn", "uuid.rfc4122", "trace",
	}
}

// Check reads a program without running it. Its error is a
// *sandbox.SyntaxError.
func Check(source string) error {
	_, err := ast.ParseModuleWithOpts("policy.rego", source, ast.ParserOptions{RegoVersion: ast.RegoV0})
	if err == nil {
		return nil
	}
	var mistakes ast.Errors
	if !errors.As(err, &mistakes) || len(mistakes) == 0 {
		return &sandbox.SyntaxError{Line: 1, Column: 1, Message: err.Error()}
	}
	out := &sandbox.SyntaxError{Line: 1, Column: 1, Message: mistakes[0].Message}
	if at := mistakes[0].Location; at != nil {
		out.Line, out.Column = max(at.Row, 1), max(at.Col, 1)
	}
	return out
}
