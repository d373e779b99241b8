// Package wildcard matches texts as Kyverno does: "*" is any text, "?" is any
// one character, and nothing else is special.
//
// It is written out because the library that Kyverno uses takes time without
// bound for a pattern of a few asterisks.
package wildcard

// Match tells whether the whole text matches.
func Match(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			// One more character for the last asterisk.
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
