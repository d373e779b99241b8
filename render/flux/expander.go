package flux

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Expander finds the Kustomizations and HelmReleases among rendered objects.
//
// A unit is called flux/kustomization/NAMESPACE/NAME or
// flux/helmrelease/NAMESPACE/NAME. Of objects that share a name but not their
// content, as those of several clusters in one repository do, all but the
// first are called NAME@ and the directory of their cluster, or else the unit
// that deploys them.
//
// Kustomizations come before HelmReleases, and what has all of its inputs
// before what waits for them: a unit is returned when nothing that is still
// to be rendered can bring them. An input that comes all the same, after the
// unit that wants it, is a problem. So is a circle of dependencies.
//
// The problems are those of all objects there are; the last call's are
// complete.
type Expander struct{ options Options }

var _ render.Expander = (*Expander)(nil)

// NewExpander returns an expander whose units a Renderer with the same options
// renders.
func NewExpander(options Options) *Expander { return &Expander{options: options} }

// expansion is one call of Expand.
type expansion struct {
	*world
	options  *Options
	problems []render.Problem
	// made are the units so far, by name, and taken what their names are for.
	made  []render.Unit
	taken map[string]*parent
}

// Expand implements render.Expander.
func (e *Expander) Expand(ctx context.Context, tree render.Tree, rendering render.Rendering) ([]render.Unit, []render.Problem) {
	x := &expansion{world: newWorld(tree, rendering, &e.options), options: &e.options, taken: map[string]*parent{}}
	for name, unit := range x.units {
		if p := parentOf(unit); p != nil {
			x.taken[name] = p
		}
	}
	if len(x.order) > bounds.Deployers {
		x.problems = append(x.problems, render.Problem{
			Code: render.CodeTreeTooLarge, Message: fmt.Sprintf("revision holds more than %d Kustomizations and HelmReleases: the rest were not looked at", bounds.Deployers),
			Hint: "name the directories of one cluster with --path",
		})
		x.order = x.order[:bounds.Deployers]
	}
	x.cycles()
	seen := map[string]bool{}
	for _, f := range x.order {
		if ctx.Err() != nil {
			return nil, render.Problems(ctx.Err())
		}
		if id := f.cluster + "\n" + key(f.id.APIVersion, f.id.Kind, f.id.Namespace, f.id.Name) + f.sum; !seen[id] {
			seen[id] = true
			x.unit(f)
		}
	}
	return x.next(), x.problems
}

// unit makes the unit of an object.
func (x *expansion) unit(f *found) {
	if f.by != nil && f.by.depth >= bounds.DeployerDepth {
		x.report(hint(f.unseen(f.object.Origin, CodeCycle, "is deployed through more than %d others", bounds.DeployerDepth),
			"look for a Kustomization that deploys itself under another name"))
		return
	}
	var unit *render.Unit
	if f.id.Kind == "Kustomization" {
		unit = x.kustomizationUnit(f)
	} else {
		unit = x.releaseUnit(f)
	}
	if unit == nil {
		return
	}
	p := parentOf(*unit)
	unit.Name = x.name(f, p)
	if before := x.taken[unit.Name]; before != nil {
		if i := changed(before.inputs, p.inputs); i != nil {
			x.report(hint(f.unseen(f.object.Origin, CodeInput, "%s changed after %s was rendered with it: something that it deploys brings it", i.name(), f.id.Name),
				"deploy the object before what takes its values from it"))
		}
	}
	x.taken[unit.Name] = p
	x.made = append(x.made, *unit)
}

func (x *expansion) report(problems ...*render.Problem) {
	x.problems = append(x.problems, problemsOf(problems)...)
}

// name returns the name of the unit of an object.
func (x *expansion) name(f *found, p *parent) string {
	from := f.cluster
	if from == "" {
		from = f.unit.Name
	}
	for name, n := p.base, 1; ; n++ {
		if other := x.taken[name]; other == nil || other.sum == p.sum && other.cluster == p.cluster {
			return name
		}
		if name = p.base + "@" + from; n > 1 {
			name = fmt.Sprintf("%s#%d", name, n)
		}
	}
}

