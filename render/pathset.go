package render

import (
	"path"
	"slices"
	"strings"
)

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
