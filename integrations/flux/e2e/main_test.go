package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/fluxcd/helm-controller/api/v2" // what definitions are generated of
	_ "github.com/fluxcd/kustomize-controller/api/v1"
	_ "github.com/fluxcd/source-controller/api/v1"
	"github.com/go-logr/logr"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// suite is what all tests share: the API server, who may do everything there,
// and the program. It is made once, and not changed.
type suite struct {
	server  *envtest.Environment
	admin   client.WithWatch
	program string
}

var shared = &suite{}

func TestMain(m *testing.M) {
	code, err := shared.run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the suite:", err)
		code = 1
	}
	os.Exit(code)
}

func (s *suite) run(m *testing.M) (int, error) {
	log.SetLogger(logr.Discard()) // envtest's own, which would warn that nobody set one
	bin, err := build()
	if err != nil {
		return 1, err
	}
	s.program = filepath.Join(bin, "syncgate")
	s.server = &envtest.Environment{
		BinaryAssetsDirectory: bin,
		CRDDirectoryPaths:     []string{"testdata/crd", "../install/crd"},
		ErrorIfCRDPathMissing: true,
		// On a machine that is busy it takes its time.
		ControlPlaneStartTimeout: 5 * time.Minute, ControlPlaneStopTimeout: time.Minute,
	}
	config, err := s.server.Start()
	if err != nil {
		return 1, err
	}
	defer func() { _ = s.server.Stop() }()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return 1, err
		}
	}
	config.QPS = -1
	if s.admin, err = client.NewWithWatch(config, client.Options{Scheme: scheme}); err != nil {
		return 1, err
	}
	if err := s.install(context.Background()); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// build builds the API server, its etcd and the program. Those of another
// directory are taken where KUBEBUILDER_ASSETS names it.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(cache, "syncgate-e2e")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	builds := []struct{ dir, name, main string }{
		{"../../..", "syncgate", "./cmd/syncgate"},
	}
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		builds = append(builds, []struct{ dir, name, main string }{
			{"apiserver", "etcd", "go.etcd.io/etcd/server/v3"},
			{"apiserver", "kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
		}...)
	}
	for _, b := range builds {
		cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(bin, b.name), b.main)
		cmd.Dir = b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", b.name, err, out)
		}
	}
	return bin, nil
}
