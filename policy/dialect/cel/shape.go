package cel

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// Shape is what an expression asks for, where it is of a form that can be said
// without a program.
type Shape struct {
	// All must hold, or one of Any.
	All, Any []Shape
	// Attestors of which Count signed the image or, if it is named, the
	// attestation.
	Attestors []string
	Count     int
	// Attestation whose statements must meet the Condition, which is in CEL
	// over predicate and statement.
	Attestation, Condition string
}

// ShapeOf tells what an expression asks for. Its error says what of it has no
// other form.
func ShapeOf(source string) (Shape, error) {
	env, err := cel.NewEnv(cel.ClearMacros())
	if err != nil {
		return Shape{}, err
	}
	parsed, issues := env.Parse(source)
	if issues.Err() != nil {
		return Shape{}, errors.New(first(issues))
	}
	s := shaper{info: parsed.NativeRep().SourceInfo()}
	return s.whole(parsed.NativeRep().Expr())
}

// shaper reads shapes off expressions.
type shaper struct {
	info *ast.SourceInfo
	// image is what the image is called.
	image string
}

var errShape = errors.New("it is of none of the forms images.NAME.all(i, …) and images.NAME.map(i, …).all(e, …)")

// whole reads an expression over all images.
func (s *shaper) whole(e ast.Expr) (Shape, error) {
	if junction := junctionOf(e); junction != "" {
		return s.joined(e, junction, s.whole)
	}
	body, of, ok := s.loop(e, "all")
	if !ok {
		return Shape{}, errShape
	}
	variable := e.AsCall().Args()[0].AsIdent()
	if isImages(of) {
		s.image = variable
		return s.body(body)
	}
	mapped, of, ok := s.loop(of, "map")
	if !ok || !isImages(of) {
		return Shape{}, errShape
	}
	s.image = e.AsCall().Target().AsCall().Args()[0].AsIdent()
	return s.body(replaced(body, variable, mapped))
}

// loop is the body and the list of a macro with one variable.
func (s *shaper) loop(e ast.Expr, name string) (body, of ast.Expr, ok bool) {
	if e.Kind() != ast.CallKind {
		return nil, nil, false
	}
	c := e.AsCall()
	if !c.IsMemberFunction() || c.FunctionName() != name || len(c.Args()) != 2 || c.Args()[0].Kind() != ast.IdentKind {
		return nil, nil, false
	}
	return c.Args()[1], c.Target(), true
}

// isImages tells whether an expression is images.NAME.
func isImages(e ast.Expr) bool { return memberOf(e, "images") != "" }

// memberOf is NAME where an expression is OF.NAME.
func memberOf(e ast.Expr, of string) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return ""
	}
	if operand := e.AsSelect().Operand(); operand.Kind() != ast.IdentKind || operand.AsIdent() != of {
		return ""
	}
	return e.AsSelect().FieldName()
}

func junctionOf(e ast.Expr) string {
	if e.Kind() == ast.CallKind {
		if f := e.AsCall().FunctionName(); f == operators.LogicalAnd || f == operators.LogicalOr {
			return f
		}
	}
	return ""
}

// joined reads both sides of && or ||.
func (s *shaper) joined(e ast.Expr, junction string, read func(ast.Expr) (Shape, error)) (Shape, error) {
	var of []Shape
	for _, side := range e.AsCall().Args() {
		one, err := read(side)
		if err != nil {
			return Shape{}, err
		}
		of = append(of, one)
	}
	if junction == operators.LogicalAnd {
		return Shape{All: of}, nil
	}
	return Shape{Any: of}, nil
}

// body reads an expression about one image.
func (s *shaper) body(e ast.Expr) (Shape, error) {
	if out, ok, err := s.payload(e); ok || err != nil {
		return out, err
	}
	if junction := junctionOf(e); junction != "" {
		return s.joined(e, junction, s.body)
	}
	return s.counted(e)
}

// counted reads a comparison of how many attestors signed.
func (s *shaper) counted(e ast.Expr) (Shape, error) {
	none := errors.New("it compares something else than how many attestors signed with a number")
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return Shape{}, none
	}
	operator, call, limit := e.AsCall().FunctionName(), e.AsCall().Args()[0], e.AsCall().Args()[1]
	if call.Kind() == ast.LiteralKind {
		call, limit = limit, call
		operator = map[string]string{
			operators.Less: operators.Greater, operators.LessEquals: operators.GreaterEquals, operators.Equals: operators.Equals, operators.NotEquals: operators.NotEquals,
		}[operator]
	}
	if limit.Kind() != ast.LiteralKind || call.Kind() != ast.CallKind {
		return Shape{}, none
	}
	n, ok := limit.AsLiteral().(types.Int)
	if !ok || n < 0 || n > 1000 {
		return Shape{}, none
	}
	out, err := s.signed(call.AsCall())
	if err != nil {
		return Shape{}, err
	}
	switch {
	case operator == operators.Greater:
		out.Count = int(n) + 1
	case operator == operators.GreaterEquals, operator == operators.Equals && int(n) == len(out.Attestors):
		out.Count = int(n)
	case operator == operators.NotEquals && n == 0:
		out.Count = 1
	}
	if out.Count < 1 || out.Count > len(out.Attestors) {
		return Shape{}, fmt.Errorf("it asks for a number of attestors that cannot be said: %d of %d", out.Count, len(out.Attestors))
	}
	return out, nil
}

// signed reads a call that counts attestors.
func (s *shaper) signed(c ast.CallExpr) (Shape, error) {
	none := errors.New("it calls something else than verifyImageSignatures or verifyAttestationSignatures with the image and a list of attestors")
	args := c.Args()
	var out Shape
	switch {
	case c.IsMemberFunction() || len(args) < 2 || args[0].Kind() != ast.IdentKind || args[0].AsIdent() != s.image:
		return out, none
	case c.FunctionName() == "verifyImageSignatures" && len(args) == 2:
	case c.FunctionName() == "verifyAttestationSignatures" && len(args) == 3:
		if out.Attestation = memberOf(args[1], "attestations"); out.Attestation == "" {
			return out, none
		}
	default:
		return out, none
	}
	list := args[len(args)-1]
	if list.Kind() != ast.ListKind {
		return out, none
	}
	for _, item := range list.AsList().Elements() {
		name := memberOf(item, "attestors")
		if name == "" || slices.Contains(out.Attestors, name) {
			return out, none
		}
		out.Attestors = append(out.Attestors, name)
	}
	return out, nil
}
