package document

import (
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

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

// Locate finds the place in the file of a line and column, from 1, of a
// scalar's value: plain, quoted, literal or folded. Where the two differ too much, as after an
// escape, it is the place of the scalar.
func (f *File) Locate(n *yaml.Node, valueLine, valueColumn int) (line, column int) {
	offset := offset(n.Value, valueLine, valueColumn)
	value, at := []rune(n.Value), 0
	line, column = n.Line, n.Column
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line, column = line+1, 1
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		column++
	}
	for ; line <= len(f.lines); line, column = line+1, 1 {
		written := []rune(strings.TrimRightFunc(f.lines[line-1], unicode.IsSpace))
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
