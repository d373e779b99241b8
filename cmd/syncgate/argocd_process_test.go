package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// argoTimeout is how long a repo-server waits for a plugin, unless its settings
// say otherwise.
const argoTimeout = 60 * time.Second

// plugin is the sidecar of a repo-server: the program, and the files of its own.
type plugin struct {
	*verifytest.World
	bin, policy, root, home, work string
	signer                        *verifytest.Signer
}

func newPlugin(t *testing.T) *plugin {
	t.Helper()
	world, err := verifytest.NewWorld(verifytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	dir := t.TempDir()
	p := &plugin{
		World: world, bin: filepath.Join(dir, "bin"), policy: filepath.Join(dir, "policy"), root: filepath.Join(dir, "trusted_root.json"),
		home: filepath.Join(dir, "home"), work: filepath.Join(dir, "_cmp_server", "2f1c"),
		signer: world.Keyless("https://token.actions.githubusercontent.com", "https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1", nil),
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{p.bin, p.policy, p.home, p.work} {
		if err := os.MkdirAll(made, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// By this name the test is the program.
	if err := os.Symlink(program, filepath.Join(p.bin, "syncgate")); err != nil {
		t.Fatal(err)
	}
	p.write(t, p.root, string(world.TrustedRoot()))
	p.write(t, filepath.Join(p.policy, "production.yaml"), `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: production}
spec:
  match: {images: ["**"]}
  signers:
    release: {keyless: {issuer: "https://token.actions.githubusercontent.com", subject: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"}}
  require: [{name: signed, signature: {signers: [release]}}]
`)
	return p
}

func (p *plugin) write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// push pushes an image that is signed, and returns a pod that runs it.
func (p *plugin) push(t *testing.T, name string) string {
	t.Helper()
	image, err := p.PushImage("acme/" + name + ":v1")
	if err == nil {
		err = p.Sign(image, p.signer, verifytest.How{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: %q}]}\n---\n", name, image.Reference())
}

// start starts the plugin for an application as argocd-cmp-server does: in its
// directory below a working directory of its own, with the sidecar's environment
// and after it the application's, nothing to read, and a process group of its own.
func (p *plugin) start(t *testing.T, app string, more ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	args := append([]string{"argocd", "generate", "--policy", p.policy, "--trusted-root", p.root}, more...)
	cmd = exec.Command(filepath.Join(p.bin, "syncgate"), args...)
	cmd.Dir = filepath.Join(p.work, app)
	cmd.Env = append([]string{"PATH=" + p.bin, "HOME=" + p.home},
		"ARGOCD_APP_NAME="+app, "ARGOCD_APP_NAMESPACE=shop", "ARGOCD_APP_PROJECT_NAME=default",
		"ARGOCD_APP_REVISION=8f5a1b3c9d7e4f60123456789abcdef012345678", "ARGOCD_APP_SOURCE_REPO_URL=https://git.example.com/acme/deploy",
		"ARGOCD_APP_SOURCE_PATH="+app, "ARGOCD_APP_SOURCE_TARGET_REVISION=main", "KUBE_VERSION=1.34.1", "KUBE_API_VERSIONS=v1,apps/v1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	return cmd, stdout, stderr
}

// alone tells that nothing of a process group is left.
func alone(cmd *exec.Cmd) bool { return errors.Is(syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH) }

// TestPluginOfHundredImages: an application of 100 images is within Argo CD's
// limit. What takes the time is requests. They are counted, and no tag is
// answered before the registry has been asked for many at once: were they asked
// for one by one, the plugin's time would be over.
func TestPluginOfHundredImages(t *testing.T) {
	p := newPlugin(t)
	const atOnce = 16
	var all strings.Builder
	for i := range 100 {
		all.WriteString(p.push(t, fmt.Sprintf("app%03d", i)))
	}
	p.write(t, filepath.Join(p.work, "hundred", "all.yaml"), all.String())
	var requests, tags atomic.Int64
	together := make(chan struct{})
	p.Break(func(out http.ResponseWriter, r *http.Request, behind http.Handler) {
		requests.Add(1)
		if strings.HasSuffix(r.URL.Path, "/manifests/v1") {
			if tags.Add(1) == atOnce {
				close(together)
			}
			<-together
		}
		behind.ServeHTTP(out, r)
	})
	cmd, stdout, stderr := p.start(t, "hundred")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if n := strings.Count(stdout.String(), "@sha256:"); n != 100 || stderr.Len() > 0 {
		t.Errorf("%d images are pinned, want 100; it says %q", n, stderr)
	}
	// Each image is resolved, asked for its referrers and its signatures, whose
	// manifest and layers are read.
	if n := requests.Load(); n > 7*100 {
		t.Errorf("%d requests for 100 images, want at most 7 an image", n)
	}
	if !alone(cmd) {
		t.Error("a process is left behind")
	}
}

// TestPluginIsToldToStop: argocd-cmp-server ends what takes too long with a
// signal to its process group. Nothing is printed that would be deployed.
func TestPluginIsToldToStop(t *testing.T) {
	p := newPlugin(t)
	p.write(t, filepath.Join(p.work, "web", "web.yaml"), p.push(t, "web"))
	waits := make(chan struct{}, 100)
	p.Break(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		waits <- struct{}{}
		<-r.Context().Done()
	})
	cmd, stdout, stderr := p.start(t, "web")
	<-waits
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || stdout.Len() > 0 {
		t.Errorf("%v: it prints %q, and says %q", err, stdout, stderr)
	}
	if !alone(cmd) {
		t.Error("a process is left behind")
	}
}

// TestPluginLimit: an application whose registry does not answer is held, and
// told in few lines, before Argo CD gives up on it.
func TestPluginLimit(t *testing.T) {
	p := newPlugin(t)
	var all strings.Builder
	for i := range 30 {
		all.WriteString(p.push(t, fmt.Sprintf("app%03d", i)))
	}
	p.write(t, filepath.Join(p.work, "slow", "all.yaml"), all.String())
	p.Break(verifytest.Faults()["slow"])
	cmd, stdout, stderr := p.start(t, "slow", "--timeout", "1s")
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitUnknown || stdout.Len() > 0 {
		t.Errorf("%v: it prints %q", err, stdout)
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if len(lines) > bounds.ConditionLines || !strings.HasPrefix(lines[0], "SYNC HELD") {
		t.Errorf("%d lines:\n%s", len(lines), stderr)
	}
	if bounds.PluginTime+bounds.Grace >= argoTimeout {
		t.Errorf("the plugin has %v, and Argo CD waits %v", bounds.PluginTime, argoTimeout)
	}
}
