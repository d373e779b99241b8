package flux

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
)

// valuesName is where the values of a HelmRelease are put for helm to read.
const valuesName = ".flux-values.yaml"

// layer is one source of values and how to find the place of one of them.
type layer struct {
	values map[string]any
	// target is the path that it is put at, as written, or "".
	target string
	place  func(at []any, value string) render.Origin
}

// compose merges the values of a HelmRelease as fluxcd/pkg/chartutil does. It
// returns nil if they cannot be.
func (h *release) compose() (*generated, []render.Problem) {
	inline, layers, problems := h.inline()
	result := map[string]any{}
	for n := range h.inputs {
		i := &h.inputs[n]
		at := h.at("spec", "valuesFrom", n, "name")
		key := i.ValuesKey
		if key == "" {
			key = "values.yaml"
		}
		text, ok := i.data[key]
		switch {
		case i.missing != "" || i.sealed[key]:
			problems = append(problems, *h.absent(i, key, at))
			continue
		case !ok && i.Optional:
			continue
		case !ok:
			problems = append(problems, *hint(h.broken(at, CodeInput, "%s has no key %q, which values are taken from", i.name(), key), "correct valuesKey"))
			return nil, problems
		}
		l := layer{target: i.TargetPath, place: i.place(key)}
		if i.TargetPath != "" {
			result = mergeMaps(result, inline)
			if assign(result, i, text) != nil {
				problems = append(problems, *hint(h.broken(at, CodeInvalid, "what %s holds under %q cannot be set at %s", i.name(), key, i.TargetPath), "correct targetPath"))
				return nil, problems
			}
		} else {
			if sigsyaml.Unmarshal([]byte(text), &l.values) != nil {
				problems = append(problems, *h.broken(at, CodeInvalid, "what %s holds under %q is no YAML mapping", i.name(), key))
				return nil, problems
			}
			result = mergeMaps(result, l.values)
		}
		layers = append(layers, l)
	}
	result = mergeMaps(result, inline)
	// What is inline wins, so its places are looked for first.
	layers = append(layers[1:], layers[0])
	g, err := writeValues(valuesName, result, layers, h.at("spec", "values"))
	if err != nil {
		return nil, append(problems, *h.unseen(h.at("spec", "values"), render.CodeFailed, "its values cannot be written"))
	}
	return g, problems
}

// inline returns the values of the object itself.
func (h *release) inline() (map[string]any, []layer, []render.Problem) {
	inline := layer{place: func(at []any, _ string) render.Origin {
		return h.at(append([]any{"spec", "values"}, at...)...)
	}}
	node := render.Child(render.Child(h.object.Node, "spec"), "values")
	if node == nil {
		return nil, []layer{inline}, nil
	}
	text, err := printed(node)
	if err == nil {
		err = sigsyaml.Unmarshal([]byte(text), &inline.values)
	}
	if err != nil {
		return nil, []layer{inline}, []render.Problem{*h.broken(h.at("spec", "values"), CodeInvalid, "values are no mapping")}
	}
	return inline.values, []layer{inline}, nil
}

// absent tells of values that are not at hand. What they would change is not
// known, so neither is what the chart deploys.
func (h *release) absent(i *input, key string, at render.Origin) *render.Problem {
	what := "values"
	if i.TargetPath != "" {
		what = "the value " + i.TargetPath
	}
	return hint(h.unseen(at, CodeInput, "%s %s: what the chart deploys may depend on %s under its key %q", i.name(), i.why(), what, key),
		"commit the object, or name the directory that deploys it with --path")
}

// place returns how to find a value in the data of an input.
func (i *input) place(key string) func([]any, string) render.Origin {
	object := i.from.object
	return func(_ []any, value string) render.Origin {
		for _, name := range []string{"stringData", "data"} {
			if node := render.Child(render.Child(object.Node, name), key); node != nil {
				return locateIn(object, render.Field{{Key: name}, {Key: key}}, node, value)
			}
		}
		return object.Origin
	}
}

// assign sets a value at the target path of an input.
func assign(values map[string]any, i *input, text string) error {
	if i.Literal {
		escaped := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`).Replace(text)
		return helm.AssignString(values, i.TargetPath+"="+escaped)
	}
	for _, quote := range []string{"'", `"`} {
		if strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			return helm.AssignString(values, i.TargetPath+"="+strings.Trim(text, `'"`))
		}
	}
	return helm.Assign(values, i.TargetPath+"="+text)
}

// mergeMaps merges b into a copy of a, as fluxcd/pkg/chartutil does: what only
// b has is shared.
func mergeMaps(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a))
	maps.Copy(out, a)
	for key, value := range b {
		if below, ok := value.(map[string]any); ok {
			if other, ok := out[key].(map[string]any); ok {
				out[key] = mergeMaps(other, below)
				continue
			}
		}
		out[key] = value
	}
	return out
}

