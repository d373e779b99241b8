package images

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// parts looks at a mapping of a custom resource, or of a document in a string,
// for references that several of its keys make, and returns those keys.
func (w *walk) parts(n *yaml.Node) keySet {
	if registry, tag := scalar(n, "hub"), scalar(n, "tag"); registry != "" && tag != "" {
		w.hub = hub{registry, tag}
	}
	how, known := w.rule()
	var done keySet
	switch {
	case !known:
	case how.kind == howNot:
		w.mode = modeSchema
		return nil
	case how.kind == howText:
		w.mode = modeText
	case how.kind == howSplit:
		done = w.compose(n, how.split, keyExact)
	}
	kind := kindOfKey(w.key())
	if usual, found := guessSplit(n, kind); found && done == nil {
		done = w.compose(n, usual, kind)
	}
	if done == nil {
		done = w.named(n)
	}
	return w.tagged(n, done)
}

// keySet are keys of a mapping that are dealt with.
type keySet map[string]bool

// with adds keys to a set that may be nil.
func (s keySet) with(keys ...string) keySet {
	if s == nil {
		s = keySet{}
	}
	for _, key := range keys {
		s[key] = true
	}
	return s
}

// compose adds the reference that the parts of a mapping make, and returns
// the keys of these.
func (w *walk) compose(n *yaml.Node, parts split, kind keyKind) keySet {
	reference, err := parts.compose(n)
	if err != nil {
		return nil
	}
	last := render.Child(n, parts.name[len(parts.name)-1])
	keys := keySet{}.with(parts.name...).with(parts.tag, parts.digest)
	if problem := unresolved(reference); problem != nil {
		w.cannotResolve(last, problem)
		return keys
	}
	if kind = max(kind, keyImage); !plausible(reference, kind) && !plausible(reference, keyExact) {
		return nil
	}
	found := candidate{reference: reference, class: w.class(), node: last, several: true}
	if len(w.field) == 0 {
		found.path = []render.Step{{Key: parts.name[len(parts.name)-1]}}
	}
	if tag := scalar(n, parts.tag); tag != "" && strings.HasSuffix(reference, ":"+tag) {
		found.tag = render.Child(n, parts.tag)
	}
	w.add(found)
	return keys
}

// cannotResolve reports a reference with variables in it, if it looks like one
// without them.
func (w *walk) cannotResolve(n *yaml.Node, problem *render.Problem) {
	if w.mode == modeResource {
		w.report(n, nil, *problem)
	} else {
		w.notice(n, problem)
	}
}

// class is what a field that says it is an image is found as.
func (w *walk) class() render.Class {
	if w.mode == modeResource {
		return render.ClassResource
	}
	return render.ClassText
}

// tagged looks for pairs such as proxyImage and proxyTag, save those that are
// dealt with, and adds their keys to these.
func (w *walk) tagged(n *yaml.Node, done keySet) keySet {
	var values map[string]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		if value.Kind != yaml.ScalarNode || kindOfKey(key) < keyImage || done[key] || strings.ContainsAny(value.Value, ":@") {
			continue
		}
		if values == nil {
			values = valuesOf(n)
		}
		for _, tagKey := range tagKeys(key) {
			if tag := values[tagKey]; tag != nil && tag.Kind == yaml.ScalarNode && tag.Value != "" {
				pair := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{n.Content[i], value, {Kind: yaml.ScalarNode, Value: tagKey}, tag}}
				for key := range w.compose(pair, split{name: []string{key}, tag: tagKey}, keyImage) {
					done = done.with(key)
				}
				break
			}
		}
	}
	return done
}

// valuesOf returns the values of a mapping by key.
func valuesOf(n *yaml.Node) map[string]*yaml.Node {
	values := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		values[n.Content[i].Value] = n.Content[i+1]
	}
	return values
}

// tagKeys are the keys that may hold the tag of the image that a key holds.
func tagKeys(key string) []string {
	base := key
	for _, end := range []string{"Image", "_image", "-image", "ImageName", "_IMAGE", "_image_name"} {
		base = strings.TrimSuffix(base, end)
	}
	keys := []string{key + "Tag", key + "_tag", key + "-tag", key + "_TAG"}
	if base != key {
		keys = append(keys, base+"Tag", base+"_tag", base+"-tag", base+"_TAG", base+"-version")
	}
	return keys
}

