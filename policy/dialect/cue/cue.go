// Package cue evaluates CUE programs as cosign does: the program is unified
// with a JSON document, and holds if the two do not contradict each other. What
// the program asks for and the document lacks is no contradiction. It is the
// only one that imports CUE.
package cue

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"github.com/syncgate/syncgate/policy/dialect/sandbox"
)

// Language is the name of the language in a sandbox.
const Language = "cue"

// Evaluate runs a program.
func Evaluate(task sandbox.Task) (sandbox.Answer, error) {
	ctx := cuecontext.New()
	program := ctx.CompileBytes(task.Source)
	if err := program.Err(); err != nil {
		return sandbox.Answer{}, fmt.Errorf("compile: %s", say(err))
	}
	document := ctx.CompileBytes(task.Input)
	if err := document.Err(); err != nil {
		return sandbox.Answer{}, fmt.Errorf("read document: %s", say(err))
	}
	if err := program.Unify(document).Validate(); err != nil {
		return sandbox.Answer{Message: say(err)}, nil
	}
	return sandbox.Answer{Holds: true}, nil
}

// say writes the first contradictions, each with the path that it is at.
func say(err error) string {
	const most = 3
	var lines []string
	for i, e := range errors.Errors(err) {
		if i == most {
			lines = append(lines, "and more")
			break
		}
		format, args := e.Msg()
		line := fmt.Sprintf(format, args...)
		if path := strings.Join(e.Path(), "."); path != "" {
			line = path + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

// Check reads a program without running it. Its error is a
// *sandbox.SyntaxError.
func Check(source string) error {
	file, err := parser.ParseFile("", source)
	if err == nil {
		return checkImports(file)
	}
	out := &sandbox.SyntaxError{Line: 1, Column: 1, Message: say(err)}
	if all := errors.Errors(err); len(all) > 0 {
		format, args := all[0].Msg()
		out.Message = fmt.Sprintf(format, args...)
		if at := all[0].Position(); at.IsValid() {
			out.Line, out.Column = at.Line(), at.Column()
		}
	}
	return out
}

// checkImports refuses packages that are not CUE's own: there is nowhere to
// read them from.
func checkImports(file *ast.File) error {
	for spec := range file.ImportSpecs() {
		name := strings.Trim(spec.Path.Value, `"`)
		if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") {
			return &sandbox.SyntaxError{Line: spec.Pos().Line(), Column: spec.Pos().Column(), Message: fmt.Sprintf("package %q is not part of CUE: only its own packages can be imported", name)}
		}
	}
	return nil
}
