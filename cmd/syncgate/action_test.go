package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// actionFile is action.yml, with all that it may have.
type actionFile struct {
	Name, Description string
	Branding          map[string]string
	Inputs            map[string]struct{ Description, Default string }
	Outputs           map[string]struct{ Description, Value string }
	Runs              struct {
		Using string
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		}
	}
}

// ran is what came of a run of the action.
type ran struct {
	code    int
	log     string
	outputs map[string]string
	summary string
}

// docker stands for the one that takes the program out of its image.
const docker = `case $1 in
create) [ -z "$DOCKER_FAILS" ] && echo container ;;
cp) ln -s "$PROGRAM" "$3" ;;
rm) ;;
*) exit 64 ;;
esac
`

// runAction runs the steps of the action as the runner of GitHub does: what
// "with" does not give has its default, and expressions are put into the
// environment and nowhere else.
func (d *deployment) runAction(with map[string]string, env ...string) ran {
	d.t.Helper()
	var action actionFile
	shippedFile(d.t, "action.yml", &action)
	values := map[string]string{"github.token": jobToken, "github.event.repository.default_branch": "main"}
	for name, input := range action.Inputs {
		values["inputs."+name] = fillIn(d.t, input.Default, values)
	}
	for name, value := range with {
		if _, ok := action.Inputs[name]; !ok {
			d.t.Fatalf("the action has no input %s", name)
		}
		values["inputs."+name] = value
	}
	temp := d.t.TempDir()
	env = append(environment(d.t,
		"RUNNER_TEMP="+temp, "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"), "GITHUB_ACTIONS=true", "GITHUB_API_URL="+d.host,
		"GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=acme/deploy", "GITHUB_SHA="+d.head(), "GITHUB_RUN_ID=42"), env...)
	env[0] = "PATH=" + filepath.Dir(program(d.t, "docker", docker)) + ":" + os.Getenv("PATH")
	var result ran
	for _, step := range action.Runs.Steps {
		if strings.Contains(step.Run, "${{") || step.Shell != "bash" {
			d.t.Fatalf("step %s puts an expression into the shell, or does not say which", step.ID)
		}
		output := filepath.Join(temp, step.ID+".output")
		script := filepath.Join(temp, step.ID+".sh")
		must(d.t, os.WriteFile(script, []byte(step.Run), 0o644))
		its := append(slices.Clone(env), "GITHUB_OUTPUT="+output)
		for name, value := range step.Env {
			its = append(its, name+"="+fillIn(d.t, value, values))
		}
		code, log := execute(d.t, d.repo, its, "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		result.log += log
		maps.Copy(values, outputsOf(d.t, step.ID, output))
		if result.code = code; code != 0 {
			break
		}
	}
	result.outputs = map[string]string{}
	for name, output := range action.Outputs {
		result.outputs[name] = fillIn(d.t, output.Value, values)
	}
	text, _ := os.ReadFile(filepath.Join(temp, "summary"))
	result.summary = string(text)
	untouched(d.t, d.repo, temp)
	return result
}

// fillIn puts values into the expressions of a text, once: what they hold is no
// expression.
func fillIn(t *testing.T, text string, values map[string]string) string {
	t.Helper()
	expression := regexp.MustCompile(`\$\{\{ ([a-z._-]+)(?: \|\| '([a-z]*)')? \}\}`)
	filled := expression.ReplaceAllStringFunc(text, func(found string) string {
		m := expression.FindStringSubmatch(found)
		value, ok := values[m[1]]
		if !ok && !strings.HasPrefix(m[1], "steps.") {
			t.Fatalf("%s is not known", found)
		}
		if value == "" {
			value = m[2]
		}
		return value
	})
	if strings.Contains(expression.ReplaceAllString(text, ""), "${{") {
		t.Fatalf("%q is more than a name", text)
	}
	return filled
}

// outputsOf reads what a step has written, of which each line must be one
// output that the action knows.
func outputsOf(t *testing.T, step, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		key := "steps." + step + ".outputs." + name
		if _, twice := outputs[key]; !found || twice || !slices.Contains([]string{"directory", "verdict", "json", "sarif", "html"}, name) {
			t.Errorf("step %s writes output %q", step, line)
		}
		outputs[key] = value
	}
	return outputs
}

