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
	"github.com/syncgate/syncgate/render/sops"
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
	// closed is why what is encrypted was not opened, where that was tried.
	closed error
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
			i.read(w.decrypts(i.from), w.options.SOPS)
		}
		inputs[n] = i
	}
	return inputs
}

// decrypts tells whether an object is deployed by a Kustomization that
// decrypts: by the one that rendered it or, if a bare directory did, by one
// whose directory it lies in.
func (w *world) decrypts(f *found) bool {
	if child(f.object.Node, "metadata", "annotations", decryptKey) == "disabled" {
		return false
	}
	if f.by != nil {
		return f.by.decrypts
	}
	return slices.ContainsFunc(w.order, func(k *found) bool {
		return k.id.Kind == "Kustomization" && child(k.object.Node, "spec", "decryption", "provider") == "sops" &&
			within(cleanPath(child(k.object.Node, "spec", "path")), f.object.Origin.File)
	})
}

// read reads the data of an input. It decrypts what can be decrypted with the
// keys, if that is asked for.
func (i *input) read(decrypts bool, keys sops.Keys) {
	node := i.from.object.Node
	if i.Kind == "ConfigMap" {
		i.take(entriesOf(node, "data"), isEncrypted(node))
		return
	}
	encrypted := isEncrypted(node)
	if encrypted && decrypts {
		opened, err := keys.Object(node)
		if i.closed = err; err == nil {
			node, encrypted = opened, false
		}
	}
	entries := entriesOf(node, "data")
	for key, text := range entries {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if entries[key] = string(decoded); err != nil {
			entries[key] = "ENC[" // it cannot be read
		}
	}
	maps.Copy(entries, entriesOf(node, "stringData"))
	if decrypts && !encrypted {
		entries = i.decrypted(entries, keys)
	}
	i.take(entries, encrypted)
}

// decrypted opens entries that a generator made of encrypted files.
func (i *input) decrypted(entries map[string]string, keys sops.Keys) map[string]string {
	plain, _, err := keys.Values(entries)
	if err != nil {
		i.closed = err
		return entries
	}
	for key, text := range plain {
		opened, _, err := keys.File([]byte(text))
		if err != nil {
			i.closed, plain[key] = err, "ENC["
			continue
		}
		plain[key] = string(opened)
	}
	return plain
}

// take sorts entries into those that can be read and those that cannot.
func (i *input) take(entries map[string]string, encrypted bool) {
	i.data, i.sealed = map[string]string{}, map[string]bool{}
	for key, text := range entries {
		if encrypted || strings.HasPrefix(text, "ENC[") {
			i.sealed[key] = true
		} else {
			i.data[key] = text
		}
	}
}

// why says why a value of an input is not at hand.
func (i *input) why() string {
	switch {
	case i.missing != "":
		return i.missing
	case i.closed != nil:
		return "is encrypted with SOPS: " + i.closed.Error()
	}
	return "is encrypted"
}

// entriesOf are the fields of a mapping of an object.
func entriesOf(node *yaml.Node, field string) map[string]string {
	entries := map[string]string{}
	if data := render.Child(node, field); data != nil && data.Kind == yaml.MappingNode {
		for n := 0; n+1 < len(data.Content); n += 2 {
			entries[data.Content[n].Value] = data.Content[n+1].Value
		}
	}
	return entries
}

// isEncrypted tells whether an object is encrypted with SOPS.
func isEncrypted(node *yaml.Node) bool { return sops.IsEncrypted(node) }

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
