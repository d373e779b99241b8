package render

import (
	"context"
	"path"
	"slices"
	"strings"
)

// The codes of what Discover finds.
const (
	// CodePathNotFound is a path that the tree does not have.
	CodePathNotFound = "path-not-found"
	// CodePathNotDirectory is a path that is a file.
	CodePathNotDirectory = "path-not-a-directory"
	// CodeTreeUnreadable is a part of the tree that could not be listed.
	CodeTreeUnreadable = "tree-unreadable"
	// CodeTreeTooLarge is a tree of more than bounds.TreeFiles files.
	CodeTreeTooLarge = "tree-too-large"
	// CodeComponentUnused is a component that no kustomization uses.
	CodeComponentUnused = "component-unused"
	// CodeBaseOnly is a kustomization that is not rendered by itself, because
	// others use it.
	CodeBaseOnly = "kustomization-used"
	// CodeUnread is a directory with Kubernetes objects that no unit reads.
	CodeUnread = "manifests-unread"
	// CodeJsonnet is a directory with Jsonnet, which is not rendered.
	CodeJsonnet = "jsonnet-not-rendered"
	// CodePathUnprintable is a path with control characters in its name.
	CodePathUnprintable = "path-unprintable"
)

// DiscoverOptions say what to look for and how it is rendered.
type DiscoverOptions struct {
	// Paths are the directories to render; empty is the whole tree.
	Paths []string
	// Helm applies to every chart.
	Helm HelmOptions
	// AllowRemote lets kustomizations fetch remote bases and resources, and
	// charts the charts that they depend on.
	AllowRemote bool
	// Namespace is where objects go that name no namespace.
	Namespace string
}

// Discover cuts a tree into units, sorted by name.
//
// With paths, each directory named is one unit if it has a kustomization file,
// or else a Chart.yaml: that is the order of Argo CD. One that has neither
// stands for all below it, as Flux has it, and is looked over as a whole tree
// is.
//
// Without paths, the units are the kustomizations that no other kustomization
// uses, the charts that no other chart or kustomization depends on, and the
// directories with manifests that neither of those reads. Passed over are the
// directories of version control, forges and editors, such as .git; a symlink
// to a directory is followed where nothing else leads there. No manifest is in
// two units.
//
// What is in no unit, and could be deployed all the same, is a problem: Unseen
// where it may name an image, else a Notice.
func Discover(ctx context.Context, tree Tree, options DiscoverOptions) ([]Unit, []Problem) {
	if len(options.Paths) > 0 {
		return discoverPaths(ctx, tree, options)
	}
	return discoverBelow(ctx, tree, ".", options)
}

// discoverBelow makes the units of a directory and all below it.
func discoverBelow(ctx context.Context, tree Tree, root string, options DiscoverOptions) ([]Unit, []Problem) {
	s := discoverAll(ctx, tree, root)
	units := s.units(options)
	return units, s.problems
}

// discoverAll looks over a directory and all below it.
func discoverAll(ctx context.Context, tree Tree, root string) *survey {
	s := &survey{tree: tree, dirs: map[string]*directory{}, claimed: map[string]claim{}, real: map[string]string{}}
	s.walk(ctx, root)
	s.readKustomizations()
	s.claimRendered()
	s.readCharts()
	s.sniffManifests(ctx)
	return s
}

// unit makes the unit of one directory.
func (o DiscoverOptions) unit(kind SourceKind, dir string, files []string) Unit {
	source := Source{Kind: kind, Path: dir, Files: files, AllowRemote: o.AllowRemote && kind != Manifests}
	if kind == Helm {
		source.Helm = o.Helm
		if source.Helm.Namespace == "" {
			source.Helm.Namespace = o.Namespace
		}
	}
	return Unit{Name: dir, Sources: []Source{source}, Namespace: o.Namespace}
}

