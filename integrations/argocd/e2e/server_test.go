package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/util/cmp"

	"github.com/syncgate/syncgate/verify/verifytest"
)

const policy = `apiVersion: syncgate.dev/v1alpha1
kind: ImagePolicy
metadata: {name: production}
spec:
  match: {images: ["**"]}
  signers:
    release: {keyless: {issuer: "https://token.actions.githubusercontent.com", subject: "https://github.com/acme/*/.github/workflows/release.yml@refs/tags/*"}}
  require:
    - signature: {signers: [release]}
`

// world is a registry with images, a repository with applications, and
// argocd-cmp-server with the plugin.
type world struct {
	*verifytest.World
	release *verifytest.Signer
	dir     string
	client  apiclient.ConfigManagementPluginServiceClient
}

func newWorld(t *testing.T) *world {
	t.Helper()
	made, err := verifytest.NewWorld(verifytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { made.Close() })
	w := &world{World: made, dir: t.TempDir()}
	w.release = made.Keyless("https://token.actions.githubusercontent.com", "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1", nil)
	w.write(t, "policy/production.yaml", policy)
	w.write(t, "trusted_root.json", string(made.TrustedRoot()))
	w.start(t)
	return w
}

func (w *world) write(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// push pushes an image, and signs it if that is wanted.
func (w *world) push(t *testing.T, name string, sign bool) verifytest.Image {
	t.Helper()
	image, err := w.PushImage(name)
	if err == nil && sign {
		err = w.Sign(image, w.release, verifytest.How{Form: verifytest.FormBundle})
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// start starts argocd-cmp-server with the plugin's own configuration, but for
// where its files are.
func (w *world) start(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "install", "plugin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const files = "/etc/syncgate/policy"
	if !strings.Contains(string(text), files) {
		t.Fatalf("the plugin's policy is not in %s", files)
	}
	w.write(t, "config/plugin.yaml", strings.Replace(string(text), files,
		filepath.Join(w.dir, "policy")+", --trusted-root, "+filepath.Join(w.dir, "trusted_root.json"), 1))
	// A socket's path must be short.
	sockets, err := os.MkdirTemp("", "cmp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	server := exec.Command(os.Args[0], "--config-dir-path", filepath.Join(w.dir, "config"))
	server.Env = []string{
		asServer + "=1", "PATH=" + programs, "HOME=" + w.dir, "XDG_CACHE_HOME=" + filepath.Join(w.dir, "cache"),
		"ARGOCD_PLUGINSOCKFILEPATH=" + sockets, "ARGOCD_CMP_WORKDIR=" + filepath.Join(w.dir, "work"),
	}
	said, err := server.StderrPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	listen(t, said)
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(filepath.Join(sockets, "syncgate.sock")).NewConfigManagementPluginClient()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	w.client = client
}

// listen waits until the server says that it serves, and keeps what it says.
func listen(t *testing.T, said io.Reader) {
	t.Helper()
	lines, log := bufio.NewScanner(said), t.Output()
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintln(log, lines.Text())
		if strings.Contains(lines.Text(), "serving on") {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return
		}
	}
	t.Fatal("argocd-cmp-server does not start")
}

// generate asks for the manifests of an application of the repository, with
// more environment, as argocd-repo-server does: in the time that it gives.
func (w *world) generate(t *testing.T, app string, more map[string]string) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	stream, err := w.client.GenerateManifest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"ARGOCD_APP_NAME": app, "ARGOCD_APP_NAMESPACE": "shop", "ARGOCD_APP_PROJECT_NAME": "default",
		"ARGOCD_APP_REVISION":        "8f5a1b3c9d7e4f60123456789abcdef012345678",
		"ARGOCD_APP_SOURCE_REPO_URL": "https://git.example.com/acme/deploy", "ARGOCD_APP_SOURCE_PATH": "apps/" + app,
		"ARGOCD_APP_SOURCE_TARGET_REVISION": "main", "KUBE_VERSION": "1.34.1", "KUBE_API_VERSIONS": "v1,apps/v1",
	}
	maps.Copy(env, more)
	var list []string
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	repository := filepath.Join(w.dir, "repository")
	if err := cmp.SendRepoStream(ctx, filepath.Join(repository, "apps", app), repository, stream, list, nil); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.CloseAndRecv()
	return answer.GetManifests(), err
}
