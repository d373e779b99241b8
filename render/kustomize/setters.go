package kustomize

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/kustomize/kyaml/utils"

	"github.com/syncgate/syncgate/render"
)

// sets finds what in a kustomization sets a field, the last to be applied
// first: replacements, images, JSON patches, patches, strategic merge patches.
func (p *plan) sets(k *kustomization, q question) (render.Origin, bool) {
	// A replacement copies a node, with the place of what it was copied from.
	if origin, ok := p.replaces(k, q); ok {
		return origin, true
	}
	if !q.verbatim {
		if origin, ok := k.tags(q); ok {
			return origin, true
		}
	}
	if q.set {
		return render.Origin{}, false
	}
	for _, list := range []struct {
		field   string
		patches []types.Patch
		//lint:ignore SA1019 the field is deprecated, and repositories use it.
	}{{"patchesJson6902", k.decoded.PatchesJson6902}, {"patches", k.decoded.Patches}} {
		for i, patch := range slices.Backward(list.patches) {
			node := child(item(child(k.root, list.field), i), "patch")
			if origin, ok := p.patches(k, patch, node, q); ok {
				return origin, true
			}
		}
	}
	//lint:ignore SA1019 the field is deprecated, and repositories use it.
	for i, patch := range slices.Backward(k.decoded.PatchesStrategicMerge) {
		node := item(child(k.root, "patchesStrategicMerge"), i)
		asPatch := types.Patch{Path: string(patch)}
		if _, isFile := k.names[string(patch)]; !isFile {
			asPatch = types.Patch{Patch: string(patch)}
		}
		if origin, ok := p.patches(k, asPatch, node, q); ok {
			return origin, true
		}
	}
	return render.Origin{}, false
}

// tags finds the images entry that made an image what it is.
func (k *kustomization) tags(q question) (render.Origin, bool) {
	listed := len(items(child(k.root, "images")))
	for i, image := range slices.Backward(k.decoded.Images) {
		if !explains(image, q) {
			continue
		}
		node := item(child(k.root, "images"), i)
		if i >= listed {
			node = item(child(k.root, "imageTags"), i-listed)
		}
		for _, key := range []string{"digest", "newTag", "newName", "tagSuffix"} {
			if scalar := child(node, key); scalar != nil && scalar.Value != "" {
				return k.origin(scalar), true
			}
		}
	}
	return render.Origin{}, false
}

// explains tells whether an images entry can have made a value.
func explains(image types.Image, q question) bool {
	name, tag, digest := splitImage(q.value)
	matches := func(s string) bool {
		pattern, err := regexp.Compile("^" + image.Name + "$")
		return err == nil && pattern.MatchString(s)
	}
	switch {
	case image.NewName != "" && name != image.NewName, image.NewName == "" && !matches(name):
		return false
	case image.NewTag != "" && image.Digest != "":
		if tag != image.NewTag || digest != image.Digest {
			return false
		}
	case image.NewTag != "":
		if tag != image.NewTag || digest != "" {
			return false
		}
	case image.Digest != "":
		if tag != "" || digest != image.Digest {
			return false
		}
	case image.TagSuffix != "":
		if !strings.HasSuffix(tag, image.TagSuffix) || digest != "" {
			return false
		}
	case image.NewName == "":
		return false
	}
	before, _, _ := splitImage(q.before)
	return q.before == "" || q.set || matches(before)
}

