package kustomize

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// crd is a version of CustomResourceDefinition.
func crd(version string) resid.Gvk {
	return resid.Gvk{Group: "apiextensions.k8s.io", Version: version, Kind: crdKind}
}

// untouched are the versions of CustomResourceDefinition into whose schemas no
// kustomization of the plan can look. What kustomize does by itself does not:
// prefixes, namespaces, labels and images have paths of their own, none of
// which leads there.
func (p *plan) untouched() []string {
	return slices.DeleteFunc([]string{"v1", "v1beta1"}, func(version string) bool {
		for _, k := range p.byDir {
			if k != nil && !p.misses(k, crd(version)) {
				return true
			}
		}
		return false
	})
}

// misses tells that a kustomization cannot look into the schemas of a kind of
// CustomResourceDefinition.
func (p *plan) misses(k *kustomization, kind resid.Gvk) bool {
	d := &k.decoded
	//lint:ignore SA1019 vars are deprecated, and repositories use them.
	if len(d.Transformers)+len(d.Validators)+len(d.Generators)+len(d.Crds)+len(d.OpenAPI)+len(d.Vars) > 0 {
		return false
	}
	for _, label := range d.Labels {
		if len(label.FieldSpecs) > 0 {
			return false
		}
	}
	for _, replacement := range d.Replacements {
		if replacement.Path != "" || !replacementMisses(replacement.Replacement, kind) {
			return false
		}
	}
	for _, name := range d.Configurations {
		if text, ok := p.fileOf(k, name); !ok || !configurationMisses(text) {
			return false
		}
	}
	return p.patchesMiss(k, kind)
}

// configurationMisses tells that no path in a configuration of transformers
// leads into spec.versions.
func configurationMisses(text string) bool {
	var document kyaml.Node
	if err := kyaml.Unmarshal([]byte(text), &document); err != nil || !ordinary(&document) {
		return false
	}
	var misses func(node *kyaml.Node) bool
	misses = func(node *kyaml.Node) bool {
		for i, below := range node.Content {
			if node.Kind == kyaml.MappingNode && i%2 == 1 && node.Content[i-1].Value == "path" {
				steps := strings.Split(strings.Trim(below.Value, "/"), "/")
				if steps[0] != "metadata" && (len(steps) < 2 || steps[0] == "*" || strings.HasPrefix(steps[1], "versions") || steps[1] == "*") {
					return false
				}
			}
			if !misses(below) {
				return false
			}
		}
		return true
	}
	return misses(&document)
}

// replacementMisses tells that a replacement reads and writes nothing of a
// kind but its metadata and its conversion.
func replacementMisses(r types.Replacement, kind resid.Gvk) bool {
	if r.Source != nil && kind.IsSelected(&r.Source.Gvk) && !besideVersions(r.Source.FieldPath) {
		return false
	}
	for _, target := range r.Targets {
		if target == nil || target.Select == nil {
			return false
		}
		if reaches(target.Select, kind) && slices.ContainsFunc(target.FieldPaths, func(path string) bool { return !besideVersions(path) }) {
			return false
		}
	}
	return true
}

// besideVersions tells of a field path that does not lead into spec.versions.
func besideVersions(path string) bool {
	path = strings.TrimPrefix(path, ".")
	return path == "" || strings.HasPrefix(path, "metadata.") || strings.HasPrefix(path, "spec.conversion.")
}

// reaches tells whether a selector may select objects of a kind.
func reaches(selector *types.Selector, kind resid.Gvk) bool {
	regex, err := types.NewSelectorRegex(selector)
	return err != nil || regex.MatchGvk(kind)
}

// patchesMiss tells that no patch of a kustomization can touch the versions of
// a kind of CustomResourceDefinition.
func (p *plan) patchesMiss(k *kustomization, kind resid.Gvk) bool {
	//lint:ignore SA1019 the field is deprecated, and repositories use it.
	for _, patch := range append(k.decoded.PatchesJson6902[:len(k.decoded.PatchesJson6902):len(k.decoded.PatchesJson6902)], k.decoded.Patches...) {
		if patch.Target != nil && !reaches(patch.Target, kind) {
			continue
		}
		text := patch.Patch
		if patch.Path != "" {
			data, ok := p.fileOf(k, patch.Path)
			if !ok {
				return false
			}
			text = data
		}
		if !patchMisses(text) {
			return false
		}
	}
	//lint:ignore SA1019 the field is deprecated, and repositories use it.
	for _, patch := range k.decoded.PatchesStrategicMerge {
		text := string(patch)
		if !strings.ContainsAny(text, "\n{") {
			data, ok := p.fileOf(k, text)
			if !ok {
				return false
			}
			text = data
		}
		if !patchMisses(text) {
			return false
		}
	}
	return true
}

// fileOf returns the file that an entry of a kustomization names.
func (p *plan) fileOf(k *kustomization, name string) (string, bool) {
	file, ok := k.names[name]
	if !ok {
		return "", false
	}
	_, data, err := p.files.read(file)
	return string(data), err == nil
}

// patchMisses tells that a patch is a strategic merge whose documents say
// nothing of spec.versions. Kustomize then leaves that list as it is, whatever
// object the patch is for. Directives, which begin with "$", and JSON patches,
// which go by way of JSON, are not looked into.
func patchMisses(text string) bool {
	decoder := kyaml.NewDecoder(strings.NewReader(text))
	for {
		var document kyaml.Node
		if err := decoder.Decode(&document); err != nil {
			return err.Error() == "EOF"
		}
		if len(document.Content) != 1 {
			return false
		}
		root := document.Content[0]
		spec := fieldOf(root, "spec")
		switch {
		case root.Kind != kyaml.MappingNode || !ordinary(root) || directs(root):
			return false
		case spec.value == nil:
		case spec.value.Kind != kyaml.MappingNode || fieldOf(spec.value, "versions").value != nil:
			return false
		}
	}
}

// directs tells whether a patch holds a directive.
func directs(node *kyaml.Node) bool {
	for i, below := range node.Content {
		if node.Kind == kyaml.MappingNode && i%2 == 0 && strings.HasPrefix(below.Value, "$") || directs(below) {
			return true
		}
	}
	return false
}
