package wildcard_test

import (
	"strings"
	"testing"

	"github.com/syncgate/syncgate/policy/dialect/wildcard"
)

func TestMatch(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b", true}, {"?", "a", true}, {"?", "", false}, {"?", "ab", false},
		{"a*c", "abbc", true}, {"a*c", "ac", true}, {"a*c", "acd", false}, {"*c", "abcbc", true}, {"a?c*", "abc", true},
		{"ghcr.io/*:v?", "ghcr.io/a/b:v1", true}, {"ghcr.io/*:v?", "ghcr.io/a/b:v10", false}, {"ghcrxio/*", "ghcr.io/a", false},
		{"**", "x", true}, {"[a]", "a", false}, {"ä?", "äö", true},
	} {
		if got := wildcard.Match(row.pattern, row.text); got != row.want {
			t.Errorf("Match(%q, %q) = %v", row.pattern, row.text, got)
		}
	}
}

// A pattern of many asterisks takes no longer than it must.
func TestHostilePattern(t *testing.T) {
	if wildcard.Match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 10_000)) {
		t.Error("it matches")
	}
}
