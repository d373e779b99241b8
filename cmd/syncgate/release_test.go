package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// TestRelease: the workflow runs what there is, has no right that it does not
// need, and its shell reads no expression of GitHub's.
func TestRelease(t *testing.T) {
	var workflow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Permissions map[string]string
			Steps       []struct{ Uses, Run string }
		}
	}
	readYAML(t, ".github/workflows/release.yaml", &workflow)
	if len(workflow.Permissions) != 0 {
		t.Errorf("every job has %v", workflow.Permissions)
	}
	version := regexp.MustCompile(`^[\w.-]+/[\w./-]+@(v\d+|[0-9a-f]{40})$`)
	script := regexp.MustCompile(`\.ci/\w+`)
	all := ""
	for name, job := range workflow.Jobs {
		if len(job.Permissions) == 0 {
			t.Errorf("job %s does not say what it may do", name)
		}
		for _, step := range job.Steps {
			if step.Uses != "" && !version.MatchString(step.Uses) {
				t.Errorf("%s is of no version", step.Uses)
			}
			if strings.Contains(step.Run, "${{") {
				t.Errorf("a shell reads %q", step.Run)
			}
			for _, name := range script.FindAllString(step.Run, -1) {
				if info, err := os.Stat(filepath.Join(moduleRoot, name)); err != nil || info.Mode()&0o111 == 0 {
					t.Errorf("%s cannot be run: %v", name, err)
				}
			}
			all += step.Uses + " " + step.Run + "\n"
		}
	}
	for _, want := range []string{"cosign sign-blob --yes", "cosign sign --yes", "attest-build-provenance", "cmp dist/"} {
		if !strings.Contains(all, want) {
			t.Errorf("the workflow does not %s", want)
		}
	}
}

// TestDockerfile: what the image is made of is there, and it has nothing but the
// program, the certificates and a place to write to.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(moduleRoot, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) > 2 && words[0] == "COPY" && !strings.HasPrefix(words[1], "--from"):
			for _, name := range words[1 : len(words)-1] {
				if _, err := os.Stat(filepath.Join(moduleRoot, name)); err != nil {
					t.Error(err)
				}
			}
		case len(words) > 0 && words[0] == "RUN":
			for _, word := range words {
				if strings.HasPrefix(word, "/out/root") {
					made[word] = true
				}
			}
		}
	}
	if !made["/out/root/usr/local/bin/syncgate"] || !made["/out/root/etc/ssl/certs"] || !made["/out/root/tmp"] || len(made) != 3 {
		t.Errorf("the image is made of %v", made)
	}
	_, last, _ := strings.Cut(string(text), "\nFROM scratch\n")
	for _, want := range []string{"COPY --from=build /out/root/ /\n", "USER 999:999\n", `ENTRYPOINT ["/usr/local/bin/syncgate"]`} {
		if !strings.Contains(last, want) {
			t.Errorf("the image that is last has no %q", want)
		}
	}
}

// TestReleaseProgram builds the program as a release does, and starts it where
// there is nothing else, as in the image. It takes minutes where nothing has been
// built in that way before.
func TestReleaseProgram(t *testing.T) {
	if os.Getenv("SYNCGATE_RELEASE") == "" {
		t.Skip("SYNCGATE_RELEASE is not set: the program of a release is not built")
	}
	root := t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(moduleRoot, ".ci", "release"))
	cmd.Env = append(os.Environ(), "TARGETS=linux/amd64", "NO_SBOM=1", "DIST="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program := filepath.Join(root, "syncgate-linux-amd64")
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("it needs a dynamic linker, which the image does not have")
		}
	}
	if os.Getuid() != 0 {
		t.Skip("only root can start it in an empty root")
	}
	start := exec.CommandContext(t.Context(), "/syncgate-linux-amd64", "demo")
	start.Dir, start.Env = "/", []string{"TMPDIR=/"}
	start.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	out, err := start.CombinedOutput()
	if exit := start.ProcessState.ExitCode(); exit != exitPass {
		t.Errorf("%v: %s", err, out)
	}
}
