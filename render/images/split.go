package images

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// split says of which keys of a mapping a reference is made, as written
// A/B:C@D: registry and name, tag, digest. Only the last part of the name has
// to be there.
type split struct {
	name        []string
	tag, digest string
}

// parseSplit reads what is written A/B:C@D.
func parseSplit(text string) (split, error) {
	var s split
	text, s.digest, _ = strings.Cut(text, "@")
	text, s.tag, _ = strings.Cut(text, ":")
	s.name = strings.Split(text, "/")
	if slices.Contains(s.name, "") {
		return split{}, fmt.Errorf("read %q: want keys as in registry/repository:tag@digest", text)
	}
	return s, nil
}

// errNotThere is a mapping without the part that a reference cannot do
// without.
var errNotThere = errors.New("there is no name")

// compose makes the reference of a mapping.
func (s split) compose(m *yaml.Node) (string, error) {
	var parts []string
	for _, key := range s.name {
		if part := scalar(m, key); part != "" {
			parts = append(parts, strings.Trim(part, "/"))
		}
	}
	if scalar(m, s.name[len(s.name)-1]) == "" {
		return "", errNotThere
	}
	reference := strings.Join(parts, "/")
	last := reference[strings.LastIndexByte(reference, '/')+1:]
	if tag := scalar(m, s.tag); tag != "" && !strings.ContainsAny(last, ":@") {
		if strings.HasPrefix(tag, "sha256:") {
			reference += "@" + tag
		} else {
			reference += ":" + strings.TrimPrefix(tag, ":")
		}
	}
	if digest := scalar(m, s.digest); digest != "" && !strings.Contains(reference, "@") {
		if !strings.Contains(digest, ":") {
			digest = "sha256:" + digest
		}
		reference += "@" + strings.TrimPrefix(digest, "@")
	}
	return reference, nil
}

// scalar returns the text of a key of a mapping, or "".
func scalar(m *yaml.Node, key string) string {
	if n := render.Child(m, key); key != "" && n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return n.Value
	}
	return ""
}

// usualSplit is a way in which many charts and resources take a reference
// apart.
type usualSplit struct {
	split
	// needs are keys that must have a value.
	needs []string
	// one are keys of which one must be there, unless the mapping is called
	// an image.
	one []string
}

// usualSplits are tried in order. What is in the third column is not needed
// where the mapping is called an image; a dash is that it must be.
var usualSplits = sync.OnceValue(func() []usualSplit {
	var list []usualSplit
	for _, row := range [][3]string{
		{"repository/image:version", "repository image version", ""},
		{"repository/image:tag@digest", "repository image tag", ""},
		{"registry/repository:tag@digest", "repository", "tag digest registry pullPolicy"},
		{"hub/image:tag", "hub image tag", ""},
		{"registry/image:tag@digest", "registry image tag", ""},
		{"registry/name:tag@digest", "registry name", "tag digest"},
		{"image_name:image_version@image_digest", "image_name image_version", ""},
		{"baseImage:tag@sha", "baseImage tag", ""},
		{"image:tag@digest", "image tag", ""},
		{"image:imageTag@imageDigest", "image imageTag", ""},
		{"imageName:imageTag@imageDigest", "imageName imageTag", ""},
		{"name:tag@digest", "name tag", "-"},
		{"repo:tag@digest", "repo tag", "-"},
		{"reference", "reference", "-"},
		{"ref", "ref", "-"},
	} {
		parts, err := parseSplit(row[0])
		if err != nil {
			panic(err)
		}
		list = append(list, usualSplit{parts, strings.Fields(row[1]), strings.Fields(row[2])})
	}
	return list
})

// guessSplit finds the reference that a mapping holds the parts of, by the
// names of its keys. It tells which way that was.
func guessSplit(m *yaml.Node, key keyKind) (split, bool) {
	for _, usual := range usualSplits() {
		missing := func(key string) bool { return scalar(m, key) == "" }
		there := func(key string) bool { return render.Child(m, key) != nil }
		if slices.ContainsFunc(usual.needs, missing) {
			continue
		}
		if key >= keyImage || len(usual.one) == 0 || slices.ContainsFunc(usual.one, there) {
			return usual.split, true
		}
	}
	return split{}, false
}