// newParent says what all units know.
func (x *expansion) newParent(f *found) parent {
	p := parent{
		deployer: f.deployer, cluster: f.cluster, sum: f.sum, depth: 1,
		base: "flux/" + strings.ToLower(f.id.Kind) + "/" + f.id.Namespace + "/" + f.id.Name,
	}
	if f.by != nil {
		p.depth = f.by.depth + 1
	}
	return p
}

// checked tells whether an object can be read, and reports why not.
func (x *expansion) checked(f *found, versions, fields []string, spec any) bool {
	_, version, _ := strings.Cut(f.id.APIVersion, "/")
	if !slices.Contains(versions, version) {
		x.report(hint(f.unseen(f.at("apiVersion"), CodeVersion, "API version %s is not known", f.id.APIVersion), "use %s", versions[0]))
		return false
	}
	unknown := f.unknownFields(fields)
	x.report(unknown...)
	if problem := f.decode(spec); problem != nil {
		x.report(problem)
		return false
	}
	return len(unknown) == 0
}

// unresolved reports a field of an object that still names a variable.
func (x *expansion) unresolved(f *found, fields ...string) bool {
	for _, name := range fields {
		steps := strings.Split(name, ".")
		node := f.object.Node
		var at []any
		for _, step := range steps {
			node, at = render.Child(node, step), append(at, step)
		}
		if mentions(node, func(text string) bool { return strings.Contains(text, "${") }) {
			x.report(hint(f.unseen(f.at(at...), CodeVariable, "%s depends on a variable whose value is not in the revision", name),
				"write the value out, or commit what defines it"))
			return true
		}
	}
	return false
}

// kustomizationUnit makes the unit of a Kustomization, or nil with a problem.
func (x *expansion) kustomizationUnit(f *found) *render.Unit {
	k := &kustomization{parent: x.newParent(f)}
	if !x.checked(f, []string{"v1", "v1beta2"}, kustomizationFields(), &k.spec) ||
		x.unresolved(f, "spec.path", "spec.sourceRef", "spec.targetNamespace", "spec.namePrefix", "spec.nameSuffix", "spec.components", "spec.postBuild.substituteFrom") {
		return nil
	}
	k.decrypts = k.spec.Decryption.Provider == "sops"
	s := &sources{w: x.world, d: &f.deployer, cluster: f.cluster, at: f.at("spec", "sourceRef", "name")}
	k.artifact = s.resolve(k.spec.SourceRef)
	k.problems = s.problems
	if k.spec.PostBuild != nil {
		k.inputs = x.inputsOf(&f.deployer, f.cluster, k.spec.PostBuild.SubstituteFrom)
	}
	if k.spec.Suspend {
		k.problems = append(k.problems, suspended(f))
	}
	k.dirs = k.artifact.dirs(cleanPath(k.spec.Path))
	return &render.Unit{
		Sources:   []render.Source{{Kind: render.Flux, Path: pathOf(k.artifact, k.spec.Path), AllowRemote: x.options.AllowRemote, Spec: k}},
		Namespace: k.spec.TargetNamespace, Deployer: f.id, Origin: f.object.Origin,
	}
}

// pathOf is the directory of the tree that a source renders, or the root.
func pathOf(a *artifact, name string) string {
	if a == nil || !a.isTree() {
		return "."
	}
	return cleanPath(name)
}

// suspended tells that an object is suspended.
func suspended(f *found) *render.Problem {
	return hint(f.notice(f.at("spec", "suspend"), CodeSuspended, "is suspended: what it would deploy is rendered all the same"), "nothing to do")
}

// next returns the units that are rendered already, and those of the new ones
// that are to be rendered next.
func (x *expansion) next() []render.Unit {
	var units []render.Unit
	var fresh [5][]render.Unit
	for _, unit := range x.made {
		if _, known := x.units[unit.Name]; known {
			units = append(units, unit)
			continue
		}
		n := x.rank(unit)
		fresh[n] = append(fresh[n], unit)
	}
	for _, first := range fresh {
		if len(first) > 0 {
			return append(units, x.sorted(first)...)
		}
	}
	return units
}

// rank says when a unit is rendered: Kustomizations first, and what another
// one may deploy, or what waits for an input, last.
func (x *expansion) rank(unit render.Unit) int {
	p := parentOf(unit)
	waits := incomplete(p.inputs)
	if k, ok := unit.Sources[0].Spec.(*kustomization); ok {
		switch {
		case x.postponed(p, unit):
			return 2
		case waits || k.artifact == nil:
			return 3
		}
		return 0
	}
	if r := unit.Sources[0].Spec.(*release); waits || r.chart == nil {
		return 4
	}
	return 1
}

