package verify

import (
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// Deployment is what a revision deploys, as far as a verdict rests on it.
type Deployment struct {
	Revision render.Revision
	Units    []UnitResult
	// Objects is the number of objects.
	Objects int
	Images  []render.Image
	// Findings are what is wrong with the tree, units and objects.
	Findings []Finding
}

// Read finds the images of a rendering, where Rules say besides the places
// that are known.
func Read(revision render.Revision, rendering render.Rendering, rules images.Rules) Deployment {
	found, extraction := rules.Extract(rendering)
	deployed := Deployment{
		Revision: revision, Units: unitResults(rendering), Objects: len(rendering.Objects), Images: found,
	}
	for _, problems := range [][]render.Problem{rendering.Problems, extraction} {
		for _, p := range problems {
			deployed.Findings = append(deployed.Findings, FromProblem(p))
		}
	}
	return deployed
}

func unitResults(rendering render.Rendering) []UnitResult {
	results := []UnitResult{}
	for _, unit := range rendering.Units {
		for _, source := range unit.Sources {
			results = append(results, UnitResult{
				Name: unit.Name, Kind: source.Kind, Path: source.Path, Objects: unit.Objects,
			})
		}
	}
	return results
}
