package argocd

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// renderKustomize edits the kustomization and builds it (util/kustomize).
func (j *job) renderKustomize(ctx context.Context) {
	k := j.source.kustomize
	if k == nil {
		k = &kustomizeSource{}
	}
	j.kustomizeVersion(k)
	s := render.Source{
		Kind: render.Kustomize, Path: j.dir,
		AllowRemote: j.deployer.options.Kustomize.AllowRemote, Load: j.deployer.options.Kustomize.Load,
	}
	all := j.components(k)
	if !k.ignoreMissing || len(all) < 2 {
		if j.edit(k, all) {
			j.objects = j.with(ctx, s)
			j.checkEdited()
		}
		return
	}
	// Argo CD 3.6.1 adds the first component that exists, 3.0 to 3.5 all that
	// do: what either deploys is looked at.
	for _, components := range [][]value{all[:1], all} {
		j.files, j.move = newOverlay(j.from.fs), newRelocation(j.from)
		if !j.edit(k, components) {
			return
		}
		for _, object := range j.with(ctx, s) {
			if !slices.ContainsFunc(j.objects, func(o render.Object) bool { return sameNode(o.Node, object.Node) }) {
				j.objects = append(j.objects, object)
			}
		}
		j.checkEdited()
	}
	j.notice(all[0].at, CodeVersion, "Argo CD 3.6.1 adds only the first component that exists where ignoreMissingComponents is set, other versions add all: both are looked at",
		"name only components that exist, and leave out ignoreMissingComponents")
}

// checkEdited makes sure that the edited kustomization is what was built.
func (j *job) checkEdited() {
	if j.unedited && len(j.objects) > 0 {
		j.unseen(j.source.kustomizeAt, render.CodeFailed, "the options of the source could not be applied to its kustomization", "write them into the kustomization")
	}
	for name := range j.files.files {
		if !j.files.wasOpened(name) {
			j.unseen(j.source.kustomizeAt, render.CodeFailed, "the options of the source could not be applied to "+name, "write them into the kustomization")
		}
	}
}

// edits tells whether anything is to be edited.
func (k *kustomizeSource) edits() bool {
	return k.namePrefix.text+k.nameSuffix.text+k.namespace.text != "" ||
		len(k.images)+len(k.replicas)+len(k.labels)+len(k.annotations)+len(k.patches)+len(k.components) > 0
}

// kustomizeVersion tells of a version of kustomize that is not used here.
func (j *job) kustomizeVersion(k *kustomizeSource) {
	v := k.version
	if v.text == "" {
		return
	}
	if strings.HasPrefix(strings.TrimPrefix(v.text, "v"), "5.") {
		j.notice(v.at, CodeVersion, "kustomize "+v.text+" is asked for: built with kustomize 5.8 here", "nothing to do unless they differ")
		return
	}
	j.unseen(v.at, CodeVersion, "kustomize "+v.text+" is asked for, which may build otherwise than kustomize 5.8, which is used here", "remove the version")
}

// components are the components to add: patterns are replaced by what they
// match, and with ignoreMissingComponents what does not exist is left out.
func (j *job) components(k *kustomizeSource) []value {
	var list []value
	for _, c := range k.components {
		name := path.Join(j.dir, c.text)
		if isGlob(c.text) {
			matches, _ := fs.Glob(j.from.fs, name)
			for _, match := range matches {
				if relative, err := filepath.Rel(j.dir, match); err == nil {
					list = append(list, value{filepath.ToSlash(relative), c.at})
				}
			}
			if len(matches) > 0 {
				continue
			}
		}
		if k.ignoreMissing {
			if _, err := fs.Stat(j.from.fs, name); err != nil {
				continue
			}
		}
		list = append(list, c)
	}
	return list
}

// kustomization returns the name and the root of the kustomization of the
// source, or nil if that cannot be read.
func (j *job) kustomization() (string, *yaml.Node) {
	name := ""
	for _, candidate := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if _, err := fs.Stat(j.from.fs, path.Join(j.dir, candidate)); err == nil {
			if name != "" {
				return "", nil
			}
			name = path.Join(j.dir, candidate)
		}
	}
	data, err := j.read(name)
	if name == "" || err != nil {
		return name, nil
	}
	var document yaml.Node
	if yaml.Unmarshal(data, &document) != nil || len(document.Content) != 1 {
		return name, nil
	}
	root, err := render.Expand(document.Content[0])
	if err != nil || root.Kind != yaml.MappingNode || repeatedKey(root) != nil {
		return name, nil
	}
	return name, root
}

