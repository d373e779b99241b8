package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// emptyRoot is a directory with the program, what links it where it is linked
// dynamically, as it is in tests, and nothing else: no /tmp, no /etc, and no
// file that user 999 may write.
func emptyRoot(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("an empty root directory needs root")
	}
	root := t.TempDir()
	// The directories above are made for their owner alone.
	for dir := root; strings.HasPrefix(dir, os.TempDir()) && dir != os.TempDir(); dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	main, _ := strings.CutPrefix(installed(t), "PROGRAM=")
	needs := map[string]string{main: "/usr/local/bin/syncgate"}
	if libraries, err := exec.Command("ldd", main).Output(); err == nil {
		for word := range strings.FieldsSeq(string(libraries)) {
			if strings.HasPrefix(word, "/") {
				needs[word] = word
			}
		}
	} else if file, err := elf.Open(main); err != nil || file.Section(".interp") != nil {
		t.Skip("the program is linked dynamically, and ldd is not installed")
	}
	for from, to := range needs {
		text, err := os.ReadFile(from)
		must(t, err)
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, to)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, to), text, 0o755))
	}
	return root
}

// TestEmptyRoot runs the program as the image does: in a root directory that
// holds the program and cannot be written, as a user whom it does not know.
func TestEmptyRoot(t *testing.T) {
	root, d := emptyRoot(t), newDeployment(t)
	put := func(name string, text []byte) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, name), text, 0o644))
	}
	put("trusted_root.json", d.TrustedRoot())
	put("policy/policy.yaml", []byte(deploymentPolicy))
	put("repo/deploy/web.yaml", []byte(pod("web", d.web.Pinned())))
	put("chart/Chart.yaml", []byte("apiVersion: v2\nname: clock\nversion: 0.1.0\n"))
	put("chart/templates/clock.yaml", []byte(`apiVersion: v1
kind: ConfigMap
metadata: {name: clock}
data: {at: {{ dateInZone "15:04 MST" (toDate "2006-01-02 15:04 MST" "2026-01-01 12:00 UTC") "America/New_York" | quote }}}
`))
	run := func(env []string, arguments ...string) (int, string) {
		t.Helper()
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "/usr/local/bin/syncgate", arguments...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", env, &out, &out
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 999, Gid: 999}}
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), out.String()
	}
	verify := []string{"verify", "/repo", "--policy", "/policy", "--trusted-root", "/trusted_root.json", "--offline"}
	for _, c := range []struct {
		env       []string
		arguments []string
		code      int
		says      string
	}{
		{nil, []string{"version"}, 0, "syncgate "},
		{nil, verify, 0, "SYNC ALLOWED"},
		{[]string{"HOME=/tmp"}, verify, 0, "SYNC ALLOWED"},
		{[]string{"HOME=/tmp"}, append(verify, "-o", "text", "-o", "json=/report.json"), 3, "write report: open /report.json: permission denied"},
		// Templates find time zones without those of the system.
		{nil, []string{"render", "/chart"}, 0, "07:00 EST"},
		// Without a place for the trusted root, signatures are not checked.
		{nil, []string{"verify", "/repo", "--policy", "/policy", "--offline"}, 2, "not everything could be checked"},
	} {
		code, out := run(c.env, c.arguments...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%q %q: exit code %d, want %d and %q:\n%s", c.env, c.arguments, code, c.code, c.says, out)
		}
	}
}
