package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// documents are the objects that a text holds.
func documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for _, part := range strings.Split(text, "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(part), &u.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTutorial follows docs/flux.md, and the example that it names, to a first
// pass: every object that they show is applied as it is.
func TestTutorial(t *testing.T) {
	page := read(t, "../../../docs/flux.md")
	shown := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(shown) != 1 {
		t.Fatalf("the tutorial shows %d manifests", len(shown))
	}
	for name, text := range map[string]string{"docs/flux.md": shown[0][1], "examples/flux/gate.yaml": read(t, "../../../examples/flux/gate.yaml")} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.namespace = "flux-system"
			objects := documents(t, text)
			if err := shared.apply(t.Context(), objects); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				for _, u := range append(objects, w.object(strings.ReplaceAll(candidateYAML, "app-candidate", "apps")).(*unstructured.Unstructured)) {
					if err := shared.admin.Delete(context.Background(), u); err != nil && !apierrors.IsNotFound(err) {
						t.Error(err)
					}
				}
			})
			start(t, w)
			const revision = "main@sha1:8f5a1b3c9d7e4f60123456789abcdef012345678"
			w.hold("GitRepository", "apps-candidate", revision, map[string]string{"apps/web.yaml": pod(w.image("web", true).Pinned())})
			gate := w.gate("Ready", metav1.ConditionTrue, "RevisionVerified", revision)
			if target := w.source("GitRepository", gate.Spec.Target); target == nil || ref(target, "commit") != "8f5a1b3c9d7e4f60123456789abcdef012345678" {
				t.Errorf("target is %v", target)
			}
		})
	}
}

// kubeconfig writes how the API server is reached as a user.
func kubeconfig(t *testing.T, config *rest.Config) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"ca": config.CAData, "cert": config.CertData, "key": config.KeyData} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host := config.Host
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	name := filepath.Join(dir, "kubeconfig")
	write(t, name, `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "`+host+`", certificate-authority: ca}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
users: [{name: test, user: {client-certificate: cert, client-key: key}}]
current-context: test
`)
	return name
}

// TestJob runs the job of the documentation, with the permissions of the
// example, and the expression by which others wait for it.
func TestJob(t *testing.T) {
	w := newWorld(t)
	for _, u := range documents(t, read(t, "../../../examples/flux/job.yaml")) {
		if err := shared.admin.Create(t.Context(), u.DeepCopy()); err != nil {
			t.Fatalf("create %s of the example: %v", u.GetKind(), err)
		}
		t.Cleanup(func() { _ = shared.admin.Delete(context.Background(), u) })
	}
	source := w.create(strings.ReplaceAll(candidateYAML, "name: app-candidate", "name: apps, namespace: flux-system"))
	t.Cleanup(func() { _ = shared.admin.Delete(context.Background(), source) })
	deployer := w.create(strings.NewReplacer("name: app}, spec", "name: more, namespace: flux-system}, spec", "name: app}}}", "name: apps}}}").Replace(deployerYAML))
	t.Cleanup(func() { _ = shared.admin.Delete(context.Background(), deployer) })
	w.namespace = "flux-system"
	user, err := shared.server.AddUser(userOf("system:serviceaccount:flux-system:syncgate-job"), nil)
	if err != nil {
		t.Fatal(err)
	}
	config := kubeconfig(t, user.Config())
	run := func() (int, string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), shared.program, "flux", "job", "--source", "GitRepository/flux-system/apps", "--mark", "flux-system/verified",
			"--policy", w.policies, "--trusted-root", w.root, "--kubeconfig", config, "--no-cache")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), out.String()
	}
	mark := func() string {
		t.Helper()
		u := &unstructured.Unstructured{}
		u.SetAPIVersion("kustomize.toolkit.fluxcd.io/v1")
		u.SetKind("Kustomization")
		if err := shared.admin.Get(t.Context(), types.NamespacedName{Namespace: "flux-system", Name: "verified"}, u); err != nil {
			t.Fatal(err)
		}
		return u.GetAnnotations()["gate.syncgate.dev/verified-revision"]
	}
	if code, said := run(); code != 2 || !strings.Contains(said, "wait for the source") {
		t.Errorf("without an artifact: %d, %s", code, said)
	}
	first, second := "main@sha1:"+strings.Repeat("1", 40), "main@sha1:"+strings.Repeat("2", 40)
	w.hold("GitRepository", "apps", first, w.app(w.image("web", true).Pinned()))
	if code, said := run(); code != 0 || said != first+" passed with 1 images\n" || mark() != first {
		t.Errorf("what passes: %d, %s, mark %q", code, said, mark())
	}
	w.hold("GitRepository", "apps", second, w.app(w.image("cart", false).Pinned()))
	if code, said := run(); code != 1 || !strings.HasPrefix(said, second+"\nSYNC DENIED") || mark() != first {
		t.Errorf("what does not: %d, %s, mark %q", code, said, mark())
	}
}

// TestApplicationsKeepThePlugin tries the admission policy of the Argo CD
// installation for real.
func TestApplicationsKeepThePlugin(t *testing.T) {
	w := newWorld(t)
	w.guarded("../../argocd/install/admission.yaml")
	app := `{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: web}, spec: {project: default, destination: {}, source: {repoURL: "https://git.example.com/a", path: web, plugin: {name: syncgate}}}}`
	w.create(app)
	mallory := as(t, "mallory")
	for want, patch := range map[string]string{
		"spec.source.plugin.name":   `{"spec":{"source":{"plugin":null}}}`,
		"rendered by the plugin":    `{"spec":{"source":{"plugin":{"name":"other"}}}}`,
		"every source of an Applic": `{"spec":{"source":null,"sources":[{"repoURL":"x","plugin":{"name":"syncgate"}},{"repoURL":"y"}]}}`,
		"cannot have a sourceHydra": `{"spec":{"sourceHydrator":{"drySource":{}}}}`,
		"synced to local manifests": `{"operation":{"sync":{"manifests":["kind: Pod"]}}}`,
		"every source of a sync":    `{"operation":{"sync":{"source":{"repoURL":"x"}}}}`,
	} {
		t.Run(want, func(t *testing.T) {
			refused(t, want, func() error {
				return mallory.Patch(t.Context(), w.object(app), client.RawPatch(types.MergePatchType, []byte(patch)))
			}, func() {
				_ = shared.admin.Delete(context.Background(), w.object(app))
				w.create(app)
			})
		})
	}
	fresh := w.object(strings.Replace(app, "name: web}", "name: fresh}", 1))
	if err := mallory.Create(t.Context(), fresh); err != nil {
		t.Errorf("an Application with the plugin is refused: %v", err)
	}
	if err := mallory.Patch(t.Context(), fresh, client.RawPatch(types.MergePatchType, []byte(`{"operation":{"sync":{"revision":"main"}}}`))); err != nil {
		t.Errorf("a sync of it is refused: %v", err)
	}
}
