package manifests_test

import (
	"slices"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// wrongRows are the rows of the corpus that are held to be wrong, by unit and
// name of the object, with the reason.
func wrongRows() map[string]string {
	const symlink = "the file is a symlink in its repository, which the corpus holds as a text file with the path of the target"
	unit := "rook+rook:dir:deploy/examples/external "
	return map[string]string{
		unit + "rook-ceph-mgr-dashboard-external-http":  symlink,
		unit + "rook-ceph-mgr-dashboard-external-https": symlink,
		unit + "ceph-delete-bucket":                     symlink,
		unit + "external-store":                         symlink,
		unit + "rook-ceph-delete-bucket":                symlink,
	}
}

// TestCorpus renders every directory of the corpus: the objects must be those
// that are expected, in identity and content, and each must say where it
// starts.
func TestCorpus(t *testing.T) {
	wants := rendertest.Wants(t)
	wrong := wrongRows()
	for _, unit := range rendertest.Units(t, "dir") {
		t.Run(unit.Name, func(t *testing.T) {
			source := render.Source{Kind: render.Manifests, Path: unit.Path}
			objects, err := manifests.Renderer{}.Render(t.Context(), unit.Tree(t), source)
			for _, p := range render.Problems(err) {
				if p.Severity != render.Notice {
					t.Errorf("problem: %v", &p)
				}
			}
			held := slices.DeleteFunc(wants[unit.Name], func(w rendertest.Want) bool {
				return wrong[unit.Name+" "+w.ID.Name] != ""
			})
			for _, diff := range rendertest.Diff(unit, held, objects) {
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
