package native

import (
	"errors"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/expression"
)

// expression compiles a CEL expression, and reports a mistake where it is in
// the file.
func (c *converter) expression(t text) policy.Expression {
	compiled, err := expression.Compile(t.Value)
	if err == nil {
		return compiled
	}
	line, column, message := t.node.Line, t.node.Column, err.Error()
	var mistake *expression.Error
	if errors.As(err, &mistake) {
		message = mistake.Message
		line, column = c.source.locate(t.node, offset(t.Value, mistake.Line, mistake.Column))
	}
	at := *t.node
	at.Line, at.Column = line, column
	c.report(&at, "compile expression: %s", printable(message))
	return nil
}

// offset turns a line and a column of a text, from 1, into an index of its
// characters.
func offset(text string, line, column int) int {
	before := 0
	for i, l := range strings.SplitAfter(text, "\n") {
		if i == line-1 {
			break
		}
		before += len([]rune(l))
	}
	return before + column - 1
}

// locate finds the place in the file of one character of a scalar's value:
// plain, quoted, literal or folded. Where the two differ too much, as after an
// escape, it is the place of the scalar.
func (s *source) locate(n *yaml.Node, offset int) (line, column int) {
	value, at := []rune(n.Value), 0
	line, column = n.Line, n.Column
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line, column = line+1, 1
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		column++
	}
	for ; line <= len(s.lines); line, column = line+1, 1 {
		written := []rune(strings.TrimRightFunc(s.lines[line-1], unicode.IsSpace))
		start := min(column-1, len(written))
		for start < len(written) && unicode.IsSpace(written[start]) {
			start++
		}
		for at < len(value) && unicode.IsSpace(value[at]) {
			at++
		}
		same := 0
		for at+same < len(value) && start+same < len(written) && value[at+same] == written[start+same] {
			same++
		}
		if offset <= at+same {
			return line, start + max(offset-at, 0) + 1
		}
		if start+same < len(written) {
			break
		}
		at += same
	}
	return n.Line, n.Column
}
