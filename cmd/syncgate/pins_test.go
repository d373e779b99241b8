package main

import (
	"regexp"
	"strings"
	"testing"
)

// fromElsewhere finds what a file takes from elsewhere, and byHash what of it cannot
// change.
var (
	fromElsewhere = regexp.MustCompile(`(?m)^\s*(?:-\s+)?(?:uses|remote|component|rev):\s*\S.*$|^FROM\s.*$|^.*ghcr\.io/[a-z]+/[a-z-]+[:@].*$`)
	byHash        = regexp.MustCompile(`@[0-9a-f]{40}(?:\s|$)|/[0-9a-f]{40}/|"[0-9a-f]{40}"|@sha256:[0-9a-f]{64}|^FROM (?:scratch|build|image)(?: |$)`)
)

// pinned counts what a file takes from elsewhere by its hash, and returns the
// lines that name what may change.
func pinned(text string) (found int, unpinned []string) {
	for _, line := range fromElsewhere.FindAllString(text, -1) {
		if found++; !byHash.MatchString(strings.TrimSpace(line)) {
			unpinned = append(unpinned, strings.TrimSpace(line))
		}
	}
	return found, unpinned
}

func TestPinsAreToldFromTags(t *testing.T) {
	for text, want := range map[string]int{
		"- uses: actions/checkout@v6\n":                                      1,
		"- uses: actions/checkout@d23441a # v6\n":                            1,
		"- uses: a/b@d23441a48e516b6c34aea4fa41551a30e30af803 # v6\n":        0,
		"image: ghcr.io/syncgate/syncgate:latest\n":                          1,
		"image: ghcr.io/syncgate/syncgate@sha256:" + unreleased + "\n":       0,
		"FROM golang:1.26\n":                                                 1,
		"FROM scratch\nFROM build AS tools\n":                                0,
		"rev: v1.0.0\n":                                                      1,
		"- remote: https://raw.githubusercontent.com/a/b/main/templates/c\n": 1,
	} {
		if _, unpinned := pinned(text); len(unpinned) != want {
			t.Errorf("%q: %q are unpinned, want %d", text, unpinned, want)
		}
	}
}

// guarded wants of a workflow that it grants nothing to all jobs, says what each
// job may do, keeps no credentials in the checkout, and puts no expression into
// a shell.
func guarded(t *testing.T, name string) {
	t.Helper()
	var workflow struct {
		Name        string
		On          any
		Permissions map[string]string
		Concurrency string
		Jobs        map[string]struct {
			RunsOn      string `yaml:"runs-on"`
			Environment string
			Timeout     int `yaml:"timeout-minutes"`
			Permissions map[string]string
			Env         map[string]string
			Steps       []struct {
				ID, Name, Uses, Run string
				Env                 map[string]string
				With                map[string]any
			}
		}
	}
	shippedFile(t, name, &workflow)
	if workflow.Permissions == nil || len(workflow.Permissions) > 0 || len(workflow.Jobs) == 0 {
		t.Errorf("%s: every job may %v, want permissions: {}", name, workflow.Permissions)
	}
	for id, job := range workflow.Jobs {
		if len(job.Permissions) == 0 {
			t.Errorf("%s: job %s does not say what it may do", name, id)
		}
		for _, step := range job.Steps {
			if strings.Contains(step.Run, "${{") {
				t.Errorf("%s: step %q puts an expression into the shell: give it in env", name, step.Name)
			}
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
				t.Errorf("%s: the checkout keeps the token where every later step can read it", name)
			}
		}
	}
}
