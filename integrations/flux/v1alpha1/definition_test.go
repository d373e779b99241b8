package v1alpha1_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// schema is as much of an OpenAPI schema as is compared.
type schema struct {
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
}

// TestDefinitionIsInStep holds the generated definition to the types: go
// generate makes it anew.
func TestDefinitionIsInStep(t *testing.T) {
	text, err := os.ReadFile("../install/crd/gate.syncgate.dev_imagegates.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name         string
				Subresources map[string]any
				Schema       struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	spec := definition.Spec
	if spec.Group != v1alpha1.Group || spec.Names.Kind != v1alpha1.Kind || len(spec.Versions) != 1 || spec.Versions[0].Name != v1alpha1.Version {
		t.Fatalf("it defines %s %s %+v", spec.Group, spec.Names.Kind, spec.Versions)
	}
	if _, ok := spec.Versions[0].Subresources["status"]; !ok {
		t.Error("its status is no subresource: who edits a gate could say what has passed")
	}
	root := spec.Versions[0].Schema.OpenAPIV3Schema
	compare(t, "spec", reflect.TypeFor[v1alpha1.ImageGateSpec](), root.Properties["spec"])
	compare(t, "status", reflect.TypeFor[v1alpha1.ImageGateStatus](), root.Properties["status"])
}

// compare compares the fields of a type with a schema.
func compare(t *testing.T, at string, kind reflect.Type, s schema) {
	t.Helper()
	switch {
	case kind.Kind() == reflect.Pointer:
		compare(t, at, kind.Elem(), s)
		return
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() != reflect.Uint8 && s.Items != nil:
		compare(t, at+"[]", kind.Elem(), *s.Items)
		return
	case kind.Kind() != reflect.Struct || kind.PkgPath() != reflect.TypeFor[v1alpha1.ImageGate]().PkgPath():
		return // of another package, whose own schema is known to the generator
	}
	var fields, required []string
	var walk func(reflect.Type)
	walk = func(kind reflect.Type) {
		for f := range kind.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if strings.Contains(options, "inline") {
				walk(f.Type)
				continue
			}
			fields = append(fields, name)
			if !strings.Contains(options, "omitempty") {
				required = append(required, name)
			}
			compare(t, at+"."+name, f.Type, s.Properties[name])
		}
	}
	walk(kind)
	var defined []string
	for name := range s.Properties {
		defined = append(defined, name)
	}
	slices.Sort(fields)
	slices.Sort(defined)
	slices.Sort(required)
	if !slices.Equal(fields, defined) {
		t.Errorf("%s has %q, and its definition %q: run go generate", at, fields, defined)
	}
	if !slices.Equal(required, slices.Sorted(slices.Values(s.Required))) {
		t.Errorf("%s requires %q, and its definition %q: run go generate", at, required, s.Required)
	}
}

// TestCopiesShareNothing: what the generated functions copy can be changed.
func TestCopiesShareNothing(t *testing.T) {
	gate := &v1alpha1.ImageGate{
		Spec: v1alpha1.ImageGateSpec{Kustomizations: []string{"a"}, Paths: []string{"p"}},
		Status: v1alpha1.ImageGateStatus{
			Conditions: []metav1.Condition{{Type: "Ready"}}, Verified: &v1alpha1.Verified{Revision: "r"}, Attempted: &v1alpha1.Attempted{Verdict: "pass"},
		},
	}
	gate.Status.Verified.Source.Raw = []byte(`{"url":"u"}`)
	copied, ok := gate.DeepCopyObject().(*v1alpha1.ImageGate)
	if !ok || !reflect.DeepEqual(copied, gate) {
		t.Fatalf("%+v", copied)
	}
	copied.Spec.Kustomizations[0], copied.Spec.Paths[0], copied.Status.Conditions[0].Type = "b", "q", "Stalled"
	copied.Status.Verified.Revision, copied.Status.Attempted.Verdict, copied.Status.Verified.Source.Raw[2] = "s", "fail", 'x'
	if gate.Spec.Kustomizations[0] != "a" || gate.Spec.Paths[0] != "p" || gate.Status.Conditions[0].Type != "Ready" || gate.Status.Verified.Revision != "r" ||
		gate.Status.Attempted.Verdict != "pass" || string(gate.Status.Verified.Source.Raw) != `{"url":"u"}` {
		t.Errorf("a change of the copy changed %+v", gate)
	}
}
