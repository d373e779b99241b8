package dialect_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	kyvernoPath = flag.String("kyverno-cli", "", "Kyverno's command line, to hold the recorded answers to")
	cachePath   = flag.String("kyverno-tuf-cache", "", "program that makes $TUF_ROOT the cache of a repository whose targets are the files of a directory")
	askAll      = flag.Bool("ask-all", false, "ask about cases without a recorded answer, too, and print the answers")
)

// TestKyvernoAnswers asks Kyverno's own command line, where there is one, about
// every case that records its answer; those recorded are of Kyverno 1.19.1. An
// image that none of its policies is about it lets run.
func TestKyvernoAnswers(t *testing.T) {
	if *kyvernoPath == "" {
		t.Skip("no -kyverno-cli: the answers are those recorded")
	}
	s := newScene(t)
	env := s.kyvernoEnvironment(t)
	for _, c := range cases(t, "kyverno") {
		if c.Oracle != "pass" && c.Oracle != "fail" && !*askAll {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			got, out := askKyverno(t, env, s.stage(t, c))
			if *askAll {
				t.Logf("ANSWER\t%s\t%s\t%s\t%s", c.Name, got, c.Want, strings.ReplaceAll(out, "\n", "\\n"))
			} else if got != c.Oracle {
				t.Errorf("Kyverno says %s, recorded is %s:\n%s", got, c.Oracle, out)
			}
		})
	}
}

// kyvernoEnvironment makes the scene's authorities those that Kyverno trusts by
// default.
func (s *scene) kyvernoEnvironment(t *testing.T) []string {
	t.Helper()
	targets, cache := t.TempDir(), t.TempDir()
	for name, content := range map[string][]byte{
		"fulcio.crt.pem": s.part(t, "certificateAuthorities"), "rekor.pub": s.part(t, "tlogs"), "ctfe.pub": s.part(t, "ctlogs"), "trusted_root.json": s.TrustedRoot(),
	} {
		check(t, os.WriteFile(filepath.Join(targets, name), content, 0o600))
	}
	env := append(os.Environ(), "HOME="+t.TempDir(), "TUF_ROOT="+cache)
	if *cachePath != "" {
		cmd := exec.CommandContext(t.Context(), *cachePath, targets)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return env
}

var counted = regexp.MustCompile(`pass: (\d+), fail: (\d+), warn: (\d+), error: (\d+), skip: (\d+)`)

// askKyverno is what Kyverno answers on a stage, and what it prints.
func askKyverno(t *testing.T, env []string, at stage) (answer, out string) {
	t.Helper()
	// Its name must have no comma, as that of a case may.
	dir, err := os.MkdirTemp("", "kyverno")
	check(t, err)
	defer os.RemoveAll(dir)
	args := []string{"apply", filepath.Join(dir, "policy.yaml"), "--resource", filepath.Join(dir, "object.yaml"), "--registry", "--audit-warn", "--remove-color", "--detailed-results"}
	var policies, exceptions []string
	for _, doc := range strings.Split("\n"+at.policy, "\n---") {
		switch {
		case strings.Contains(doc, "kind: PolicyException"):
			exceptions = append(exceptions, doc)
		case strings.Contains(doc, "kyverno.io/"):
			policies = append(policies, doc)
		default:
			return "not asked: it is about documents of other kinds", ""
		}
	}
	files := map[string]string{"policy.yaml": strings.Join(policies, "\n---"), "object.yaml": at.object}
	if len(exceptions) > 0 {
		files["exceptions.yaml"] = strings.Join(exceptions, "\n---")
		args = append(args, "--exceptions", filepath.Join(dir, "exceptions.yaml"))
	}
	for name, text := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, *kyvernoPath, args...)
	cmd.Env = env
	text, err := cmd.CombinedOutput()
	count := counted.FindSubmatch(text)
	switch {
	case count == nil:
		return "not asked: it makes no answer", string(text)
	case err != nil || string(count[2]) != "0" || string(count[4]) != "0":
		return "fail", string(text)
	}
	return "pass", string(text)
}
