package helm_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/rendertest"
)

func TestCorpusRendersAsHelmDoes(t *testing.T) {
	wants := rendertest.Wants(t)
	for _, unit := range rendertest.Units(t, "helm") {
		t.Run(unit.Name, func(t *testing.T) {
			t.Parallel()
			if reason := rendertest.Wrong(unit.Name, "*"); reason != "" {
				t.Skip(reason)
			}
			objects, err := helm.Renderer{}.Render(context.Background(), unit.Tree(t), unit.Source())
			if unit.OK == rendertest.Fail || unit.OK == rendertest.Skip {
				checkRefusal(t, unit, err)
				return
			}
			for _, p := range render.Problems(err) {
				if p.Severity != render.Notice {
					t.Fatal(p.Error())
				}
			}
			for _, line := range rendertest.Diff(unit, wants[unit.Name], objects) {
				t.Error(line)
			}
		})
	}
}

// TestCorpusOrderIsThatOfHelm compares the order of objects with that of the
// helm that the environment variable SYNCGATE_HELM names.
func TestCorpusOrderIsThatOfHelm(t *testing.T) {
	command := os.Getenv("SYNCGATE_HELM")
	if command == "" {
		t.Skip("no helm to compare with: set SYNCGATE_HELM to a helm 4.3.1")
	}
	for _, unit := range rendertest.Units(t, "helm") {
		if unit.OK != rendertest.OK || rendertest.Wrong(unit.Name, "*") != "" {
			continue
		}
		args := []string{"template", "release-name", ".", "-n", "default", "--include-crds", "--kube-version", "v1.35.0"}
		if unit.Values != "" {
			args = append(args, "-f", unit.Values)
		}
		run := exec.Command(command, args...)
		run.Dir = filepath.Join(rendertest.Dir(t), "src", unit.Repo, unit.Path)
		printed, err := run.Output()
		if err != nil {
			t.Fatal(unit.Name, err)
		}
		want, problems := render.ParseObjects("helm.yaml", printed)
		if slices.ContainsFunc(problems, func(p render.Problem) bool { return p.Code == render.CodeAmbiguous }) {
			continue // Without those objects there is nothing to compare with.
		}
		got, _ := helm.Renderer{}.Render(context.Background(), unit.Tree(t), unit.Source())
		same := func(a, b render.Object) bool { return rendertest.Steady(a.ID) == rendertest.Steady(b.ID) }
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%s: got another order than Helm", unit.Name)
		}
	}
}

// TestCorpusImagesHaveLines wants, for each image of a template, the line
// that writes it.
func TestCorpusImagesHaveLines(t *testing.T) {
	for _, unit := range rendertest.Units(t, "helm") {
		t.Run(unit.Name, func(t *testing.T) {
			t.Parallel()
			tree := unit.Tree(t)
			objects, _ := helm.Renderer{}.Render(context.Background(), tree, unit.Source())
			for _, object := range objects {
				if object.Locator == nil {
					continue
				}
				eachImage(object.Node, nil, func(field render.Field, value string) {
					if field[len(field)-1].Key != "image" {
						return
					}
					at := object.Locator.Locate(object.ID, field, value)
					line := lineOf(t, tree.FS, at)
					name := regexp.MustCompile(`[^/:@]+(@.*|:[^/]*)?$`).FindString(value)
					name, _, _ = strings.Cut(name, ":")
					name, _, _ = strings.Cut(name, "@")
					if path.Ext(at.File) == ".yaml" && !strings.Contains(at.File, "/templates/") && !strings.Contains(line, name) {
						t.Errorf("%s of %s: got %v, which is %q", value, object.ID, at, line)
					}
				})
			}
		})
	}
}

func lineOf(t *testing.T, tree fs.FS, at render.Origin) string {
	t.Helper()
	data, err := fs.ReadFile(tree, at.File)
	lines := strings.Split(string(data), "\n")
	if err != nil || at.Line < 1 || at.Line > len(lines) || at.Column < 1 || at.Column > len(lines[at.Line-1]) {
		t.Fatalf("got %v: %v", at, err)
	}
	return lines[at.Line-1][at.Column-1:]
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

// BenchmarkRender renders the largest charts of the corpus. The metric
// upstream-ms is what a process of helm template takes for one.
func BenchmarkRender(b *testing.B) {
	for _, unit := range rendertest.Units(b, "helm") {
		switch unit.Name {
		case "prometheus-community+helm-charts:helm:charts/kube-prometheus-stack",
			"argoproj+argo-helm:helm:charts/argo-cd",
			"kubernetes+ingress-nginx:helm:charts/ingress-nginx":
		default:
			continue
		}
		tree := unit.Tree(b)
		b.Run(path.Base(unit.Path), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				objects, err := helm.Renderer{}.Render(context.Background(), tree, unit.Source())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(objects)), "objects")
			}
			b.ReportMetric(float64(unit.UpstreamMS), "upstream-ms")
		})
		b.Run(path.Base(unit.Path)+"/locate", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				objects, err := helm.Renderer{}.Render(context.Background(), tree, unit.Source())
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				for _, object := range objects {
					if object.Locator != nil {
						eachImage(object.Node, nil, func(field render.Field, value string) {
							if field[len(field)-1].Key == "image" {
								object.Locator.Locate(object.ID, field, value)
							}
						})
					}
				}
			}
		})
	}
}
