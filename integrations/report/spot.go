package report

import (
	"cmp"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// spot is an entry at one of its places.
type spot struct {
	entry
	site
}

// spots are the entries of a report at each of their places, by weight. The
// first place of each comes before the second of any, so that a reader who
// stops early has seen the most.
func spots(r verify.Report) []spot {
	byWeight := map[weight][]entry{}
	for _, e := range entries(r) {
		byWeight[weigh(e.Finding)] = append(byWeight[weigh(e.Finding)], e)
	}
	var list []spot
	for w := failing; w <= noted; w++ {
		for i, more := 0, true; more; i++ {
			more = false
			for _, e := range byWeight[w] {
				if i < max(1, len(e.sites)) {
					list = append(list, spot{e, e.siteAt(i)})
				}
				more = more || i+1 < len(e.sites)
			}
		}
	}
	return list
}

func (e entry) siteAt(i int) site {
	if i < len(e.sites) {
		return e.sites[i]
	}
	return site{}
}

// path is the file of a spot, or else the directory of its unit, or else what
// stands for the whole revision.
func (s spot) path(r verify.Report, revision string) string {
	if s.File != "" {
		return s.File
	}
	name := s.unitName()
	for _, unit := range r.Units {
		if unit.Name == name && unit.Path != "" {
			return unit.Path
		}
	}
	return revision
}

// unitName is the unit of a spot, or "".
func (s spot) unitName() string { return cmp.Or(s.site.unit, s.entry.unit) }

// findingText is a finding on one or two lines: what is so, and what to do.
func findingText(f policy.Finding) string {
	text := clean(f.Message)
	if f.Hint != "" {
		text += "\nfix: " + clean(f.Hint)
	}
	return text
}

// siteText is a place on one line.
func siteText(s site) string { return place(s.Origin, s.object, s.field) }

// exitCode is what a run with a verdict ends with.
func exitCode(v policy.Verdict) int {
	switch v {
	case policy.Pass:
		return 0
	case policy.Fail:
		return 1
	}
	return 2
}
