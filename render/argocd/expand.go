package argocd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Expand returns a unit for each Application among the objects that are
// rendered so far, and for each that an ApplicationSet among them makes. The
// same Application, rendered more than once, is one unit; others of its name
// are told apart by a part of their digest.
//
// What cannot be known of an Application is told when its unit is rendered.
// Problems are about what could not be made a unit at all; they are returned
// anew at each call.
func (a *Deployer) Expand(ctx context.Context, tree render.Tree, rendering render.Rendering) ([]render.Unit, []render.Problem) {
	e := &expansion{deployer: a, tree: tree, digests: map[string]string{}}
	for unit, objects := range rendering.ByUnit() {
		for _, object := range objects {
			e.object(ctx, unit, object)
		}
	}
	return e.units, e.problems
}

// expansion is one call of Expand.
type expansion struct {
	deployer *Deployer
	tree     render.Tree
	units    []render.Unit
	problems []render.Problem
	// digests are those of the units' Applications, by name.
	digests map[string]string
	// full tells that a bound was met.
	full bool
}

// object expands an object, if it is one of Argo CD's.
func (e *expansion) object(ctx context.Context, unit render.Unit, object render.Object) {
	group, version, _ := strings.Cut(object.ID.APIVersion, "/")
	kind := object.ID.Kind
	if group != "argoproj.io" || kind != "Application" && kind != "ApplicationSet" {
		return
	}
	if object.ID.Namespace == "" {
		object.ID.Namespace = unit.Namespace
	}
	if version != "v1alpha1" {
		e.problems = append(e.problems, render.Problem{
			Code: CodeUnknownField, Unit: unit.Name, Object: object.ID, Origin: object.Origin,
			Message: fmt.Sprintf("%s has the version %s, which is not known", object.ID, object.ID.APIVersion), Hint: "write it as argoproj.io/v1alpha1",
		})
		return
	}
	if kind == "Application" {
		e.application(rootOf(object), unit.Name)
		return
	}
	applications, problems := e.deployer.generate(ctx, e.tree, object)
	for i := range problems {
		problems[i].Unit = unit.Name
	}
	e.problems = append(e.problems, problems...)
	for _, c := range applications {
		e.application(c, unit.Name)
	}
}

// application makes the unit of an Application.
func (e *expansion) application(c cursor, parent string) {
	id := c.in.object.ID
	d := &decoder{id: id}
	app := readApplication(c, d)
	tell := func() {
		for i := range d.problems {
			d.problems[i].Unit = parent
		}
		e.problems = append(e.problems, d.problems...)
	}
	if id.Name == "" || render.Child(render.Child(c.node, "metadata"), "name") == nil {
		d.fail(c, CodeField, "Application has no name", "name it in metadata.name")
		tell()
		return
	}
	if len(app.sources) == 0 {
		tell()
		return
	}
	name, known := e.name(id, c.node)
	if known {
		return
	}
	if len(e.units) >= bounds.Units {
		if !e.full {
			d.unseen(c, CodeTooMany, fmt.Sprintf("there are more than %d Applications: this one and those after it are left out", bounds.Units), "verify parts of the repository one by one")
			tell()
		}
		e.full = true
		return
	}
	unit := render.Unit{Name: name, Namespace: app.namespace, Deployer: id, Origin: c.in.object.Origin}
	unit.Sources = e.sources(app, d)
	e.units = append(e.units, unit)
}

// sources makes the sources of a unit. A source that is only there to be
// referred to is none.
func (e *expansion) sources(app application, d *decoder) []render.Source {
	refs := map[string]source{}
	all := make([]source, len(app.sources))
	for i, at := range app.sources {
		all[i] = readSource(at, &decoder{id: app.id})
		if app.multiple && all[i].ref.text != "" {
			refs["$"+all[i].ref.text] = all[i]
		}
	}
	problems := d.problems
	var sources []render.Source
	for i, s := range all {
		if app.multiple && s.onlyRef() {
			// Nothing renders it, so its fields are checked here.
			check := &decoder{id: app.id}
			readSource(app.sources[i], check)
			problems = append(slices.Clip(problems), check.problems...)
			continue
		}
		at := cleanPath(s.path.text)
		sources = append(sources, render.Source{
			Kind: render.ArgoCD, Path: at,
			Spec: &spec{app: app, at: app.sources[i], refs: refs},
		})
	}
	if len(sources) > 0 {
		sources[0].Spec.(*spec).problems = problems
	} else {
		d.problems = problems
		e.problems = append(e.problems, problems...)
	}
	return sources
}

// name returns the name of the unit of an Application, and whether there is
// one already.
func (e *expansion) name(id render.ObjectID, node *yaml.Node) (name string, known bool) {
	digest := digestOf(node)
	namespace := id.Namespace
	if namespace == "" {
		namespace = "argocd"
	}
	name = "argocd/" + namespace + "/" + id.Name
	if first, ok := e.digests[name]; ok && first != digest {
		name += "@" + digest[:8]
	}
	_, known = e.digests[name]
	e.digests[name] = digest
	return name, known
}

// digestOf is a digest of what an Application deploys, however it is written.
func digestOf(node *yaml.Node) string {
	hash := sha256.New()
	writeCanonical(hash, render.Child(node, "spec"))
	return hex.EncodeToString(hash.Sum(nil))
}

// writeCanonical writes a node so that two are written alike that say the
// same.
func writeCanonical(w io.Writer, node *yaml.Node) {
	switch {
	case node == nil:
		io.WriteString(w, "-")
	case node.Kind == yaml.MappingNode:
		keys := make([]int, 0, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			keys = append(keys, i)
		}
		slices.SortFunc(keys, func(a, b int) int { return strings.Compare(node.Content[a].Value, node.Content[b].Value) })
		io.WriteString(w, "{")
		for _, i := range keys {
			io.WriteString(w, strconv.Quote(node.Content[i].Value)+":")
			writeCanonical(w, node.Content[i+1])
		}
		io.WriteString(w, "}")
	case node.Kind == yaml.SequenceNode:
		io.WriteString(w, "[")
		for _, item := range node.Content {
			writeCanonical(w, item)
		}
		io.WriteString(w, "]")
	default:
		io.WriteString(w, node.ShortTag()+strconv.Quote(node.Value))
	}
}
