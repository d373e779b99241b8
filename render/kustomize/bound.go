package kustomize

import (
	"bytes"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// tooLarge refuses YAML that would take kustomize more time or memory than it
// may have. YAML that does not parse is let through, for kustomize to refuse.
func tooLarge(file string, data []byte) *render.Problem {
	if isSmall(data) {
		return nil
	}
	refuse := func(format string, args ...any) *render.Problem {
		return &render.Problem{
			Code: render.CodeTooLarge, Severity: render.Unseen, Origin: render.Origin{File: file},
			Message: fmt.Sprintf(format, args...), Hint: "split the file, and expand its YAML aliases",
		}
	}
	if tokens(data) > bounds.YAMLTokens {
		return refuse("file has more than %d YAML tokens", bounds.YAMLTokens)
	}
	for _, document := range separator.Split(string(data)+"\n", -1) {
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(document)))
		w := weigher{done: map[*yaml.Node]weight{}}
		for {
			var node yaml.Node
			if err := decoder.Decode(&node); err != nil {
				if err == io.EOF {
					break
				}
				break // kustomize says what is wrong with it
			}
			switch got := w.weigh(&node, 0); {
			case got.height > bounds.YAMLDepth:
				return refuse("document nests deeper than %d levels", bounds.YAMLDepth)
			case got.nodes > bounds.YAMLNodes:
				return refuse("document has more than %d nodes, aliases expanded", bounds.YAMLNodes)
			}
		}
	}
	return nil
}

// weight is how many nodes a node stands for and how deep they nest.
type weight struct{ nodes, height int }

// weigher weighs nodes, aliases counted as what they stand for.
type weigher struct{ done map[*yaml.Node]weight }

// heavy is the weight of what is not to be looked at any further.
func heavy() weight { return weight{bounds.YAMLNodes + 1, bounds.YAMLDepth + 1} }

func (w weigher) weigh(node *yaml.Node, depth int) weight {
	if node.Kind == yaml.AliasNode {
		got, ok := w.done[node.Alias]
		if !ok {
			return heavy() // it holds itself
		}
		return got
	}
	if depth > bounds.YAMLDepth+1 {
		return heavy()
	}
	total := weight{nodes: 1}
	for _, below := range node.Content {
		got := w.weigh(below, depth+1)
		total.nodes = min(total.nodes+got.nodes, bounds.YAMLNodes+1)
		total.height = max(total.height, got.height)
	}
	if node.Kind != yaml.DocumentNode {
		total.height++
	}
	if node.Anchor != "" {
		w.done[node] = total
	}
	return total
}

// isSmall tells of most files, without parsing them, that they are within all
// bounds: they have no alias, and neither the indentation nor the brackets to
// nest deeply.
func isSmall(data []byte) bool {
	const share = bounds.YAMLDepth/2 - 5
	if len(data) > bounds.YAMLNodes {
		return false
	}
	brackets, lead, leading := 0, 0, true
	for i, c := range data {
		switch c {
		case '\n', '\r':
			lead, leading = 0, true
			continue
		case '[', '{':
			brackets++
		case '*':
			if i+1 < len(data) && !bytes.ContainsRune([]byte(" \t\r\n*"), rune(data[i+1])) &&
				(i == 0 || bytes.ContainsRune([]byte(" \t\r\n[{,:-?"), rune(data[i-1]))) {
				return false
			}
		}
		leading = leading && bytes.IndexByte([]byte(" \t-?:"), c) >= 0
		if leading {
			lead++
		}
		if lead > share || brackets > share {
			return false
		}
	}
	return true
}

// tokens counts the characters without which no node comes.
func tokens(data []byte) int {
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
	return count
}
