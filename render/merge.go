package render

import "strings"

// Merge joins lists of problems. A file that could not be read is told once:
// what a later list says of the same file as a whole, and of no place in it,
// is left out.
func Merge(lists ...[]Problem) []Problem {
	var merged []Problem
	told := map[string]int{}
	for i, list := range lists {
		for _, p := range list {
			whole := p.Origin.File != "" && p.Origin.Line == 0 && p.Severity == Unseen
			if by, ok := told[p.Origin.File]; whole && ok && by < i {
				continue
			}
			if whole {
				if _, ok := told[p.Origin.File]; !ok {
					told[p.Origin.File] = i
				}
			}
			merged = append(merged, p)
		}
	}
	return merged
}

// Within makes the problems of a tree that lie outside of all paths into
// notices: nothing there is rendered, and what a unit loads from there all
// the same is a problem of that unit. No paths are the whole tree.
func Within(problems []Problem, paths []string) []Problem {
	if len(paths) == 0 {
		return problems
	}
	list := make([]Problem, len(problems))
	for i, p := range problems {
		if p.Origin.File != "" && !inside(p.Origin.File, paths) {
			p.Severity = Notice
		}
		list[i] = p
	}
	return list
}

func inside(file string, paths []string) bool {
	for _, dir := range paths {
		dir = strings.Trim(strings.TrimPrefix(dir, "./"), "/")
		if dir == "" || dir == "." || file == dir || strings.HasPrefix(file, dir+"/") || strings.HasPrefix(dir, file+"/") {
			return true
		}
	}
	return false
}
