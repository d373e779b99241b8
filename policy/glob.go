package policy

// globBytes is the length of the longest text that a glob matches. It keeps
// matching, which is quadratic in the worst case, within milliseconds.
const globBytes = 4096

// matchGlob tells whether the whole of text matches pattern. "*" stands for
// any run without "/", "**" for any run; every other byte stands for itself.
// A text that is longer than globBytes matches nothing.
func matchGlob(pattern, text string) bool {
	if len(text) > globBytes {
		return false
	}
	// The newest star of either kind is all that need be gone back to: a
	// shorter run before an older one never helps where a longer one of a
	// newer one does not.
	single, double := mark{pattern: -1}, mark{pattern: -1}
	p, t := 0, 0
	for t < len(text) || p < len(pattern) {
		switch {
		case hasDoubleStar(pattern, p):
			p += 2
			single, double = mark{pattern: -1}, mark{p, t}
			continue
		case p < len(pattern) && pattern[p] == '*':
			p++
			single = mark{p, t}
			continue
		case p < len(pattern) && t < len(text) && pattern[p] == text[t]:
			p, t = p+1, t+1
			continue
		case single.pattern >= 0 && single.text < len(text) && text[single.text] != '/':
			single.text++
			p, t = single.pattern, single.text
			continue
		case double.pattern >= 0 && double.text < len(text):
			double.text++
			single = mark{pattern: -1}
			p, t = double.pattern, double.text
			continue
		}
		return false
	}
	return true
}

// mark is a place to go back to: what follows a star, and where in the text
// the star's run ends.
type mark struct{ pattern, text int }

func hasDoubleStar(pattern string, at int) bool {
	return at+1 < len(pattern) && pattern[at] == '*' && pattern[at+1] == '*'
}

// matchAnyGlob tells whether any of the patterns matches text.
func matchAnyGlob(patterns []string, text string) bool {
	for _, pattern := range patterns {
		if matchGlob(pattern, text) {
			return true
		}
	}
	return false
}
