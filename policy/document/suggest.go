package document

import (
	"fmt"
	"strings"
)

// Suggest ends a message about an unknown word: what was probably meant, and
// what is allowed.
func Suggest(word string, known []string) string {
	allowed := strings.Join(known, ", ")
	if len(known) == 1 {
		return "; want " + known[0]
	}
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q? want one of %s", near, allowed)
	}
	return "; want one of " + allowed
}

// nearest returns the known word that differs least from word, or "" where
// none is near.
func nearest(word string, known []string) string {
	const longest = 64
	best, least := "", len(word)/3+1
	if len(word) > longest {
		return ""
	}
	for _, candidate := range known {
		if distance := editDistance(strings.ToLower(word), strings.ToLower(candidate)); distance < least {
			best, least = candidate, distance
		}
	}
	return best
}

// editDistance is the number of insertions, deletions, substitutions and
// swaps of neighbours that turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
