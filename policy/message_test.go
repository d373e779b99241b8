package policy

import (
	"strings"
	"testing"
	"time"
)

func TestHowLong(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 90 * time.Minute: "1 h 30 min", 24 * time.Hour: "1 day", 49 * time.Hour: "2 days 1 h",
		-2 * time.Hour: "2 h", 240 * time.Hour: "10 days", 400 * 24 * time.Hour: "400 days",
	} {
		if got := howLong(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{"1 vulnerability": count(1, "vulnerability"), "0 vulnerabilities": count(0, "vulnerability"), "2 days": count(2, "day"), "3 bundles": count(3, "bundle")} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEnd(t *testing.T) {
	if got := end(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); got != "the end of 2026-12-31" {
		t.Error(got)
	}
	if got := end(time.Date(2026, 12, 31, 19, 0, 0, 0, time.FixedZone("", 3600))); got != "2026-12-31T18:00:00Z" {
		t.Error(got)
	}
}

// What strangers wrote stays on one line, short, and readable.
func TestClip(t *testing.T) {
	if got := clip("a\nb\x1b[31m\x00\xff"); got != "a b [31m ?" {
		t.Errorf("%q", got)
	}
	if got := clip(strings.Repeat("é", 1000)); got != strings.Repeat("é", 200)+"…" {
		t.Errorf("%q", got)
	}
	if got := list([]string{"a", "b", "c", "d", "e", "f", "g"}); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}
