package kustomize

import (
	"bytes"
	"regexp"
	"strings"
)

// separator cuts documents as kustomize does.
var separator = regexp.MustCompile(`\n---.*\n`)

const (
	// firstID is above the lines of what kustomize generates.
	firstID = 16
	// lastID bounds the newlines that are added.
	lastID = 4096
)

// tracer tells which document of which file an object came from. It moves
// each document that kustomize reads down to a line that no other document
// starts at: kustomize keeps the lines of nodes through all that it does to an
// object, and prints none of them. So the output is that of the plain files.
type tracer struct {
	next int
	// documents are by the line that they were moved to.
	documents map[int]document
	marked    map[string][]byte
	// aside takes what kustomize need not see. It is nil where it sees all.
	aside *aside
}

// document is one document of a file.
type document struct {
	file string
	// line is where its object starts in the file, column too.
	line, column int
	// moved is the line that it starts at for kustomize.
	moved int
	// kind is the text after "kind:", if that starts a line.
	kind string
}

func newTracer() *tracer {
	return &tracer{next: firstID, documents: map[int]document{}, marked: map[string][]byte{}}
}

// mark returns a file with its documents moved down.
func (t *tracer) mark(file string, data []byte) []byte {
	if done, ok := t.marked[file]; ok {
		return done
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	var out bytes.Buffer
	line, at := 1, 0
	for _, cut := range append(separator.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		t.document(&out, document{file: file, line: line}, text[at:cut[0]])
		out.WriteString(text[cut[0]:cut[1]])
		line += strings.Count(text[at:cut[1]], "\n")
		at = cut[1]
	}
	t.marked[file] = out.Bytes()
	return out.Bytes()
}

// document writes one document, moved down if it can be.
func (t *tracer) document(out *bytes.Buffer, d document, text string) {
	head, body := "", text
	if d.line == 1 && strings.HasPrefix(text, "---") {
		head, body, _ = strings.Cut(text, "\n")
		if rest := strings.TrimSpace(head[3:]); rest != "" && rest[0] != '#' {
			out.WriteString(text)
			return
		}
		head += "\n"
	}
	lead, first, ok := leading(body)
	if !ok || isList(body) {
		out.WriteString(text)
		return
	}
	before := strings.Count(head, "\n") + lead
	d.moved = max(t.next, before+1)
	if d.moved > lastID {
		out.WriteString(text)
		return
	}
	t.next = d.moved + 1
	d.line += before
	d.column = len(first) - len(strings.TrimLeft(first, " ")) + 1
	d.kind = kindOf(body)
	t.documents[d.moved] = d
	out.WriteString(head)
	out.WriteString(strings.Repeat("\n", d.moved-1-before))
	out.WriteString(t.aside.cut(body))
}

// leading counts the empty lines and comments before the first line of
// content. It is not ok if there is none or if it is no plain line.
func leading(body string) (lead int, first string, ok bool) {
	for line := range strings.SplitSeq(body, "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' {
			lead++
			continue
		}
		plain := trimmed[0] != '%' && !strings.HasPrefix(line, "\ufeff") && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "...")
		return lead, line, plain
	}
	return 0, "", false
}

var kindLine = regexp.MustCompile(`(?m)^["']?kind["']?:[ \t]*["']?([^\s"'#]*)`)

// kindOf returns the kind of a document in block style, or "".
func kindOf(body string) string {
	match := kindLine.FindStringSubmatch(body)
	if match == nil {
		return ""
	}
	return match[1]
}

// isList tells of a document that kustomize takes apart: the lines of its
// items would be taken for those of other documents.
func isList(body string) bool { return strings.HasSuffix(kindOf(body), "List") }

// origin returns the document that an object of a kind at a line came from.
func (t *tracer) origin(line int, kind string) (document, bool) {
	d, ok := t.documents[line]
	return d, ok && (d.kind == "" || d.kind == kind)
}
