package policy

import (
	"regexp"
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a", "ba", false}, {"", "", true}, {"", "a", false},
		{"*", "", true}, {"*", "abc", true}, {"*", "a/b", false}, {"**", "a/b/c", true}, {"**", "", true},
		{"ghcr.io/acme/*", "ghcr.io/acme/app", true}, {"ghcr.io/acme/*", "ghcr.io/acme/team/app", false},
		{"ghcr.io/acme/**", "ghcr.io/acme/team/app", true}, {"ghcr.io/acme/**", "ghcr.io/acme", false},
		{"ghcr.io/acme/**", "evil.io/ghcr.io/acme/app", false}, {"ghcr.io/acme/**", "ghcr.io/acme2/app", false},
		{"**/app", "x/y/app", true}, {"**/app", "app", false}, {"a/**/z", "a/b/c/z", true}, {"a/**/z", "a/z", false},
		{"*a*b", "xaxxb", true}, {"*a*b", "xa/xb", false}, {"**a*b", "x/aa/ab", true}, {"*.example.com/**", "a.example.com/x", true},
		{"*.example.com/**", "a.b.example.com/x", true}, {"a.c", "abc", false}, {"a?c", "abc", false}, {"[ab]", "a", false},
		{"***", "a/b", true}, {"*/*", "a/b", true}, {"*/*", "a/b/c", false}, {"a*", "a" + strings.Repeat("x", globBytes), false},
	} {
		if got := matchGlob(row.pattern, row.text); got != row.want {
			t.Errorf("%q matches %.40q: %t, want %t", row.pattern, row.text, got, row.want)
		}
	}
}

// A glob that goes back as often as it can still ends.
func TestGlobIsBounded(t *testing.T) {
	text := strings.Repeat("a", globBytes)
	for _, pattern := range []string{strings.Repeat("*a", 200) + "b", strings.Repeat("**a", 200) + "b", strings.Repeat("**a*", 200) + "b"} {
		if matchGlob(pattern, text) {
			t.Errorf("%.20s… matches", pattern)
		}
	}
}

// FuzzGlob compares with the regular expression that a glob stands for.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"ghcr.io/acme/**", "ghcr.io/acme/a/b"}, {"*a*b**c*", "xab/c"}, {"**/*", "a/"}, {"***a", "//a"}, {"*a/*b", "xa/ya/b"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 100 || len(text) > 200 || !isASCII(pattern+text) {
			return
		}
		expression := regexp.QuoteMeta(pattern)
		expression = strings.ReplaceAll(expression, `\*\*`, "(?s:.*)")
		expression = strings.ReplaceAll(expression, `\*`, "[^/]*")
		want := regexp.MustCompile(`\A(?:` + expression + `)\z`).MatchString(text)
		if got := matchGlob(pattern, text); got != want {
			t.Fatalf("%q matches %q: %t, want %t", pattern, text, got, want)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}
