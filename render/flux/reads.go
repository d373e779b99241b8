package flux

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

var _ render.Reader = (*Expander)(nil)

// Reads implements render.Reader.
func (e *Expander) Reads(_ render.Tree, unit render.Unit) (render.Reads, bool) {
	p := parentOf(unit)
	if p == nil {
		return render.Reads{}, false
	}
	var reads render.Reads
	for _, input := range p.inputs {
		reads.Objects = append(reads.Objects, input.Name)
	}
	text, err := p.text()
	if err != nil {
		return reads, false
	}
	w := reading{&reads, []string{text}}
	all := false
	switch spec := unit.Sources[0].Spec.(type) {
	case *kustomization:
		all = w.kustomization(spec)
	case *release:
		all = w.release(spec, e.options.Charts)
	}
	reads.Text = strings.Join(w.text, "\n")
	return reads, all
}

// text is what an object says and the inputs hold. Of what only names an input
// there is a digest, so that it is not taken for the input.
func (p *parent) text() (string, error) {
	spec, err := yaml.Marshal(without(render.Child(p.object.Node, "spec"), "valuesFrom", "substituteFrom"))
	if err != nil {
		return "", err
	}
	text := []string{p.sum, p.cluster, string(spec)}
	for _, i := range p.inputs {
		closed := ""
		if i.closed != nil {
			closed = i.closed.Error()
		}
		data, err := json.Marshal([]any{i.inputRef, i.missing, i.data, i.sealed, closed})
		if err != nil {
			return "", err
		}
		text = append(text, fmt.Sprintf("%x", sha256.Sum256(data)))
		for _, key := range sortedKeys(i.data) {
			text = append(text, i.data[key])
		}
	}
	return strings.Join(text, "\n"), nil
}

// without returns a node without some of the fields in it.
func without(node *yaml.Node, fields ...string) *yaml.Node {
	if node == nil {
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	some := *node
	some.Content = nil
	for i, below := range node.Content {
		if node.Kind == yaml.MappingNode && slices.Contains(fields, node.Content[i-i%2].Value) {
			continue
		}
		some.Content = append(some.Content, without(below, fields...))
	}
	return &some
}

// reading gathers what one unit reads.
type reading struct {
	*render.Reads
	text []string
}

func (w *reading) problems(problems []*render.Problem) {
	for _, p := range problems {
		w.text = append(w.text, p.Code+" "+p.Message)
	}
}

// artifact adds a source. Of one that holds the files of the tree it is known
// what it reads.
func (w *reading) artifact(a *artifact) bool {
	spec, err := json.Marshal(a.spec)
	w.text = append(w.text, a.name, string(spec))
	w.Everywhere = []string{".sourceignore"}
	return err == nil && a.isTree() && len(a.includes) == 0
}

func (w *reading) kustomization(k *kustomization) bool {
	w.problems(k.problems)
	if k.artifact == nil {
		return true
	}
	dir := cleanPath(k.spec.Path)
	w.Dirs = []string{dir}
	for _, component := range k.spec.Components {
		w.Dirs = append(w.Dirs, path.Join(dir, component))
	}
	return w.artifact(k.artifact)
}

func (w *reading) release(r *release, charts ChartFetcher) bool {
	w.problems(r.problems)
	c := r.chart
	if c == nil {
		return true
	}
	if c.artifact != nil {
		w.Dirs = []string{c.dir}
		for _, name := range c.valuesFiles {
			w.Files = append(w.Files, cleanPath(name), cleanPath(path.Join(c.dir, name)))
		}
		return w.artifact(c.artifact)
	}
	w.text = append(w.text, c.repository, c.name, c.version, strings.Join(c.valuesFiles, "\n"))
	if charts != nil {
		w.Fetch = func(ctx context.Context) ([]fs.FS, error) {
			chart, err := charts.FetchChart(ctx, c.repository, c.name, c.version)
			return []fs.FS{chart}, err
		}
	}
	return true
}
