package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// component is templates/syncgate.yml: what it takes, and the job that it is.
type component struct {
	Spec struct {
		Inputs map[string]struct {
			Description, Type, Regex string
			Default                  *string
			Options                  []string
		}
	}
	text string
}

func readComponent(t *testing.T) component {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, "templates", "syncgate.yml"))
	must(t, err)
	head, job, found := strings.Cut(string(text), "\n---\n")
	if !found {
		t.Fatal("the component has no header")
	}
	c := component{text: job}
	decode(t, "templates/syncgate.yml", []byte(head), &c)
	return c
}

// taken tells whether GitLab takes a value for an input. Its expressions are
// those of RE2, as Go's are.
func (c component) taken(name, value string) bool {
	input, ok := c.Spec.Inputs[name]
	switch {
	case !ok:
		return false
	case input.Type == "boolean":
		return value == "true" || value == "false"
	case input.Options != nil:
		return slices.Contains(input.Options, value)
	}
	return input.Regex != "" && regexp.MustCompile(input.Regex).MatchString(value)
}

// script is that of the job, after inputs are put into its text.
func (c component) script(t *testing.T, with map[string]string) string {
	t.Helper()
	text := regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`).ReplaceAllStringFunc(c.text, func(found string) string {
		name := strings.Fields(found)[1][len("inputs."):]
		value, given := with[name]
		if !given {
			if c.Spec.Inputs[name].Default == nil {
				t.Fatalf("%s is not given", name)
			}
			value = *c.Spec.Inputs[name].Default
		}
		if !c.taken(name, value) {
			t.Fatalf("%s does not take %q", name, value)
		}
		return value
	})
	var pipeline map[string]struct {
		Stage string
		Image struct {
			Name       string
			Entrypoint []string
		}
		Variables map[string]string
		Script    []string
		Artifacts struct {
			When    string
			Paths   []string
			Reports map[string]string
		}
	}
	decode(t, "templates/syncgate.yml", []byte(text), &pipeline)
	job := pipeline["syncgate"]
	if len(pipeline) != 1 || len(job.Script) == 0 || len(job.Variables) != 1 || job.Variables["GIT_DEPTH"] != "0" {
		t.Fatalf("want one job that nothing but its inputs steers: %+v", pipeline)
	}
	return strings.Join(job.Script, "\n")
}

// shell runs a script as runners do, in the shell that the image has where it
// is installed.
func (d *deployment) shell(script string, env ...string) (int, string) {
	d.t.Helper()
	main, err := exec.LookPath("syncgate")
	must(d.t, err)
	script = strings.ReplaceAll(script, "/usr/local/bin/syncgate", main)
	command := []string{"sh", "-e", "-c", script}
	if _, err := exec.LookPath("busybox"); err == nil {
		command = append([]string{"busybox"}, command...)
	}
	return execute(d.t, d.repo, environment(d.t, env...), command...)
}

// TestComponentTellsTheVerdict runs the job of the GitLab component.
func TestComponentTellsTheVerdict(t *testing.T) {
	d, c := newDeployment(t), readComponent(t)
	with := map[string]string{"policy-revision": "refs/remotes/origin/main"}
	script := func() string {
		return strings.Replace(c.script(t, with), "set -- verify", "set -- verify "+strings.Join(d.offline(), " "), 1)
	}
	job := []string{"GITLAB_CI=true", "CI_API_V4_URL=" + d.host, "CI_PROJECT_ID=12", "CI_COMMIT_SHA=" + d.head(), "CI_COMMIT_REF_NAME=main", "GITLAB_TOKEN=" + jobToken}

	// What a commit has put where the reports go is not written through.
	outside := t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(d.repo, ".syncgate")))
	if code, log := d.shell(script(), job...); code != 0 || d.published() != "" {
		t.Errorf("exit code %d, statuses that nobody asked for:\n%s", code, log)
	}
	for _, name := range []string{"code-quality.json", "report.html", "junit.xml"} {
		if info, err := os.Stat(filepath.Join(d.repo, ".syncgate", name)); err != nil || info.Size() == 0 {
			t.Errorf("no report %s: %v", name, err)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("a link led out of the repository: %v %v", entries, err)
	}
	with["status"], with["comment"], with["status-name"], with["path"] = "auto", "true", "syncgate/production", "deploy"
	if code, log := d.shell(script(), job...); code != 0 || d.published() != "running success" {
		t.Errorf("exit code %d, want the status set:\n%s", code, log)
	}
	d.commit(map[string]string{"deploy/cart.yaml": pod("cart", d.cart.Pinned())})
	delete(with, "status")
	delete(with, "comment")
	if code, log := d.shell(script(), job...); code != 1 {
		t.Errorf("exit code %d, want 1:\n%s", code, log)
	}
	with["compare-to"], with["old-failures"] = "refs/remotes/origin/main", "allow"
	if code, log := d.shell(script(), job...); code != 1 {
		t.Errorf("exit code %d of what is new, want 1:\n%s", code, log)
	}
	if code, _ := d.shell(strings.ReplaceAll(script(), "/usr/local/bin/syncgate", "/usr/local/bin/not-installed-syncgate")); code == 0 {
		t.Error("green without the program")
	}
	must(t, d.Close())
	if code, log := d.shell(script(), job...); code != 2 {
		t.Errorf("exit code %d while the registry is down, want 2:\n%s", code, log)
	}
}

// TestComponentInputs: no input can be anything else than a name, so that none
// can be YAML or shell.
func TestComponentInputs(t *testing.T) {
	c := readComponent(t)
	for name, input := range c.Spec.Inputs {
		for _, value := range hostile {
			if value != "-" && c.taken(name, value) && !(name == "policy" && value == "--policy=evil") {
				t.Errorf("%s takes %q", name, value)
			}
		}
		for _, value := range []string{"x\n", "x\ny: z", "a'b", "a\"b", "a$b", "a`b", "a b", "a]b", "a#b", "a;b", "a\\b", "a&b", "$[[ inputs.token ]]"} {
			if c.taken(name, value) {
				t.Errorf("%s takes %q", name, value)
			}
		}
		if input.Default != nil && !c.taken(name, *input.Default) {
			t.Errorf("%s does not take its own default %q", name, *input.Default)
		}
		if !strings.Contains(c.text, fmt.Sprintf("$[[ inputs.%s ]]", name)) {
			t.Errorf("nothing uses the input %s", name)
		}
	}
}

