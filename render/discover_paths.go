package render

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// discoverPaths makes the units of each directory that is named. A directory
// below another one that is named comes first: what is above it then takes
// nothing out of it.
func discoverPaths(ctx context.Context, tree Tree, options DiscoverOptions) ([]Unit, []Problem) {
	var units []Unit
	var problems []Problem
	known := map[string]bool{}
	for _, given := range deepestFirst(options.Paths) {
		dir := path.Clean(given)
		kind, problem := detect(tree, dir)
		if problem != nil {
			problem.Unit = given
			problems = append(problems, *problem)
			continue
		}
		found, said := options.named(ctx, tree, kind, dir)
		problems = append(problems, slices.DeleteFunc(said, func(p Problem) bool { return slices.Contains(problems, p) })...)
		for _, unit := range found {
			if !known[unit.Name] {
				known[unit.Name] = true
				unit.Named = true
				units = append(units, unit)
			}
		}
	}
	slices.SortFunc(units, func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
	return units, problems
}

// deepestFirst returns paths, each once, those with more steps first.
func deepestFirst(paths []string) []string {
	var list []string
	for _, given := range paths {
		if !slices.ContainsFunc(list, func(other string) bool { return path.Clean(other) == path.Clean(given) }) {
			list = append(list, given)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int {
		return strings.Count(path.Clean(b), "/") - strings.Count(path.Clean(a), "/")
	})
	return list
}

// named makes the units of a directory that is named. One in which there is
// nothing is a unit all the same, which says so when it is rendered.
func (o DiscoverOptions) named(ctx context.Context, tree Tree, kind SourceKind, dir string) ([]Unit, []Problem) {
	if kind != Manifests {
		return []Unit{o.unit(kind, dir, nil)}, nil
	}
	units, problems := discoverBelow(ctx, tree, dir, o)
	if len(units) == 0 && !blocks(problems) {
		units = []Unit{o.unit(Manifests, dir, nil)}
	}
	return units, problems
}

// detect says how a directory is rendered.
func detect(tree Tree, dir string) (SourceKind, *Problem) {
	if !fs.ValidPath(dir) {
		return "", notFound(dir, "give a path relative to the root of the repository, such as apps/web")
	}
	if !printable(dir) {
		return "", &Problem{
			Code: CodePathUnprintable, Severity: Broken,
			Message: fmt.Sprintf("path %q has control characters in it", dir), Hint: "rename it",
		}
	}
	info, err := fs.Stat(tree.FS, dir)
	if err != nil {
		return "", notFound(dir, nearPaths(tree, dir))
	}
	if !info.IsDir() {
		return "", &Problem{
			Code: CodePathNotDirectory, Severity: Broken, Origin: Origin{File: dir},
			Message: fmt.Sprintf("path %q is a file, not a directory", dir),
			Hint:    fmt.Sprintf("give the directory that is deployed: --path %s", path.Dir(dir)),
		}
	}
	for _, name := range kustomizationNames() {
		if isFile(tree, path.Join(dir, name)) {
			return Kustomize, nil
		}
	}
	if isFile(tree, path.Join(dir, chartName)) {
		return Helm, nil
	}
	return Manifests, nil
}

// isFile tells whether the tree has something at a path that is no directory.
func isFile(tree Tree, name string) bool {
	info, err := fs.Stat(tree.FS, name)
	return err == nil && !info.IsDir()
}

// notFound says that a path is not in the tree.
func notFound(dir, hint string) *Problem {
	return &Problem{
		Code: CodePathNotFound, Severity: Broken,
		Message: fmt.Sprintf("path %q does not exist in the revision", dir), Hint: hint,
	}
}

// nearPaths suggests what a path that does not exist was meant to be: it
// follows the path as far as it exists, and takes the nearest name where it
// does not.
func nearPaths(tree Tree, dir string) string {
	at := "."
	for _, step := range strings.Split(dir, "/") {
		names := directories(tree, at)
		if slices.Contains(names, step) {
			at = path.Join(at, step)
			continue
		}
		near := nearest(names, step)
		if near == "" {
			return offer(at, names)
		}
		at = path.Join(at, near)
	}
	return fmt.Sprintf("did you mean %s?", at)
}

// offer says what there is in a directory.
func offer(at string, names []string) string {
	const most = 8
	switch {
	case len(names) == 0:
		return fmt.Sprintf("did you mean %s? it has no directories", at)
	case len(names) > most:
		return fmt.Sprintf("%s has the directories %s and %d more", at, strings.Join(names[:most], ", "), len(names)-most)
	}
	return fmt.Sprintf("%s has the directories %s", at, strings.Join(names, ", "))
}

// directories are the names of the directories in a directory.
func directories(tree Tree, dir string) []string {
	entries, err := fs.ReadDir(tree.FS, dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// nearest returns the name that differs least from the one wanted, if that is
// by two letters or a third of them, or "".
func nearest(names []string, wanted string) string {
	best, least := "", min(max(2, len(wanted)/3)+1, len(wanted))
	for _, name := range names {
		if d := distance(name, wanted); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace between two
// strings.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
