package kustomize_test

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpusPlaces locates every field named image in the corpus, and looks
// whether the line that is named holds the image, its tag or its name.
func TestCorpusPlaces(t *testing.T) {
	renderer := kustomize.New(nil)
	held, asked := 0, 0
	for _, unit := range rendertest.Units(t, "kustomize") {
		if unit.OK != rendertest.OK || unit.UpstreamMS > 1000 {
			continue
		}
		tree := unit.Tree(t)
		objects, err := renderer.Render(context.Background(), tree, unit.Source())
		if err != nil {
			t.Error(unit.Name, err)
			continue
		}
		for _, object := range objects {
			eachImage(object.Node, nil, func(at render.Field, image string) {
				asked++
				origin := object.Locator.Locate(object.ID, at, image)
				if holds(tree.FS, origin, image) {
					held++
					return
				}
				t.Logf("%s: %v %v %s: %v", unit.Name, object.ID, at, image, origin)
			})
		}
	}
	t.Logf("%d of %d images are on the line that is named", held, asked)
	if asked == 0 || held*100 < asked*98 {
		t.Errorf("%d of %d images are on the line that is named, want 98%%", held, asked)
	}
}

// eachImage calls f for each string under a key image.
func eachImage(node *yaml.Node, at render.Field, f func(render.Field, string)) {
	for i, below := range node.Content {
		step := render.Step{Index: i}
		if node.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			step = render.Step{Key: node.Content[i-1].Value}
		}
		field := append(at[:len(at):len(at)], step)
		if step.Key == "image" && below.Kind == yaml.ScalarNode && below.Value != "" {
			f(field, below.Value)
		}
		eachImage(below, field, f)
	}
}

// holds tells whether the text at an origin is the image or a part of it.
func holds(fsys fs.FS, origin render.Origin, image string) bool {
	data, err := fs.ReadFile(fsys, origin.File)
	lines := bytes.Split(data, []byte("\n"))
	if err != nil || origin.Line < 1 || origin.Line > len(lines) || origin.Column < 1 || origin.Column > len(lines[origin.Line-1]) {
		return false
	}
	if bytes.Contains(lines[origin.Line-1][origin.Column-1:], []byte(image)) {
		return true
	}
	text := strings.Trim(string(lines[origin.Line-1][origin.Column-1:]), " \"'\r,}]")
	name, tag, _ := strings.Cut(image, ":")
	_, digest, _ := strings.Cut(image, "@")
	return text == name || text != "" && (strings.HasSuffix(tag, text) || text == digest)
}
