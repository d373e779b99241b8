package expression

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// payForLoops makes every turn of every loop of an expression pay. What one
// turn costs is bounded by the length of the expression and of the texts that
// it looks at.
func payForLoops(checked *cel.Ast) cel.ProgramOption {
	steps := map[int64]bool{}
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			steps[e.AsComprehension().LoopStep().ID()] = true
		}
	}))
	return cel.CustomDecoratorV2(func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		if steps[i.ID()] {
			return &turn{i}, nil
		}
		return i, nil
	})
}

// turn is what is done in each turn of a loop.
type turn struct{ interpreter.InterpretableV2 }

// Exec pays for the turn, and does it.
func (t *turn) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	if v, ok := frame.ResolveName(documentName); ok {
		doc := v.(*document)
		doc.spend(doc.longest)
	} else {
		panic("the loop has no budget")
	}
	return t.InterpretableV2.Exec(frame)
}

// Eval does what Exec does.
func (t *turn) Eval(vars interpreter.Activation) ref.Val { return t.Exec(interpreter.AsFrame(vars)) }
