package helm_test

import (
	"context"
	"errors"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/rendertest"
)

// corpusSource is how the corpus was rendered.
func corpusSource(unit rendertest.Unit) render.Source {
	source := render.Source{Kind: render.Helm, Path: unit.Path, Helm: render.HelmOptions{KubeVersion: "v1.35.0"}}
	if unit.Values != "" {
		source.Helm.ValueFiles = []string{path.Join(unit.Path, unit.Values)}
	}
	return source
}

// wrongUnits are those that Helm itself does not render from the corpus, with
// the reason.
var wrongUnits = map[string]string{
	"rook+rook:helm:deploy/charts/rook-ceph":         "the symlink charts/library is a file in the corpus",
	"rook+rook:helm:deploy/charts/rook-ceph-cluster": "the symlink charts/library is a file in the corpus",
}

func TestCorpusRendersAsHelmDoes(t *testing.T) {
	wants := rendertest.Wants(t)
	for _, unit := range rendertest.Units(t, "helm") {
		t.Run(unit.Name, func(t *testing.T) {
			t.Parallel()
			if reason := wrongUnits[unit.Name]; reason != "" {
				t.Skip(reason)
			}
			objects, err := helm.Renderer{}.Render(context.Background(), unit.Tree(t), corpusSource(unit))
			if unit.OK == rendertest.Fail || unit.OK == rendertest.Skip {
				checkRefusal(t, unit, err)
				return
			}
			for _, p := range render.Problems(err) {
				if p.Severity != render.Notice {
					t.Fatal(p.Error())
				}
			}
			steady(objects)
			steadyWants(wants[unit.Name])
			for _, line := range rendertest.Diff(unit, wants[unit.Name], objects) {
				t.Error(line)
			}
		})
	}
}

// checkRefusal wants a problem at a line, with the message that Helm gives.
func checkRefusal(t *testing.T, unit rendertest.Unit, err error) {
	t.Helper()
	problem, ok := errors.AsType[*render.Problem](err)
	if !ok {
		t.Fatalf("got the error %v, want a problem", err)
	}
	t.Log(problem, problem.Hint)
	if unit.OK == rendertest.Skip {
		return
	}
	if problem.Origin.Line == 0 {
		t.Errorf("the problem has no line: %v", problem.Origin)
	}
	if !strings.Contains(unit.Why, problem.Message) {
		t.Errorf("got the message %q, Helm says %q", problem.Message, unit.Why)
	}
}

// randomName matches names that podinfo ends in five random characters.
var randomName = regexp.MustCompile(`^(release-name-podinfo-\w+-test)-\w{5}$`)

func steady(objects []render.Object) {
	for i := range objects {
		objects[i].ID.Name = randomName.ReplaceAllString(objects[i].ID.Name, "$1")
	}
}

func steadyWants(wants []rendertest.Want) {
	for i := range wants {
		wants[i].ID.Name = randomName.ReplaceAllString(wants[i].ID.Name, "$1")
	}
}
