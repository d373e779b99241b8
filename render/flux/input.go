package flux

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// input is a ConfigMap or Secret that variables or values come from, as far
// as it is at hand.
type input struct {
	inputRef
	namespace string
	// from is the object, or nil.
	from *found
	// missing is why it is not at hand, or "".
	missing string
	data    map[string]string
	// sealed are the keys whose values are encrypted or cannot be read.
	sealed map[string]bool
}

// name is how messages call an input.
func (i *input) name() string { return fmt.Sprintf("%s %s/%s", i.Kind, i.namespace, i.Name) }

// inputsOf looks up ConfigMaps and Secrets in the namespace of an object.
func (w *world) inputsOf(d *deployer, cluster string, refs []inputRef) []input {
	inputs := make([]input, len(refs))
	for n, ref := range refs {
		i := input{inputRef: ref, namespace: d.id.Namespace}
		switch list := w.lookup(cluster, render.ObjectID{APIVersion: "v1", Kind: ref.Kind, Namespace: d.id.Namespace, Name: ref.Name}); {
		case ref.Kind != "ConfigMap" && ref.Kind != "Secret":
			i.missing = "is of a kind that is not known"
		case strings.Contains(ref.Name, "${"):
			i.missing = "has a name that depends on a variable"
		case len(list) == 0:
			i.missing = "is not in the revision"
		case len(list) > 1:
			i.missing = fmt.Sprintf("is in the revision more than once, at %s and %s", list[0].object.Origin, list[1].object.Origin)
		default:
			i.from = list[0]
			i.read()
		}
		inputs[n] = i
	}
	return inputs
}

// read reads the data of an input.
func (i *input) read() {
	node := i.from.object.Node
	i.data, i.sealed = map[string]string{}, map[string]bool{}
	encrypted := isEncrypted(node)
	each := func(field string, value func(string) (string, bool)) {
		data := render.Child(node, field)
		if data == nil || data.Kind != yaml.MappingNode {
			return
		}
		for n := 0; n+1 < len(data.Content); n += 2 {
			key, text := data.Content[n].Value, data.Content[n+1].Value
			decoded, ok := value(text)
			delete(i.data, key)
			if i.sealed[key] = !ok || encrypted || strings.HasPrefix(decoded, "ENC["); !i.sealed[key] {
				delete(i.sealed, key)
				i.data[key] = decoded
			}
		}
	}
	asIs := func(text string) (string, bool) { return text, true }
	if i.Kind == "ConfigMap" {
		each("data", asIs)
		return
	}
	each("data", func(text string) (string, bool) {
		decoded, err := base64.StdEncoding.DecodeString(text)
		return string(decoded), err == nil
	})
	each("stringData", asIs)
}

// isEncrypted tells whether an object is encrypted with SOPS.
func isEncrypted(node *yaml.Node) bool {
	return render.Child(render.Child(node, "sops"), "mac") != nil
}

// incomplete tells whether something that the inputs may hold is not at hand.
func incomplete(inputs []input) bool {
	return slices.ContainsFunc(inputs, func(i input) bool { return i.missing != "" })
}

// changed tells whether two lookups of the same inputs differ.
func changed(before, after []input) *input {
	for n := range after {
		if n >= len(before) || before[n].missing == "" != (after[n].missing == "") ||
			!maps.Equal(before[n].data, after[n].data) || !maps.Equal(before[n].sealed, after[n].sealed) {
			return &after[n]
		}
	}
	return nil
}

// secrets are the values of the Secrets among inputs, whole and, where they
// are YAML, every text in them; the longest come first.
func secrets(inputs []input) []string {
	var values []string
	var walk func(node *yaml.Node)
	walk = func(node *yaml.Node) {
		if node.Kind == yaml.ScalarNode {
			values = append(values, node.Value)
		}
		for _, below := range node.Content {
			walk(below)
		}
	}
	for _, i := range inputs {
		if i.Kind != "Secret" {
			continue
		}
		for _, value := range i.data {
			values = append(values, value)
			for line := range strings.Lines(value) {
				values = append(values, strings.TrimSpace(line))
			}
			var document yaml.Node
			if yaml.Unmarshal([]byte(value), &document) == nil {
				walk(&document)
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.DeleteFunc(slices.Compact(values), func(s string) bool { return len(s) < 4 })
}

// conceal removes values of Secrets from problems.
func conceal(problems []render.Problem, values []string) {
	for i := range problems {
		for _, value := range values {
			problems[i].Message = strings.ReplaceAll(problems[i].Message, value, "(secret)")
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