// splitImage cuts an image as kustomize does.
func splitImage(image string) (name, tag, digest string) {
	slash := strings.IndexByte(image, '/')
	name, digest, _ = strings.Cut(image, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > max(slash, strings.LastIndexByte(name, '/')) {
		name, tag = name[:colon], name[colon+1:]
	}
	return name, tag, digest
}

// patches finds a field that a patch sets.
func (p *plan) patches(k *kustomization, patch types.Patch, inline *yaml.Node, q question) (render.Origin, bool) {
	if patch.Target != nil && !selects(patch.Target, q) {
		return render.Origin{}, false
	}
	file, text := k.file, []byte(patch.Patch)
	if patch.Path != "" {
		file = k.names[patch.Path]
		text = p.files.contents[file]
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil {
			return render.Origin{}, false
		}
		node := patched(unalias(&document), patch.Target != nil, q)
		if node == nil || !strings.Contains(node.Value, q.value) {
			continue
		}
		at := placeOf(node, text)
		if patch.Path == "" {
			at = inText(inline, k.data, at)
		}
		return render.Origin{File: file, Line: at.line, Column: at.column}, true
	}
}

// patched finds the field in a JSON patch or a strategic merge patch.
func patched(root *yaml.Node, targeted bool, q question) *yaml.Node {
	if root == nil {
		return nil
	}
	if root.Kind == yaml.SequenceNode {
		for _, op := range slices.Backward(root.Content) {
			if node := operated(unalias(op), q); node != nil {
				return node
			}
		}
		return nil
	}
	if !targeted {
		kind, name := render.Child(root, "kind"), render.Child(render.Child(root, "metadata"), "name")
		if kind == nil || kind.Value != q.id.Kind || name == nil || !q.named(name.Value) {
			return nil
		}
	}
	return walk(root, q.path)
}

// named tells whether an object had a name before or after it was renamed.
func (q question) named(name string) bool {
	return name == q.id.Name || name == q.original.Name || q.original.Name == "" && strings.Contains(q.id.Name, name)
}

// operated finds the field in one operation of a JSON patch.
func operated(op *yaml.Node, q question) *yaml.Node {
	path, value := render.Child(op, "path"), render.Child(op, "value")
	if path == nil || value == nil {
		return nil
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	steps, asked := strings.Split(strings.TrimPrefix(path.Value, "/"), "/"), pointer(q.path)
	if len(steps) > len(asked) {
		return nil
	}
	for i, s := range steps {
		if s = unescape.Replace(s); s != asked[i] && (s != "-" || q.path[i].key != "") {
			return nil
		}
	}
	found := walk(value, q.path[len(steps):])
	if found == nil || found.Kind != yaml.ScalarNode || found.Value != q.value {
		return nil
	}
	return found
}

// selects tells whether a selector selects the object.
func selects(selector *types.Selector, q question) bool {
	pattern, err := types.NewSelectorRegex(selector)
	if err != nil {
		return false
	}
	group, version := resid.ParseGroupVersion(q.id.APIVersion)
	return pattern.MatchGvk(resid.NewGvk(group, version, q.id.Kind)) &&
		(selector.Name == "" || pattern.MatchName(q.id.Name) || pattern.MatchName(q.original.Name))
}

// replaces finds the target of a replacement that is the field.
func (p *plan) replaces(k *kustomization, q question) (render.Origin, bool) {
	for i, replacement := range slices.Backward(k.decoded.Replacements) {
		node := item(child(k.root, "replacements"), i)
		file, data := k.file, k.data
		targets := []*yaml.Node{child(node, "targets")}
		if replacement.Path != "" {
			file = k.names[replacement.Path]
			data = p.files.contents[file]
			targets = replacementTargets(data)
		}
		for _, target := range slices.Backward(targets) {
			if found := replaced(target, q); found != nil {
				at := placeOf(found, data)
				return render.Origin{File: file, Line: at.line, Column: at.column}, true
			}
		}
	}
	return render.Origin{}, false
}

// replacementTargets lists the targets in a file of replacements.
func replacementTargets(data []byte) []*yaml.Node {
	var document yaml.Node
	if yaml.Unmarshal(data, &document) != nil {
		return nil
	}
	root := unalias(&document)
	if root == nil || root.Kind == yaml.MappingNode {
		return []*yaml.Node{child(root, "targets")}
	}
	var list []*yaml.Node
	for _, replacement := range items(root) {
		list = append(list, child(replacement, "targets"))
	}
	return list
}

// replaced finds the field path in a list of targets.
func replaced(targets *yaml.Node, q question) *yaml.Node {
	for _, target := range slices.Backward(items(targets)) {
		if selected := child(target, "select"); selected == nil || !selects(selector(selected), q) {
			continue
		}
		for _, path := range items(child(target, "fieldPaths")) {
			if samePath(utils.SmarterPathSplitter(path.Value, "."), q.path) {
				return path
			}
		}
	}
	return nil
}

// selector reads what a selector says about identities.
func selector(node *yaml.Node) *types.Selector {
	text := func(key string) string {
		if scalar := child(node, key); scalar != nil {
			return scalar.Value
		}
		return ""
	}
	var s types.Selector
	s.Group, s.Version, s.Kind = text("group"), text("version"), text("kind")
	s.Name, s.Namespace = text("name"), text("namespace")
	return &s
}

// samePath tells whether the path of a replacement is that of a field.
func samePath(steps []string, path []fieldStep) bool {
	if len(steps) != len(path) {
		return false
	}
	for i, s := range steps {
		bracketed, isName := strings.CutPrefix(s, "[name=")
		switch at := path[i]; {
		case at.key != "" && s == at.key:
		case at.key == "" && (s == "*" || s == strconv.Itoa(at.index)):
		case at.key == "" && isName && strings.TrimSuffix(bracketed, "]") == at.name:
		default:
			return false
		}
	}
	return true
}
