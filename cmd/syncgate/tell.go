package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
)

const (
	// toldNotices is how many notices of one kind are listed before the rest
	// is counted. What changes the exit code is always listed.
	toldNotices = 8
	// toldUnits is how many units are named that have the same problem.
	toldUnits = 3
)

// tell prints problems on the error stream, each once, and ends the command as
// a report with these findings would.
func tell(term terminal, lists ...[]render.Problem) error {
	verdict := policy.Pass
	t := telling{w: term.err, notices: map[string]int{}}
	for _, problems := range lists {
		for _, p := range problems {
			t.add(p)
			switch p.Severity {
			case render.Broken:
				verdict = policy.AllOf(verdict, policy.Fail)
			case render.Unseen:
				verdict = policy.AllOf(verdict, policy.Unknown)
			}
		}
	}
	t.print()
	if verdict != policy.Pass {
		return blocked{verdict}
	}
	return nil
}

// telling gathers problems: what a base has wrong is wrong with every unit
// that uses it, and is told once.
type telling struct {
	w     io.Writer
	order []render.Problem
	units map[render.Problem][]string
	// notices are how many there are of a kind.
	notices map[string]int
}

func (t *telling) add(p render.Problem) {
	unit := p.Unit
	p.Unit = ""
	if t.units == nil {
		t.units = map[render.Problem][]string{}
	}
	if t.units[p] == nil {
		t.order = append(t.order, p)
	}
	t.units[p] = append(t.units[p], unit)
}

// print prints the problems in order. What is to be done is said once for
// those that follow each other and want the same.
func (t *telling) print() {
	for i, p := range t.order {
		if p.Severity == render.Notice {
			if t.notices[p.Code]++; t.notices[p.Code] > toldNotices {
				continue
			}
		}
		fmt.Fprintf(t.w, "syncgate: %s%s\n", cleanLines(p.Error()), inUnits(t.units[p]))
		if last := i+1 == len(t.order) || t.order[i+1].Hint != p.Hint || t.notices[p.Code] == toldNotices; last && p.Hint != "" {
			fmt.Fprintf(t.w, "  fix: %s\n", report.Clean(p.Hint))
		}
	}
	for _, p := range t.order {
		if more := t.notices[p.Code] - toldNotices; p.Severity == render.Notice && more > 0 {
			fmt.Fprintf(t.w, "syncgate: %d more of the kind %s: verify -o json lists them\n", more, p.Code)
			delete(t.notices, p.Code)
		}
	}
}

// cleanLines cleans a message that may have several lines.
func cleanLines(message string) string {
	lines := strings.Split(strings.TrimRight(message, "\n"), "\n")
	for i := range lines {
		lines[i] = report.Clean(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

// inUnits says how often a problem was found, and in which units, where that
// is more than once.
func inUnits(units []string) string {
	if len(units) < 2 {
		return ""
	}
	var named []string
	for _, unit := range units {
		if unit != "" && !slices.Contains(named, unit) {
			named = append(named, unit)
		}
	}
	more := ""
	if len(named) > toldUnits {
		named, more = named[:toldUnits], fmt.Sprintf(" and %d more", len(named)-toldUnits)
	}
	if len(named) < 2 && more == "" {
		return fmt.Sprintf(" (%d times)", len(units))
	}
	return report.Clean(fmt.Sprintf(" (%d times: in %s%s)", len(units), strings.Join(named, ", "), more))
}
