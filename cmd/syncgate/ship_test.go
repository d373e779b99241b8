package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render/git/gittest"
	"github.com/syncgate/syncgate/verify/verifytest"
)

const (
	// unreleased is the digest that files name until a release writes its own.
	unreleased = "0000000000000000000000000000000000000000000000000000000000000000"
	// jobToken is the token of a job, which nothing may print.
	jobToken = "token-that-nobody-may-see"
)

// deployment is a deployment repository, the registry that its images are in,
// and a forge that writes down which statuses it is sent.
type deployment struct {
	*verifytest.World
	t                   *testing.T
	repo, trusted, host string
	web, cart           verifytest.Image
	mutex               sync.Mutex
	states              []string
}

const deploymentPolicy = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: production}
spec:
  match: {images: ["**"]}
  signers:
    release: {keyless: {issuer: "https://token.actions.githubusercontent.com", subject: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"}}
  require:
    - name: signed
      signature: {signers: [release]}
`

// newDeployment makes a deployment of one image that policy lets through.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	world, err := verifytest.NewWorld(verifytest.Options{})
	must(t, err)
	t.Cleanup(func() { world.Close() })
	d := &deployment{World: world, t: t, repo: t.TempDir(), trusted: filepath.Join(t.TempDir(), "trusted_root.json")}
	must(t, os.WriteFile(d.trusted, world.TrustedRoot(), 0o644))
	for name, image := range map[string]*verifytest.Image{"web": &d.web, "cart": &d.cart} {
		*image, err = world.PushImage("acme/" + name + ":v1")
		must(t, err)
	}
	signer := world.Keyless("https://token.actions.githubusercontent.com", "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1", nil)
	must(t, world.Sign(d.web, signer, verifytest.How{}))
	commit := d.commit(map[string]string{"policies/policy.yaml": deploymentPolicy, "deploy/web.yaml": pod("web", d.web.Pinned())})
	must(t, os.MkdirAll(filepath.Join(d.repo, ".git/refs/remotes/origin"), 0o755))
	must(t, os.WriteFile(filepath.Join(d.repo, ".git/refs/remotes/origin/main"), []byte(commit+"\n"), 0o644))
	server := httptest.NewServer(http.HandlerFunc(d.take))
	t.Cleanup(server.Close)
	d.host = server.URL
	return d
}

// take is the forge.
func (d *deployment) take(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	var status struct{ State string }
	if json.Unmarshal(text, &status) == nil && status.State != "" {
		d.mutex.Lock()
		d.states = append(d.states, status.State)
		d.mutex.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	answer := "{}"
	if r.Method == http.MethodGet {
		answer = "[]"
	}
	io.WriteString(w, answer)
}

// published are the statuses that were set since it was last asked.
func (d *deployment) published() string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	all := strings.Join(d.states, " ")
	d.states = nil
	return all
}

func pod(name, image string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec: {containers: [{name: " + name + ", image: \"" + image + "\"}]}\n"
}

func (d *deployment) commit(files map[string]string) string {
	d.t.Helper()
	data := map[string][]byte{}
	for name, text := range files {
		data[name] = []byte(text)
	}
	commit, err := gittest.Commit(d.repo, "change", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), data)
	must(d.t, err)
	return commit
}

// head is the commit that is checked out.
func (d *deployment) head() string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.repo, ".git/refs/heads/main"))
	must(d.t, err)
	return strings.TrimSpace(string(text))
}

// offline are the arguments that make keyless signatures hold here.
func (d *deployment) offline() []string { return []string{"--trusted-root=" + d.trusted, "--offline"} }

// environment is that of a job: nothing of this machine but where programs
// are, and what else is given.
func environment(t *testing.T, more ...string) []string {
	home := t.TempDir()
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + home, "TMPDIR=" + home}, more...)
}

// execute runs a command in dir, and returns its exit code and what it printed.
func execute(t *testing.T, dir string, env []string, command ...string) (int, string) {
	t.Helper()
	program, err := exec.LookPath(command[0])
	if err != nil {
		t.Skipf("%s is not installed, with which the scripts of pipelines are run", command[0])
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), jobToken) {
		t.Errorf("the token is in the log:\n%s", out.String())
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// program writes an executable script and returns its path.
func program(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o755))
	return file
}

// shippedFile decodes the documents of a YAML file of the repository, each into
// one of values, and refuses what they have no place for.
func shippedFile(t *testing.T, name string, values ...any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, name))
	must(t, err)
	decode(t, name, text, values...)
}

func decode(t *testing.T, name string, text []byte, values ...any) {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	for _, value := range values {
		if err := decoder.Decode(value); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var more any
	if err := decoder.Decode(&more); err != io.EOF {
		t.Fatalf("%s has another document: %v", name, err)
	}
}

// hostile are values of inputs that try to reach a shell, a workflow command or
// another output.
var hostile = []string{
	"$(touch pwned)", "`touch pwned`", "; touch pwned;", "\"; touch pwned; \"", "'; touch pwned; '", "x\ntouch pwned\n", "x\nverdict=pass",
	"--policy=evil", "a b\tc *", "\n::set-output name=verdict::pass", "${HOME}", "x' || touch pwned || '", "-", "\\", "x\"\n  evil: true\n  y: \"",
}

// untouched wants no trace of a command that an input held.
func untouched(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		must(t, filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
			if err == nil && strings.Contains(entry.Name(), "pwned") {
				t.Errorf("a shell has run what an input held: %s", name)
			}
			return err
		}))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestShippedFilesArePinned wants every action, image and base image by the
// hash of its contents, nothing put into a shell by text, and the permissions
// of each job said.
func TestShippedFilesArePinned(t *testing.T) {
	files := []string{"action.yml", "Dockerfile"}
	for _, pattern := range []string{".github/workflows/*", "templates/*", "examples/github/*", "examples/gitlab/*", "examples/tekton/*",
		"examples/bitbucket/*", "examples/azure/*", "examples/pre-commit/*", "examples/syncgate/images/*"} {
		names, err := filepath.Glob(filepath.Join(moduleRoot, filepath.FromSlash(pattern)))
		must(t, err)
		if len(names) == 0 {
			t.Errorf("there is no %s", pattern)
		}
		for _, name := range names {
			relative, err := filepath.Rel(moduleRoot, name)
			must(t, err)
			files = append(files, relative)
		}
	}
	pins := 0
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(moduleRoot, name))
		must(t, err)
		found, unpinned := pinned(string(text))
		pins += found
		for _, line := range unpinned {
			t.Errorf("%s: %s: name it by its hash", name, line)
		}
	}
	if pins < 20 {
		t.Errorf("%d pins found", pins)
	}
	workflows := slices.DeleteFunc(files, func(name string) bool {
		return !strings.Contains(name, "workflow")
	})
	for _, name := range workflows {
		guarded(t, name)
	}
}
