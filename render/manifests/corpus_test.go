package manifests_test

import (
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// TestCorpus renders every directory of the corpus: the objects must be those
// that are expected, in identity and content, and each must say where it
// starts.
func TestCorpus(t *testing.T) {
	wants := rendertest.Wants(t)
	for _, unit := range rendertest.Units(t, "dir") {
		t.Run(unit.Name, func(t *testing.T) {
			objects, err := manifests.Renderer{}.Render(t.Context(), unit.Tree(t), unit.Source())
			for _, p := range render.Problems(err) {
				if p.Severity != render.Notice {
					t.Errorf("problem: %v", &p)
				}
			}
			for _, diff := range rendertest.Diff(unit, rendertest.Held(unit, wants[unit.Name]), objects) {
				t.Error(diff)
			}
			for _, o := range objects {
				if o.Origin.Line != o.Node.Line || o.Origin.Line == 0 || o.Origin.Column == 0 {
					t.Errorf("%v starts at %v", o.ID, o.Origin)
				}
			}
		})
	}
}
