package render

import (
	"context"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// RenderChanged renders two revisions as RenderAll does, but leaves out the
// units that a change of these paths cannot make render otherwise. A path
// stands for all that is below it.
//
// A unit is left out only if both revisions have it, alike, and nothing changed
// in what it can read: its directory, those of the kustomizations and charts
// that it uses, and the files that are named. What can lead to anything else is
// always rendered: what could hold deployer objects, or brings a ConfigMap or
// Secret that another unit is rendered with, or has symlinks, archives, Jsonnet
// or remote resources among its files.
func RenderChanged(ctx context.Context, sides [2]Side, changed []string, engine Engine) [2]Rendering {
	l := newLockstep(ctx, sides, newPathSet(changed), engine)
	l.add(ctx, [2][]Unit{sides[0].Units, sides[1].Units})
	for depth := 0; ; depth++ {
		found := l.expand(ctx)
		for l.bring(ctx, l.asked(ctx, found)) {
			found = l.expand(ctx)
		}
		if len(found[0])+len(found[1]) == 0 {
			if l.bring(ctx, l.overlapping()) {
				continue
			}
			break
		}
		for i, h := range l.halves {
			if depth >= bounds.DeployerDepth || len(h.index)+len(found[i]) > bounds.Units {
				if len(found[i]) > 0 {
					h.beyond = append(h.beyond, tooDeep(found[i][0]))
				}
				h.full, found[i] = true, nil
			}
		}
		l.add(ctx, found)
	}
	return [2]Rendering{l.halves[0].rendering(), l.halves[1].rendering()}
}

// lockstep renders two revisions together.
type lockstep struct {
	engine  Engine
	changed pathSet
	halves  [2]*half
	// objects are the names of the ConfigMaps and Secrets that units are
	// rendered with.
	objects map[string]bool
}

// half is one of the revisions, as far as it is rendered.
type half struct {
	*footprint
	runner *runner
	parts  []part
	index  map[string]int
	// problems are those of the last expansion, and beyond those of what is
	// beyond a bound.
	problems, beyond []Problem
	full             bool
}

// part is a unit, and what it renders to or, if it is left out, what it can
// read.
type part struct {
	unit Unit
	outcome
	left *closure
}

func newLockstep(ctx context.Context, sides [2]Side, changed pathSet, engine Engine) *lockstep {
	l := &lockstep{engine: engine, changed: changed, objects: map[string]bool{}}
	for i, side := range sides {
		l.halves[i] = &half{
			footprint: newFootprint(ctx, side.Tree), index: map[string]int{},
			runner: &runner{tree: side.Tree, renderers: engine.Renderers, limit: bounds.RenderTime},
		}
		if len(side.Units) == 0 {
			l.halves[i].beyond = []Problem{nothingFound()}
		}
	}
	return l
}

// expand returns the units of each revision that are new.
func (l *lockstep) expand(ctx context.Context) (found [2][]Unit) {
	for i, h := range l.halves {
		found[i], h.problems = l.engine.expand(ctx, h.runner.tree, h.soFar())
		found[i] = slices.DeleteFunc(found[i], func(u Unit) bool {
			_, known := h.index[u.Name]
			return known || h.full
		})
	}
	return found
}

// soFar is what expanders are shown: what is left out has no object that they
// would look at.
func (h *half) soFar() Rendering {
	units, outcomes := make([]Unit, len(h.parts)), make([]outcome, len(h.parts))
	for i, p := range h.parts {
		units[i], outcomes[i] = p.unit, p.outcome
	}
	return assemble(units, outcomes)
}

// rendering is what is rendered in the end.
func (h *half) rendering() Rendering {
	rendered := slices.DeleteFunc(h.parts, func(p part) bool { return p.left != nil })
	rendering := (&half{parts: rendered}).soFar()
	rendering.Problems = slices.Concat(h.beyond, rendering.Problems, h.problems)
	return rendering.withoutDeployed()
}

// add adds units to each revision, and renders those that are not left out.
func (l *lockstep) add(ctx context.Context, units [2][]Unit) {
	old := map[string]Unit{}
	for _, unit := range units[0] {
		old[unit.Name] = unit
	}
	left := map[string][2]*closure{}
	for _, unit := range units[1] {
		if was, both := old[unit.Name]; both {
			if closures := l.unchanged(ctx, was, unit); closures[0] != nil {
				left[unit.Name] = closures
			}
		}
	}
	for i, h := range l.halves {
		var touched []Unit
		for _, unit := range units[i] {
			h.index[unit.Name] = len(h.parts)
			h.parts = append(h.parts, part{unit: unit, left: left[unit.Name][i]})
			if left[unit.Name][i] == nil {
				touched = append(touched, unit)
			}
		}
		h.render(ctx, touched)
	}
}

// render renders units that were added.
func (h *half) render(ctx context.Context, units []Unit) {
	for i, o := range h.runner.outcomes(ctx, units) {
		p := &h.parts[h.index[units[i].Name]]
		p.outcome, p.left = o, nil
	}
}

// unchanged returns what a unit can read in each revision if it renders to the
// same in both and nothing else depends on it, or nothing.
func (l *lockstep) unchanged(ctx context.Context, was, is Unit) (closures [2]*closure) {
	units := [2]Unit{was, is}
	if is.Deployer == (ObjectID{}) {
		if !reflect.DeepEqual(was, is) {
			return closures
		}
		for i, h := range l.halves {
			closures[i] = h.bare(units[i])
		}
	} else {
		var reads [2]Reads
		for i, h := range l.halves {
			known := false
			if reads[i], known = l.engine.reads(h.runner.tree, units[i]); !known || was.Namespace != is.Namespace {
				return closures
			}
		}
		if reads[0].Text != reads[1].Text {
			return closures
		}
		for i, h := range l.halves {
			closures[i] = h.deployed(reads[i])
		}
		if fetch := reads[1].Fetch; fetch != nil && closures[0] != nil && closures[1] != nil {
			trees, err := fetch(ctx)
			if err != nil || !readable(ctx, trees) {
				return [2]*closure{}
			}
			closures[0].fetched, closures[1].fetched = trees, trees
		}
	}
	for i, c := range closures {
		if c == nil || !c.misses(l.changed) || l.makesOne(ctx, c, units[i]) {
			return [2]*closure{}
		}
	}
	return closures
}

// makesOne tells whether a unit could bring an object that others are rendered
// with.
func (l *lockstep) makesOne(ctx context.Context, c *closure, unit Unit) bool {
	for name := range l.objects {
		if c.mayMake(ctx, unit, name) {
			return true
		}
	}
	return false
}

// reads asks what the unit of a deployer object reads.
func (e Engine) reads(tree Tree, unit Unit) (reads Reads, all bool) {
	for _, expander := range e.Expanders {
		reader, ok := expander.(Reader)
		if !ok {
			continue
		}
		own, all := reader.Reads(tree, unit)
		if all {
			return own, true
		}
		reads.Objects = append(reads.Objects, own.Objects...)
	}
	return reads, false
}

// asked returns the units left out that could bring objects which new units
// take values from.
func (l *lockstep) asked(ctx context.Context, found [2][]Unit) map[string]bool {
	fresh := map[string]bool{}
	for i, units := range found {
		for _, unit := range units {
			reads, _ := l.engine.reads(l.halves[i].runner.tree, unit)
			for _, name := range reads.Objects {
				fresh[name] = fresh[name] || !l.objects[name]
			}
		}
	}
	names := map[string]bool{}
	for name, isNew := range fresh {
		l.objects[name] = true
		for _, h := range l.halves {
			for _, p := range h.parts {
				if isNew && p.left != nil && p.left.mayMake(ctx, p.unit, name) {
					names[p.unit.Name] = true
				}
			}
		}
	}
	return names
}

// overlapping returns what is left out of a bare directory and a deployer
// object that may deploy it, where the other is rendered: whether the directory
// is rendered by itself follows from both.
func (l *lockstep) overlapping() map[string]bool {
	names := map[string]bool{}
	for _, h := range l.halves {
		for _, bare := range h.parts {
			if bare.unit.Deployer != (ObjectID{}) || bare.unit.Named || len(bare.unit.Sources) != 1 {
				continue
			}
			for _, by := range h.parts {
				if by.unit.Deployer == (ObjectID{}) || (by.left == nil) == (bare.left == nil) || !by.mayDeploy(bare.unit.Sources[0]) {
					continue
				}
				if by.left != nil {
					names[by.unit.Name] = true
				} else {
					names[bare.unit.Name] = true
				}
			}
		}
	}
	return names
}

// mayDeploy tells whether the unit of a deployer object could be found to
// deploy the source of a bare directory.
func (p part) mayDeploy(bare Source) bool {
	same := slices.ContainsFunc(p.unit.Sources, func(s Source) bool { return s.Path == bare.Path })
	switch {
	case same || bare.Kind != Manifests:
		return same
	case p.left != nil:
		return p.left.touches(bare.Path)
	}
	return slices.ContainsFunc(p.objects, func(o Object) bool { return contains(bare.Path, o.Origin.File) })
}

// touches tells whether a directory or something in it can be read.
func (c *closure) touches(dir string) bool {
	for own := range c.dirs {
		if contains(own, dir) || contains(dir, own) {
			return true
		}
	}
	return slices.ContainsFunc(c.named, func(name string) bool { return contains(dir, path.Dir(name)) })
}

// contains tells whether a directory is another or lies in it.
func contains(dir, name string) bool {
	return dir == "." || dir == name || strings.HasPrefix(name, dir+"/")
}

// bring renders units that were left out, and tells whether there are any.
func (l *lockstep) bring(ctx context.Context, names map[string]bool) bool {
	for _, h := range l.halves {
		var units []Unit
		for _, p := range h.parts {
			if names[p.unit.Name] && p.left != nil {
				units = append(units, p.unit)
			}
		}
		h.render(ctx, units)
	}
	return len(names) > 0
}
