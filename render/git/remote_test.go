package git_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
)

// server serves the repositories below a directory over HTTP with git's own
// backend.
type server struct {
	*httptest.Server
	requests atomic.Int32
	// sent are the logins that came, as "user:password".
	mu   sync.Mutex
	sent []string
}

// serve serves dir. Where login is not empty ("user:password") it is needed.
func serve(t testing.TB, dir, login string) *server {
	t.Helper()
	backend := &cgi.Handler{
		Path: filepath.Join(run(t, dir, "--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		user, password, ok := r.BasicAuth()
		if ok {
			s.mu.Lock()
			s.sent = append(s.sent, user+":"+password)
			s.mu.Unlock()
		}
		if login != "" && user+":"+password != login {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			http.Error(w, "no, "+user+" "+password, http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// alone takes away the home directory and the environment of the user who
// runs the tests, and returns a home.
func alone(t testing.TB) string {
	t.Helper()
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "XDG_CACHE_HOME": filepath.Join(home, "cache"), "NETRC": "", "SSH_AUTH_SOCK": "", "SSH_KNOWN_HOSTS": "",
		git.EnvUsername: "", git.EnvPassword: "", git.EnvHost: "", "HTTP_PROXY": "", "http_proxy": "", "ALL_PROXY": "", "all_proxy": "",
	} {
		t.Setenv(name, value)
	}
	return home
}

// served is a repository at <dir>/acme/deploy.git with what history makes.
func served(t testing.TB) (root string, ids [3]string) {
	t.Helper()
	dir, ids := history(t)
	run(t, dir, "tag", "-a", "-m", "x", "v1.0.0", ids[0])
	run(t, dir, "branch", "feature/x", ids[1])
	run(t, dir, "update-ref", "refs/pull/7/head", ids[0])
	root = t.TempDir()
	run(t, dir, "clone", "-q", "--mirror", dir, filepath.Join(root, "acme", "deploy.git"))
	return root, ids
}

func TestTags(t *testing.T) {
	alone(t)
	root, _ := served(t)
	s := serve(t, root, "")
	repository := s.URL + "/acme/deploy.git"
	tags, err := git.Fetcher{}.Tags(t.Context(), repository)
	if err != nil || len(tags) != 1 || tags[0] != "v1.0.0" {
		t.Errorf("got %q, %v", tags, err)
	}
	for fetcher, of := range map[git.Fetcher]string{{Offline: true}: repository, {}: root, {CacheDir: "x"}: s.URL + "/none.git"} {
		if tags, err := fetcher.Tags(t.Context(), of); err == nil {
			t.Errorf("%+v of %s: got %q", fetcher, of, tags)
		}
	}
}

func TestRemote(t *testing.T) {
	home := alone(t)
	root, ids := served(t)
	s := serve(t, root, "")
	repository := s.URL + "/acme/deploy.git"
	for revision, want := range map[string]string{
		"": ids[2], "HEAD": ids[2], "main": ids[2], "refs/heads/main": ids[2], "feature/x": ids[1], "v1.0.0": ids[0],
		"refs/tags/v1.0.0": ids[0], "refs/pull/7/head": ids[0], ids[2]: ids[2], ids[1]: ids[1], ids[0]: ids[0],
	} {
		t.Run("revision "+revision, func(t *testing.T) {
			for _, times := range []string{"fetched", "cached"} {
				tree, err := git.Open(t.Context(), git.Options{Source: repository, Revision: revision})
				if err != nil {
					t.Fatal(err)
				}
				equal(t, times, tree.Revision, render.Revision{Repository: repository, Commit: want})
				if files := read(t, tree); files["b.yaml"] == "" {
					t.Errorf("%s: files %v", times, files)
				}
			}
		})
	}
	entries, err := filepath.Glob(filepath.Join(home, "cache", "syncgate", "git", "*", "*"))
	if err != nil || len(entries) != 3 {
		t.Errorf("the cache holds %v, want one directory for each of 3 commits", entries)
	}

	s.requests.Store(0)
	tree, err := git.Open(t.Context(), git.Options{Source: repository, Revision: ids[0], Offline: true})
	if err != nil || tree.Revision.Commit != ids[0] || s.requests.Load() != 0 {
		t.Errorf("a commit in the cache, offline: %v %v, %d requests", tree.Revision, err, s.requests.Load())
	}
	_, err = git.Open(t.Context(), git.Options{Source: repository, Revision: "main", Offline: true})
	wantError(t, err, "it needs the network, which --offline forbids")
}

func TestRemoteUnknownRevision(t *testing.T) {
	alone(t)
	root, ids := served(t)
	s := serve(t, root, "")
	for revision, want := range map[string]string{
		"mian":                        `did you mean branch "main"`,
		"v1":                          `did you mean tag "v1.0.0"`,
		"nothing-like-it":             "there are 2 branches (feature/x, main) and 1 tag (v1.0.0)",
		ids[1][:8]:                    "give all 40 digits",
		"HEAD~1":                      "only a local clone can tell the ancestors",
		strings.Repeat("0", 39) + "1": "no such commit within the newest 1000 of any branch or tag",
	} {
		_, err := git.Open(t.Context(), git.Options{Source: s.URL + "/acme/deploy.git", Revision: revision})
		wantError(t, err, "resolve revision", want)
	}
	_, err := git.Open(t.Context(), git.Options{Source: s.URL + "/acme/none.git"})
	wantError(t, err, "open "+s.URL+"/acme/none.git", "there is no such repository, or this login may not see it")
	s.Close()
	_, err = git.Open(t.Context(), git.Options{Source: s.URL + "/acme/deploy.git", Revision: "main"})
	wantError(t, err, "connection refused")
}

func TestLogins(t *testing.T) {
	root, ids := served(t)
	const user, password = "robot", "s3cr3t/t0ken"
	s := serve(t, root, user+":"+password)
	at, _ := url.Parse(s.URL + "/acme/deploy.git")
	with := *at
	with.User = url.UserPassword(user, password)
	wrong := *at
	wrong.User = url.UserPassword(user, "wr0ng-password")
	netrc := func(text string) func(testing.TB, string) {
		return func(t testing.TB, home string) { write(t, home, ".netrc", text) }
	}
	environment := func(pairs ...string) func(testing.TB, string) {
		return func(t testing.TB, _ string) {
			for i := 0; i < len(pairs); i += 2 {
				t.Setenv(pairs[i], pairs[i+1])
			}
		}
	}
	ours := environment(git.EnvUsername, user, git.EnvPassword, password)
	for name, test := range map[string]struct {
		source string
		set    func(testing.TB, string)
		// fetch uses a Fetcher: what a repository refers to.
		fetch bool
		want  string
	}{
		"none":              {at.String(), nil, false, "the server wants a login; set SYNCGATE_GIT_USERNAME and SYNCGATE_GIT_PASSWORD, or add the host to ~/.netrc"},
		"URL":               {with.String(), nil, false, ""},
		"wrong in URL":      {wrong.String(), nil, false, "the server wants a login, and this one is wrong"},
		"environment":       {at.String(), ours, false, ""},
		"netrc":             {at.String(), netrc("machine example.org login a password b\nmachine 127.0.0.1\n\tlogin " + user + "\n\tpassword " + password + "\n"), false, ""},
		"netrc quoted":      {at.String(), netrc(`machine 127.0.0.1 login robot password "s3cr3t/t0ken"`), false, ""},
		"netrc default":     {at.String(), netrc("# x\nmacdef init\nmachine 127.0.0.1 login x\n\ndefault login " + user + " password " + password), false, ""},
		"netrc other host":  {at.String(), netrc("machine example.org login " + user + " password " + password), false, "the server wants a login;"},
		"environment wrong": {at.String(), environment(git.EnvUsername, user, git.EnvPassword, "wr0ng-password"), false, "and this one is wrong"},
		"environment for another host": {at.String(), environment(git.EnvUsername, user, git.EnvPassword, password, git.EnvHost, "example.org"), false,
			"the server wants a login;"},
		"environment for this host": {at.String(), environment(git.EnvUsername, user, git.EnvPassword, password, git.EnvHost, "127.0.0.1"), true, ""},
		"environment for this port": {at.String(), environment(git.EnvUsername, user, git.EnvPassword, password, git.EnvHost, at.Host), true, ""},
		"environment, but referred to by a repository": {at.String(), ours, true,
			"the server wants a login; set SYNCGATE_GIT_USERNAME, SYNCGATE_GIT_PASSWORD and SYNCGATE_GIT_HOST"},
		"netrc default, referred to by a repository": {at.String(), netrc("default login " + user + " password " + password), true,
			"the server wants a login;"},
		"netrc, referred to by a repository": {at.String(), netrc("machine 127.0.0.1 login " + user + " password " + password), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			home := alone(t)
			if test.set != nil {
				test.set(t, home)
			}
			s.sent = nil
			var tree render.Tree
			var err error
			if test.fetch {
				tree.FS, tree.Revision.Commit, err = git.Fetcher{}.Fetch(t.Context(), test.source, "main")
			} else {
				tree, err = git.Open(t.Context(), git.Options{Source: test.source, Revision: "main"})
			}
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "commit", tree.Revision.Commit, ids[2])
				if strings.Contains(fmt.Sprintf("%+v", tree.Revision), password) {
					t.Errorf("the revision holds the password: %+v", tree.Revision)
				}
				return
			}
			wantError(t, err, test.want)
			if strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("the error holds the password: %v", err)
			}
			if strings.Contains(name, "another host") || strings.Contains(name, "referred") {
				equal(t, "logins sent", s.sent, []string(nil))
			}
		})
	}
}

// Row "registry redirects, cross-host auth" of the threats, for Git.
func TestRedirectsTakeNoLoginAlong(t *testing.T) {
	alone(t)
	root, ids := served(t)
	target := serve(t, root, "")
	other := strings.Replace(target.URL, "127.0.0.1", "localhost", 1)
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other+r.URL.String(), http.StatusMovedPermanently)
	}))
	t.Cleanup(redirect.Close)
	t.Setenv(git.EnvUsername, "robot")
	t.Setenv(git.EnvPassword, "s3cr3t")
	tree, err := git.Open(t.Context(), git.Options{Source: redirect.URL + "/acme/deploy.git", Revision: "main"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "commit", tree.Revision.Commit, ids[2])
	equal(t, "logins sent to the other host", target.sent, []string(nil))
}

