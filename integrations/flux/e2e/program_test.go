package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// patience is how long a test waits for anything before it fails.
const patience = 90 * time.Second

// serviceAccount is that of the installation: the program may do what that may.
const serviceAccount = "system:serviceaccount:flux-system:syncgate"

// interrupt is how a pod is told to stop.
const interrupt = syscall.SIGTERM

// hook sees what the program asks of the API server before that does. What it
// returns false for is not passed on.
type hook func(*http.Request) bool

// program is one running controller, and what stands between it and the API
// server.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{}
	hook atomic.Pointer[hook]
	// writes is the number of sources that it wrote.
	writes atomic.Int64
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs the program with a policy, and whatever flags are given besides.
func start(t *testing.T, w *world, flags ...string) *program {
	t.Helper()
	p := &program{t: t, log: &logBuffer{}, done: make(chan struct{})}
	server := httptest.NewServer(p.proxy())
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	write(t, kubeconfig, fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q}}]
contexts: [{name: test, context: {cluster: test, user: nobody}}]
users: [{name: nobody, user: {}}]
current-context: test
`, server.URL))
	args := append([]string{
		"flux", "controller", "--kubeconfig", kubeconfig, "--namespace", "flux-system", "--policy", w.policies, "--trusted-root", w.root,
		"--metrics", "0", "--health", "0", "--lease", "3s", "--poll", "200ms", "--cache", t.TempDir(),
	}, flags...)
	p.cmd = exec.Command(shared.program, args...)
	p.cmd.Stderr, p.cmd.Stdout = p.log, p.log
	p.cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "DOCKER_CONFIG="+t.TempDir())
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		p.stop(interrupt)
		if t.Failed() {
			t.Logf("controller said:\n%s", p.log)
		}
	})
	return p
}

// stop ends the program and waits for its end.
func (p *program) stop(signal os.Signal) {
	p.t.Helper()
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("controller does not stop")
	}
}

// proxy passes requests on to the API server, as the service account.
func (p *program) proxy() http.Handler {
	user, err := shared.server.AddUser(userOf(serviceAccount), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	transport, err := rest.TransportFor(user.Config())
	if err != nil {
		p.t.Fatal(err)
	}
	target, err := url.Parse(user.Config().Host)
	if err != nil {
		p.t.Fatal(err)
	}
	if target.Scheme == "" {
		target = &url.URL{Scheme: "https", Host: user.Config().Host}
	}
	behind := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := p.hook.Load(); h != nil && !(*h)(r) {
			panic(http.ErrAbortHandler)
		}
		if writesSource(r) {
			p.writes.Add(1)
		}
		behind.ServeHTTP(w, r)
	})
}

// at sets the hook.
func (p *program) at(h hook) { p.hook.Store(&h) }

// writesSource tells whether a request writes a source.
func writesSource(r *http.Request) bool {
	return r.Method != http.MethodGet && (strings.Contains(r.URL.Path, "/gitrepositories") || strings.Contains(r.URL.Path, "/ocirepositories"))
}

// writesStatus tells whether a request writes the status of a gate.
func writesStatus(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/imagegates/") && strings.HasSuffix(r.URL.Path, "/status")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
