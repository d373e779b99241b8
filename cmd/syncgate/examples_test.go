package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// parses holds a command line to the program: it is there, and takes the flags
// that it is given.
func parses(t *testing.T, where string, words []string) {
	t.Helper()
	cmd, args, err := newRoot(terminal{out: os.Stdout, err: os.Stderr}).Find(words)
	if err == nil {
		err = cmd.ParseFlags(args)
	}
	if err != nil || cmd.Name() != "verify" || len(cmd.Flags().Args()) > 0 {
		t.Errorf("%s: %q: %v, arguments %q", where, words, err, cmd.Flags().Args())
	}
}

// TestExampleCommands holds the commands of the examples to the program.
func TestExampleCommands(t *testing.T) {
	commands := regexp.MustCompile(`(?s)(?:args: >-\n|syncgate )\s*(verify [^\n]*(?:\n[ ]+--[^\n]*)*)`)
	seen := 0
	for _, pattern := range []string{"examples/github/*", "examples/gitlab/*", "examples/pre-commit/*", "examples/bitbucket/*", "examples/azure/*", "templates/*"} {
		names, err := filepath.Glob(filepath.Join(moduleRoot, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", pattern, names, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range commands.FindAllStringSubmatch(string(text), -1) {
				seen++
				parses(t, name, strings.Fields(strings.ReplaceAll(m[1], `"$SYNCGATE_OLD_FAILURES"`, "block")))
			}
		}
	}
	if seen != 6 {
		t.Errorf("%d commands in the examples, want 6", seen)
	}
}

func readYAML(t *testing.T, name string, into any) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, name))
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(text)
}

// TestAction holds the action for GitHub to what GitHub asks of one, and its
// arguments to the program: with what inputs are without a word, and with words
// that a shell would take for something else.
func TestAction(t *testing.T) {
	var action struct {
		Name, Description string
		Inputs            map[string]struct{ Description, Default string }
		Runs              struct {
			Using, Image string
			Args         []string
			Env          map[string]string
		}
	}
	readYAML(t, "action.yml", &action)
	if action.Name == "" || action.Description == "" || action.Runs.Using != "docker" || !strings.HasPrefix(action.Runs.Image, "docker://ghcr.io/syncgate/") {
		t.Errorf("action %+v", action)
	}
	used := map[string]bool{}
	input := regexp.MustCompile(`\$\{\{ inputs\.([a-z-]+) \}\}`)
	fill := func(text string, value func(string) string) string {
		return input.ReplaceAllStringFunc(text, func(m string) string {
			name := input.FindStringSubmatch(m)[1]
			if _, ok := action.Inputs[name]; !ok {
				t.Errorf("%s is no input", name)
			}
			used[name] = true
			return value(name)
		})
	}
	var plain, odd []string
	for _, arg := range action.Runs.Args {
		if strings.Count(arg, "${{") > 0 && !strings.HasPrefix(arg, "--") {
			t.Errorf("%q could be taken for a flag", arg)
		}
		plain = append(plain, fill(arg, func(name string) string { return action.Inputs[name].Default }))
		odd = append(odd, fill(arg, func(name string) string {
			if slices.Contains([]string{"comment", "annotate", "old-failures"}, name) {
				return action.Inputs[name].Default
			}
			return `--at=x "; $(rm -rf /)`
		}))
	}
	parses(t, "action.yml", plain)
	parses(t, "action.yml", odd)
	for _, value := range action.Runs.Env {
		fill(value, func(string) string { return "" })
	}
	for name, in := range action.Inputs {
		if !used[name] || in.Description == "" {
			t.Errorf("input %s is used: %v, described: %q", name, used[name], in.Description)
		}
	}
}

// TestComponent: every input of the component for GitLab is declared and used,
// and reaches the shell in a variable.
func TestComponent(t *testing.T) {
	var header struct {
		Spec struct {
			Inputs map[string]struct{ Default *string }
		}
	}
	text := readYAML(t, "templates/verify.yml", &header)
	_, job, found := strings.Cut(text, "\n---\n")
	if !found {
		t.Fatal("templates/verify.yml has no header of its own")
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`).FindAllStringSubmatch(job, -1) {
		used[m[1]] = true
	}
	for name, in := range header.Spec.Inputs {
		if !used[name] || in.Default == nil {
			t.Errorf("input %s is used: %v, default %v", name, used[name], in.Default)
		}
		delete(used, name)
	}
	if len(used) > 0 {
		t.Errorf("not declared: %v", used)
	}
	var jobs map[string]struct {
		Script    []string
		Variables map[string]any
	}
	if err := yaml.Unmarshal([]byte(job), &jobs); err != nil {
		t.Fatal(err)
	}
	script := strings.Join(jobs["syncgate"].Script, "\n")
	if strings.Contains(script, "$[[") {
		t.Error("an input is written into the script, where a shell would read it")
	}
	for _, m := range regexp.MustCompile(`"?\$(SYNCGATE_\w+)"?`).FindAllStringSubmatch(script, -1) {
		if _, ok := jobs["syncgate"].Variables[m[1]]; !ok || !strings.HasPrefix(m[0], `"`) {
			t.Errorf("%s: no variable, or not quoted", m[0])
		}
	}
}

// TestTektonTask: what the task runs is the program with flags that it takes,
// and its parameters are declared.
func TestTektonTask(t *testing.T) {
	var task struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Spec       struct {
			Params     []struct{ Name, Type string }
			Workspaces []struct{ Name string }
			Steps      []struct {
				Command, Args []string
				VolumeMounts  []struct{ Name, MountPath string } `yaml:"volumeMounts"`
			}
			Volumes []struct{ Name string }
		}
	}
	text := readYAML(t, "examples/tekton/task.yaml", &task)
	if task.APIVersion != "tekton.dev/v1" || task.Kind != "Task" || len(task.Spec.Steps) != 1 {
		t.Fatalf("task %+v", task)
	}
	declared := map[string]bool{}
	for _, p := range task.Spec.Params {
		declared[p.Name] = true
	}
	for _, m := range regexp.MustCompile(`\$\(params\.([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if !declared[m[1]] {
			t.Errorf("%s is no parameter", m[1])
		}
	}
	step := task.Spec.Steps[0]
	if step.Command[0] != "/usr/local/bin/syncgate" {
		t.Errorf("runs %q", step.Command)
	}
	args := slices.DeleteFunc(slices.Clone(step.Args), func(a string) bool { return a == "$(params.args[*])" })
	parses(t, "task.yaml", args)
}
