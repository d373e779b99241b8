package helm

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// locator finds where the values of rendered objects were written. It marks
// the places that could have written them, renders the chart again, and sees
// which mark comes out where the value stands.
type locator struct {
	renderer Renderer
	tree     render.Tree
	source   render.Source
	// before is what the chart renders to without marks.
	before decoded

	mu sync.Mutex
	// names are the last parts of the image names that are looked for.
	names map[string]bool
	// traces are the marked renders so far, by their index in attempts.
	traces []*trace
	// renders counts them all.
	renders int
}

// trace is one marked render.
type trace struct {
	r         *rendering
	manifests []manifest
	// objects are those of the manifests that were asked for.
	objects map[int][]render.Object
}

// locate gives the objects a Locator whose nodes do not tell their lines.
func (h Renderer) locate(tree render.Tree, source render.Source, got decoded) {
	l := &locator{renderer: h, tree: tree, source: source, before: got}
	for i, from := range got.from {
		if !from.lines {
			got.objects[i].Locator = l
		}
	}
}

// attempt says what is marked. A mark can make a chart fail, or take another
// turn: then the next attempt marks less.
type attempt struct {
	values func(p []any, text string) bool
	lines  bool
}

func attempts() []attempt {
	all := func([]any, string) bool { return true }
	likely := func(p []any, text string) bool {
		return strings.Contains(text, "/") || len(p) > 0 && imageKey(p[len(p)-1])
	}
	none := func([]any, string) bool { return false }
	return []attempt{{all, true}, {all, false}, {likely, true}, {likely, false}, {none, true}}
}

// imageKey tells whether a key of values or objects is one that images stand
// under.
func imageKey(key any) bool {
	s, _ := key.(string)
	s = strings.ToLower(s)
	return strings.Contains(s, "image") || strings.Contains(s, "repo")
}

// Locate returns the scalar of a values file that holds the repository of an
// image, or else the line of the template that writes the key, or else the
// template.
func (l *locator) Locate(id render.ObjectID, field render.Field, value string) render.Origin {
	l.mu.Lock()
	defer l.mu.Unlock()
	index := l.index(id, field, value)
	if index < 0 {
		return render.Origin{File: path.Join(l.source.Path, "Chart.yaml")}
	}
	text := scalarAt(l.before.objects[index].Node, field)
	l.wants(value)
	for i := range attempts() {
		node, ok := l.trace(i).node(l.before.from[index], field, text)
		if !ok {
			continue
		}
		// What no mark came out of was not marked, and later attempts mark
		// less.
		if origin, ok := l.trace(i).origin(node, field); ok {
			return origin
		}
		break
	}
	return l.before.objects[index].Origin
}

// index returns the object that is meant, or -1. Of several with the same
// identity it is the one with that value.
func (l *locator) index(id render.ObjectID, field render.Field, value string) int {
	found := -1
	for i, object := range l.before.objects {
		if object.ID != id {
			continue
		}
		if strings.Contains(scalarAt(object.Node, field), value) {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	return found
}

// wants sees to it that an image is looked for. The first time, all that
// look like images are: the chart is then rendered once for all of them.
func (l *locator) wants(value string) {
	if l.names == nil {
		l.names = map[string]bool{}
		for _, object := range l.before.objects {
			l.collect(object.Node, "")
		}
		delete(l.names, "")
	}
	name := imageName(value)
	if name == "" || !strings.ContainsAny(value, "/:@") || l.names[name] || l.renders >= bounds.LocatorRenders {
		return
	}
	l.names[name] = true
	l.traces = nil
}

// collect adds the names of what look like images in a node.
func (l *locator) collect(node *yaml.Node, key string) {
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode {
			if i%2 == 0 {
				key = child.Value
				continue
			}
		}
		l.collect(child, key)
	}
	if node.Kind != yaml.ScalarNode {
		return
	}
	if imageKey(key) {
		l.names[imageName(node.Value)] = true
	}
	if !strings.Contains(node.Value, "/") {
		return
	}
	for _, image := range imageText.FindAllString(node.Value, -1) {
		l.names[imageName(image)] = true
	}
}

// imageText is an image with a registry and a tag or digest.
var imageText = regexp.MustCompile(`[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[a-z0-9._-]+)+[:@][\w.:-]+`)

// imageName returns the last part of the name of an image: "app" of
// "example.com/team/app:1.0@sha256:...".
func imageName(image string) string {
	image, _, _ = strings.Cut(image, "@")
	image = image[strings.LastIndex(image, "/")+1:]
	image, _, _ = strings.Cut(image, ":")
	image = image[strings.LastIndexAny(image, "= ")+1:]
	return strings.TrimSpace(image)
}

// trace returns the marked render of an attempt. One that fails, renders
// other templates, or is one too many, has no manifests.
func (l *locator) trace(i int) *trace {
	for len(l.traces) <= i {
		t := &trace{}
		if l.renders++; l.renders <= bounds.LocatorRenders {
			t = l.render(attempts()[len(l.traces)])
		}
		l.traces = append(l.traces, t)
	}
	return l.traces[i]
}

func (l *locator) render(a attempt) *trace {
	t, err := within(context.Background(), l.source, func(ctx context.Context) (*trace, error) {
		r, err := l.renderer.load(ctx, l.tree, l.source)
		if err != nil {
			return nil, err
		}
		r.mark(l.names, a)
		manifests, err := r.manifests(ctx)
		return &trace{r: r, manifests: manifests, objects: map[int][]render.Object{}}, err
	})
	if err != nil || !slices.EqualFunc(t.manifests, l.before.manifests, manifest.isCalled) {
		return &trace{}
	}
	return t
}

// node returns the node of a field, if it has the text that it has without
// marks.
func (t *trace) node(from objectSource, field render.Field, text string) (*yaml.Node, bool) {
	if from.manifest >= len(t.manifests) {
		return nil, false
	}
	objects, ok := t.objects[from.manifest]
	if !ok {
		objects, _, _ = t.r.decodeOne(t.manifests[from.manifest])
		t.objects[from.manifest] = objects
	}
	if from.n >= len(objects) {
		return nil, false
	}
	node := nodeAt(objects[from.n].Node, field)
	return node, node != nil && node.Kind == yaml.ScalarNode && unmarked(node.Value) == text
}

// origin returns the place of the mark on a node: in its text, or in the
// comment after it.
func (t *trace) origin(node *yaml.Node, field render.Field) (render.Origin, bool) {
	if found, ok := t.markIn(node.Value); ok {
		return found.place(), true
	}
	if found, ok := t.markIn(node.LineComment); ok && len(field) > 0 && found.key == field[len(field)-1].Key {
		return found.place(), true
	}
	return render.Origin{}, false
}

func (t *trace) markIn(text string) (mark, bool) {
	i, ok := markNumber(text)
	if !ok || i >= len(t.r.marks) {
		return mark{}, false
	}
	return t.r.marks[i], true
}

// nodeAt returns the node at a field, or nil.
func nodeAt(node *yaml.Node, field render.Field) *yaml.Node {
	for _, step := range field {
		switch {
		case node == nil:
			return nil
		case step.Key != "":
			node = render.Child(node, step.Key)
		case node.Kind == yaml.SequenceNode && step.Index < len(node.Content):
			node = node.Content[step.Index]
		default:
			return nil
		}
	}
	return node
}

func scalarAt(node *yaml.Node, field render.Field) string {
	if node = nodeAt(node, field); node == nil || node.Kind != yaml.ScalarNode {
		return ""
	}
	return node.Value
}
