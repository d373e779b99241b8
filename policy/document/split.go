package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Document is one YAML document of a file.
type Document struct {
	// Text is the document's own bytes, without the lines that separate it.
	Text []byte
	// skipped is the number of lines of the file before Text.
	skipped int
	// Root is the document's value. It is nil where there is none.
	Root *yaml.Node
}

// separator is a line that ends a document. YAML allows it nowhere else, in no
// string and no block (YAML 1.2.2, c-forbidden).
var separator = regexp.MustCompile(`(?m)^(?:---|\.\.\.)(?:[ \t\r].*)?$`)

// blank tells whether a text has nothing but white space.
func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// split cuts a file into its documents, without those that are blank. A document that begins on the line of
// its separator keeps that line.
func split(text []byte) []Document {
	var docs []Document
	start, counted, lines := 0, 0, 0
	add := func(end int) {
		lines += bytes.Count(text[counted:start], []byte("\n"))
		counted = start
		if !blank(text[start:end]) {
			docs = append(docs, Document{Text: text[start:end], skipped: lines})
		}
	}
	for _, found := range separator.FindAllIndex(text, -1) {
		add(found[0])
		start = min(found[1]+1, len(text))
		if rest := bytes.TrimSpace(text[found[0]+3 : found[1]]); len(rest) > 0 && rest[0] != '#' {
			start = found[0]
		}
	}
	add(len(text))
	return docs
}

// parse reads the YAML of a document, with the line numbers of the file.
func (doc *Document) parse(file *File) *Problem {
	decoder := yaml.NewDecoder(bytes.NewReader(doc.Text))
	var n yaml.Node
	err := decodeNode(decoder, &n)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return doc.syntaxProblem(file, err)
	}
	if err := decodeNode(decoder, new(yaml.Node)); !errors.Is(err, io.EOF) {
		return file.Problem(doc.skipped+1, 0, "read YAML: document holds more than one value")
	}
	shift(&n, doc.skipped)
	if root := n.Content[0]; root.Tag != "!!null" {
		doc.Root = root
	}
	return nil
}

// decodeNode turns a panic of the YAML library into an error: it parses what
// others wrote.
func decodeNode(decoder *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	return decoder.Decode(n)
}

func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, child := range n.Content {
		shift(child, lines)
	}
}

var yamlError = regexp.MustCompile(`(?s)\Ayaml: (?:line ([0-9]+): )?(.*)\z`)

func (doc *Document) syntaxProblem(file *File, err error) *Problem {
	message, line := err.Error(), 0
	if parts := yamlError.FindStringSubmatch(message); parts != nil {
		message = parts[2]
		line, _ = strconv.Atoi(parts[1])
	}
	if found := doc.lineOfError(); found > 0 {
		line = found
	}
	line = doc.skipped + max(line, 1)
	column := 0
	if line <= len(file.lines) {
		text := file.lines[line-1]
		if indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]; strings.Contains(indent, "\t") {
			column = strings.Index(indent, "\t") + 1
			message = "line is indented with a tab: YAML takes spaces only"
		}
	}
	return file.Problem(line, column, "read YAML: "+Printable(message)+hint(message))
}

// hint says in the words of a user what a message of the YAML library is
// mostly about.
func hint(message string) string {
	for _, h := range []struct{ part, hint string }{
		{"mapping values are not allowed", " (a ':' too many, an indentation that is off, or a text that needs quotes)"},
		{"did not find expected key", " (mostly an indentation that is off)"},
		{"did not find expected ','", " (a bracket that is not closed, or a comma that is missing)"},
		{"could not find expected ':'", " (a field without ':')"},
		{"cannot start any token", " (text that begins with this character needs quotes)"},
		{"unexpected end of stream", " (a quote that is not closed)"},
		{"unknown anchor", " (text that begins with '*' needs quotes)"},
		{"expected <document start>", " (directives, lines that begin with '%', are not read)"},
		{"did not find expected alphabetic", " (text that begins with '*' or '&' needs quotes)"},
	} {
		if strings.Contains(message, h.part) {
			return h.hint
		}
	}
	return ""
}

// lineOfError finds the line of a syntax error, counting from 1, or 0. The
// library tells where the surrounding block begins; what helps is the first
// line with which the document no longer parses.
func (doc *Document) lineOfError() int {
	const attempts, largest = 200, 64 << 10
	if len(doc.Text) > largest {
		return 0
	}
	lines := bytes.SplitAfter(doc.Text, []byte("\n"))
	fed := &lineReader{lines: lines}
	_ = decodeNode(yaml.NewDecoder(fed), new(yaml.Node))
	for good := fed.next - 1; good >= 0 && fed.next-good < attempts; good-- {
		prefix := bytes.Join(lines[:good], nil)
		err := decodeNode(yaml.NewDecoder(bytes.NewReader(prefix)), new(yaml.Node))
		if err == nil || errors.Is(err, io.EOF) {
			return good + 1
		}
	}
	return 0
}

// lineReader hands out one line at a time, so that it can be told how far a
// parser read.
type lineReader struct {
	lines [][]byte
	// next is the index of the line after the one that is handed out, and
	// rest what is left of that one.
	next int
	rest []byte
}

func (r *lineReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.next == len(r.lines) {
			return 0, io.EOF
		}
		r.rest = r.lines[r.next]
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// checkText refuses a file that is not the text which the rest of this
// package takes it for.
func checkText(file *File, text []byte) *Problem {
	if utf8.Valid(text) && !bytes.ContainsRune(text, 0) {
		return nil
	}
	return &Problem{File: file.Name, Message: "read policy: file is not UTF-8 text"}
}
