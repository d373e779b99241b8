package lint

import "testing"

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		wide, narrow string
		want         bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"*", "a", true}, {"*", "a/b", false}, {"**", "a/b", true}, {"**", "*", true}, {"*", "**", false},
		{"a/*", "a/b*", true}, {"a/*", "a/**", false}, {"a/**", "a/*/c", true}, {"a*c", "abc", true}, {"a*c", "a*bc", true}, {"*a*", "*a*", true},
		{"", "", true}, {"*", "", true}, {"a", "", false}, {"", "*", false}, {"ab*", "a*", false},
	} {
		if got := covers(c.wide, c.narrow); got != c.want {
			t.Errorf("%q covers %q: %v", c.wide, c.narrow, got)
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"a*", "*b", true}, {"a/*", "*/b", true}, {"a*", "a/b", false}, {"a**", "a/b", true}, {"*", "**", true},
		{"*", "/", false}, {"", "*", true}, {"", "a", false}, {"a*b", "a*c", false}, {"a**c", "ab/*c", true}, {"x/**/y", "x/*", false},
	} {
		if got := overlap(c.a, c.b); got != c.want {
			t.Errorf("%q overlaps %q: %v", c.a, c.b, got)
		}
		if got := overlap(c.b, c.a); got != c.want {
			t.Errorf("%q overlaps %q: %v", c.b, c.a, got)
		}
	}
}

func TestImagePatterns(t *testing.T) {
	for _, c := range []struct {
		wide, narrow string
		want         bool
	}{
		{"nginx", "docker.io/library/nginx", true}, {"nginx", "nginx:1.2", true}, {"nginx:1.2", "nginx", false}, {"**", "nginx:1", true},
		{"ghcr.io/acme/*", "ghcr.io/acme/a@sha256:*", true}, {"localhost:5000/a", "localhost:5000/a:v1", true},
	} {
		if got := parseImage(c.wide).covers(parseImage(c.narrow)); got != c.want {
			t.Errorf("%q covers %q: %v", c.wide, c.narrow, got)
		}
	}
}

func TestAnchored(t *testing.T) {
	for expression, want := range map[string][2]bool{
		"a": {false, false}, "^a": {true, false}, "a$": {false, true}, "^a$": {true, true}, "^a|b$": {false, false}, "^(a|b)$": {true, true},
		"^a$|^b$": {true, true}, `\Aa\z`: {true, true}, "(^a$)": {true, true}, "(?m)^a$": {false, false},
	} {
		start, end := anchored(expression)
		if start != want[0] || end != want[1] {
			t.Errorf("%s is anchored: %v %v", expression, start, end)
		}
	}
}
