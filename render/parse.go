package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// The codes of what ParseObjects finds.
const (
	// CodeMalformed is a file or document that cannot be read as manifests.
	CodeMalformed = "manifest-malformed"
	// CodeAmbiguous is a document that tools read differently.
	CodeAmbiguous = "manifest-ambiguous"
	// CodeTooLarge is a manifest beyond a bound.
	CodeTooLarge = "manifest-too-large"
	// CodeNotManifest is YAML or JSON that is no Kubernetes object.
	CodeNotManifest = "not-a-manifest"
	// CodeNameless is an object without a name.
	CodeNameless = "object-without-name"
)

// ParseObjects reads the Kubernetes objects of a file of YAML, of several YAML
// documents or, if its name ends in .json, of JSON values.
//
// Lists are expanded into their items. Aliases are replaced by what they stand
// for and merge keys by what they merge, so nodes have neither; a node that
// was aliased is shared by all who named it, with the place of its anchor.
// Lines and columns are those of the file, columns in bytes, and Origin is
// where each object starts.
//
// What cannot be read is a problem at its line and column, and the documents
// around it are read all the same. A document without apiVersion and kind is
// a Notice; problems name keys and aliases, never values.
func ParseObjects(file string, data []byte) ([]Object, []Problem) {
	p := &objectParser{file: file, template: bytes.Contains(data, []byte("{{"))}
	if len(data) > bounds.FileBytes {
		p.report(Problem{Code: CodeTooLarge, Message: fmt.Sprintf("file has more than %d bytes", bounds.FileBytes), Hint: "split the file"}, 0, 0)
		return nil, p.problems
	}
	decode := decodeYAML
	if strings.EqualFold(path.Ext(file), ".json") {
		decode = decodeJSON
	}
	documents, failures := decode(data)
	for _, f := range failures {
		p.fail(f)
	}
	for _, document := range documents {
		p.document(document)
	}
	return p.objects, p.problems
}

// failure is why a document could not be read, and where.
type failure struct {
	code         string
	message      string
	hint         string
	line, column int
}

func (f *failure) Error() string { return f.message }

// failAt says that a node is wrong.
func failAt(n *yaml.Node, code, format string, args ...any) *failure {
	return &failure{code: code, message: fmt.Sprintf(format, args...), line: n.Line, column: n.Column}
}

// objectParser gathers the objects and problems of one file.
type objectParser struct {
	file string
	// template tells that the file holds what template engines expand.
	template bool
	// expanded is how many nodes the documents before this one had.
	expanded int
	objects  []Object
	problems []Problem
}

// report adds a problem at a place of the file.
func (p *objectParser) report(problem Problem, line, column int) {
	problem.Origin = Origin{File: p.file, Line: line, Column: column}
	p.problems = append(p.problems, problem)
}

// fail reports a failure. A bound that is exceeded is Unseen, everything else
// Broken.
func (p *objectParser) fail(f *failure) {
	problem := Problem{Code: f.code, Severity: Broken, Message: f.message, Hint: f.hint}
	if f.code == CodeTooLarge {
		problem.Severity = Unseen
	}
	if problem.Hint == "" && p.template {
		problem.Hint = "the file looks like a template: render it with its own engine, or keep it out of the manifests"
	}
	p.report(problem, f.line, f.column)
}

// document reads the objects of one document.
func (p *objectParser) document(document *yaml.Node) {
	root := document
	for root.Kind == yaml.DocumentNode {
		if len(root.Content) == 0 {
			return
		}
		root = root.Content[0]
	}
	e := expander{nodes: p.expanded}
	root, err := e.expand(root, 1)
	p.expanded = e.nodes
	if err != nil {
		p.expandFailed(document, err)
		return
	}
	p.object(root, identityHints{})
}

// expandFailed reports a document that cannot be expanded. One that holds no
// manifest is worth a Notice only: other tools' files may do as they please.
func (p *objectParser) expandFailed(document *yaml.Node, f *failure) {
	if f.code != CodeTooLarge && !namesManifest(document) {
		p.notManifest(f.line, f.column, "document without apiVersion and kind: "+f.message)
		return
	}
	p.fail(f)
}

// notManifest reports a document that is no manifest.
func (p *objectParser) notManifest(line, column int, message string) {
	p.report(Problem{
		Code: CodeNotManifest, Severity: Notice, Message: message,
		Hint: "nothing to do unless it was meant to be deployed",
	}, line, column)
}

// decodeYAML reads every document of a stream. Where one does not parse, the
// stream is cut at its document markers, so that one failure does not hide
// what the other documents hold.
//
// A last line without a line break gets one, as deployers read it: it shows in
// a block scalar at the end of a file.
func decodeYAML(data []byte) ([]*yaml.Node, []*failure) {
	if f := tooManyTokens(data); f != nil {
		return nil, []*failure{f}
	}
	if len(data) > 0 && data[len(data)-1] != '\n' && !isUTF16(data) {
		data = append(data[:len(data):len(data)], '\n')
	}
	documents, f := decodeStream(data)
	if f == nil {
		byteColumns(documents, data)
		return documents, nil
	}
	var kept []*yaml.Node
	var failures []*failure
	for _, chunk := range cutDocuments(data) {
		documents, f := decodeStream(chunk.data)
		if f != nil {
			f.line += chunk.line
			failures = append(failures, f)
		}
		byteColumns(documents, chunk.data)
		moveDown(documents, chunk.line)
		kept = append(kept, documents...)
	}
	if len(failures) == 0 {
		failures = append(failures, f)
	}
	return kept, failures
}

// decodeStream reads documents up to the first that does not parse.
func decodeStream(data []byte) (documents []*yaml.Node, f *failure) {
	defer func() {
		if recover() != nil {
			f = &failure{code: CodeMalformed, message: "cannot read YAML: the parser broke down", line: 1, column: 1}
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return documents, syntaxFailure(data, err)
		}
		documents = append(documents, &document)
	}
}

// isUTF16 tells whether data starts with the byte order mark of UTF-16.
func isUTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xfe\xff")) || bytes.HasPrefix(data, []byte("\xff\xfe"))
}

// chunk is one document of a file and the number of lines before it.
type chunk struct {
	data []byte
	line int
}

// cutDocuments cuts a file before each "---" that starts a line, which YAML
// allows nowhere but between documents.
func cutDocuments(data []byte) []chunk {
	var chunks []chunk
	start, startLine, line := 0, 0, 0
	for at := 0; at < len(data); line++ {
		if at > start && isMarker(data[at:]) {
			chunks = append(chunks, chunk{data[start:at], startLine})
			start, startLine = at, line
		}
		next := bytes.IndexByte(data[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return append(chunks, chunk{data[start:], startLine})
}

// isMarker tells whether a line starts a document.
func isMarker(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) &&
		(len(line) == 3 || strings.IndexByte(" \t\r\n", line[3]) >= 0)
}

// tooManyTokens refuses, before it is parsed, a file that could need more
// memory than it is worth: no node comes without one of these characters.
func tooManyTokens(data []byte) *failure {
	count := 0
	for i, c := range data {
		switch c {
		case '\n', '\r', ',', '[', '{', ':':
			count++
		case '-', '?':
			if i+1 < len(data) && (data[i+1] == ' ' || data[i+1] == '\t') {
				count++
			}
		}
	}
	if count <= bounds.YAMLTokens {
		return nil
	}
	return &failure{
		code: CodeTooLarge, line: 1, column: 1, hint: "split the file",
		message: fmt.Sprintf("file has more than %d YAML tokens", bounds.YAMLTokens),
	}
}
