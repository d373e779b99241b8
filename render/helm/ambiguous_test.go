package helm_test

import (
	"testing"
	"testing/fstest"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
)

// A key that is given twice, with an anchor in the value that is dropped,
// changes what an alias means from reader to reader: the image that is
// verified must never be another than the one that runs.
func TestDuplicateKeyWithAnchorIsNeverResolved(t *testing.T) {
	const pod = `apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations:
    b: &i "good"
    a: &i "evil"
    a: other
spec:
  containers: [{name: a, image: *i}]
`
	for _, name := range []string{"templates/a.yaml", "crds/a.yaml"} {
		tree := render.Tree{FS: fstest.MapFS{
			"Chart.yaml": {Data: []byte("apiVersion: v2\nname: c\nversion: 1.0.0\n")},
			name:         {Data: []byte(pod)},
		}}
		_, err := helm.Renderer{}.Render(t.Context(), tree, render.Source{Kind: render.Helm, Path: "."})
		broken := false
		for _, p := range render.Problems(err) {
			broken = broken || p.Severity == render.Broken && p.Code == render.CodeAmbiguous
		}
		if !broken {
			t.Errorf("%s: problems %v, want one that is broken", name, err)
		}
	}
}
