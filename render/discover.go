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
)

// DiscoverOptions say what to look for and how it is rendered.
type DiscoverOptions struct {
	// Paths are the directories to render; empty is the whole tree.
	Paths []string
	// Helm applies to every chart.
	Helm HelmOptions
	// AllowRemote lets kustomizations fetch remote bases and resources.
	AllowRemote bool
	// Namespace is where objects go that name no namespace.
	Namespace string
}

// Discover cuts a tree into units, sorted by name.
//
// With paths, each directory named is one unit: a kustomization if it has a
// kustomization file, else a chart if it has a Chart.yaml, else plain
// manifests. That is the order of Argo CD.
//
// Without paths, the units are the kustomizations that no other kustomization
// uses, the charts that no other chart or kustomization depends on, and the
// directories with manifests that neither of those reads. Hidden directories
// are passed over. No manifest is in two units.
func Discover(ctx context.Context, tree Tree, options DiscoverOptions) ([]Unit, []Problem) {
	if len(options.Paths) > 0 {
		return discoverPaths(tree, options)
	}
	s := discoverAll(ctx, tree)
	units := s.units(options)
	return units, s.problems
}

// discoverAll looks over a whole tree.
func discoverAll(ctx context.Context, tree Tree) *survey {
	s := &survey{tree: tree, dirs: map[string]*directory{}, claimed: map[string]string{}}
	s.walk(ctx)
	s.readKustomizations()
	s.readCharts()
	s.sniffManifests(ctx)
	return s
}

// unit makes the unit of one directory.
func (o DiscoverOptions) unit(kind SourceKind, dir string, files []string) Unit {
	source := Source{Kind: kind, Path: dir, Files: files}
	switch kind {
	case Helm:
		source.Helm = o.Helm
		if source.Helm.Namespace == "" {
			source.Helm.Namespace = o.Namespace
		}
	case Kustomize:
		source.AllowRemote = o.AllowRemote
	}
	return Unit{Name: dir, Sources: []Source{source}, Namespace: o.Namespace}
}

// survey is what discovery knows of a tree.
type survey struct {
	tree Tree
	// dirs are the directories by path, hidden ones left out.
	dirs map[string]*directory
	// names are the paths of dirs, sorted.
	names []string
	// claimed are the files that kustomizations read, with the directory of
	// the first that does.
	claimed  map[string]string
	problems []Problem
}

// directory is one directory of the tree.
type directory struct {
	// files are the names of its files, sorted.
	files []string
	// kustomization and chart are the names of its defining files, or "".
	kustomization, chart string
	// component tells that the kustomization is a component.
	component bool
	// uses are the directories of the kustomizations that this one uses.
	uses []string
	// library tells that the chart is a library.
	library bool
	// inflated tells that a kustomization inflates the chart.
	inflated bool
	// dependencies are the directories of the charts that this one depends on.
	dependencies []string
	// inChart is the directory of the chart that this directory is part of.
	inChart string
	// manifests are the names of the files that hold plain manifests.
	manifests []string
}

// units makes the units of what was found.
func (s *survey) units(options DiscoverOptions) []Unit {
	var units []Unit
	kustomizations := s.kustomizations()
	for _, name := range kustomizations.roots() {
		units = append(units, options.unit(Kustomize, name, nil))
	}
	for _, name := range kustomizations.unused() {
		s.problems = append(s.problems, Problem{
			Code: CodeComponentUnused, Severity: Notice,
			Message: "component " + name + " is used by no kustomization, so nothing deploys it",
			Hint:    "nothing to do unless something outside of the repository uses it",
			Origin:  Origin{File: path.Join(name, s.dirs[name].kustomization)},
		})
	}
	for _, name := range s.charts().roots() {
		units = append(units, options.unit(Helm, name, nil))
	}
	for _, name := range s.names {
		if len(s.dirs[name].manifests) > 0 {
			units = append(units, options.unit(Manifests, name, s.onlyFiles(name)))
		}
	}
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
		if dir := s.dirs[name]; dir.chart != "" {
			g.names = append(g.names, name)
			g.uses[name], g.never[name] = dir.dependencies, dir.library
			g.outside[name] = dir.inflated || dir.kustomization != ""
		}
	}
	return g
}

// onlyFiles returns the files that a unit of plain manifests reads, or nil
// for all: those that a kustomization reads are deployed by that.
func (s *survey) onlyFiles(dir string) []string {
	var files []string
	some := false
	for _, name := range s.dirs[dir].files {
		if _, claimed := s.claimed[path.Join(dir, name)]; claimed {
			some = true
			continue
		}
		if isManifestName(name) {
			files = append(files, name)
		}
	}
	if !some {
		return nil
	}
	return files
}
