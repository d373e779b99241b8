package kyverno

import (
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy/dialect/objects"
	"github.com/syncgate/syncgate/policy/document"
)

// configMap is a ConfigMap that variables are filled in from.
type configMap struct {
	place
	Name      text `yaml:"name" need:"yes"`
	Namespace text `yaml:"namespace"`
}

// given is the ConfigMap of a context entry, if it stands among the policies.
// What is said of it is why not.
func (c *converter) given(e contextEntry) (found objects.Object, ok bool, why string) {
	if e.ConfigMap == nil {
		return found, false, ""
	}
	// A Policy reads its own namespace alone.
	own := ""
	if c.document.Kind.Value == "Policy" {
		if own = c.document.Metadata.Namespace; own == "" {
			own = "default"
		}
	}
	name, namespace := e.ConfigMap.Name.Value, e.ConfigMap.Namespace.Value
	if namespace == "" {
		if namespace = own; own == "" {
			namespace = "default"
		}
	}
	switch {
	case isVariable(name + namespace):
		return found, false, ""
	case own != "" && namespace != own:
		return found, false, ": a Policy reads ConfigMaps of its own namespace alone"
	}
	if found, ok = c.objects.Find(objects.ConfigMap, namespace, name); !ok {
		why = ": " + objects.Missing(objects.ConfigMap, namespace, name)
	}
	return found, ok, why
}

// entryForm is a variable that is an entry of a ConfigMap.
var entryForm = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\.data\.(?:([A-Za-z_][A-Za-z0-9_]*)|"([^"{}\\]+)")\s*\}\}`)

// filled is a document in whose verifyImages and preconditions the entries of
// ConfigMaps stand that variables name. It is nil where there are none.
func (c *converter) filled(root *yaml.Node) *yaml.Node {
	known := make([]map[string]objects.Object, len(c.document.Spec.Rules))
	any := false
	for i := range c.document.Spec.Rules {
		known[i] = map[string]objects.Object{}
		for _, e := range c.document.Spec.Rules[i].Context {
			if found, ok, _ := c.given(e); ok {
				known[i][e.Name.Value] = found
				any = true
			}
		}
	}
	if !any {
		return nil
	}
	f := filler{left: bounds.PolicyNodes}
	out := f.at(root, "spec", func(spec *yaml.Node) *yaml.Node {
		return f.at(spec, "rules", func(rules *yaml.Node) *yaml.Node {
			copied := *rules
			copied.Content = nil
			for i, rule := range rules.Content {
				f.known = known[min(i, len(known)-1)]
				for _, field := range []string{"verifyImages", "preconditions"} {
					rule = f.at(rule, field, func(n *yaml.Node) *yaml.Node { return f.fill(n, 0) })
				}
				copied.Content = append(copied.Content, rule)
			}
			return &copied
		})
	})
	if f.left < 0 {
		return nil // which is told where the document is read
	}
	return out
}

// filler copies nodes and fills in variables.
type filler struct {
	known map[string]objects.Object
	left  int
}

// at is a mapping with one of its fields changed.
func (f *filler) at(n *yaml.Node, field string, change func(*yaml.Node) *yaml.Node) *yaml.Node {
	n = meant(n)
	copied := *n
	copied.Content = append([]*yaml.Node{}, n.Content...)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == field {
			copied.Content[i+1] = change(meant(n.Content[i+1]))
		}
	}
	return &copied
}

// meant is what an alias stands for, or the node itself.
func meant(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// fill copies a value, aliases expanded.
func (f *filler) fill(n *yaml.Node, depth int) *yaml.Node {
	n = meant(n)
	if f.left--; f.left < 0 || depth > bounds.PolicyDepth {
		f.left = -1
		return n
	}
	copied := *n
	copied.Content = nil
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		copied.Value = entryForm.ReplaceAllStringFunc(n.Value, f.value)
	}
	for _, child := range n.Content {
		copied.Content = append(copied.Content, f.fill(child, depth+1))
	}
	return &copied
}

// value is what a variable stands for, or itself if that is not known. What
// would itself be filled in is left as it is.
func (f *filler) value(variable string) string {
	parts := entryForm.FindStringSubmatch(variable)
	value, ok := f.known[parts[1]].Data[parts[2]+parts[3]]
	if !ok || isVariable(value) || strings.Contains(value, "$(") {
		return variable
	}
	return value
}

// contextLacking names an entry of a context that is not honoured.
func (c *converter) contextLacking(e contextEntry) []string {
	_, ok, why := c.given(e)
	if ok {
		return nil
	}
	return []string{c.FieldAt(e.Node, "context: "+document.Printable(e.Name.Value)+why)}
}
