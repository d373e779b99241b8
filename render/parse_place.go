package render

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// byteColumns turns the columns of nodes, which the parser counts in
// characters, into bytes.
func byteColumns(documents []*yaml.Node, data []byte) {
	ascii := true
	for _, c := range data {
		if c >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return
	}
	lines := splitLines(data)
	for _, document := range documents {
		eachNode(document, func(n *yaml.Node) {
			if n.Line < 1 || n.Line > len(lines) {
				return
			}
			n.Column = byteColumn(lines[n.Line-1], n.Column)
		})
	}
}

// byteColumn is the column in bytes of a column in characters.
func byteColumn(line []byte, column int) int {
	at := 0
	for i := 1; i < column && at < len(line); i++ {
		_, size := utf8.DecodeRune(line[at:])
		at += size
	}
	return at + 1
}

// splitLines cuts a file where YAML ends lines: at LF, CR, CRLF, NEL, LS and
// PS. A byte order mark counts as part of the first line.
func splitLines(data []byte) [][]byte {
	var lines [][]byte
	start := 0
	for at := 0; at < len(data); {
		size := lineBreak(data[at:])
		if size == 0 {
			at++
			continue
		}
		lines = append(lines, data[start:at])
		at += size
		start = at
	}
	lines = append(lines, data[start:])
	if mark := []byte("\ufeff"); bytes.HasPrefix(lines[0], mark) {
		lines[0] = lines[0][len(mark):]
	}
	return lines
}

// lineBreak is the length of the line break that data starts with, or 0.
func lineBreak(data []byte) int {
	switch {
	case data[0] == '\n':
		return 1
	case data[0] == '\r':
		if len(data) > 1 && data[1] == '\n' {
			return 2
		}
		return 1
	case bytes.HasPrefix(data, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(data, []byte("\u2028")), bytes.HasPrefix(data, []byte("\u2029")):
		return 3
	}
	return 0
}

// moveDown adds to the lines of nodes.
func moveDown(documents []*yaml.Node, lines int) {
	for _, document := range documents {
		eachNode(document, func(n *yaml.Node) { n.Line += lines })
	}
}

// eachNode calls f for each node as written, without following aliases. The
// parser bounds how deep it goes.
func eachNode(n *yaml.Node, f func(*yaml.Node)) {
	f(n)
	for _, child := range n.Content {
		eachNode(child, f)
	}
}

// errorLine is how the parser's messages begin.
var errorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxFailure says what the parser said and where. The parser tells at most
// a line, and for some errors that of the surrounding block; how far it had
// read tells more.
func syntaxFailure(data []byte, err error) *failure {
	message := err.Error()
	match := errorLine.FindStringSubmatch(message)
	if match == nil {
		return &failure{code: CodeMalformed, message: "cannot read YAML", line: 1, column: 1}
	}
	message = message[len(match[0]):]
	f := &failure{code: CodeMalformed, message: "cannot read YAML: " + message}
	f.line, f.column = readUpTo(data)
	lines := splitLines(data)
	told, _ := strconv.Atoi(match[1])
	if told > 0 && told < f.line && told <= len(lines) && !strings.HasPrefix(message, "did not find expected") {
		f.line, f.column = told, len(lines[told-1])+1
	}
	if f.line <= len(lines) {
		line := lines[f.line-1]
		f.column = culprit(line[:min(f.column, len(line))], message, f.column)
	}
	return f
}

// culprit returns the column of what a message is about, given the line up to
// where the parser had read, or else the column given.
func culprit(read []byte, message string, column int) int {
	if name, found := strings.CutPrefix(message, "unknown anchor '"); found {
		name, _, _ = strings.Cut(name, "'")
		return max(1, bytes.LastIndex(read, []byte("*"+name))+1)
	}
	for _, c := range []struct{ message, culprits string }{
		{"mapping values are not allowed", ":"},
		{"unknown escape character", `\`},
		{"cannot start any token", "@`%\t"},
		{"unexpected end of stream", `"'`},
	} {
		if strings.Contains(message, c.message) {
			if at := bytes.LastIndexAny(read, c.culprits); at >= 0 {
				return at + 1
			}
		}
	}
	for _, start := range []string{"expected key", "expected '-' indicator", "could not find expected ':'"} {
		if strings.Contains(message, start) {
			return len(read) - len(bytes.TrimLeft(read, " ")) + 1
		}
	}
	return column
}

// readUpTo parses again, a byte at a time, and returns the place of the last
// character that the parser asked for before it failed, or of the last
// character before that which is neither space nor line break.
func readUpTo(data []byte) (line, column int) {
	counter := &byteReader{data: data}
	decoder := yaml.NewDecoder(counter)
	func() {
		defer func() { _ = recover() }()
		for {
			var document yaml.Node
			if decoder.Decode(&document) != nil {
				return
			}
		}
	}()
	read := bytes.TrimRight(data[:counter.at], " \t\r\n")
	lines := splitLines(read)
	return len(lines), max(1, len(lines[len(lines)-1]))
}

// byteReader hands out one byte at a time and counts them.
type byteReader struct {
	data []byte
	at   int
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.at == len(r.data) {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p[0] = r.data[r.at]
	r.at++
	return 1, nil
}
