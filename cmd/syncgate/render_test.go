package main

import (
	"bytes"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/manifests"
	"github.com/syncgate/syncgate/render/rendertest"
)

// sameAfterPrinting prints objects, reads them again, and compares.
func sameAfterPrinting(t *testing.T, objects []render.Object) {
	t.Helper()
	for _, object := range objects {
		want, err := rendertest.Sum(object.Node)
		if err != nil {
			t.Error(err)
			continue
		}
		var out bytes.Buffer
		if err := printObject(&out, render.Unit{Name: "u"}, object); err != nil {
			t.Error(err)
			continue
		}
		again, problems := render.ParseObjects("f.yaml", out.Bytes())
		if len(again) != 1 {
			t.Errorf("%s: %s: read again as %d objects: %v", object.Origin, object.ID, len(again), problems)
			continue
		}
		if got, err := rendertest.Sum(again[0].Node); got != want {
			t.Errorf("%s: %s: differs after printing: %v", object.Origin, object.ID, err)
		}
	}
}

// TestRenderPrintsWhatItRead has strings that are hard to write.
func TestRenderPrintsWhatItRead(t *testing.T) {
	objects, problems := render.ParseObjects("f.yaml", []byte(`apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  a: |2-

        NAMESPACE
    x
  b: |

    first is empty
  c: "yes"
  d: yes
  e: >
    folded
      more
  f: "tab\tand\x07bell"
  g: |2
      deep
  h: "0x1F"
  i: |+
    kept

  j: '{{ x }}'
`))
	if len(objects) != 1 || len(problems) != 0 {
		t.Fatal(problems)
	}
	sameAfterPrinting(t, objects)
}

// TestRenderPrintsTheCorpus does that with real manifests.
func TestRenderPrintsTheCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the whole corpus")
	}
	for _, unit := range rendertest.Units(t, "dir") {
		if unit.OK == rendertest.OK {
			objects, _ := manifests.New().Render(t.Context(), unit.Tree(t), render.Source{Kind: render.Manifests, Path: unit.Path})
			sameAfterPrinting(t, objects)
		}
	}
}
