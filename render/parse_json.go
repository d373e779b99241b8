package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// decodeJSON reads every value of a file of JSON. YAML readers take most of
// JSON, but not all of it: escaped surrogate pairs and tabs fail.
func decodeJSON(data []byte) ([]*yaml.Node, []*failure) {
	if f := tooManyTokens(data); f != nil {
		return nil, []*failure{f}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := newJSONReader(data)
	var documents []*yaml.Node
	for {
		node, err := r.value(1)
		switch {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return documents, []*failure{r.failure(err)}
		}
		documents = append(documents, node)
	}
}

// jsonReader makes nodes with places of JSON tokens.
type jsonReader struct {
	data   []byte
	tokens *json.Decoder
	// lines are the offsets at which lines start.
	lines []int
}

func newJSONReader(data []byte) *jsonReader {
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber()
	lines := []int{0}
	for i, c := range data {
		if c == '\n' {
			lines = append(lines, i+1)
		}
	}
	return &jsonReader{data: data, tokens: tokens, lines: lines}
}

// place is the line and column of an offset.
func (r *jsonReader) place(offset int) (line, column int) {
	line = sort.SearchInts(r.lines, offset+1)
	return line, offset - r.lines[line-1] + 1
}

// skip returns the offset of the next token.
func (r *jsonReader) skip(offset int) int {
	for offset < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[offset]) >= 0 {
		offset++
	}
	return offset
}

// failure says what is wrong with the file, and where.
func (r *jsonReader) failure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	offset := int(r.tokens.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = max(0, int(syntax.Offset)-1)
	}
	f = &failure{code: CodeMalformed, message: "cannot read JSON: the file ends too soon"}
	if syntax != nil {
		f.message = "cannot read JSON: " + syntax.Error()
		offset = r.skip(offset)
	}
	f.line, f.column = r.place(min(offset, len(r.data)))
	return f
}

// value reads one value, or io.EOF where there is none.
func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	offset := r.skip(int(r.tokens.InputOffset()))
	token, err := r.tokens.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode}
	n.Line, n.Column = r.place(offset)
	if depth > bounds.YAMLDepth {
		return nil, failAt(n, CodeTooLarge, "document nests deeper than %d levels", bounds.YAMLDepth)
	}
	switch t := token.(type) {
	case json.Delim:
		return n, r.container(n, t, depth)
	case string:
		n.Tag, n.Value, n.Style = "!!str", t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!int", t.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", fmt.Sprint(t)
	default:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

// container reads an object or an array after its opening bracket.
func (r *jsonReader) container(n *yaml.Node, open json.Delim, depth int) error {
	n.Kind, n.Tag, n.Style = yaml.MappingNode, "!!map", yaml.FlowStyle
	if open == '[' {
		n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	}
	for r.tokens.More() {
		child, err := r.value(depth + 1)
		if err != nil {
			return endless(err)
		}
		n.Content = append(n.Content, child)
	}
	_, err := r.tokens.Token()
	return endless(err)
}

// endless turns an end of file within a value into an error of its own.
func endless(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
