package images

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// The codes of what Extract finds.
const (
	// CodeMalformed is an image that no runtime can pull by its name.
	CodeMalformed = "image-malformed"
	// CodeUnresolved is an image that is only known once something else has
	// filled it in.
	CodeUnresolved = "image-unresolved"
	// CodePattern is a pattern in place of an image, as policies have them.
	CodePattern = "image-pattern"
	// CodeMissing is a container without an image.
	CodeMissing = "image-missing"
	// CodeTooLarge is an object that is too large to be searched.
	CodeTooLarge = "object-too-large"
)

// Extract returns every image that a rendering names, in the order of the
// places that name them first. An image has one entry for each way of writing
// it, with all its locations and the strongest of their classes.
//
// In class podspec it finds what PodSpecs name: any mapping that holds a list
// of containers, initContainers or ephemeralContainers, or volumes that are
// images. In class resource, fields of custom resources that Fields or their
// names say are images, whole or taken apart into repository and tag. In
// class text, what looks like an image in arguments, variables, ConfigMaps,
// annotations and in documents inside of strings.
//
// What a PodSpec or a known field names that is no image is a problem at its
// place: malformed (Broken), not filled in yet (Unseen), or missing from a
// kind of which Kubernetes demands it (Broken). Text makes Notices only.
func Extract(rendering render.Rendering) ([]render.Image, []render.Problem) {
	return Rules{}.Extract(rendering)
}

// Extract is what the function of that name is, with rules of the user's own
// before the built-in ones.
func (r Rules) Extract(rendering render.Rendering) ([]render.Image, []render.Problem) {
	found := &collection{index: map[string]int{}}
	problems := r.search(rendering, found.add)
	return found.images, problems
}

// search calls found for each image at each place that names it.
func (r Rules) search(rendering render.Rendering, found func(hit)) []render.Problem {
	x := &extraction{rules: r, found: found, fields: map[string][]fieldRule{}}
	for unit, objects := range rendering.ByUnit() {
		for _, object := range objects {
			x.object(unit, object)
		}
	}
	return x.problems
}

// hit is one place that names an image.
type hit struct {
	reference string
	location  render.Location
	// node is the scalar of the object that holds the reference, or, if tag is
	// set, its tag alone; nil where no scalar can take a digest.
	node *yaml.Node
	tag  bool
}

// collection gathers hits by reference.
type collection struct {
	images []render.Image
	index  map[string]int
}

func (c *collection) add(h hit) {
	at, known := c.index[h.reference]
	if !known {
		at = len(c.images)
		c.index[h.reference] = at
		c.images = append(c.images, render.Image{Reference: h.reference, Class: h.location.Class})
	}
	image := &c.images[at]
	image.Locations = append(image.Locations, h.location)
	if strength(h.location.Class) > strength(image.Class) {
		image.Class = h.location.Class
	}
}

// strength orders classes.
func strength(class render.Class) int {
	switch class {
	case render.ClassPodSpec:
		return 2
	case render.ClassResource:
		return 1
	}
	return 0
}

// extraction searches many objects.
type extraction struct {
	rules    Rules
	found    func(hit)
	problems []render.Problem
	// fields are the rules on fields by API group and kind.
	fields map[string][]fieldRule
}

// object searches one object.
func (x *extraction) object(unit render.Unit, object render.Object) {
	location := render.Location{Unit: unit.Name, Object: object.ID, Labels: labels(object.Node)}
	if location.Object.Namespace == "" {
		location.Object.Namespace = unit.Namespace
	}
	w := &walk{object: object, found: x, location: location, visits: bounds.YAMLNodes, mode: modeOf(object.ID)}
	w.rules = x.rulesFor(object.ID)
	node, err := render.Expand(object.Node)
	w.location.Node = node
	if err != nil || !w.node(node, 1) {
		x.problems = append(x.problems, render.Problem{
			Code: CodeTooLarge, Unit: unit.Name, Object: location.Object, Origin: object.Origin,
			Message: fmt.Sprintf("cannot search %s for images: it nests deeper than %d levels, has more than %d nodes or a document of more than %d bytes in a string", location.Object, bounds.YAMLDepth, bounds.YAMLNodes, bounds.EmbeddedBytes),
			Hint:    "split the object",
		})
	}
}

// rulesFor returns the rules on fields of a kind.
func (x *extraction) rulesFor(id render.ObjectID) []fieldRule {
	group, _, versioned := strings.Cut(id.APIVersion, "/")
	if !versioned {
		group = ""
	}
	key := group + " " + id.Kind
	rules, known := x.fields[key]
	if !known {
		rules = x.rules.fieldsOf(group, id.Kind)
		x.fields[key] = rules
	}
	return rules
}

// labels returns the labels of an object.
func labels(object *yaml.Node) map[string]string {
	n := render.Child(render.Child(object, "metadata"), "labels")
	if n == nil || n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return nil
	}
	out := make(map[string]string, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[n.Content[i].Value] = n.Content[i+1].Value
	}
	return out
}
