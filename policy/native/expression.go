package native

import (
	"errors"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/expression"
)

// expression compiles a CEL expression, and reports a mistake where it is in
// the file.
func (c *converter) expression(t text) policy.Expression {
	compiled, err := expression.Compile(t.Value)
	if err == nil {
		return compiled
	}
	line, column, message := t.Node.Line, t.Node.Column, err.Error()
	var mistake *expression.Error
	if errors.As(err, &mistake) {
		message = mistake.Message
		line, column = c.File.Locate(t.Node, mistake.Line, mistake.Column)
	}
	at := *t.Node
	at.Line, at.Column = line, column
	c.Report(&at, "compile expression: %s", document.Printable(message))
	return nil
}
