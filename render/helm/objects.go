package helm

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// decoded is what a chart renders to.
type decoded struct {
	objects  []render.Object
	problems []render.Problem
	// manifests are the names of the texts that were rendered.
	manifests []string
	// from tells which text each object came from.
	from []objectSource
}

// objectSource is the n-th object of a text. Where lines is set, the lines of
// its nodes are those of a file in the revision.
type objectSource struct {
	manifest, n int
	lines       bool
}

// decode returns the objects of manifests, and what is wrong with the others.
func (r *rendering) decode(manifests []manifest) decoded {
	var all decoded
	for i, m := range manifests {
		objects, problems, lines := r.decodeOne(m)
		all.manifests = append(all.manifests, m.name)
		all.problems = append(all.problems, problems...)
		all.objects = append(all.objects, objects...)
		for n := range objects {
			all.from = append(all.from, objectSource{i, n, lines})
		}
	}
	return all
}

// decodeOne returns the objects of a manifest, and whether their lines are
// those of a file in the revision. All documents of the text are read: Helm
// looks at the first, but what applies its output sees what comes after a
// "..." too.
func (r *rendering) decodeOne(m manifest) (objects []render.Object, problems []render.Problem, lines bool) {
	// Helm prints a newline after each, which a block scalar at the end then
	// holds.
	text := m.text + "\n"
	file := "rendered.yaml"
	// A file of crds/ is printed as it stands.
	lines = m.name == "" && !m.packed
	if lines {
		file = m.origin.File
	}
	objects, problems = render.ParseObjects(file, []byte(text))
	if slices.ContainsFunc(problems, isAmbiguous) {
		lines = false
		objects, problems = parseLastWins(text, objects, problems)
	}
	if lines {
		return objects, problems, true
	}
	for i := range objects {
		objects[i].Origin = m.origin
	}
	for i := range problems {
		problems[i].Origin = r.renderedOrigin(m, text, problems[i].Origin.Line)
	}
	return objects, problems, false
}

func (m manifest) isCalled(name string) bool { return m.name == name }

func isAmbiguous(p render.Problem) bool { return p.Code == render.CodeAmbiguous }

// parseLastWins reads the objects of a text in which keys are given twice.
// Readers of YAML differ in what that means, but all that deploys charts
// (Helm, Argo CD, Flux) either refuses it or takes the last. What the first
// reading said about it becomes a notice.
func parseLastWins(text string, objects []render.Object, problems []render.Problem) ([]render.Object, []render.Problem) {
	data, ok := lastWins(text)
	if !ok {
		return objects, problems
	}
	objects, wrong := render.ParseObjects("rendered.yaml", data)
	for _, p := range problems {
		if isAmbiguous(p) {
			p.Severity = render.Notice
			p.Message += ": the last wins"
			p.Hint = "make the template write it once"
			wrong = append(wrong, p)
		}
	}
	return objects, wrong
}

// lastWins returns a YAML text in which, of equal keys of a mapping, only the
// last is left. It reports whether all of the text could be read, and holds
// no anchor, alias or merge key: what is dropped could be what an alias means
// to another reader.
func lastWins(text string) ([]byte, bool) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return out.Bytes(), true
		}
		if err != nil || refers(&document) {
			return nil, false
		}
		dropFirst(&document)
		if encoder.Encode(&document) != nil {
			return nil, false
		}
	}
}

// refers tells that a part of a document stands for another one.
func refers(node *yaml.Node) bool {
	return node.Anchor != "" || node.Kind == yaml.AliasNode || node.Tag == "!!merge" ||
		slices.ContainsFunc(node.Content, refers)
}

func dropFirst(node *yaml.Node) {
	for _, child := range node.Content {
		dropFirst(child)
	}
	if node.Kind != yaml.MappingNode {
		return
	}
	last := map[string]int{}
	for i := 0; i < len(node.Content); i += 2 {
		last[node.Content[i].Value] = i
	}
	var kept []*yaml.Node
	for i := 0; i < len(node.Content); i += 2 {
		if last[node.Content[i].Value] == i {
			kept = append(kept, node.Content[i], node.Content[i+1])
		}
	}
	node.Content = kept
}

// renderedOrigin returns the place of a line of a rendered text: the line of
// the template that reads the same, if there is just one, else the template.
func (r *rendering) renderedOrigin(m manifest, text string, line int) render.Origin {
	origin := m.origin
	lines := strings.Split(text, "\n")
	if !m.packed && line > 0 && line <= len(lines) {
		origin.Line = r.onlyLine(origin.File, lines[line-1])
	}
	return origin
}