// postponed tells whether a Kustomization that a bare directory shows lies in
// the directory of another one that is not rendered yet, and so may come out
// of that as it is really deployed.
func (x *expansion) postponed(p *parent, unit render.Unit) bool {
	if p.depth > 1 {
		return false
	}
	for _, other := range x.made {
		if _, rendered := x.units[other.Name]; rendered || other.Name == unit.Name {
			continue
		}
		o := parentOf(other)
		if o.deploys(unit.Origin.File) && !(p.deploys(other.Origin.File) && p.above(o)) {
			return true
		}
	}
	return false
}

// deploys tells whether a file lies in a directory that a unit deploys.
func (p *parent) deploys(file string) bool {
	return slices.ContainsFunc(p.dirs, func(dir string) bool { return within(dir, file) })
}

// above tells whether a unit deploys a directory that is no longer than those
// of another.
func (p *parent) above(other *parent) bool {
	return slices.ContainsFunc(p.dirs, func(dir string) bool {
		return !slices.ContainsFunc(other.dirs, func(o string) bool { return len(o) < len(dir) })
	})
}

// sorted returns units with those first that others depend on.
func (x *expansion) sorted(units []render.Unit) []render.Unit {
	byID := map[string]int{}
	for i, unit := range units {
		byID[parentOf(unit).base] = i
	}
	var order []render.Unit
	done := make([]bool, len(units))
	var visit func(i int)
	visit = func(i int) {
		if done[i] {
			return
		}
		done[i] = true
		for _, base := range dependencies(units[i]) {
			if j, ok := byID[base]; ok {
				visit(j)
			}
		}
		order = append(order, units[i])
	}
	for i := range units {
		visit(i)
	}
	return order
}

// dependencies are the units that a unit waits for, by the names that they
// have unless others share them.
func dependencies(unit render.Unit) []string {
	p := parentOf(unit)
	var refs []reference
	switch spec := unit.Sources[0].Spec.(type) {
	case *kustomization:
		refs = spec.spec.DependsOn
	case *release:
		refs = spec.spec.DependsOn
	}
	var names []string
	for _, ref := range refs {
		names = append(names, dependency(p.id, ref.Namespace, ref.Name))
	}
	return names
}

func dependency(id render.ObjectID, namespace, name string) string {
	if namespace == "" {
		namespace = id.Namespace
	}
	return "flux/" + strings.ToLower(id.Kind) + "/" + namespace + "/" + name
}

// cycles reports objects that wait for each other in a circle: none of them is
// ever deployed.
func (x *expansion) cycles() {
	type node struct {
		f    *found
		uses []string
	}
	nodes := map[string]*node{}
	var names []string
	for _, f := range x.order {
		name := f.cluster + " " + dependency(f.id, "", f.id.Name)
		if nodes[name] != nil {
			continue
		}
		n := &node{f: f}
		for _, ref := range items(render.Child(render.Child(f.object.Node, "spec"), "dependsOn")) {
			n.uses = append(n.uses, f.cluster+" "+dependency(f.id, child(ref, "namespace"), child(ref, "name")))
		}
		nodes[name], names = n, append(names, name)
	}
	state := map[string]int{}
	var stack []string
	var visit func(name string)
	visit = func(name string) {
		if nodes[name] == nil || state[name] == 2 {
			return
		}
		if at := slices.Index(stack, name); at >= 0 {
			f := nodes[name].f
			circle := append(slices.Clone(stack[at:]), name)
			for i := range circle {
				circle[i] = circle[i][strings.LastIndex(circle[i], " ")+1:]
			}
			x.report(hint(f.broken(f.at("spec", "dependsOn"), CodeCycle, "waits for itself: %s", strings.Join(circle, " -> ")),
				"remove one of the dependsOn entries"))
			return
		}
		stack = append(stack, name)
		for _, use := range nodes[name].uses {
			visit(use)
		}
		stack, state[name] = stack[:len(stack)-1], 2
	}
	for _, name := range names {
		visit(name)
	}
}
