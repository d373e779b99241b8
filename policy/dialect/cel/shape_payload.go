package cel

import (
	"errors"
	"slices"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/parser"
)

// payload reads a condition on the statements of one attestation: nothing else
// that the policy knows is in it.
func (s *shaper) payload(e ast.Expr) (Shape, bool, error) {
	var called, others []string
	var attestation string
	walk(e, func(e ast.Expr) bool {
		switch name := s.extracted(e); {
		case name != "" && (attestation == "" || attestation == name):
			attestation = name
			return false
		case name != "":
			others = append(others, "the payloads of several attestations")
			return false
		case e.Kind() == ast.CallKind:
			called = append(called, e.AsCall().FunctionName())
		case e.Kind() == ast.IdentKind && slices.Contains([]string{s.image, "images", "attestors", "attestations", "object", "variables", "ref", "predicate", "statement", "image"}, e.AsIdent()):
			others = append(others, e.AsIdent())
		case !slices.Contains([]ast.ExprKind{ast.CallKind, ast.IdentKind, ast.LiteralKind, ast.ListKind, ast.SelectKind}, e.Kind()):
			others = append(others, "a map or a structure")
		}
		return true
	})
	switch {
	case attestation == "" || slices.Contains(called, "verifyImageSignatures") || slices.Contains(called, "verifyAttestationSignatures"):
		return Shape{}, false, nil
	case len(others) > 0:
		return Shape{}, false, errors.New("it asks for " + others[0] + " beside the payload of an attestation")
	}
	b := builder{ast.NewExprFactory(), 0, func(e ast.Expr) string {
		if s.extracted(e) != "" {
			return "statement"
		}
		if e.Kind() == ast.SelectKind && !e.AsSelect().IsTestOnly() && e.AsSelect().FieldName() == "predicate" && s.extracted(e.AsSelect().Operand()) != "" {
			return "predicate"
		}
		return ""
	}}
	text, err := parser.Unparse(b.copy(e), s.info)
	return Shape{Attestation: attestation, Condition: text}, err == nil, err
}

// extracted is the attestation whose payload an expression is.
func (s *shaper) extracted(e ast.Expr) string {
	if e.Kind() != ast.CallKind {
		return ""
	}
	c := e.AsCall()
	if c.IsMemberFunction() || c.FunctionName() != "extractPayload" || len(c.Args()) != 2 ||
		c.Args()[0].Kind() != ast.IdentKind || c.Args()[0].AsIdent() != s.image {
		return ""
	}
	return memberOf(c.Args()[1], "attestations")
}

// walk visits an expression and those in it, as long as visit says so.
func walk(e ast.Expr, visit func(ast.Expr) bool) {
	if !visit(e) {
		return
	}
	for _, child := range children(e) {
		walk(child, visit)
	}
}

func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	}
	return nil
}

// replaced is an expression in which a variable stands for another.
func replaced(e ast.Expr, variable string, by ast.Expr) ast.Expr {
	if e.Kind() == ast.IdentKind && e.AsIdent() == variable {
		return by
	}
	f := ast.NewExprFactory()
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		args := make([]ast.Expr, len(c.Args()))
		for i, a := range c.Args() {
			args[i] = replaced(a, variable, by)
		}
		if c.IsMemberFunction() {
			return f.NewMemberCall(e.ID(), c.FunctionName(), replaced(c.Target(), variable, by), args...)
		}
		return f.NewCall(e.ID(), c.FunctionName(), args...)
	case ast.SelectKind:
		return f.NewSelect(e.ID(), replaced(e.AsSelect().Operand(), variable, by), e.AsSelect().FieldName())
	}
	return e
}

// builder copies expressions, some of which become a name.
type builder struct {
	ast.ExprFactory
	id    int64
	named func(ast.Expr) string
}

func (b *builder) copy(e ast.Expr) ast.Expr {
	b.id++
	if name := b.named(e); name != "" {
		return b.NewIdent(b.id, name)
	}
	all := func(list []ast.Expr) []ast.Expr {
		out := make([]ast.Expr, len(list))
		for i, item := range list {
			out[i] = b.copy(item)
		}
		return out
	}
	id := b.id
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return b.NewMemberCall(id, c.FunctionName(), b.copy(c.Target()), all(c.Args())...)
		}
		return b.NewCall(id, c.FunctionName(), all(c.Args())...)
	case ast.SelectKind:
		return b.NewSelect(id, b.copy(e.AsSelect().Operand()), e.AsSelect().FieldName())
	case ast.ListKind:
		return b.NewList(id, all(e.AsList().Elements()), e.AsList().OptionalIndices())
	}
	return e
}
