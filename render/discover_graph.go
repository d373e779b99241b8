package render

import "slices"

// graph is what uses what among things of one kind, each known by its
// directory.
type graph struct {
	// names are all things, sorted.
	names []string
	// uses are what each uses; a name that is none of names is passed over.
	uses map[string][]string
	// never are those that are not deployed by themselves.
	never map[string]bool
	// outside are those that something of another kind deploys.
	outside map[string]bool
}

// roots returns what is deployed by itself: what nothing else uses. Of things
// that only use each other in a circle the first is a root, so that rendering
// it tells of the circle.
func (g graph) roots() []string {
	used := g.used()
	reached := g.reach(g.keys(g.outside))
	var roots []string
	for _, name := range g.names {
		if !g.never[name] && !reached[name] && !used[name] {
			roots = append(roots, name)
		}
	}
	for name := range g.reach(roots) {
		reached[name] = true
	}
	return append(roots, g.circles(reached)...)
}

// circles returns what is left to be deployed once some is reached: one of
// each circle that no other circle uses.
func (g graph) circles(reached map[string]bool) []string {
	var circles []string
	for _, name := range g.names {
		if g.never[name] || reached[name] {
			continue
		}
		below := g.reach([]string{name})
		for other := range below {
			reached[other] = true
		}
		circles = slices.DeleteFunc(circles, func(before string) bool { return below[before] })
		circles = append(circles, name)
	}
	return circles
}

// unused returns what is neither a root nor used by one.
func (g graph) unused() []string {
	reached := g.reach(append(g.roots(), g.keys(g.outside)...))
	var unused []string
	for _, name := range g.names {
		if !reached[name] {
			unused = append(unused, name)
		}
	}
	return unused
}

// used returns what something uses. What is not deployed by itself and that
// nothing uses does not count as a user.
func (g graph) used() map[string]bool {
	idle := map[string]bool{}
	for {
		used := map[string]bool{}
		for _, name := range g.names {
			if !idle[name] {
				for _, use := range g.uses[name] {
					used[use] = true
				}
			}
		}
		before := len(idle)
		for _, name := range g.names {
			if g.never[name] && !used[name] && !g.outside[name] {
				idle[name] = true
			}
		}
		if len(idle) == before {
			return used
		}
	}
}

// reach returns names and all that they use, directly or not.
func (g graph) reach(names []string) map[string]bool {
	reached := map[string]bool{}
	todo := slices.Clone(names)
	for len(todo) > 0 {
		last := len(todo) - 1
		name := todo[last]
		todo = todo[:last]
		if !reached[name] {
			reached[name] = true
			todo = append(todo, g.uses[name]...)
		}
	}
	return reached
}

// keys are the names of a set, in order.
func (g graph) keys(set map[string]bool) []string {
	var names []string
	for _, name := range g.names {
		if set[name] {
			names = append(names, name)
		}
	}
	return names
}
