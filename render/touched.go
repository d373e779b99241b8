package render

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Side is one of two revisions that are compared: its tree and the units that
// Discover finds in it.
type Side struct {
	Tree  Tree
	Units []Unit
}

// Reads is what the unit of a deployer object reads.
type Reads struct {
	// Text is all that the unit is made of apart from files: what its deployer
	// object says, where its sources are, and the values that it was given. Two
	// units of one name and text that read the same files render to the same.
	Text string
	// Dirs are directories of the tree that may be rendered as kustomizations,
	// charts or plain manifests, and Files are files, which need not exist.
	Dirs, Files []string
	// Everywhere are names of files that are read in whatever directory of the
	// tree they are.
	Everywhere []string
	// Objects are the names of the ConfigMaps and Secrets that the unit takes
	// values from.
	Objects []string
	// Fetch returns the trees that are read beside the one that is rendered. It
	// is nil if there are none.
	Fetch func(ctx context.Context) ([]fs.FS, error)
}

// Reader is an Expander that can tell what its units read.
type Reader interface {
	Expander
	// Reads returns what a unit that Expand returned reads of the tree, and
	// whether that is all: it is not where something follows from which commit
	// the tree is, or cannot be told without rendering. Objects always are all.
	Reads(tree Tree, unit Unit) (reads Reads, all bool)
}

// footprint knows what of a tree a unit can read.
type footprint struct {
	survey *survey
	// files are all of the tree, sorted, with what kind each is.
	files []string
	links map[string]bool
	// byBase are the files by the last part of their names.
	byBase map[string][]string
	// read are the signs of the files that were read.
	read map[string]signs
	// whole tells that files has every file of the tree.
	whole bool
}

func newFootprint(ctx context.Context, tree Tree) *footprint {
	f := &footprint{
		survey: discoverAll(ctx, tree, "."), links: map[string]bool{}, byBase: map[string][]string{},
		read: map[string]signs{}, whole: true,
	}
	err := fs.WalkDir(tree.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			f.whole = false
			return fs.SkipAll
		}
		if !entry.IsDir() {
			f.files = append(f.files, name)
			f.byBase[path.Base(name)] = append(f.byBase[path.Base(name)], name)
			f.links[name] = entry.Type()&fs.ModeSymlink != 0
		}
		return nil
	})
	f.whole = f.whole && err == nil
	slices.Sort(f.files)
	return f
}

// bare returns what a bare directory can read, or nil if that is not known.
func (f *footprint) bare(unit Unit) *closure {
	if !f.whole || len(unit.Sources) != 1 || unit.Deployer != (ObjectID{}) {
		return nil
	}
	c := f.closure()
	if !c.source(unit.Sources[0]) || !c.plain() {
		return nil
	}
	return c
}

// deployed returns what the unit of a deployer object can read, or nil if that
// is not known.
func (f *footprint) deployed(reads Reads) *closure {
	c := f.closure()
	c.anywhere, c.text = true, reads.Text
	for _, dir := range reads.Dirs {
		if !c.any(path.Clean(dir)) {
			return nil
		}
	}
	for _, name := range reads.Files {
		c.named = append(c.named, path.Clean(name))
	}
	for _, base := range reads.Everywhere {
		c.named = append(c.named, f.byBase[base]...)
	}
	if !f.whole || signsOf([]byte(reads.Text))&leadsElsewhere != 0 || !c.plain() {
		return nil
	}
	return c
}

// closure is what one unit can read: directories with all below them, and
// files.
type closure struct {
	*footprint
	dirs map[string]bool
	// seen are the kustomizations and charts that were looked at.
	seen  map[string]bool
	named []string
	// anywhere tells that kustomizations may load files of the whole tree.
	anywhere bool
	// text is that of a deployer object.
	text string
	// fetched are the trees that are read beside this one.
	fetched []fs.FS
}

func (f *footprint) closure() *closure {
	return &closure{footprint: f, dirs: map[string]bool{}, seen: map[string]bool{}}
}

// misses tells that none of the paths can be read.
func (c *closure) misses(changed pathSet) bool {
	for dir := range c.dirs {
		if changed.above(dir) || changed.below(dir) {
			return false
		}
	}
	return !slices.ContainsFunc(c.named, changed.above)
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

// any adds what a directory can read, whatever it and those below it are.
func (c *closure) any(dir string) bool {
	if !fs.ValidPath(dir) {
		return false
	}
	c.dirs[dir] = true
	names := c.survey.names
	from, _ := slices.BinarySearch(names, dir)
	if dir == "." {
		from = 0
	}
	for _, name := range names[from:] {
		if dir != "." && name != dir && !strings.HasPrefix(name, dir+"/") {
			if name > dir+"/" {
				break
			}
			continue
		}
		found := c.survey.dirs[name]
		if found.kustomization == "" && slices.ContainsFunc(kustomizationNames(), func(file string) bool { return c.hasFile(path.Join(name, file)) }) {
			return false
		}
		if found.kustomization != "" && !c.kustomization(name) || found.chart != "" && !c.chart(name) {
			return false
		}
	}
	return true
}

// kustomization adds what a kustomization and those that it uses can read.
func (c *closure) kustomization(dir string) bool {
	if c.seen[dir] {
		return true
	}
	c.seen[dir], c.dirs[dir] = true, true
	found := c.survey.dirs[dir]
	if found == nil || found.kustomization == "" {
		return found != nil && (!c.anywhere || c.any(dir))
	}
	root := c.survey.parse(path.Join(dir, found.kustomization))
	if root == nil {
		return false
	}
	never := []string{"helmCharts", "helmChartInflationGenerator", "helmGlobals"}
	if c.anywhere {
		// What these are configured by may name files too.
		never = append(never, "generators", "transformers", "validators")
	}
	if slices.ContainsFunc(never, func(field string) bool { return Child(root, field) != nil }) {
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
	if c.seen[dir] {
		return true
	}
	c.seen[dir], c.dirs[dir] = true, true
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
	}
	for _, name := range c.named {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if c.links[dir] {
				return false
			}
		}
	}
	plain := true
	c.each(func(_ string, s signs) bool {
		plain = s&leadsElsewhere == 0
		return plain
	})
	return plain
}

// each calls a function with every file that the unit can read and its signs,
// for as long as that returns true.
func (c *closure) each(call func(name string, s signs) bool) {
	for dir := range c.dirs {
		prefix := prefixOf(dir)
		from, _ := slices.BinarySearch(c.files, prefix)
		for _, name := range c.files[from:] {
			if !strings.HasPrefix(name, prefix) {
				break
			}
			if !call(name, c.signs(name)) {
				return
			}
		}
	}
	for _, name := range c.named {
		if c.hasFile(name) && !call(name, c.signs(name)) {
			return
		}
	}
}
