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
	s := survey{tree: tree, dirs: map[string]*directory{}, claimed: map[string]string{}}
	s.walk(ctx)
	s.readKustomizations()
	s.readCharts()
	s.sniffManifests(ctx)
	units := s.units(options)
	return units, s.problems
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
	// notDeployed tells that the chart is a library or a dependency.
	notDeployed bool
	// inChart is the directory of the chart that this directory is part of.
	inChart string
	// manifests are the names of the files that hold plain manifests.
	manifests []string
}

// units makes the units of what was found.
func (s *survey) units(options DiscoverOptions) []Unit {
	var units []Unit
	for _, root := range s.kustomizationRoots() {
		units = append(units, options.unit(Kustomize, root, nil))
	}
	for _, name := range s.names {
		dir := s.dirs[name]
		switch {
		case dir.kustomization != "":
		case dir.chart != "":
			if !dir.notDeployed {
				units = append(units, options.unit(Helm, name, nil))
			}
		case len(dir.manifests) > 0:
			units = append(units, options.unit(Manifests, name, s.onlyFiles(name)))
		}
	}
	slices.SortFunc(units, func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
	return units
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

// kustomizationRoots returns the directories of kustomizations that are
// deployed: those that no other uses. Of kustomizations that only use each
// other in a circle the first is a root, so that the circle is told.
func (s *survey) kustomizationRoots() []string {
	used := s.usedKustomizations()
	reached := map[string]bool{}
	var roots []string
	for _, circles := range []bool{false, true} {
		for _, name := range s.names {
			dir := s.dirs[name]
			if dir.kustomization == "" || dir.component || reached[name] || used[name] && !circles {
				continue
			}
			s.reach(name, reached)
			roots = append(roots, name)
		}
	}
	for _, name := range s.names {
		if dir := s.dirs[name]; dir.component && !reached[name] {
			s.problems = append(s.problems, Problem{
				Code: CodeComponentUnused, Severity: Notice,
				Message: "component " + name + " is used by no kustomization, so nothing deploys it",
				Hint:    "nothing to do unless something outside of the repository uses it",
				Origin:  Origin{File: path.Join(name, dir.kustomization)},
			})
		}
	}
	return roots
}

// usedKustomizations returns the directories that kustomizations use. What
// only a component uses that nothing uses is not used.
func (s *survey) usedKustomizations() map[string]bool {
	unused := map[string]bool{}
	for {
		used := map[string]bool{}
		for _, name := range s.names {
			if !unused[name] {
				for _, use := range s.dirs[name].uses {
					used[use] = true
				}
			}
		}
		again := false
		for _, name := range s.names {
			if s.dirs[name].component && !used[name] && !unused[name] {
				unused[name], again = true, true
			}
		}
		if !again {
			return used
		}
	}
}

// reach marks a kustomization and all that it uses.
func (s *survey) reach(name string, reached map[string]bool) {
	todo := []string{name}
	for len(todo) > 0 {
		name, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if reached[name] {
			continue
		}
		reached[name] = true
		todo = append(todo, s.dirs[name].uses...)
	}
}
