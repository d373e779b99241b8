package report

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// sharedFinding is a finding that one unit or several have.
type sharedFinding struct {
	verify.Finding
	// units are their names, without repetition.
	units []string
}

// unitList names the first units and counts the rest.
func (f sharedFinding) unitList() string {
	if more := len(f.units) - shownLocations; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(f.units[:shownLocations], ", "), more)
	}
	return strings.Join(f.units, ", ")
}

// sameOnce returns the findings that are asked for, in order, each once: what
// a base has wrong is found in every unit that uses it.
func sameOnce(findings []verify.Finding, which func(verify.Finding) bool) []sharedFinding {
	type same struct {
		policy.Finding
		render.Origin
		object render.ObjectID
		change verify.Change
	}
	var list []sharedFinding
	at := map[same]int{}
	for _, f := range findings {
		if !which(f) {
			continue
		}
		key := same{Finding: f.Finding, Origin: f.Origin, change: f.Change}
		if f.Object != nil {
			key.object = *f.Object
		}
		i, known := at[key]
		if !known {
			i = len(list)
			at[key], list = i, append(list, sharedFinding{Finding: f})
		}
		if units := list[i].units; f.Unit != "" && (len(units) == 0 || units[len(units)-1] != f.Unit) {
			list[i].units = append(units, f.Unit)
		}
	}
	return list
}
