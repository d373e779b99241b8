package helm

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
	"helm.sh/helm/v4/pkg/chart/common"

	"github.com/syncgate/syncgate/render"
)

// mark is a place that could have written a value. It is a scalar of a values
// file, or a line of a template with a key.
type mark struct {
	origin render.Origin
	// key is that of the template's line.
	key string
	// scalar is where the values file has the scalar.
	scalar *scalarPath
}

// scalarPath is where a scalar stands in a values file.
type scalarPath struct {
	fsys fs.FS
	path []any
	// before is the text of the scalar up to what is marked.
	before string
}

// place returns the place of a mark.
func (m mark) place() render.Origin {
	if m.scalar == nil {
		return m.origin
	}
	return m.scalar.place(m.origin)
}

// The text of a mark keeps to what image names, labels and names of objects
// are made of.
const (
	markStart = "zqk"
	markEnd   = "qz"
)

func markText(i int) string { return fmt.Sprintf("%s%04d%s", markStart, i, markEnd) }

// These are never written.
var (
	markPattern = regexp.MustCompile(markStart + `(\d{4,9})` + markEnd)
	// imageWord is what the parts of the name of an image are made of.
	imageWord = regexp.MustCompile(`[a-zA-Z0-9_.-]+`)
	// keyLine is a line of YAML with a key and, on the same line, its value.
	keyLine = regexp.MustCompile(`^(\s*(?:-\s+)?["']?([\w.-]+)["']?:\s+)[^\s|>#]`)
)

// unmarked returns a text without marks.
func unmarked(text string) string { return markPattern.ReplaceAllString(text, "") }

// markNumber returns the number of the first mark in a text.
func markNumber(text string) (int, bool) {
	match := markPattern.FindStringSubmatch(text)
	if match == nil {
		return 0, false
	}
	i, err := strconv.Atoi(match[1])
	return i, err == nil
}

// marker puts marks into the inputs of a rendering, which knows them by their
// number.
type marker struct {
	r     *rendering
	names map[string]bool
	want  attempt
}

// mark marks, in the values and templates of a rendering, what could write
// images of these names.
func (r *rendering) mark(names map[string]bool, want attempt) {
	m := &marker{r: r, names: names, want: want}
	for _, file := range r.values {
		m.values(file.values, nil, mark{origin: render.Origin{File: file.name}, scalar: &scalarPath{fsys: r.tree.FS}})
	}
	for _, c := range r.chart.charts {
		at := mark{origin: c.place.origin("values.yaml")}
		if !c.place.packed {
			at.scalar = &scalarPath{fsys: r.tree.FS}
		}
		m.values(c.Values, nil, at)
		for i, file := range c.Templates {
			if want.lines && !c.place.packed {
				c.Templates[i] = m.template(file, c.place.origin(file.Name))
				r.chart.places[c.Templates[i]] = c.place
			}
		}
	}
}

// values marks the scalars below a value, in place, and returns the value.
func (m *marker) values(value any, at []any, in mark) any {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			v[key] = m.values(below, append(slices.Clone(at), key), in)
		}
	case []any:
		for i, below := range v {
			v[i] = m.values(below, append(slices.Clone(at), i), in)
		}
	case string:
		return m.text(v, at, in)
	}
	return value
}

// text marks each image name in a scalar.
func (m *marker) text(text string, at []any, in mark) string {
	if !m.want.values(at, text) {
		return text
	}
	var out strings.Builder
	last := 0
	for _, span := range imageWord.FindAllStringIndex(text, -1) {
		if !m.names[text[span[0]:span[1]]] || isKey(text[span[1]:]) {
			continue
		}
		next := in
		if in.scalar != nil {
			next.scalar = &scalarPath{in.scalar.fsys, at, text[:span[0]]}
		}
		out.WriteString(text[last:span[1]] + markText(len(m.r.marks)))
		m.r.marks = append(m.r.marks, next)
		last = span[1]
	}
	return out.String() + text[last:]
}

// isKey tells whether what stands before a text is a key of YAML in it.
func isKey(rest string) bool {
	rest, colon := strings.CutPrefix(rest, ":")
	return colon && (rest == "" || strings.ContainsAny(rest[:1], " \n"))
}

// template returns a template with a comment at the end of each line that
// gives an image to a key. What ends without its value, in an action that
// goes on or cuts off the line break, is left alone.
func (m *marker) template(file *common.File, origin render.Origin) *common.File {
	lines := strings.SplitAfter(string(file.Data), "\n")
	for i, text := range lines {
		if !imageKey(text) {
			continue
		}
		match := keyLine.FindStringSubmatch(text)
		body := strings.TrimRight(text, " \t\r\n")
		if match == nil || !imageKey(match[2]) || strings.Count(body, "{{") != strings.Count(body, "}}") ||
			strings.HasSuffix(body, "-}}") {
			continue
		}
		at := origin
		at.Line, at.Column = i+1, len(match[1])+1
		lines[i] = body + " # " + markText(len(m.r.marks)) + text[len(body):]
		m.r.marks = append(m.r.marks, mark{origin: at, key: match[2]})
	}
	return &common.File{Name: file.Name, Data: []byte(strings.Join(lines, ""))}
}

// place finds the scalar in the values file.
func (s *scalarPath) place(origin render.Origin) render.Origin {
	data, err := readFile(s.fsys, origin.File)
	if err != nil {
		return origin
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	var found *yaml.Node
	for {
		// Of several documents, the last that has it wins.
		var document yaml.Node
		if decoder.Decode(&document) != nil {
			break
		}
		if node := valueAt(document.Content[0], s.path); node != nil {
			found = node
		}
	}
	if found == nil {
		return origin
	}
	origin.Line = found.Line
	if found.Style&yaml.LiteralStyle != 0 {
		// The text starts on the line after the "|".
		origin.Line += 1 + strings.Count(s.before, "\n")
		return origin
	}
	lines := strings.Split(string(data), "\n")
	origin.Column = byteColumn(lines[min(found.Line, len(lines))-1], found.Column)
	return origin
}

// byteColumn turns a column in characters, as the YAML parser counts, into
// one in bytes.
func byteColumn(line string, column int) int {
	runes := []rune(line)
	return len(string(runes[:min(column-1, len(runes))])) + 1
}

// valueAt returns the node at a path of keys and indexes, or nil.
func valueAt(node *yaml.Node, path []any) *yaml.Node {
	for _, step := range path {
		if node = resolve(node); node == nil {
			return nil
		}
		switch step := step.(type) {
		case string:
			node = valueOf(node, step)
		case int:
			if node.Kind != yaml.SequenceNode || step >= len(node.Content) {
				return nil
			}
			node = node.Content[step]
		}
	}
	return resolve(node)
}

// valueOf returns the value of a key, merged ones too.
func valueOf(node *yaml.Node, key string) *yaml.Node {
	if node = resolve(node); node.Kind == yaml.SequenceNode {
		for _, item := range node.Content {
			if value := valueOf(item, key); value != nil {
				return value
			}
		}
	}
	if node.Kind != yaml.MappingNode {
		return nil
	}
	var own, merged *yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		switch name := node.Content[i]; {
		case name.Tag == "!!merge":
			merged = valueOf(node.Content[i+1], key)
		case name.Value == key:
			own = node.Content[i+1]
		}
	}
	if own == nil {
		return merged
	}
	return own
}

func resolve(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