// survey is what discovery knows of a tree.
type survey struct {
	tree Tree
	// dirs are the directories by path.
	dirs map[string]*directory
	// names are the paths of dirs, sorted.
	names []string
	// real are the names in dirs of the directories that were walked, by the
	// path that has no symlink in it.
	real map[string]string
	// claimed are the files that rendered kustomizations read.
	claimed  map[string]claim
	problems []Problem
}

// claim is how a kustomization reads a file.
type claim struct {
	// by is the directory of the first kustomization that does.
	by string
	// data tells that the objects in the file are not what it deploys.
	data bool
}

// directory is one directory of the tree.
type directory struct {
	// files are the names of its YAML and JSON files, sorted, and jsonnet
	// those of its Jsonnet files.
	files, jsonnet []string
	// kustomization and chart are the names of its defining files, or "".
	kustomization, chart string
	// component tells that the kustomization is a component, and builds that
	// it may build to something by itself.
	component, builds bool
	// inputs are what the kustomization names.
	inputs []input
	// uses are the directories of the kustomizations that this one uses.
	uses []string
	// inflates are the directories of the charts that the kustomization
	// inflates.
	inflates []string
	// library tells that the chart is a library.
	library bool
	// inflated tells that a rendered kustomization inflates the chart.
	inflated bool
	// rendered tells that the kustomization or the chart is rendered, by
	// itself or by what uses it.
	rendered bool
	// dependencies are the directories of the charts that this one depends on.
	dependencies []string
	// inChart is the directory of the chart that this directory is part of.
	inChart string
	// manifests are the names of the files that hold plain manifests.
	manifests []string
	// templates are those of files below a chart that hold nothing but
	// templates.
	templates []string
	// unread are the names of the files that hold objects and that no unit
	// reads, and images how many of them may name an image.
	unread []string
	images int
}

// units makes the units of what was found.
func (s *survey) units(options DiscoverOptions) []Unit {
	var units []Unit
	kustomizations := s.kustomizations()
	for _, name := range kustomizations.roots() {
		units = append(units, options.unit(Kustomize, name, nil))
	}
	for _, name := range s.charts().roots() {
		units = append(units, options.unit(Helm, name, nil))
	}
	for _, name := range s.names {
		if len(s.dirs[name].manifests) > 0 {
			units = append(units, options.unit(Manifests, name, s.onlyFiles(name)))
		}
	}
	s.tellUnused(kustomizations)
	s.tellUsed(kustomizations)
	s.tellUnread()
	slices.SortFunc(units, func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
	return units
}

// kustomizations says which kustomizations use which.
func (s *survey) kustomizations() graph {
	g := graph{uses: map[string][]string{}, never: map[string]bool{}}
	for _, name := range s.names {
		if dir := s.dirs[name]; dir.kustomization != "" {
			g.names = append(g.names, name)
			g.uses[name], g.never[name] = dir.uses, dir.component
		}
	}
	return g
}

// charts says which charts depend on which. Where a directory has both, the
// kustomization is what is deployed.
func (s *survey) charts() graph {
	g := graph{uses: map[string][]string{}, never: map[string]bool{}, outside: map[string]bool{}}
	for _, name := range s.names {
		if dir := s.dirs[name]; dir.chart != "" && (dir.kustomization == "" || dir.inflated) {
			g.names = append(g.names, name)
			g.uses[name], g.never[name], g.outside[name] = dir.dependencies, dir.library, dir.inflated
		}
	}
	return g
}

// onlyFiles returns the files that a unit of plain manifests reads, or nil
// for all: those that a kustomization reads are deployed by that, and
// templates by nobody.
func (s *survey) onlyFiles(name string) []string {
	dir := s.dirs[name]
	files := slices.DeleteFunc(slices.Clone(dir.files), func(file string) bool {
		_, claimed := s.claimed[path.Join(name, file)]
		return claimed || slices.Contains(dir.templates, file)
	})
	if len(files) == len(dir.files) {
		return nil
	}
	return append(files, dir.jsonnet...)
}