// TestTask runs the step of the Tekton task: each of its arguments is one,
// whatever parameters hold.
func TestTask(t *testing.T) {
	d := newDeployment(t)
	for _, c := range []struct {
		params map[string]string
		code   int
	}{
		{map[string]string{}, 0},
		{map[string]string{"revision": "--policy=/dev/null"}, 3},
		{map[string]string{"policy": "$(touch pwned)"}, 3},
		{map[string]string{"policy-revision": "x\n--policy-revision=HEAD"}, 3},
	} {
		code, log := d.task(c.params, append(d.offline(), "--path=deploy"))
		if code != c.code {
			t.Errorf("%v: exit code %d, want %d:\n%s", c.params, code, c.code, log)
		}
	}
	d.commit(map[string]string{"deploy/cart.yaml": pod("cart", d.cart.Pinned())})
	if code, log := d.task(nil, d.offline()); code != 1 {
		t.Errorf("exit code %d, want 1:\n%s", code, log)
	}
	untouched(t, d.repo)
}

// task runs the step with these parameters, as Tekton puts them in.
func (d *deployment) task(params map[string]string, arguments []string) (int, string) {
	d.t.Helper()
	var task struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Spec       struct {
			Description string
			Params      []struct {
				Name, Description, Type string
				Default                 any
			}
			Workspaces []struct {
				Name, Description string
				Optional          bool
				ReadOnly          bool `yaml:"readOnly"`
			}
			Steps []struct {
				Name, Image   string
				Command, Args []string
				Env           []struct{ Name, Value string }
				EnvFrom       []any          `yaml:"envFrom"`
				VolumeMounts  []any          `yaml:"volumeMounts"`
				Security      map[string]any `yaml:"securityContext"`
			}
			Volumes []any
		}
	}
	shippedFile(d.t, "examples/tekton/task.yaml", &task)
	step := task.Spec.Steps[0]
	if step.Security["runAsNonRoot"] != true || step.Security["readOnlyRootFilesystem"] != true || len(task.Spec.Steps) != 1 {
		d.t.Errorf("the step may too much: %v", step.Security)
	}
	values := map[string]string{"$(workspaces.source.path)": d.repo, "$(workspaces.registry.path)": ""}
	for _, param := range task.Spec.Params {
		value, given := params[param.Name]
		if !given {
			value, _ = param.Default.(string)
		}
		values["$(params."+param.Name+")"] = value
	}
	command := []string{"syncgate"}
	if !slices.Equal(step.Command, []string{"/usr/local/bin/syncgate"}) {
		d.t.Errorf("the step runs %q", step.Command)
	}
	for _, arg := range step.Args {
		if arg == "$(params.arguments[*])" {
			command = append(command, arguments...)
			continue
		}
		for name, value := range values {
			arg = strings.ReplaceAll(arg, name, value)
		}
		command = append(command, arg)
	}
	return execute(d.t, d.t.TempDir(), environment(d.t), command...)
}

