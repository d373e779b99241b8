package rendertest

import (
	_ "embed"
	"slices"
	"strings"
)

// wrong are the rows of the corpus that are held to be wrong, with the reason.
//
//go:embed wrong.tsv
var wrong string

// Wrong returns why a row of the corpus is held to be wrong, or nothing. What
// is the name of an object or the normal reference of an image, and "*" for a
// whole unit.
func Wrong(unit, what string) string {
	repo, _, _ := strings.Cut(unit, ":")
	for line := range strings.Lines(wrong) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if (cells[0] == unit || cells[0] == repo) && cells[1] == what {
			return cells[2]
		}
	}
	return ""
}

// Held returns the rows of a unit that are not held to be wrong.
func Held(unit Unit, wants []Want) []Want {
	return slices.DeleteFunc(slices.Clone(wants), func(w Want) bool { return Wrong(unit.Name, w.ID.Name) != "" })
}