// real is what the action needs to take the program itself, and to find
// signatures here.
func (d *deployment) real(more ...string) map[string]string {
	with := map[string]string{
		"image":     "ghcr.io/acme/mirror/syncgate@sha256:" + strings.Repeat("ab", 32),
		"arguments": strings.Join(d.offline(), "\n"),
	}
	for i := 0; i < len(more); i += 2 {
		with[more[i]] = more[i+1]
	}
	return with
}

func installed(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("syncgate")
	must(t, err)
	return "PROGRAM=" + path
}

// TestActionTellsTheVerdict runs the action on the real program.
func TestActionTellsTheVerdict(t *testing.T) {
	d, main := newDeployment(t), installed(t)
	check := func(name string, got ran, code int, verdict, states string) {
		t.Helper()
		if got.code != code || got.outputs["verdict"] != verdict {
			t.Errorf("%s: exit code %d, verdict %q, want %d, %q:\n%s", name, got.code, got.outputs["verdict"], code, verdict, got.log)
		}
		if published := d.published(); published != states {
			t.Errorf("%s: statuses %q, want %q", name, published, states)
		}
	}
	got := d.runAction(d.real(), main)
	check("pass", got, 0, "pass", "pending success")
	for _, format := range []string{"json", "sarif", "html"} {
		if info, err := os.Stat(got.outputs[format]); err != nil || info.Size() == 0 {
			t.Errorf("there is no report %s: %v", format, err)
		}
	}
	if !strings.Contains(got.summary, "acme/web") || !strings.Contains(got.log, "SYNC ALLOWED") {
		t.Errorf("the summary is %q, and the log\n%s", got.summary, got.log)
	}
	check("no status", d.runAction(d.real("status", "none"), main), 0, "pass", "")

	check("everything", d.runAction(d.real("comment", "true", "annotate", "true"), main), 0, "pass", "pending success")

	// The change brings an image that nobody signed, and a policy that lets it.
	lax := strings.Replace(deploymentPolicy, `["**"]`, `["nothing"]`, 1)
	d.commit(map[string]string{"deploy/cart.yaml": pod("cart", d.cart.Pinned()), "policies/policy.yaml": lax})
	got = d.runAction(d.real(), main)
	check("fail", got, 1, "fail", "pending failure")
	if !strings.Contains(got.log, "::error file=deploy/cart.yaml") {
		t.Errorf("no annotation on the file:\n%s", got.log)
	}
	check("one directory", d.runAction(d.real("path", "deploy\n", "policy", "policies/policy.yaml\n\n"), main), 1, "fail", "pending failure")
	check("compared", d.runAction(d.real("compare-to", "refs/remotes/origin/main", "old-failures", "allow"), main), 1, "fail", "pending failure")
	check("a policy revision that is not there", d.runAction(d.real("policy-revision", "refs/remotes/origin/gone"), main), 3, "error", "pending error")
	must(t, d.Close())
	check("registry down", d.runAction(d.real(), main), 2, "unknown", "pending error")
}