// edit puts the edited kustomization into the overlay. It tells whether it
// can be built. One that cannot be read is left to kustomize, which says so
// best.
func (j *job) edit(k *kustomizeSource, components []value) bool {
	name, root := j.kustomization()
	if root == nil {
		j.unedited = k.edits()
		return true
	}
	e := &editor{job: j, root: root, added: map[*yaml.Node]cursor{}}
	failed := len(j.problems)
	e.edit(k, components)
	if slices.ContainsFunc(j.problems[failed:], func(p render.Problem) bool { return p.Severity == render.Broken }) {
		return false
	}
	if !e.changed {
		return true
	}
	text, err := encode(e.root)
	if err != nil {
		j.fail(j.source.kustomizeAt, render.CodeFailed, "cannot edit "+name+": "+err.Error(), "check the kustomization")
		return false
	}
	j.files.files[name] = text
	j.move.files[name] = placesOf(e.root, text, func(n *yaml.Node) render.Origin {
		if at, ok := e.added[n]; ok {
			return at.origin()
		}
		return render.Origin{File: j.from.show(name), Line: n.Line, Column: n.Column}
	})
	return true
}

// editor edits a kustomization as the subcommands of kustomize edit do. What
// it does not touch keeps its place.
type editor struct {
	*job
	root *yaml.Node
	// added are the nodes that the Application added.
	added   map[*yaml.Node]cursor
	changed bool
}

// edit applies the options in Argo CD's order.
func (e *editor) edit(k *kustomizeSource, components []value) {
	if k.namePrefix.text != "" {
		e.set("namePrefix", e.scalar(k.namePrefix.text, k.namePrefix.at))
	}
	if k.nameSuffix.text != "" {
		e.set("nameSuffix", e.scalar(k.nameSuffix.text, k.nameSuffix.at))
	}
	e.setImages(k.images)
	e.setReplicas(k.replicas)
	e.addLabels(k)
	e.addAnnotations(k)
	if k.namespace.text != "" {
		e.set("namespace", e.scalar(k.namespace.text, k.namespace.at))
	}
	for _, patch := range k.patches {
		e.add("patches", e.copy(patch))
	}
	for _, c := range components {
		if !slices.ContainsFunc(e.list("components"), func(n *yaml.Node) bool { return n.Value == c.text }) {
			e.add("components", e.scalar(c.text, c.at))
		}
	}
}

// scalar makes a string of the Application.
func (e *editor) scalar(text string, at cursor) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
	e.added[node] = at
	return node
}

// copy copies a value of the Application.
func (e *editor) copy(c cursor) *yaml.Node {
	node := *c.node
	e.added[&node] = c
	node.Content = nil
	if c.node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(c.node.Content); i += 2 {
			key := *c.node.Content[i]
			below := c.at(key.Value)
			e.added[&key] = below
			node.Content = append(node.Content, &key, e.copy(below))
		}
	}
	for _, item := range c.items() {
		node.Content = append(node.Content, e.copy(item))
	}
	return &node
}

// index finds a key, which kustomize reads in upper and lower case alike.
func index(mapping *yaml.Node, key string) int {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if strings.EqualFold(mapping.Content[i].Value, key) {
			return i
		}
	}
	return -1
}

// get returns the value of a key, or nil.
func get(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	i := index(mapping, key)
	if i < 0 {
		return nil
	}
	value := mapping.Content[i+1]
	if value.Kind == yaml.AliasNode {
		return value.Alias
	}
	return value
}

// set sets a key of the kustomization.
func (e *editor) set(key string, value *yaml.Node) {
	e.changed = true
	put(e.root, key, value)
}

// put sets a key of a mapping.
func put(mapping *yaml.Node, key string, value *yaml.Node) {
	if i := index(mapping, key); i >= 0 {
		mapping.Content[i+1] = value
		return
	}
	mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
}

// list returns the items of a list of the kustomization.
func (e *editor) list(key string) []*yaml.Node {
	list := get(e.root, key)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list.Content
}

// add appends to a list of the kustomization.
func (e *editor) add(key string, value *yaml.Node) {
	e.set(key, sequence(append(slices.Clone(e.list(key)), value)))
}

func sequence(items []*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

// text returns the text of a field, or "".
func text(mapping *yaml.Node, key string) string {
	if value := get(mapping, key); value != nil && value.Kind == yaml.ScalarNode && !isNull(value) {
		return value.Value
	}
	return ""
}

// sameNode tells whether two nodes say the same.
func sameNode(a, b *yaml.Node) bool {
	left, errLeft := encode(a)
	right, errRight := encode(b)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}
