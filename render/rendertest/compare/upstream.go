package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/syncgate/syncgate/render/rendertest"
)

// upstream are the programs that others render with.
type upstream struct{ helm, kustomize string }

func (u upstream) given() bool { return u.helm != "" && u.kustomize != "" }

// measure runs each program once a unit, one after the other, and returns the
// wall time of all. What they print is dropped; that they fail on some units is
// part of the corpus.
func (u upstream) measure(ctx context.Context, corpus rendertest.Corpus) (took time.Duration, err error) {
	for _, kind := range []string{"helm", "kustomize"} {
		units, err := corpus.Units(kind)
		if err != nil {
			return 0, err
		}
		for _, unit := range units {
			if unit.OK == rendertest.Skip {
				continue
			}
			command := u.command(ctx, unit)
			command.Dir = filepath.Join(corpus.Dir, "src", unit.Repo, unit.Path)
			start := time.Now()
			_ = command.Run()
			took += time.Since(start)
		}
	}
	return took, nil
}

// command is how the corpus was made.
func (u upstream) command(ctx context.Context, unit rendertest.Unit) *exec.Cmd {
	if unit.Type == "helm" {
		args := []string{"template", "release-name", ".", "-n", "default", "--include-crds", "--kube-version", "v1.35.0"}
		if unit.Values != "" {
			args = append(args, "-f", unit.Values)
		}
		return exec.CommandContext(ctx, u.helm, args...)
	}
	args := []string{"build"}
	if strings.Contains(unit.Note, "LoadRestrictionsNone") {
		args = append(args, "--load-restrictor", "LoadRestrictionsNone")
	}
	return exec.CommandContext(ctx, u.kustomize, args...)
}