func TestLoginIsNotSentOverPlainHTTP(t *testing.T) {
	alone(t)
	t.Setenv(git.EnvPassword, "s3cr3t")
	_, err := git.Open(t.Context(), git.Options{Source: "http://git.example.org/x.git"})
	wantError(t, err, "a login is never sent over plain HTTP; use https")
}

func TestConcurrentFetches(t *testing.T) {
	alone(t)
	root, ids := served(t)
	s := serve(t, root, "")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			tree, err := git.Open(context.Background(), git.Options{Source: s.URL + "/acme/deploy.git", Revision: "main"})
			if err != nil {
				t.Error(err)
				return
			}
			if data, err := fs.ReadFile(tree.FS, "c/d.yaml"); string(data) != "deep" || err != nil || tree.Revision.Commit != ids[2] {
				t.Errorf("%q %v %v", data, err, tree.Revision)
			}
		})
	}
	group.Wait()
}

func TestConcurrentReads(t *testing.T) {
	dir, _ := history(t)
	run(t, dir, "gc", "-q")
	tree := open(t, dir, "HEAD")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if data, err := fs.ReadFile(tree.FS, "c/d.yaml"); string(data) != "deep" || err != nil {
					t.Errorf("%q %v", data, err)
				}
				if _, err := fs.Stat(tree.FS, "b.yaml"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func TestServersThatMisbehave(t *testing.T) {
	alone(t)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "boom", http.StatusBadGateway) }, "502"},
		"web page": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("<html>\n", 10000))
		}, "the server does not answer as a Git server does"},
		"nothing":      {func(http.ResponseWriter, *http.Request) {}, "the server does not answer as a Git server does"},
		"forbidden":    {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x", http.StatusForbidden) }, "the server refuses this login"},
		"endless page": {endless, "open http://127.0.0.1"},
		"redirect to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "open http://127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(test.answer)
			t.Cleanup(s.Close)
			_, err := git.Open(t.Context(), git.Options{Source: s.URL + "/x.git"})
			wantError(t, err, test.want)
			if len(err.Error()) > 500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// endless tells of references until the client goes away.
func endless(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusInternalServerError)
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
			return
		}
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	alone(t)
	stuck := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(stuck)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-stuck
		cancel()
	}()
	if _, err := git.Open(ctx, git.Options{Source: s.URL + "/x.git"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

func TestCacheForgetsWhatIsNotUsed(t *testing.T) {
	home := alone(t)
	root, ids := served(t)
	s := serve(t, root, "")
	repository := s.URL + "/acme/deploy.git"
	if _, err := git.Open(t.Context(), git.Options{Source: repository, Revision: ids[0]}); err != nil {
		t.Fatal(err)
	}
	kept, _ := filepath.Glob(filepath.Join(home, "cache", "syncgate", "git", "*", "*"))
	if len(kept) != 1 {
		t.Fatalf("the cache holds %v", kept)
	}
	abandoned := filepath.Join(filepath.Dir(kept[0]), "pending-1")
	if err := os.Mkdir(abandoned, 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-15 * 24 * time.Hour)
	for _, dir := range []string{kept[0], abandoned} {
		if err := os.Chtimes(dir, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := git.Open(t.Context(), git.Options{Source: repository, Revision: ids[2]}); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(home, "cache", "syncgate", "git", "*", "*"))
	if len(left) != 1 || filepath.Base(left[0]) != ids[2] {
		t.Errorf("the cache holds %v, want %s alone", left, ids[2])
	}
}

func TestFetchRefusesLocalRepositories(t *testing.T) {
	dir, _ := history(t)
	for _, source := range []string{dir, "file://" + dir, "."} {
		_, _, err := git.Fetcher{}.Fetch(t.Context(), source, "main")
		wantError(t, err, "it is not a remote repository")
	}
}

func TestSSH(t *testing.T) {
	home := alone(t)
	root, ids := served(t)
	_, clientKey, _ := ed25519.GenerateKey(rand.Reader)
	_, hostKey, _ := ed25519.GenerateKey(rand.Reader)
	client, err := ssh.NewSignerFromKey(clientKey)
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.NewSignerFromKey(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	address := serveSSH(t, root, host, client.PublicKey())
	_, port, _ := net.SplitHostPort(address)
	repository := "ssh://git@127.0.0.1:" + port + "/acme/deploy.git"
	openSSH := func(revision string) (render.Tree, error) {
		return git.Open(t.Context(), git.Options{Source: repository, Revision: revision})
	}

	_, err = openSSH("main")
	wantError(t, err, "open "+repository, "there is no ssh-agent (SSH_AUTH_SOCK is not set) and no key without a passphrase in ~/.ssh")
	serveAgent(t, clientKey)
	_, err = openSSH("main")
	wantError(t, err, "there is no known_hosts file to check the server's key against")
	write(t, home, "known", knownhosts.Line([]string{address}, client.PublicKey())+"\n")
	t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(home, "known"))
	_, err = openSSH("main")
	wantError(t, err, "open "+repository, "knownhosts: key mismatch")
	write(t, home, "known", knownhosts.Line([]string{address}, host.PublicKey())+"\n")
	for revision, want := range map[string]string{"": ids[2], "v1.0.0": ids[0], ids[1]: ids[1], "feature/x": ids[1]} {
		tree, err := openSSH(revision)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "revision", tree.Revision, render.Revision{Repository: repository, Commit: want})
		equal(t, "b.yaml", read(t, tree)["b.yaml"] != "", true)
	}
	// Over SSH a server hands out no commit that no reference points at, but
	// its history.
	run(t, filepath.Join(root, "acme", "deploy.git"), "update-ref", "-d", "refs/heads/feature/x")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	tree, err := openSSH(ids[1])
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "files of an old commit", read(t, tree), map[string]string{"b.yaml": "one", "c/d.yaml": "deep"})
	_, err = openSSH(strings.Repeat("0", 39) + "1")
	wantError(t, err, "no such commit within the newest 1000 of any branch or tag, and the server hands out no others")
	_, err = openSSH("mian")
	wantError(t, err, `did you mean branch "main"`)
	_, err = git.Open(t.Context(), git.Options{Source: "ssh://git@127.0.0.1:" + port + "/none.git"})
	wantError(t, err, "none.git")
	t.Setenv("SSH_AUTH_SOCK", "")
	_, strange, _ := ed25519.GenerateKey(rand.Reader)
	serveAgent(t, strange)
	_, err = git.Open(t.Context(), git.Options{Source: "ssh://git@127.0.0.1:" + port + "/acme/other.git"})
	wantError(t, err, "unable to authenticate")
}

// serveSSH serves git-upload-pack below root to one key.
func serveSSH(t testing.TB, root string, host ssh.Signer, client ssh.PublicKey) (address string) {
	t.Helper()
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(client.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, channels, requests, err := ssh.NewServerConn(connection, config)
				if err != nil {
					return
				}
				go ssh.DiscardRequests(requests)
				for incoming := range channels {
					channel, requests, err := incoming.Accept()
					if err != nil {
						return
					}
					go serveChannel(channel, requests, root)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// serveChannel runs the one command that it knows.
func serveChannel(channel ssh.Channel, requests <-chan *ssh.Request, root string) {
	defer channel.Close()
	for request := range requests {
		var payload struct{ Command string }
		if request.Type != "exec" || ssh.Unmarshal(request.Payload, &payload) != nil {
			_ = request.Reply(false, nil)
			continue
		}
		_ = request.Reply(true, nil)
		path, ok := strings.CutPrefix(payload.Command, "git-upload-pack '")
		if !ok {
			return
		}
		command := exec.Command("git", "-c", "safe.directory=*", "upload-pack", filepath.Join(root, strings.TrimSuffix(path, "'")))
		command.Stdout, command.Stderr = channel, channel.Stderr()
		stdin, err := command.StdinPipe()
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(stdin, channel); _ = stdin.Close() }()
		status := uint32(0)
		if command.Run() != nil {
			status = 128
		}
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
		return
	}
}

// serveAgent serves an ssh-agent with one key.
func serveAgent(t testing.TB, key ed25519.PrivateKey) {
	t.Helper()
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // socket names must be short
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close(); _ = os.RemoveAll(dir) })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keyring, connection) }()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(dir, "s"))
}