// TestActionIsNotGreenWithoutTheProgram: whatever keeps the program from having
// verified anything fails the job.
func TestActionIsNotGreenWithoutTheProgram(t *testing.T) {
	d := newDeployment(t)
	for name, c := range map[string]struct {
		with     map[string]string
		env      []string
		want, in string
	}{
		"of no release":         {with: map[string]string{}, in: "of no release"},
		"a tag":                 {with: d.real("image", "ghcr.io/syncgate/syncgate:latest"), in: "by digest"},
		"an option":             {with: d.real("image", "--privileged"), in: "by digest"},
		"two images":            {with: d.real("image", "a@sha256:"+unreleased+"\nb@sha256:"+unreleased), in: "by digest"},
		"no such image":         {with: d.real(), env: []string{installed(t), "DOCKER_FAILS=1"}},
		"not for this machine":  {with: d.real(), env: []string{"PROGRAM=" + program(t, "wrong", "exit 126\n")}},
		"nothing in the image":  {with: d.real(), env: []string{"PROGRAM=/nowhere"}},
		"it does nothing":       {with: d.real(), env: []string{"PROGRAM=" + program(t, "true", "exit 0\n")}, in: "no report was made"},
		"it fails":              {with: d.real(), env: []string{"PROGRAM=" + program(t, "fails", "[ $1 = version ] || exit 1\n")}, in: "no report was made"},
		"it panics":             {with: d.real(), env: []string{"PROGRAM=" + program(t, "panics", "[ $1 = version ] || exit 2\n")}, in: "no report was made"},
		"it crashes":            {with: d.real(), env: []string{"PROGRAM=" + program(t, "crashes", "[ $1 = version ] || kill -SEGV $$\n")}, in: "no report was made"},
		"it is killed":          {with: d.real(), env: []string{"PROGRAM=" + program(t, "killed", "[ $1 = version ] || kill -KILL $$\n")}},
		"a report, and a crash": {with: d.real(), env: []string{"PROGRAM=" + program(t, "half", reportThen("kill -KILL $$"))}},
		"an empty report":       {with: d.real(), env: []string{"PROGRAM=" + program(t, "empty", strings.Replace(reportThen("exit 0"), "echo {}", ":", 1))}, in: "no report was made"},
	} {
		got := d.runAction(c.with, c.env...)
		if got.code == 0 || got.outputs["verdict"] != "error" {
			t.Errorf("%s: exit code %d, verdict %q:\n%s", name, got.code, got.outputs["verdict"], got.log)
		}
		if !strings.Contains(got.log, c.in) {
			t.Errorf("%s: the log does not say %q:\n%s", name, c.in, got.log)
		}
	}
}

// reportThen is a program that writes a report as JSON, and then does that.
func reportThen(that string) string {
	return "[ $1 = version ] && exit 0\nfor a in \"$@\"; do case $a in json=*) echo {} >\"${a#json=}\";; esac; done\n" + that + "\n"
}

// TestActionInputsAreArguments: whatever an input holds, it is one argument of
// the program, or refused.
func TestActionInputsAreArguments(t *testing.T) {
	d := newDeployment(t)
	file := filepath.Join(t.TempDir(), "arguments")
	recorder := []string{"PROGRAM=" + program(t, "recorder", "[ $1 = version ] || printf '%s\\0' \"$@\" >"+file+"\n")}
	one := map[string]string{
		"revision": "--revision=", "policy-revision": "--policy-revision=", "compare-to": "--compare-to=", "status": "--status=", "status-name": "--status-name=",
	}
	lines := map[string]string{"policy": "--policy=", "path": "--path=", "arguments": ""}
	try := func(with map[string]string) []string {
		os.Remove(file)
		got := d.runAction(with, recorder...)
		if got.code == 0 || got.outputs["verdict"] != "error" {
			t.Errorf("%q: exit code %d, verdict %q", with, got.code, got.outputs["verdict"])
		}
		text, _ := os.ReadFile(file)
		return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	}
	for _, value := range hostile {
		with := d.real()
		for input := range one {
			with[input] = value
		}
		for input := range lines {
			with[input] = value
		}
		arguments := try(with)
		for input, flag := range one {
			if !slices.Contains(arguments, flag+value) {
				t.Errorf("%s: %q became %q", input, value, arguments)
			}
		}
		for input, flag := range lines {
			for line := range strings.SplitSeq(value, "\n") {
				if line != "" && !slices.Contains(arguments, flag+line) {
					t.Errorf("%s: %q became %q", input, value, arguments)
				}
			}
		}
		if slices.ContainsFunc(arguments, func(a string) bool { return strings.Contains(a, jobToken) }) {
			t.Errorf("the token is an argument: %q", arguments)
		}
		for _, input := range []string{"comment", "annotate", "image"} {
			if arguments := try(d.real(input, value)); arguments[0] != "" {
				t.Errorf("%s: %q was taken: %q", input, value, arguments)
			}
		}
	}
	if arguments := try(d.real("old-failures", "$(touch pwned)", "token", "$(touch pwned)")); slices.Contains(arguments, "--old-failures=$(touch pwned)") {
		t.Errorf("old-failures without compare-to: %q", arguments)
	}
	var action actionFile
	shippedFile(t, "action.yml", &action)
	if known := len(one) + len(lines) + len([]string{"comment", "annotate", "image", "token", "old-failures"}); len(action.Inputs) != known {
		t.Errorf("the action has %d inputs, and %d are tried", len(action.Inputs), known)
	}
	if action.Runs.Using != "composite" {
		t.Errorf("it is run by %s", action.Runs.Using)
	}
}
