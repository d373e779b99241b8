package argocd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// setImages is kustomize edit set image: an image of the Application replaces
// that of the same name, * keeping what was there, and all are sorted.
func (e *editor) setImages(images []value) {
	if len(images) == 0 {
		return
	}
	byName := map[string]*yaml.Node{}
	wanted := map[string]imageEdit{}
	for _, v := range images {
		edit, ok := parseImage(e.expand(v))
		if !ok {
			e.fail(v.at, CodeField, fmt.Sprintf("invalid format of image %q", v.text), "write [name=]image[:tag][@digest]")
			continue
		}
		edit.at = v.at
		wanted[edit.name] = edit
	}
	old := append(slices.Clone(e.list("images")), e.list("imageTags")...)
	for _, node := range old {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		name := text(node, "name")
		if edit, ok := wanted[name]; ok {
			edit.keep(text(node, "newName"), text(node, "newTag"), text(node, "digest"))
			wanted[name] = edit
			continue
		}
		byName[name] = node
	}
	for name, edit := range wanted {
		edit.keep("", "", "")
		byName[name] = e.image(edit)
	}
	if i := index(e.root, "imageTags"); i >= 0 {
		e.root.Content = slices.Delete(e.root.Content, i, i+2)
	}
	e.set("images", sequence(sorted(byName)))
}

// sorted returns values in the order of their keys.
func sorted(byName map[string]*yaml.Node) []*yaml.Node {
	var names []string
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	list := make([]*yaml.Node, len(names))
	for i, name := range names {
		list[i] = byName[name]
	}
	return list
}

// imageEdit is one argument of kustomize edit set image.
type imageEdit struct {
	name, newName, newTag, digest string
	at                            cursor
}

// keep replaces an asterisk by what was there before.
func (i *imageEdit) keep(newName, newTag, digest string) {
	for _, part := range []struct {
		now    *string
		before string
	}{{&i.newName, newName}, {&i.newTag, newTag}, {&i.digest, digest}} {
		if *part.now == "*" {
			*part.now = part.before
		}
	}
}

// parseImage parses [name=]image[:tag][@digest].
func parseImage(argument string) (imageEdit, bool) {
	key, image, renamed := strings.Cut(argument, "=")
	if !renamed {
		key, image = "", argument
	}
	rest, digest, _ := strings.Cut(image, "@")
	name, tag := rest, ""
	if colon := strings.LastIndex(rest, ":"); colon > strings.Index(rest, "/") {
		// The first colon after the host starts the tag.
		slash := max(strings.Index(rest, "/"), 0)
		colon = slash + strings.Index(rest[slash:], ":")
		name, tag = rest[:colon], rest[colon+1:]
	}
	if name == argument || strings.HasPrefix(argument, "-") {
		return imageEdit{}, false
	}
	if key == "" {
		return imageEdit{name: name, newTag: tag, digest: digest}, true
	}
	return imageEdit{name: key, newName: name, newTag: tag, digest: digest}, true
}

// image makes an entry of images.
func (e *editor) image(edit imageEdit) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	e.added[node] = edit.at
	for _, part := range [][2]string{{"name", edit.name}, {"newName", edit.newName}, {"newTag", edit.newTag}, {"digest", edit.digest}} {
		if part[1] != "" {
			put(node, part[0], e.scalar(part[1], edit.at))
			e.added[node.Content[len(node.Content)-2]] = edit.at
		}
	}
	return node
}

// setReplicas is kustomize edit set replicas.
func (e *editor) setReplicas(replicas []replica) {
	if len(replicas) == 0 {
		return
	}
	byName := map[string]*yaml.Node{}
	for _, node := range e.list("replicas") {
		byName[text(node, "name")] = node
	}
	for _, r := range replicas {
		count, err := strconv.Atoi(r.count.text())
		if err != nil {
			e.wrong(r.count, "a number")
			continue
		}
		node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		e.added[node] = r.count
		put(node, "name", e.scalar(r.name, r.count))
		put(node, "count", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(count)})
		byName[r.name] = node
	}
	e.set("replicas", sequence(sorted(byName)))
}