// named looks at a mapping that gives a name and a value apart, as variables
// and parameters do, and returns the key of the value.
func (w *walk) named(n *yaml.Node) keySet {
	name := scalar(n, "name")
	if name == "" {
		name = scalar(n, "key")
	}
	if name == "" {
		if path := scalar(n, "path"); path != "" {
			name = path[strings.LastIndexAny(path, "/.")+1:]
		}
	}
	if name == "" {
		return nil
	}
	var done keySet
	for _, key := range []string{"value", "default"} {
		value := render.Child(n, key)
		if value == nil || value.Kind != yaml.ScalarNode {
			continue
		}
		w.below(key, func() {
			if _, known := w.rule(); known {
				w.scalar(value)
			} else if !notRun(name) {
				w.value(value, kindOfKey(name))
			}
		})
		done = done.with(key)
	}
	return done
}

// below looks at something one key further.
func (w *walk) below(key string, look func()) {
	w.field = append(w.field, render.Step{Key: key})
	look()
	w.field = w.field[:len(w.field)-1]
}

// scalar looks at a scalar that no one else has dealt with.
func (w *walk) scalar(n *yaml.Node) {
	if how, known := w.rule(); known && how.user && how.kind == howImage {
		w.image(n, render.ClassResource)
		return
	}
	switch w.mode {
	case modeData:
		if len(w.field) == 2 && (w.field[0].Key == "data" && w.object.ID.Kind != "Secret" || w.field[0].Key == "stringData") {
			w.data(n, w.key())
		}
	case modeAdmission:
		if w.key() == "expression" {
			w.lines(n)
		}
	case modeResource, modeText:
		w.fieldValue(n, w.key())
	}
}

// fieldValue looks at a field of a custom resource or of a document.
func (w *walk) fieldValue(n *yaml.Node, key string) {
	if n.Tag != "" && n.ShortTag() != "!!str" {
		return
	}
	how, known := w.rule()
	if known && how.kind == howNot {
		return
	}
	if known && how.kind == howImage {
		w.image(n, render.ClassResource)
		return
	}
	kind := kindOfKey(key)
	_, item := w.listKey()
	switch {
	case key == "expression":
		w.lines(n)
	case structured(n.Value):
		w.structured(n, key)
	case kind == keyImages && !item:
	case kind >= keyImages && w.hub.registry != "" && !strings.Contains(n.Value, "/"):
		w.shared(n)
	case kind >= keyImages:
		w.saysImage(n, kind)
	case plausible(n.Value, kind):
		w.add(candidate{reference: n.Value, class: render.ClassText, node: n})
	}
}

// saysImage looks at the value of a field whose name says that it is an
// image.
func (w *walk) saysImage(n *yaml.Node, kind keyKind) {
	if problem := unresolved(n.Value); problem != nil && n.Value != placeholder {
		w.cannotResolve(n, problem)
		return
	}
	bare := kind == keyExact && w.mode == modeResource && plausible(n.Value+":latest", keyExact)
	if bare || plausible(n.Value, kind) {
		w.add(candidate{reference: n.Value, class: w.class(), node: n})
	}
}

// shared looks at the name of an image whose registry and tag stand further
// up.
func (w *walk) shared(n *yaml.Node) {
	reference := w.hub.registry + "/" + n.Value
	if !strings.ContainsAny(n.Value, ":@") {
		reference += ":" + w.hub.tag
	}
	if plausible(reference, keyImage) {
		w.add(candidate{reference: reference, class: w.class(), node: n, several: true})
	}
}

// rule returns what the table or the user says of the field that is being
// looked at.
func (w *walk) rule() (how, bool) {
	if w.outer != nil {
		return how{}, false
	}
	for _, rule := range w.rules {
		if rule.path.matches(w.field) {
			return rule.how, true
		}
	}
	return how{}, false
}
