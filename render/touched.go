package render

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
)

// Side is one of two revisions that are compared: its tree and the units that
// Discover finds in it.
type Side struct {
	Tree  Tree
	Units []Unit
}

// Touched returns those of the units of two revisions that a change of these
// paths can make render otherwise, and tells whether there are others. A path
// stands for all that is below it.
//
// A unit is left out only if it is the same in both revisions, and nothing
// changed in the directories that it can read: its own, those of the
// kustomizations and charts that it uses, and the files that are named. What
// can read anything else is never left out: units of deployer objects, those
// with deployer objects among their files, or with symlinks, archives, remote
// resources, charts to inflate or to fetch.
func Touched(ctx context.Context, before, after Side, changed []string) (old, current []Unit, others bool) {
	paths := newPathSet(changed)
	readers := [2]*footprint{newFootprint(ctx, before.Tree), newFootprint(ctx, after.Tree)}
	known := map[string]Unit{}
	for _, unit := range before.Units {
		known[unit.Name] = unit
	}
	same := map[string]bool{}
	for _, unit := range after.Units {
		if was, both := known[unit.Name]; both && reflect.DeepEqual(was, unit) && readers[0].misses(was, paths) && readers[1].misses(unit, paths) {
			same[unit.Name] = true
		}
	}
	untouched := func(u Unit) bool { return same[u.Name] }
	return slices.DeleteFunc(slices.Clone(before.Units), untouched), slices.DeleteFunc(slices.Clone(after.Units), untouched), len(same) > 0
}

// footprint knows what of a tree a unit can read.
type footprint struct {
	survey *survey
	// files are all of the tree, sorted, with what kind each is.
	files []string
	links map[string]bool
	// read are the files that were read: whether they hold nothing that
	// leads elsewhere.
	read map[string]bool
	// whole tells that files has every file of the tree.
	whole bool
}

func newFootprint(ctx context.Context, tree Tree) *footprint {
	f := &footprint{survey: discoverAll(ctx, tree, "."), links: map[string]bool{}, read: map[string]bool{}, whole: true}
	err := fs.WalkDir(tree.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			f.whole = false
			return fs.SkipAll
		}
		if !entry.IsDir() {
			f.files = append(f.files, name)
			f.links[name] = entry.Type()&fs.ModeSymlink != 0
		}
		return nil
	})
	f.whole = f.whole && err == nil
	slices.Sort(f.files)
	return f
}

// misses tells that a unit can read none of the paths.
func (f *footprint) misses(unit Unit, changed pathSet) bool {
	if !f.whole || len(unit.Sources) != 1 || unit.Deployer != (ObjectID{}) {
		return false
	}
	c := closure{footprint: f, dirs: map[string]bool{}}
	if !c.source(unit.Sources[0]) {
		return false
	}
	for dir := range c.dirs {
		if changed.above(dir) || changed.below(dir) {
			return false
		}
	}
	return !slices.ContainsFunc(c.named, changed.above) && c.plain()
}

// pathSet are paths, each of which stands for all that is below it.
type pathSet struct {
	sorted []string
	known  map[string]bool
}

func newPathSet(paths []string) pathSet {
	s := pathSet{sorted: slices.Sorted(slices.Values(paths)), known: map[string]bool{}}
	for _, name := range paths {
		s.known[name] = true
	}
	return s
}

// above tells whether a path or a directory that it is in is in the set.
func (s pathSet) above(name string) bool {
	for ; ; name = path.Dir(name) {
		if s.known[name] {
			return true
		}
		if name == "." || name == "/" {
			return false
		}
	}
}

// below tells whether anything below a directory is in the set.
func (s pathSet) below(dir string) bool {
	prefix := prefixOf(dir)
	at, _ := slices.BinarySearch(s.sorted, prefix)
	return at < len(s.sorted) && strings.HasPrefix(s.sorted[at], prefix)
}

// prefixOf is how the paths below a directory start.
func prefixOf(dir string) string {
	if dir == "." {
		return ""
	}
	return dir + "/"
}

