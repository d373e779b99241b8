package kustomize

import (
	"context"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"
	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// builds is how many builds may run at once.
const builds = 64

// schema guards the OpenAPI schema, which kustomize keeps in package
// variables: builds that use the built-in one share it, a build that brings
// its own has it alone and puts the built-in one back.
var schema = semaphore.NewWeighted(builds)

// build runs kustomize on a plan.
func (p *plan) build(ctx context.Context) ([]render.Object, *render.Problem) {
	share := int64(1)
	if p.schemas {
		share = builds
	}
	if err := schema.Acquire(ctx, share); err != nil {
		return nil, timeUp(ctx, p.source)
	}
	defer schema.Release(share)
	if p.schemas {
		openapi.ResetOpenAPI()
		defer openapi.ResetOpenAPI()
	} else {
		// Fills the schema under kustomize's own lock. It reads it without.
		openapi.SchemaForResourceType(kyaml.TypeMeta{})
	}
	resources, err := p.run()
	if err != nil {
		return nil, p.failed(err)
	}
	return p.objects(resources)
}

// run builds with the options of kustomize build.
func (p *plan) run() (resmap.ResMap, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.LoadRestrictions = types.LoadRestrictionsRootOnly
	if p.source.Load == render.LoadTree {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	options.PluginConfig = types.DisabledPluginConfig()
	options.PluginConfig.HelmConfig.Enabled = false
	return krusty.MakeKustomizer(options).Run(fileSystem{p}, path.Join(treeMount, p.source.Path))
}

// objects turns what was built into objects.
func (p *plan) objects(resources resmap.ResMap) ([]render.Object, *render.Problem) {
	limit := func(format string, args ...any) *render.Problem {
		return &render.Problem{
			Code: render.CodeTooLarge, Severity: render.Unseen, Hint: "split it into several units",
			Message: fmt.Sprintf(format, args...), Origin: render.Origin{File: path.Join(treeMount, p.source.Path)},
		}
	}
	all := resources.Resources()
	if len(all) > bounds.RenderedObjects {
		return nil, limit("kustomization builds to more than %d objects", bounds.RenderedObjects)
	}
	objects := make([]render.Object, 0, len(all))
	var c converter
	for _, r := range all {
		id := render.ObjectID{APIVersion: r.GetApiVersion(), Kind: r.GetKind(), Namespace: r.GetNamespace(), Name: r.GetName()}
		node, err := c.object(r)
		if err != nil {
			return nil, p.failed(err)
		}
		if c.bytes > bounds.RenderedBytes {
			return nil, limit("kustomization builds to more than %d bytes", bounds.RenderedBytes)
		}
		objects = append(objects, render.Object{ID: id, Node: node})
	}
	p.place(objects)
	return objects, nil
}

// converter turns the nodes of kustomize into those of yaml.v3.
type converter struct {
	// bytes is about how much was converted so far.
	bytes int
}

// object converts a resource into what kustomize prints for it. Printing goes
// by way of JSON, which rewrites some scalars: a resource that has such is
// printed and parsed again.
func (c *converter) object(r *resource.Resource) (*yaml.Node, error) {
	if node, ok := c.node(r.YNode()); ok {
		return node, nil
	}
	text, err := r.AsYAML()
	if err != nil {
		return nil, err
	}
	c.bytes += len(text)
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	node := unalias(&document)
	if node == nil {
		return nil, fmt.Errorf("%s is empty", r.CurId())
	}
	node.Line = r.YNode().Line
	return node, nil
}

// node copies a node. It is not ok if printing would change a scalar, expand
// something, or fail.
func (c *converter) node(from *kyaml.Node) (*yaml.Node, bool) {
	c.bytes += len(from.Value) + 8
	to := &yaml.Node{Kind: yaml.Kind(from.Kind), Tag: from.ShortTag(), Value: from.Value, Line: from.Line, Column: from.Column}
	switch from.Kind {
	case kyaml.DocumentNode:
		if len(from.Content) != 1 {
			return nil, false
		}
		return c.node(from.Content[0])
	case kyaml.ScalarNode:
		return to, survives(to.Tag, from.Value) && !reflowed(from)
	case kyaml.MappingNode:
		return to, to.Tag == "!!map" && c.mapping(to, from)
	case kyaml.SequenceNode:
		to.Content = make([]*yaml.Node, 0, len(from.Content))
		for _, item := range from.Content {
			node, ok := c.node(item)
			if !ok {
				return nil, false
			}
			to.Content = append(to.Content, node)
		}
		return to, to.Tag == "!!seq"
	default:
		return nil, false
	}
}

// reflowed tells of text that kustomize's printer may break into lines
// otherwise than it was.
func reflowed(node *kyaml.Node) bool {
	block := node.Style&(kyaml.FoldedStyle|kyaml.LiteralStyle) != 0
	return node.Style&kyaml.FoldedStyle != 0 ||
		block && (node.Value == "" || strings.TrimSpace(node.Value[:1]) == "" || !printable(node.Value)) ||
		!block && strings.ContainsAny(node.Value, "\n\r\t") && node.Style&kyaml.DoubleQuotedStyle == 0
}

// printable tells of text that a literal block can hold as it is.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return c != '\n' && !unicode.IsPrint(c)
	})
}

// survives tells whether a scalar is printed as it is written.
func survives(tag, value string) bool {
	switch tag {
	case "!!str":
		return true
	case "!!bool":
		return value == "true" || value == "false"
	case "!!null":
		return value == "null"
	case "!!int":
		digits := value
		if len(digits) > 1 && digits[0] == '-' {
			digits = digits[1:]
		}
		if len(digits) > 15 || len(digits) > 1 && digits[0] == '0' || value == "-0" {
			return false
		}
		for _, c := range digits {
			if c < '0' || c > '9' {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// mapping copies the fields of a mapping, sorted as kustomize prints them.
func (c *converter) mapping(to *yaml.Node, from *kyaml.Node) bool {
	fields := make([]field, 0, len(from.Content)/2)
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, ok := c.node(from.Content[i])
		if !ok || key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
			return false
		}
		value, ok := c.node(from.Content[i+1])
		if !ok {
			return false
		}
		fields = append(fields, field{key, value})
	}
	return appendSorted(to, fields)
}
