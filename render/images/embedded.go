package images

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// outerString is a string of an object that holds a document.
type outerString struct {
	node  *yaml.Node
	field string
	// origin is where the string is; block tells that its lines are those of
	// the file, from the next one on.
	origin render.Origin
	block  bool
	// level counts strings in strings.
	level int
}

// line is the place of a line of the string.
func (o *outerString) line(n int) render.Origin {
	if !o.block || n < 1 {
		return o.origin
	}
	return render.Origin{File: o.origin.File, Line: o.origin.Line + n}
}

// structured tells whether a string may hold a document: it has lines, or
// starts as JSON does.
func structured(text string) bool {
	return strings.Contains(text, "\n") || strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "{{") || strings.HasPrefix(text, "[")
}

// signs are words of which a document that names an image has at least one.
var signs = []string{"mage", "MAGE", "ontainers", "epository", "sha256:", ".io/", ".com/", ".dev/", "registry."}

// structured looks at a string that may hold a document.
func (w *walk) structured(n *yaml.Node, key string) {
	worth := false
	for _, sign := range signs {
		worth = worth || strings.Contains(n.Value, sign)
	}
	if !worth || isProse(key, n.Value) {
		return
	}
	if len(n.Value) > bounds.EmbeddedBytes {
		w.visits = -1
		return
	}
	level := 1
	if w.outer != nil {
		level = w.outer.level + 1
	}
	documents, err := readDocuments(n.Value)
	if err != nil || len(documents) == 0 || level > bounds.EmbeddedDepth {
		w.lines(n)
		return
	}
	outer := w.within(n)
	outer.level = level
	for _, document := range documents {
		w.document(n, outer, document)
	}
}

// within describes a string of the walk as the outside of a document.
func (w *walk) within(n *yaml.Node) *outerString {
	field, origin := w.place(n, nil)
	outer := &outerString{node: n, field: field, origin: origin}
	literal := n.Style&yaml.LiteralStyle != 0
	switch {
	case w.outer != nil:
		outer.node = w.outer.node
		outer.block = w.outer.block && literal
	default:
		outer.block = literal && w.object.Locator == nil
	}
	return outer
}

// document searches a document inside of a string.
func (w *walk) document(n *yaml.Node, outer *outerString, document *yaml.Node) {
	expanded, err := render.Expand(document)
	if problem := new(render.Problem); errors.As(err, &problem) && problem.Code == render.CodeTooLarge {
		w.visits = -1
		return
	}
	if err != nil {
		w.lines(n)
		return
	}
	inner := *w
	inner.outer, inner.mode, inner.field, inner.hub = outer, modeText, nil, hub{}
	if !inner.node(expanded, 1) {
		w.visits = -1
		return
	}
	w.visits = inner.visits
}

// readDocuments reads the YAML or JSON documents of a string, if mappings or
// lists are all that it holds.
func readDocuments(text string) (documents []*yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the parser broke down")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		root := document.Content[0]
		switch {
		case root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null":
		case root.Kind == yaml.ScalarNode || root.Kind == yaml.AliasNode:
			return nil, errors.New("it is text")
		default:
			documents = append(documents, root)
		}
	}
}

// imageInLine is an assignment to something called an image, in YAML, JSON,
// CEL, properties or XML.
var imageInLine = regexp.MustCompile(`([A-Za-z][\w.-]*|[A-Za-z])["']?\s*(?::|=|>)\s*["']?([a-z0-9][^\s"'<>,;{}()]*)`)

// lines looks at text that is no document, line by line. Comments do not
// count.
func (w *walk) lines(n *yaml.Node) {
	if isProse(w.key(), n.Value) || !mentionsImage(n.Value) || len(n.Value) > bounds.EmbeddedBytes {
		return
	}
	number := 0
	for line := range strings.Lines(n.Value) {
		number++
		text := strings.TrimSpace(line)
		if !mentionsImage(text) || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "//") {
			continue
		}
		for _, match := range imageInLine.FindAllStringSubmatch(text, -1) {
			if kind := kindOfKey(match[1]); kind >= keyImage && plausible(match[2], kind) && strings.ContainsAny(match[2], ":@") {
				w.add(candidate{reference: match[2], class: render.ClassText, node: n})
			}
		}
	}
}