// closure is what one unit can read: directories with all below them, and
// files.
type closure struct {
	*footprint
	dirs  map[string]bool
	named []string
}

// source adds what a source can read, and tells whether that is known.
func (c *closure) source(s Source) bool {
	switch s.Kind {
	case Manifests:
		c.dirs[s.Path] = true
		return true
	case Kustomize:
		return s.Load == LoadRoot && c.kustomization(s.Path)
	case Helm:
		for _, name := range s.Helm.ValueFiles {
			c.named = append(c.named, path.Clean(name))
		}
		return len(s.Helm.SetFile) == 0 && c.chart(s.Path)
	}
	return false
}

// kustomization adds what a kustomization and those that it uses can read.
func (c *closure) kustomization(dir string) bool {
	if c.dirs[dir] {
		return true
	}
	c.dirs[dir] = true
	found := c.survey.dirs[dir]
	if found == nil || found.kustomization == "" {
		return found != nil
	}
	root := c.survey.parse(path.Join(dir, found.kustomization))
	if root == nil || Child(root, "helmCharts") != nil || Child(root, "helmChartInflationGenerator") != nil || Child(root, "helmGlobals") != nil {
		return false
	}
	for _, input := range found.inputs {
		if strings.Contains(input.path, "\n") {
			continue
		}
		target := path.Join(dir, input.path)
		switch {
		case c.survey.dirs[target] != nil:
			if !c.kustomization(target) {
				return false
			}
		case c.hasFile(target):
			c.named = append(c.named, target)
		default:
			return false
		}
	}
	return true
}

// chart adds what a chart and those that it depends on can read.
func (c *closure) chart(dir string) bool {
	if c.dirs[dir] {
		return true
	}
	c.dirs[dir] = true
	found := c.survey.dirs[dir]
	if found == nil || found.chart == "" {
		return false
	}
	for _, name := range []string{found.chart, "requirements.yaml"} {
		if !c.hasFile(path.Join(dir, name)) {
			continue
		}
		root := c.survey.parse(path.Join(dir, name))
		if root == nil {
			return false
		}
		for _, repository := range pick(root, []string{"dependencies[]", "repository"}) {
			local, inTree := strings.CutPrefix(repository, "file://")
			if repository != "" && (!inTree || !c.chart(path.Join(dir, local))) {
				return false
			}
		}
	}
	for _, dependency := range found.dependencies {
		if !c.chart(dependency) {
			return false
		}
	}
	return true
}

func (c *closure) hasFile(name string) bool {
	_, found := slices.BinarySearch(c.files, name)
	return found
}

// plain tells that nothing that the unit can read leads elsewhere.
func (c *closure) plain() bool {
	for dir := range c.dirs {
		if realPath(c.survey.tree, dir) != dir {
			return false
		}
		prefix := prefixOf(dir)
		from, _ := slices.BinarySearch(c.files, prefix)
		for _, name := range c.files[from:] {
			if !strings.HasPrefix(name, prefix) {
				break
			}
			if !c.plainFile(name) {
				return false
			}
		}
	}
	for _, name := range c.named {
		if !c.hasFile(name) || !c.plainFile(name) {
			return false
		}
	}
	return true
}

// deployerSigns are in every file that could render to a deployer object.
var deployerSigns = [][]byte{[]byte("argoproj"), []byte("fluxcd")}

// plainFile tells that a file leads nowhere else: it is no symlink and no
// archive, and names no deployer object.
func (f *footprint) plainFile(name string) bool {
	plain, known := f.read[name]
	if !known {
		plain = f.looksPlain(name)
		f.read[name] = plain
	}
	return plain
}

func (f *footprint) looksPlain(name string) bool {
	if f.links[name] || slices.Contains([]string{".tgz", ".gz", ".tar", ".zip"}, path.Ext(name)) {
		return false
	}
	data, err := readBounded(f.survey.tree, name)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(deployerSigns, func(sign []byte) bool { return bytes.Contains(data, sign) })
}
