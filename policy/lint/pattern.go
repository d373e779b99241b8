package lint

import (
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
)

// token is one character of a glob, or a star.
type token rune

const (
	star   token = -1 // any run without "/"
	double token = -2 // any run
)

func tokens(glob string) []token {
	var out []token
	for runes := []rune(glob); len(runes) > 0; {
		switch {
		case len(runes) > 1 && runes[0] == '*' && runes[1] == '*':
			out, runes = append(out, double), runes[2:]
		case runes[0] == '*':
			out, runes = append(out, star), runes[1:]
		default:
			out, runes = append(out, token(runes[0])), runes[1:]
		}
	}
	return out
}

// takes tells whether a star can stand for a token of another glob.
func (t token) takes(other token) bool {
	return t == double || t == star && other != '/' && other != double
}

// covers tells whether everything that the narrow glob matches is matched by
// the wide one. It may say no where that is hard to tell.
func covers(wide, narrow string) bool {
	w, n := tokens(wide), tokens(narrow)
	// reach[i] tells that the tokens of narrow so far can be matched by the
	// first i tokens of wide.
	reach := make([]bool, len(w)+1)
	reach[0] = true
	skip := func() {
		for i := range w {
			reach[i+1] = reach[i+1] || reach[i] && w[i] < 0
		}
	}
	skip()
	for _, t := range n {
		next := make([]bool, len(w)+1)
		for i := range w {
			next[i+1] = reach[i] && w[i] == t && t >= 0 || reach[i+1] && w[i] < 0 && w[i].takes(t)
		}
		reach = next
		skip()
	}
	return reach[len(w)]
}

// overlap tells whether any text is matched by both globs.
func overlap(a, b string) bool {
	x, y := tokens(a), tokens(b)
	// meet[i][j] tells that the rests from i and from j can match one text.
	meet := make([][]bool, len(x)+1)
	for i := range meet {
		meet[i] = make([]bool, len(y)+1)
	}
	for i := len(x); i >= 0; i-- {
		for j := len(y); j >= 0; j-- {
			switch {
			case i == len(x) && j == len(y):
				meet[i][j] = true
			case i < len(x) && x[i] < 0:
				meet[i][j] = meet[i+1][j] || j < len(y) && (y[j] < 0 || x[i].takes(y[j])) && meet[i][j+1]
			case j < len(y) && y[j] < 0:
				meet[i][j] = meet[i][j+1] || i < len(x) && y[j].takes(x[i]) && meet[i+1][j]
			case i < len(x) && j < len(y):
				meet[i][j] = x[i] == y[j] && meet[i+1][j+1]
			}
		}
	}
	return meet[0][0]
}

// imagePattern is a glob of image names in its parts.
type imagePattern struct{ repository, tag, digest string }

func parseImage(text string) imagePattern {
	rest, digest, _ := strings.Cut(text, "@")
	var p imagePattern
	p.digest = digest
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		rest, p.tag = rest[:i], rest[i+1:]
	}
	p.repository = policy.NormalPattern(rest)
	return p
}

func (p imagePattern) covers(narrow imagePattern) bool {
	part := func(wide, narrow string) bool { return wide == "" || narrow != "" && covers(wide, narrow) }
	return covers(p.repository, narrow.repository) && part(p.tag, narrow.tag) && part(p.digest, narrow.digest)
}

func (p imagePattern) overlaps(other imagePattern) bool {
	part := func(a, b string) bool { return a == "" || b == "" || overlap(a, b) }
	return overlap(p.repository, other.repository) && part(p.tag, other.tag) && part(p.digest, other.digest)
}

// coveredImage tells whether any of the patterns covers the narrow one.
func coveredImage(wide []string, narrow string) bool {
	return slices.ContainsFunc(wide, func(w string) bool { return parseImage(w).covers(parseImage(narrow)) })
}

// overlapsImage tells whether any of the patterns overlaps with another.
func overlapsImage(patterns []string, other string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return parseImage(p).overlaps(parseImage(other)) })
}

// coveredBy tells whether every one of the narrow globs is covered by one of
// the wide ones. No globs at all match everything.
func coveredBy(wide, narrow []string) bool {
	if len(wide) == 0 {
		return true
	}
	return len(narrow) > 0 && !slices.ContainsFunc(narrow, func(n string) bool {
		return !slices.ContainsFunc(wide, func(w string) bool { return covers(w, n) })
	})
}
