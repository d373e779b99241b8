package document

import (
	"errors"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// Any is a value of any shape, which its node keeps.
type Any struct{ Place }

// Read takes anything.
func (*Any) Read(*yaml.Node) error { return nil }

// Metadata is that of a Kubernetes object. What is in it beside the fields
// here is for others.
type Metadata struct {
	Place
	Name        Text
	Namespace   string
	Annotations map[string]string
}

// Read reads a mapping with a name.
func (m *Metadata) Read(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("want a mapping, got %s", Describe(n))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch value := n.Content[i+1]; n.Content[i].Value {
		case "name":
			m.Name = Text{Place: Place{value}, Value: value.Value}
			if err := CheckName(value); err != nil {
				return err
			}
		case "namespace":
			m.Namespace = value.Value
		case "annotations":
			m.Annotations = map[string]string{}
			for j := 0; j+1 < len(value.Content); j += 2 {
				m.Annotations[value.Content[j].Value] = value.Content[j+1].Value
			}
		}
	}
	if !m.Name.Written() {
		return errors.New("it has no name")
	}
	return nil
}

// LabelSelector selects objects by their labels, as Kubernetes does: all of it
// must hold.
type LabelSelector struct {
	Place
	MatchLabels      map[string]Text    `yaml:"matchLabels"`
	MatchExpressions []LabelRequirement `yaml:"matchExpressions"`
}

// LabelRequirement is one condition on labels.
type LabelRequirement struct {
	Place
	Key      Text   `yaml:"key" need:"yes"`
	Operator Text   `yaml:"operator" need:"yes" enum:"In NotIn Exists DoesNotExist"`
	Values   []Text `yaml:"values"`
}

// Matches tells whether labels hold for the selector. An empty one is for all.
func (s *LabelSelector) Matches(labels map[string]string, equal func(pattern, text string) bool) bool {
	for key, want := range s.MatchLabels {
		if !hasLabel(labels, key, want.Value, equal) {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		value, found := labels[r.Key.Value]
		in := found && slices.ContainsFunc(r.Values, func(t Text) bool { return t.Value == value })
		holds := map[string]bool{"In": in, "NotIn": !in, "Exists": found, "DoesNotExist": !found}
		if !holds[r.Operator.Value] {
			return false
		}
	}
	return true
}

func hasLabel(labels map[string]string, key, want string, equal func(pattern, text string) bool) bool {
	for name, value := range labels {
		if equal(key, name) && equal(want, value) {
			return true
		}
	}
	return false
}

// Equal compares two texts as they are.
func Equal(pattern, text string) bool { return pattern == text }
