package images

import (
	"fmt"
	"slices"

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

// Extract returns every image that the PodSpecs in a rendering name, in the
// order of the places that name them first. An image has one entry for each
// way of writing it, with all its locations.
//
// A PodSpec is any mapping that holds a list of containers, initContainers or
// ephemeralContainers, or volumes that are images. What it names that is no
// image is a problem at its place: malformed (Broken), not filled in yet
// (Unseen), or missing from a kind of which Kubernetes demands it (Broken).
func Extract(rendering render.Rendering) ([]render.Image, []render.Problem) {
	x := &extraction{index: map[string]int{}}
	for unit, objects := range rendering.ByUnit() {
		for _, object := range objects {
			x.object(unit, object)
		}
	}
	return x.images, x.problems
}

// extraction gathers the images of many objects.
type extraction struct {
	images   []render.Image
	index    map[string]int
	problems []render.Problem
}

// object searches one object.
func (x *extraction) object(unit render.Unit, object render.Object) {
	w := &walk{unit: unit, object: object, found: x, visits: bounds.YAMLNodes}
	w.location = render.Location{Unit: unit.Name, Object: object.ID, Class: render.ClassPodSpec}
	if w.location.Object.Namespace == "" {
		w.location.Object.Namespace = unit.Namespace
	}
	w.location.Labels = labels(object.Node)
	node, err := render.Expand(object.Node)
	if err != nil || !w.node(node, 1) {
		x.problems = append(x.problems, render.Problem{
			Code: CodeTooLarge, Unit: unit.Name, Object: w.location.Object, Origin: object.Origin,
			Message: fmt.Sprintf("cannot search %s for images: it nests deeper than %d levels or has more than %d nodes", w.location.Object, bounds.YAMLDepth, bounds.YAMLNodes),
			Hint:    "split the object",
		})
	}
}

// add notes an image at a location.
func (x *extraction) add(reference string, location render.Location) {
	at, known := x.index[reference]
	if !known {
		at = len(x.images)
		x.index[reference] = at
		x.images = append(x.images, render.Image{Reference: reference, Class: location.Class})
	}
	x.images[at].Locations = append(x.images[at].Locations, location)
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

// walk searches one object for PodSpecs.
type walk struct {
	unit     render.Unit
	object   render.Object
	location render.Location
	found    *extraction
	// field is the path of the node that is being looked at.
	field render.Field
	// visits is how many nodes may still be visited.
	visits int
}

// node searches a node and everything below it, and tells whether that stayed
// within the bounds.
func (w *walk) node(n *yaml.Node, depth int) bool {
	if w.visits--; n == nil || w.visits < 0 || depth > bounds.YAMLDepth {
		return false
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if !w.step(render.Step{Index: i}, item, depth) {
				return false
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i].Value, n.Content[i+1]
			w.podField(key, value)
			if !w.step(render.Step{Key: key}, value, depth) {
				return false
			}
		}
	}
	return true
}

// step searches what lies one step further.
func (w *walk) step(step render.Step, n *yaml.Node, depth int) bool {
	w.field = append(w.field, step)
	ok := w.node(n, depth+1)
	w.field = w.field[:len(w.field)-1]
	return ok
}

// podField looks at a field that may be one of a PodSpec's. In the OpenAPI
// schema of a CustomResourceDefinition, fields of these names hold mappings;
// in a PodSpec, lists of mappings.
func (w *walk) podField(key string, list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		return
	}
	switch key {
	case "containers", "initContainers", "ephemeralContainers":
		for i, item := range list.Content {
			if item.Kind == yaml.MappingNode {
				w.container(item, render.Step{Key: key}, render.Step{Index: i})
			}
		}
	case "volumes":
		for i, item := range list.Content {
			image := render.Child(item, "image")
			if reference := render.Child(image, "reference"); reference != nil {
				w.image(reference, render.Step{Key: key}, render.Step{Index: i}, render.Step{Key: "image"}, render.Step{Key: "reference"})
			}
		}
	}
}

// container looks at the image of one container.
func (w *walk) container(item *yaml.Node, path ...render.Step) {
	image := render.Child(item, "image")
	path = append(path, render.Step{Key: "image"})
	absent := image == nil || image.Kind == yaml.ScalarNode && image.Tag == "!!null"
	switch {
	case absent && w.builtin():
		w.missing(item, path)
	case absent:
	case image.Kind == yaml.ScalarNode:
		w.image(image, path...)
	case w.builtin():
		w.report(image, path, render.Problem{
			Code: CodeMalformed, Severity: render.Broken,
			Message: "image is not a string", Hint: "write the image as one string",
		})
	}
}

// missing reports a container without an image. Its place is that of the
// container.
func (w *walk) missing(item *yaml.Node, path []render.Step) {
	name := "a container"
	if n := render.Child(item, "name"); n != nil && n.Value != "" {
		name = fmt.Sprintf("container %q", n.Value)
	}
	w.report(item, path[:len(path)-1], render.Problem{
		Code: CodeMissing, Severity: render.Broken,
		Message: name + " has no image", Hint: "give it one",
	})
}

// builtin tells whether the object is a workload of Kubernetes itself. Others
// may leave out what their controllers fill in.
func (w *walk) builtin() bool {
	return slices.Contains([]string{
		"v1 Pod", "v1 PodTemplate", "v1 ReplicationController",
		"apps/v1 Deployment", "apps/v1 StatefulSet", "apps/v1 DaemonSet", "apps/v1 ReplicaSet",
		"batch/v1 Job", "batch/v1 CronJob", "batch/v1beta1 CronJob",
	}, w.object.ID.APIVersion+" "+w.object.ID.Kind)
}

// image looks at an image as written.
func (w *walk) image(n *yaml.Node, path ...render.Step) {
	problem := w.judge(n)
	if problem != nil {
		if problem.Code != "" {
			w.report(n, path, *problem)
		}
		return
	}
	location := w.location
	field := w.at(path)
	location.Field = field.String()
	location.Origin = w.origin(field, n)
	w.found.add(n.Value, location)
}

// at is the field at a path below the node that is being looked at.
func (w *walk) at(path []render.Step) render.Field {
	return append(slices.Clone(w.field), path...)
}

// origin is the place in the revision where a value was written.
func (w *walk) origin(field render.Field, n *yaml.Node) render.Origin {
	if w.object.Locator != nil {
		return w.object.Locator.Locate(w.object.ID, field, n.Value)
	}
	return render.Origin{File: w.object.Origin.File, Line: n.Line, Column: n.Column}
}

// report adds a problem with a field.
func (w *walk) report(n *yaml.Node, path []render.Step, problem render.Problem) {
	field := w.at(path)
	problem.Unit, problem.Object = w.unit.Name, w.location.Object
	problem.Origin = w.origin(field, n)
	problem.Message = fmt.Sprintf("%s: %s: %s", w.location.Object, field, problem.Message)
	w.found.problems = append(w.found.problems, problem)
}
