// Package workload tells what a cluster makes of a rendered object before its
// containers run: a Deployment becomes a ReplicaSet, and that becomes Pods. A
// policy that is about one of them is about the images of the first.
package workload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// Form is an object at one stage of its way.
type Form struct {
	APIVersion, Kind, Namespace string
	// Name is empty where the cluster makes one up.
	Name string
	// Labels are nil and LabelsKnown false where they cannot be told.
	Labels      map[string]string
	LabelsKnown bool
	// Object is the whole of it, as far as it is rendered: without what the
	// API server fills in. It is nil where it is not known.
	Object map[string]any
}

// Group is the API group.
func (f Form) Group() string {
	group, _, found := strings.Cut(f.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// Version is the version within the group.
func (f Form) Version() string {
	return f.APIVersion[strings.LastIndexByte(f.APIVersion, '/')+1:]
}

// Forms are the object itself and what is made of it, in this order. The last
// one is always a Pod: whatever names an image has it run in one. An object
// that cannot be read is known by its identity and labels alone.
func Forms(use policy.Use) []Form {
	first := Form{APIVersion: version(use), Kind: use.Kind, Namespace: use.Namespace, Name: use.Name, Labels: use.Labels, LabelsKnown: true}
	first.Object, _ = Object(use)
	forms := []Form{first}
	for {
		last := forms[len(forms)-1]
		if last.Kind == "Pod" && last.Group() == "" {
			return forms
		}
		forms = append(forms, last.next())
	}
}

// version is the API version of an object. Where it is not said, it is that of
// the kinds that everybody knows, because nobody else may take their names.
func version(use policy.Use) string {
	switch {
	case use.APIVersion != "":
		return use.APIVersion
	case slices.Contains([]string{"Pod", "ReplicationController"}, use.Kind):
		return "v1"
	case slices.Contains([]string{"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}, use.Kind):
		return "apps/v1"
	case slices.Contains([]string{"Job", "CronJob"}, use.Kind):
		return "batch/v1"
	}
	return ""
}

// Known tells whether it is known what an object is. Of one that is not, a
// policy for certain objects cannot tell whether it is about it.
func Known(use policy.Use) bool { return use.Kind != "" && version(use) != "" }

// Unknown says that it is not.
func Unknown(use policy.Use) string {
	if use.Kind == "" {
		return "it is for certain objects, and what object the image runs in is not known"
	}
	return "it is for certain objects, and the API version of " + Called(use) + " is not known"
}

// Called names an object for messages.
func Called(use policy.Use) string {
	if use.Kind == "" && use.Name == "" {
		return "the object"
	}
	return strings.TrimSpace(use.Kind + " " + use.Name)
}

// Object is the rendered object as a value.
func Object(use policy.Use) (map[string]any, error) {
	if use.Object == nil {
		return nil, fmt.Errorf("what %s looks like is not known", Called(use))
	}
	text, err := use.Object.JSON()
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("%s is no object", Called(use))
	}
	return object, nil
}

// next is what a form becomes.
func (f Form) next() Form {
	out := Form{APIVersion: "v1", Kind: "Pod", Namespace: f.Namespace}
	at := []string{"spec", "template"}
	switch f.Group() + "/" + f.Kind {
	case "apps/Deployment":
		out.APIVersion, out.Kind = "apps/v1", "ReplicaSet"
	case "batch/CronJob":
		out.APIVersion, out.Kind = "batch/v1", "Job"
		at = []string{"spec", "jobTemplate"}
	case "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job", "/ReplicationController":
	default:
		return out
	}
	template := dig(f.Object, at...)
	if template == nil {
		return out
	}
	metadata := dig(template, "metadata")
	out.Labels, out.LabelsKnown = texts(dig(metadata, "labels")), true
	out.Object = map[string]any{"apiVersion": out.APIVersion, "kind": out.Kind, "metadata": orEmpty(metadata), "spec": template["spec"]}
	if out.Kind == "ReplicaSet" {
		spec := dig(f.Object, "spec")
		out.Object["spec"] = map[string]any{"replicas": spec["replicas"], "selector": spec["selector"], "template": template}
	}
	return out
}

// dig returns the mapping at a path, or nil.
func dig(object map[string]any, path ...string) map[string]any {
	for _, name := range path {
		object, _ = object[name].(map[string]any)
	}
	return object
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func texts(m map[string]any) map[string]string {
	out := make(map[string]string, len(m))
	for key, value := range m {
		if text, ok := value.(string); ok {
			out[key] = text
		}
	}
	return out
}
