package render

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// ObjectID identifies a Kubernetes object.
type ObjectID struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String returns "Kind/name" or "Kind namespace/name".
func (id ObjectID) String() string {
	if id.Namespace == "" {
		return id.Kind + "/" + id.Name
	}
	return id.Kind + " " + id.Namespace + "/" + id.Name
}

// Object is one rendered Kubernetes object.
type Object struct {
	// ID is its identity. Namespace is as rendered, not the unit's default.
	ID ObjectID
	// Node is its mapping node. The lines and columns of the nodes mean
	// something only where Locator is nil.
	Node *yaml.Node
	// Origin is the file that it came from, with the line and column where
	// it starts if that is known.
	Origin Origin
	// Locator finds where a field was written. Where it is nil, Node's own
	// lines and columns are those of Origin.File.
	Locator Locator
}

// Locator finds the place in a revision where the value of a field of a
// rendered object was written: in a base, a template, a values file or an
// images entry.
type Locator interface {
	// Locate returns the best place that can be told, at least the file that
	// the object came from.
	Locate(id ObjectID, field Field, value string) Origin
}

// Field is the path of a value in an object.
type Field []Step

// Step is one step of a Field: a key of a mapping, or an index of a sequence
// if Key is empty.
type Step struct {
	Key   string
	Index int
}

// String returns "spec.template.spec.containers[0].image". A key with a dot,
// a bracket or a quote is written as ["a.b"].
func (f Field) String() string {
	var b strings.Builder
	for _, step := range f {
		switch {
		case step.Key == "":
			b.WriteString("[" + strconv.Itoa(step.Index) + "]")
		case strings.ContainsAny(step.Key, `.[]"`):
			b.WriteString("[" + strconv.Quote(step.Key) + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step.Key)
		}
	}
	return b.String()
}

// Class says how an image was found.
type Class string

// The classes of images.
const (
	// ClassPodSpec is a field of a PodSpec, wherever it is embedded.
	ClassPodSpec Class = "podspec"
	// ClassResource is a known field of a known kind.
	ClassResource Class = "resource"
	// ClassText is an argument, an environment value or a ConfigMap entry.
	ClassText Class = "text"
)

// Image is an image string as written, with every location that names it.
type Image struct {
	Reference string     `json:"reference"`
	Class     Class      `json:"class"`
	Locations []Location `json:"locations"`
}

// Location is one place that names an image.
type Location struct {
	// Unit is the name of the unit that deploys the object.
	Unit string `json:"unit"`
	// Object is the object; its namespace is the unit's where it names none.
	Object ObjectID `json:"object"`
	// Field is the path of the value in the object.
	Field string `json:"field"`
	Origin
	// Labels are the object's labels, for policies that select by them.
	Labels map[string]string `json:"-"`
	// Class is how the image was found here.
	Class Class `json:"-"`
	// Node is the object, its aliases expanded, for policies that look into
	// it.
	Node *yaml.Node `json:"-"`
}
