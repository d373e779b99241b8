package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// listed is how many things a message lists before it only counts.
const listed = 5

// list writes a bounded list for a message.
func list(items []string) string {
	if len(items) > listed {
		return fmt.Sprintf("%s and %d more", strings.Join(items[:listed], ", "), len(items)-listed)
	}
	return strings.Join(items, ", ")
}

// oneOf writes alternatives for a message.
func oneOf(items []string) string {
	if len(items) == 1 {
		return items[0]
	}
	return "any of " + list(items)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// clip shortens text that somebody else wrote, and keeps it on one line.
func clip(s string) string {
	const longest = 200
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return s
}

// short is a digest as people compare it.
func short(d Digest) string {
	if len(d.hex) < 12 {
		return d.String()
	}
	return d.algorithm + ":" + d.hex[:12]
}

// name names an image in messages: as written, with a digest cut short.
func (s Subject) name() string {
	name, digest, pinned := strings.Cut(s.Reference, "@")
	if parsed, err := ParseDigest(digest); pinned && err == nil {
		digest = short(parsed)
	}
	switch {
	case name == "":
		return clip(s.Repository)
	case pinned:
		return clip(name + "@" + digest)
	}
	return clip(name)
}

// count writes "1 thing" and "2 things".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "ty"); ok {
		return fmt.Sprintf("%d %sties", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// howLong writes a duration as people say it, in the two largest units.
func howLong(d time.Duration) string {
	d = d.Abs()
	day := 24 * time.Hour
	switch {
	case d >= 10*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= day:
		if hours := d % day / time.Hour; hours > 0 {
			return fmt.Sprintf("%s %d h", count(int(d/day), "day"), hours)
		}
		return count(int(d/day), "day")
	case d >= time.Hour:
		if minutes := d % time.Hour / time.Minute; minutes > 0 {
			return fmt.Sprintf("%d h %d min", d/time.Hour, minutes)
		}
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// end says when something ends that holds until t: a day's last moment is
// told by the day.
func end(t time.Time) string {
	t = t.UTC()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return "the end of " + t.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
