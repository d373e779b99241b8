package render

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// The codes of what RenderAll finds.
const (
	// CodeDeployedBy is a directory that a deployer object of the same tree
	// deploys: it is rendered as that says, and not by itself.
	CodeDeployedBy = "deployed-by"
	// CodeTooDeep is deployer objects that deploy deployer objects without
	// end.
	CodeTooDeep = "deployers-too-deep"
)

// Engine renders units, and finds what their deployer objects deploy.
type Engine struct {
	// Renderers are by the kind of source that they render.
	Renderers map[SourceKind]Renderer
	// Expanders are asked in order.
	Expanders []Expander
}

// RenderAll renders units, and those that the deployer objects among their
// objects stand for, to any depth. A directory that a deployer object deploys
// is not rendered by itself too; a Notice says by what it is.
func RenderAll(ctx context.Context, tree Tree, units []Unit, engine Engine) Rendering {
	rendering := Render(ctx, tree, units, engine.Renderers)
	known := map[string]bool{}
	for _, unit := range units {
		known[unit.Name] = true
	}
	var problems []Problem
	for depth := 0; ; depth++ {
		var found []Unit
		found, problems = engine.expand(ctx, tree, rendering)
		found = slices.DeleteFunc(found, func(u Unit) bool { return known[u.Name] })
		if len(found) == 0 {
			break
		}
		if depth == bounds.DeployerDepth || len(known)+len(found) > bounds.Units {
			problems = append(problems, tooDeep(found[0]))
			break
		}
		for _, unit := range found {
			known[unit.Name] = true
		}
		rendering = rendering.with(Render(ctx, tree, found, engine.Renderers))
	}
	rendering.Problems = append(rendering.Problems, problems...)
	return rendering.withoutDeployed()
}

// expand asks every expander. What they find is asked for anew each round, so
// that the problems of the last round are all there are.
func (e Engine) expand(ctx context.Context, tree Tree, rendering Rendering) (units []Unit, problems []Problem) {
	for _, expander := range e.Expanders {
		u, p := expander.Expand(ctx, tree, rendering)
		units, problems = append(units, u...), append(problems, p...)
	}
	return units, problems
}

func tooDeep(unit Unit) Problem {
	return Problem{
		Code: CodeTooDeep, Unit: unit.Name, Object: unit.Deployer, Origin: unit.Origin,
		Message: fmt.Sprintf("%s is deployed by more than %d deployer objects in a row, or there are more than %d units", unit.Name, bounds.DeployerDepth, bounds.Units),
		Hint:    "name the directories that are deployed with --path",
	}
}

func (r Rendering) with(more Rendering) Rendering {
	return Rendering{
		Units:    append(r.Units, more.Units...),
		Objects:  append(r.Objects, more.Objects...),
		Problems: append(r.Problems, more.Problems...),
	}
}

// withoutDeployed leaves out the bare directories that a deployer object of
// the tree deploys, their objects and their problems.
func (r Rendering) withoutDeployed() Rendering {
	deployers := r.deployers()
	if len(deployers) == 0 {
		return r
	}
	var kept Rendering
	by := map[string]string{}
	i := 0
	for unit, objects := range r.ByUnit() {
		if unit.Deployer == (ObjectID{}) && !unit.Named && len(unit.Sources) == 1 {
			if d, ok := deployerOf(unit, objects, deployers); ok {
				by[unit.Name] = d
				i++
				continue
			}
		}
		if i < len(r.Units) {
			kept.Units = append(kept.Units, r.Units[i])
		}
		i++
		kept.Objects = append(kept.Objects, objects...)
	}
	for _, p := range r.Problems {
		if by[p.Unit] == "" {
			kept.Problems = append(kept.Problems, p)
		}
	}
	for _, rendered := range r.Units {
		if d := by[rendered.Name]; d != "" {
			kept.Problems = append(kept.Problems, Problem{
				Code: CodeDeployedBy, Severity: Notice, Unit: rendered.Name,
				Message: fmt.Sprintf("%s is rendered as %s deploys it, and not by itself", rendered.Name, d),
			})
		}
	}
	return kept
}

// deployer is a unit that a deployer object stands for, with the files that
// its objects came from.
type deployer struct {
	unit  Unit
	files map[string]bool
}

func (r Rendering) deployers() []deployer {
	var list []deployer
	for unit, objects := range r.ByUnit() {
		if unit.Deployer == (ObjectID{}) {
			continue
		}
		files := map[string]bool{}
		for _, object := range objects {
			files[object.Origin.File] = true
		}
		list = append(list, deployer{unit, files})
	}
	return list
}

// deployerOf finds what deploys a bare directory: the unit whose source is
// that very directory of this tree, or, for plain manifests, one that deploys
// every file of it. A directory that merely shares files with a deployed one,
// as overlays share a base, stays.
func deployerOf(unit Unit, objects []Object, deployers []deployer) (string, bool) {
	source := unit.Sources[0]
	for _, d := range deployers {
		same := slices.ContainsFunc(d.unit.Sources, func(s Source) bool { return s.Path == source.Path })
		if (same || source.Kind == Manifests && len(objects) > 0) && d.covers(source.Path, objects) {
			return d.unit.Name, true
		}
	}
	return "", false
}

// covers tells that all objects came from files that the deployer's came from
// too. Of a directory that does not render by itself, one file will do.
func (d deployer) covers(dir string, objects []Object) bool {
	for _, object := range objects {
		if !d.files[object.Origin.File] {
			return false
		}
	}
	if len(objects) > 0 {
		return true
	}
	for file := range d.files {
		if dir == "." && file != "" || strings.HasPrefix(file, dir+"/") {
			return true
		}
	}
	return false
}