// TestPipelineExamples runs the scripts of the examples in what their forges
// set in a job.
func TestPipelineExamples(t *testing.T) {
	d := newDeployment(t)
	scripts := map[string]string{"bitbucket": bitbucketScript(t), "azure": azureScript(t)}
	run := func(name string) (int, string) {
		script, more := scripts[name], strings.Join(d.offline(), " ")
		if name == "bitbucket" {
			// Its address is in no variable.
			more += " --status-api " + d.host
		}
		script = strings.Replace(script, "--status auto", more+" --status auto", 1)
		env := map[string][]string{
			"bitbucket": {"BITBUCKET_PIPELINE_UUID={1}", "BITBUCKET_COMMIT=" + d.head(), "BITBUCKET_REPO_FULL_NAME=acme/deploy", "BITBUCKET_BRANCH=main", "BITBUCKET_BUILD_NUMBER=7", "BITBUCKET_TOKEN=" + jobToken},
			"azure": {"TF_BUILD=True", "BUILD_REPOSITORY_PROVIDER=TfsGit", "BUILD_REPOSITORY_ID=1", "SYSTEM_TEAMPROJECT=deploy", "SYSTEM_COLLECTIONURI=" + d.host + "/acme/",
				"BUILD_SOURCEVERSION=" + d.head(), "BUILD_BUILDID=7", "SYSTEM_ACCESSTOKEN=" + jobToken, "IMAGE=ghcr.io/acme/x@sha256:" + unreleased, "AGENT_TEMPDIRECTORY=" + t.TempDir()},
		}[name]
		return d.shell(script, append(env, installed(t), "PATH="+filepath.Dir(program(t, "docker", docker))+":"+os.Getenv("PATH"))...)
	}
	for name, want := range map[string]string{"bitbucket": "INPROGRESS SUCCESSFUL", "azure": "pending succeeded"} {
		code, log := run(name)
		if states := d.published(); code != 0 || states != want {
			t.Errorf("%s: exit code %d, statuses %q, want %q:\n%s", name, code, states, want, log)
		}
	}
	d.commit(map[string]string{"deploy/cart.yaml": pod("cart", d.cart.Pinned())})
	for name, want := range map[string]string{"bitbucket": "INPROGRESS FAILED", "azure": "pending failed"} {
		code, log := run(name)
		if states := d.published(); code != 1 || states != want {
			t.Errorf("%s: exit code %d, statuses %q, want 1 and %q:\n%s", name, code, states, want, log)
		}
	}
}

func bitbucketScript(t *testing.T) string {
	t.Helper()
	type steps []struct{ Step any }
	var file struct {
		Definitions struct {
			Steps []struct {
				Step struct {
					Name, Image string
					Clone       map[string]string
					Script      []string
				}
			}
		}
		Pipelines struct {
			PullRequests map[string]steps `yaml:"pull-requests"`
			Branches     map[string]steps
		}
	}
	shippedFile(t, "examples/bitbucket/bitbucket-pipelines.yml", &file)
	if len(file.Pipelines.PullRequests["**"]) != 1 || file.Definitions.Steps[0].Step.Clone["depth"] != "full" {
		t.Error("the Bitbucket example does not run for every pull request, with the history")
	}
	return strings.Join(file.Definitions.Steps[0].Step.Script, "\n")
}

func azureScript(t *testing.T) string {
	t.Helper()
	var file struct {
		Trigger, Pool any
		Steps         []struct {
			Checkout, Script, Task, Condition string
			DisplayName                       string `yaml:"displayName"`
			FetchDepth                        *int   `yaml:"fetchDepth"`
			PersistCredentials                *bool  `yaml:"persistCredentials"`
			Env                               map[string]string
			Inputs                            map[string]string
		}
	}
	shippedFile(t, "examples/azure/azure-pipelines.yml", &file)
	if out := file.Steps[0]; out.FetchDepth == nil || *out.FetchDepth != 0 || out.PersistCredentials == nil || *out.PersistCredentials {
		t.Error("the Azure example checks out without the history, or keeps the token")
	}
	var scripts []string
	for _, step := range file.Steps {
		if strings.Contains(step.Script, "$(System") {
			t.Errorf("a macro is put into a script: %s", step.Script)
		}
		scripts = append(scripts, step.Script)
	}
	return strings.Join(scripts, "\n")
}

// TestHook runs what pre-commit runs, on files as they are.
func TestHook(t *testing.T) {
	d := newDeployment(t)
	var hooks []struct {
		ID, Name, Description, Language, Entry string
		Args                                   []string
		Pass                                   *bool `yaml:"pass_filenames"`
		Always                                 bool  `yaml:"always_run"`
	}
	shippedFile(t, ".pre-commit-hooks.yaml", &hooks)
	var config struct {
		Repos []struct {
			Repo, Rev string
			Hooks     []struct {
				ID   string
				Args []string
			}
		}
	}
	shippedFile(t, "examples/pre-commit/hooks.yaml", &config)
	hook, used := hooks[0], config.Repos[0].Hooks[0]
	if used.ID != hook.ID || !slices.Equal(used.Args, hook.Args) || !hook.Always || hook.Pass == nil || *hook.Pass {
		t.Errorf("the hook %+v is used as %+v", hook, used)
	}
	command := slices.Concat(strings.Fields(hook.Entry), used.Args, d.offline())
	if code, log := execute(t, d.repo, environment(t), command...); code != 0 {
		t.Errorf("exit code %d:\n%s", code, log)
	}
	must(t, os.WriteFile(filepath.Join(d.repo, "deploy/cart.yaml"), []byte(pod("cart", d.cart.Pinned())), 0o644))
	if code, log := execute(t, d.repo, environment(t), command...); code != 1 {
		t.Errorf("exit code %d of a file that is not committed, want 1:\n%s", code, log)
	}
}
