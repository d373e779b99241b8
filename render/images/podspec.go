package images

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// containerKeys are the lists of containers of a PodSpec. In the OpenAPI
// schema of a CustomResourceDefinition, fields of these names hold mappings.
var containerKeys = []string{"containers", "initContainers", "ephemeralContainers"}

// volume looks at a volume of a PodSpec, and tells whether it is an image.
func (w *walk) volume(item *yaml.Node) bool {
	reference := render.Child(render.Child(item, "image"), "reference")
	if reference == nil {
		return false
	}
	w.image(reference, render.ClassPodSpec, render.Step{Key: "image"}, render.Step{Key: "reference"})
	return true
}

// container looks at the image of one container.
func (w *walk) container(item *yaml.Node) {
	image := render.Child(item, "image")
	path := []render.Step{{Key: "image"}}
	absent := image == nil || image.Kind == yaml.ScalarNode && image.Tag == "!!null"
	switch {
	case absent && w.builtin():
		w.missing(item)
	case absent:
	case image.Kind == yaml.ScalarNode:
		w.image(image, render.ClassPodSpec, path...)
	case w.builtin():
		w.report(image, path, render.Problem{
			Code: CodeMalformed, Severity: render.Broken,
			Message: "image is not a string", Hint: "write the image as one string",
		})
	case w.mode == modeResource || w.mode == modeText:
		w.mappedImage(image)
	}
}

// mappedImage looks at the image of a container of a custom resource that is
// taken apart.
func (w *walk) mappedImage(image *yaml.Node) {
	w.below("image", func() { w.parts(image) })
}

// missing reports a container without an image. Its place is that of the
// container.
func (w *walk) missing(item *yaml.Node) {
	name := "a container"
	if n := render.Child(item, "name"); n != nil && n.Value != "" {
		name = fmt.Sprintf("container %q", n.Value)
	}
	w.report(item, nil, render.Problem{
		Code: CodeMissing, Severity: render.Broken,
		Message: name + " has no image", Hint: "give it one",
	})
}

// builtin tells whether the object is a workload of Kubernetes itself. Others
// may leave out what their controllers fill in.
func (w *walk) builtin() bool {
	return w.outer == nil && slices.Contains([]string{
		"v1 Pod", "v1 PodTemplate", "v1 ReplicationController",
		"apps/v1 Deployment", "apps/v1 StatefulSet", "apps/v1 DaemonSet", "apps/v1 ReplicaSet",
		"batch/v1 Job", "batch/v1 CronJob", "batch/v1beta1 CronJob",
	}, w.object.ID.APIVersion+" "+w.object.ID.Kind)
}

// image looks at the value of a field that holds an image and nothing else.
// Inside of a string, nothing is worth more than a Notice.
func (w *walk) image(n *yaml.Node, class render.Class, path ...render.Step) {
	problem := w.judge(n)
	switch {
	case problem == nil:
		w.add(candidate{reference: n.Value, class: class, node: n, path: path})
	case problem.Code == "":
	case w.mode != modeText:
		w.report(n, path, *problem)
	case problem.Code == CodeUnresolved:
		w.notice(n, problem, path...)
	}
}

// notice reports what would be unknown if it were more than text. Values of
// Secrets are not told.
func (w *walk) notice(n *yaml.Node, problem *render.Problem, path ...render.Step) {
	if w.object.ID.Kind == "Secret" {
		return
	}
	problem.Severity = render.Notice
	w.report(n, path, *problem)
}