// defaults returns the values that take the place of the chart's own, or nil.
func (h *release) defaults(in files, dir string) (*generated, *render.Problem) {
	if len(h.chart.valuesFiles) == 0 {
		return nil, nil
	}
	merged := map[string]any{}
	var layers []layer
	for _, name := range h.chart.valuesFiles {
		file := cleanPath(name)
		data, err := readFile(in, file)
		if errors.Is(err, fs.ErrNotExist) && h.chart.ignoreMissing {
			continue
		}
		var values map[string]any
		if err == nil {
			err = sigsyaml.Unmarshal(data, &values)
		}
		if err != nil {
			return nil, hint(h.broken(h.chart.at, CodePath, "values file %q cannot be read", name),
				"name a YAML file by its path from the root of the source, or from that of a chart that is fetched")
		}
		merged = mergeMaps(merged, values)
		layers = append(layers, layer{values: values, place: filePlace(in, file, data)})
	}
	g, err := writeValues(path.Join(dir, "values.yaml"), merged, layers, h.chart.at)
	if err != nil {
		return nil, h.unseen(h.chart.at, render.CodeFailed, "its values files cannot be merged")
	}
	return g, nil
}

// filePlace returns how to find a value in a file.
func filePlace(in files, name string, data []byte) func([]any, string) render.Origin {
	return func(at []any, _ string) render.Origin {
		origin := render.Origin{File: in.show(name)}
		var document yaml.Node
		if yaml.Unmarshal(data, &document) != nil || len(document.Content) == 0 {
			return origin
		}
		node := document.Content[0]
		for _, step := range at {
			if node = descend(node, step); node == nil {
				return origin
			}
		}
		origin.Line, origin.Column = node.Line, node.Column
		return origin
	}
}

// descend returns the node at a key or index.
func descend(node *yaml.Node, step any) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch step := step.(type) {
	case string:
		return render.Child(node, step)
	case int:
		if node.Kind == yaml.SequenceNode && step < len(node.Content) {
			return node.Content[step]
		}
	}
	return nil
}

// valuesWriter writes values as JSON with one scalar a line, so that a line
// tells which it is.
type valuesWriter struct {
	out    bytes.Buffer
	line   int
	layers []layer
	lines  map[int]func() render.Origin
}

// writeValues writes values, with the places of the layers that they are from.
func writeValues(name string, values map[string]any, layers []layer, otherwise render.Origin) (*generated, error) {
	w := &valuesWriter{line: 1, layers: layers, lines: map[int]func() render.Origin{}}
	if err := w.write(values, nil); err != nil {
		return nil, err
	}
	w.out.WriteByte('\n')
	return &generated{name: name, text: w.out.Bytes(), lines: w.lines, otherwise: otherwise}, nil
}

func (w *valuesWriter) newline() { w.out.WriteByte('\n'); w.line++ }

func (w *valuesWriter) write(value any, at []any) error {
	switch value := value.(type) {
	case map[string]any:
		w.out.WriteByte('{')
		for n, key := range sortedKeys(value) {
			if n > 0 {
				w.out.WriteByte(',')
			}
			w.newline()
			name, err := json.Marshal(key)
			if err != nil {
				return err
			}
			w.out.Write(append(name, ": "...))
			if err := w.write(value[key], append(at[:len(at):len(at)], key)); err != nil {
				return err
			}
		}
		w.out.WriteByte('}')
		return nil
	case []any:
		w.out.WriteByte('[')
		for n, item := range value {
			if n > 0 {
				w.out.WriteByte(',')
			}
			w.newline()
			if err := w.write(item, append(at[:len(at):len(at)], n)); err != nil {
				return err
			}
		}
		w.out.WriteByte(']')
		return nil
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.out.Write(data)
	text := fmt.Sprint(value)
	w.lines[w.line] = func() render.Origin { return w.origin(at, text) }
	return nil
}

// origin finds the last layer that has a value.
func (w *valuesWriter) origin(at []any, text string) render.Origin {
	for n := len(w.layers) - 1; n >= 0; n-- {
		l := w.layers[n]
		if l.target != "" && l.target == dotted(at) {
			return l.place(at, text)
		}
		if has(l.values, at, text) {
			return l.place(at, text)
		}
	}
	return render.Origin{}
}

// has tells whether values hold a scalar at a path.
func has(values map[string]any, at []any, text string) bool {
	var value any = values
	for _, step := range at {
		switch step := step.(type) {
		case string:
			below, _ := value.(map[string]any)
			value = below[step]
		case int:
			below, _ := value.([]any)
			if step >= len(below) {
				return false
			}
			value = below[step]
		}
	}
	return value != nil && fmt.Sprint(value) == text
}

// dotted writes a path as --set does.
func dotted(at []any) string {
	var b strings.Builder
	for _, step := range at {
		switch step := step.(type) {
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(strings.ReplaceAll(step, ".", `\.`))
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		}
	}
	return b.String()
}
