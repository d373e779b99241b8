package expression

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// Error is a mistake in the text of an expression.
type Error struct {
	// Line and Column are where it is, from 1; columns are characters.
	Line, Column int
	// Message says what is wrong, on one line.
	Message string
	// Source is the line of the expression that it is on.
	Source string
}

// Error writes the place, the message, and the line with a caret under the
// place.
func (e *Error) Error() string {
	caret := strings.Repeat(" ", max(e.Column-1, 0)) + "^"
	return fmt.Sprintf("compile expression: %d:%d: %s\n  %s\n  %s", e.Line, e.Column, e.Message, e.Source, caret)
}

// Compile reads an expression and checks its types: it must be a condition,
// and must name only what is in scope. Its error is an *Error.
func Compile(source string) (policy.Expression, error) {
	if len(source) > bounds.ExpressionLength {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("it is longer than %d bytes", bounds.ExpressionLength)}
	}
	env, err := newEnvironment()
	if err != nil {
		return nil, fmt.Errorf("make expression environment: %w", err)
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, firstIssue(source, issues)
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, newError(source, place{1, 1}, fmt.Sprintf("it is of type %s, want a condition, which is true or false", t))
	}
	program, err := env.Program(ast, payForLoops(ast), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, newError(source, place{1, 1}, err.Error())
	}
	c := &condition{source: source, program: program}
	for _, reference := range ast.NativeRep().ReferenceMap() {
		c.readsUse = c.readsUse || strings.HasPrefix(reference.Name, "object.")
	}
	return c, nil
}

// newEnvironment declares what is in scope. Images and objects are declared
// field by field, so that a field that does not exist does not compile.
func newEnvironment() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(bounds.ExpressionLength),
		cel.ParserRecursionLimit(100),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals()),
		cel.Variable("predicate", cel.DynType),
		cel.Variable("statement", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("image.pinned", cel.BoolType),
		cel.Variable("object.labels", cel.MapType(cel.StringType, cel.StringType)),
	}
	for _, name := range textVariables() {
		options = append(options, cel.Variable(name, cel.StringType))
	}
	return cel.NewEnv(options...)
}

func textVariables() []string {
	return []string{
		"image.reference", "image.repository", "image.tag", "image.digest",
		"object.unit", "object.apiVersion", "object.kind", "object.namespace", "object.name", "object.class",
	}
}

// place is a line and a column, from 1.
type place struct{ line, column int }

func firstIssue(source string, issues *cel.Issues) error {
	first := issues.Errors()[0]
	message, _, _ := strings.Cut(first.Message, " (in container")
	if strings.HasPrefix(message, "undeclared reference to 'image'") || strings.HasPrefix(message, "undeclared reference to 'object'") ||
		strings.HasPrefix(message, "undeclared reference") && !strings.Contains(message, "overload") {
		message += "; in scope are predicate, statement, image.pinned, object.labels, " + strings.Join(textVariables(), ", ")
	}
	return newError(source, place{first.Location.Line(), first.Location.Column() + 1}, message)
}

func newError(source string, at place, message string) *Error {
	line := ""
	if lines := strings.Split(source, "\n"); at.line >= 1 && at.line <= len(lines) {
		line = strings.ReplaceAll(lines[at.line-1], "\t", " ")
	}
	return &Error{Line: at.line, Column: at.column, Message: strings.Join(strings.Fields(message), " "), Source: line}
}

// condition is a compiled expression.
type condition struct {
	source   string
	program  cel.Program
	readsUse bool
}

// String returns the source text.
func (c *condition) String() string { return c.source }

// ReadsUse tells whether the expression asks where the image runs.
func (c *condition) ReadsUse() bool { return c.readsUse }

// Evaluate tells whether the condition holds. Its error says which limit was
// exceeded, or what the expression asked for that is not there.
func (c *condition) Evaluate(_ context.Context, in policy.ExpressionInput) (bool, error) {
	if in.Statement == nil {
		return false, errors.New("there is no statement to evaluate it on")
	}
	scope, err := newScope(in)
	if err != nil {
		return false, err
	}
	value, _, err := c.program.Eval(scope)
	if err != nil {
		return false, explain(err)
	}
	holds, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("it is of type %s, want true or false", value.Type().TypeName())
	}
	return bool(holds), nil
}

// explain says what an error of an evaluation means for whoever wrote the
// expression.
func explain(err error) error {
	text := strings.TrimPrefix(err.Error(), "internal error: ")
	if field, ok := strings.CutPrefix(text, "no such key: "); ok {
		return fmt.Errorf("there is no field %s; if it may be missing, test for it first with has()", field)
	}
	return errors.New(text)
}
