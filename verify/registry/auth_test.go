package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// keychain knows one user of one host.
type keychain struct{ host, user, password string }

func (k keychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if r.RegistryStr() != k.host {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: k.user, Password: k.password}), nil
}

// bearer makes a registry ask for tokens, which it gives to user and password.
// Each token is good for life requests.
type bearer struct {
	w              *world
	user, password string
	life           int64
	given, used    atomic.Int64
	scopes         sync.Map
}

func (b *bearer) meddle(out http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path == "/token" {
		user, password, _ := r.BasicAuth()
		if b.user != "" && (user != b.user || password != b.password) {
			ociError(out, 401, "UNAUTHORIZED")
			return true
		}
		b.scopes.Store(strings.Join(r.URL.Query()["scope"], " "), true)
		b.used.Store(0)
		answer(out, "application/json", fmt.Sprintf(`{"token":"token-%d","expires_in":300}`, b.given.Add(1)))
		return true
	}
	if r.Header.Get("Authorization") == fmt.Sprintf("Bearer token-%d", b.given.Load()) && b.used.Add(1) <= b.life {
		return false
	}
	out.Header().Set("WWW-Authenticate", `Bearer realm="http://`+b.w.host+`/token",service="registry"`)
	ociError(out, 401, "UNAUTHORIZED")
	return true
}

func TestATokenIsFetchedOnceForARepository(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	b := &bearer{w: w, user: "me", password: "s3cr3t", life: 1 << 30}
	w.meddle = b.meddle
	o := options()
	o.Keychain = keychain{w.host, "me", "s3cr3t"}
	c := client(t, o)
	var group sync.WaitGroup
	for i := range 20 {
		d := w.image("acme/app", fmt.Sprint(i))
		w.attest("acme/app", d, "one"+fmt.Sprint(i), "two"+fmt.Sprint(i))
		group.Go(func() {
			if got := formats(gather(t, c, w.host+"/acme/app", d)); got != "dsse dsse" {
				t.Errorf("got %q", got)
			}
		})
	}
	group.Wait()
	if pings, tokens := w.count("GET /v2/")-w.count("GET /v2/acme"), b.given.Load(); pings != 1 || tokens != 1 {
		t.Errorf("%d pings and %d tokens", pings, tokens)
	}
	if _, ok := b.scopes.Load("repository:acme/app:pull"); !ok {
		t.Error("the scope is not that of the repository")
	}
	d := w.image("acme/other", "1")
	gather(t, c, w.host+"/acme/other", d)
	if tokens := b.given.Load(); tokens != 2 {
		t.Errorf("%d tokens for two repositories", tokens)
	}
}

func TestATokenThatIsNoLongerTakenIsRenewed(t *testing.T) {
	w := newWorld(t, ggcr.WithReferrersSupport(true))
	b := &bearer{w: w, life: 2}
	w.meddle = b.meddle
	c := client(t, options())
	for i := range 3 {
		d := w.image("acme/app", fmt.Sprint(i))
		if _, err := c.Referrers().Bundles(t.Context(), at(w.host+"/acme/app"), d); err != nil {
			t.Fatal(err)
		}
	}
	if tokens := b.given.Load(); tokens != 2 {
		t.Errorf("%d tokens for 3 requests of 2 a token", tokens)
	}
}

// THREATS: flux2 4055, conforma 1730: being denied is not "missing".
func TestBeingDeniedSaysWhoAskedAndWhatToDo(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	bearerMeddle := (&bearer{w: w, user: "me", password: "right", life: 1 << 30}).meddle
	basicMeddle := func(out http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "me" && password == "right" {
			return false
		}
		out.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		ociError(out, 401, "UNAUTHORIZED")
		return true
	}
	for _, scheme := range []struct {
		name   string
		meddle func(http.ResponseWriter, *http.Request) bool
	}{{"bearer", bearerMeddle}, {"basic", basicMeddle}} {
		w.meddle = scheme.meddle
		for _, c := range []struct{ password, want string }{
			{"", "no credentials were sent"}, {"wr0ng", "credentials were sent"}, {"right", ""},
		} {
			o := options()
			if c.password != "" {
				o.Keychain = keychain{w.host, "me", c.password}
			}
			w.requests()
			_, err := client(t, o).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
			if c.want == "" {
				if err != nil {
					t.Errorf("%s: %v", scheme.name, err)
				}
				continue
			}
			f := oneFault(t, err)
			if f.Code != verify.CodeRegistryDenied || f.Verdict != policy.Unknown || f.Retryable {
				t.Errorf("%s: got %+v", scheme.name, f)
			}
			for _, part := range []string{w.host, "acme/app", "; " + c.want} {
				if !strings.Contains(f.Message, part) {
					t.Errorf("%s: message %q lacks %q", scheme.name, f.Message, part)
				}
			}
			if !strings.Contains(f.Hint, "docker login "+w.host) || strings.Contains(f.Message+f.Hint, "wr0ng") {
				t.Errorf("%s: message %q, hint %q", scheme.name, f.Message, f.Hint)
			}
			if n := len(w.requests()); n > 2 {
				t.Errorf("%s: %d requests to be denied", scheme.name, n)
			}
		}
	}
}

// THREATS: registry redirects, cross-host auth.
func TestThreat_CrossHostAuth_CredentialsGoToTheHostThatAskedForThemOnly(t *testing.T) {
	for _, ask := range []string{"nothing", "basic", "bearer"} {
		t.Run(ask, func(t *testing.T) {
			home, cdn := newWorld(t, ggcr.WithReferrersSupport(true)), newWorld(t)
			d := home.image("acme/app", "1")
			home.attest("acme/app", d, "content")
			cdn.blob("acme/app", dsse, []byte("content"))
			home.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/token" {
					answer(out, "application/json", `{"token":"t0ken","refresh_token":"r3fresh"}`)
					return true
				}
				if ask == "bearer" && r.Header.Get("Authorization") != "Bearer t0ken" {
					out.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token",service="registry"`)
					out.WriteHeader(401)
					return true
				}
				if strings.Contains(r.URL.Path, "/blobs/") {
					http.Redirect(out, r, "https://cdn.example"+r.URL.Path+"?signature=s1gned", http.StatusTemporaryRedirect)
					return true
				}
				return false
			}
			cdn.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				switch ask {
				case "nothing":
					return false
				case "basic":
					out.Header().Set("WWW-Authenticate", `Basic realm="give"`)
				case "bearer":
					out.Header().Set("WWW-Authenticate", `Bearer realm="https://cdn.example/token",service="give"`)
				}
				out.WriteHeader(401)
				return true
			}
			o := options()
			o.Keychain = keychain{"registry.example", "me", "s3cr3t"}
			o.Base = routed{"registry.example": home, "cdn.example": cdn}
			bundles, err := tagsOf(client(t, o)).Bundles(t.Context(), at("registry.example/acme/app"), d)
			sent := 0
			for _, h := range home.headers {
				if h.Get("Authorization") != "" {
					sent++
				}
			}
			if sent == 0 {
				t.Error("the registry itself got no credentials")
			}
			if len(cdn.asked) != 1 {
				t.Errorf("asked the other host %q", cdn.asked)
			}
			for _, h := range cdn.headers {
				if h.Get("Authorization") != "" || h.Get("Cookie") != "" || h.Get("Referer") != "" {
					t.Errorf("the other host got %v", h)
				}
			}
			if ask == "nothing" {
				if err != nil || formats(bundles) != "dsse" {
					t.Errorf("got %+v, %v", bundles, err)
				}
				return
			}
			f := oneFault(t, err)
			if f.Code != verify.CodeRegistryDenied || !strings.Contains(f.Message, "cdn.example, to which it redirects") ||
				strings.Contains(fmt.Sprintf("%v %+v", f, f.Err), "s1gned") {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// A registry may not have credentials sent where nobody can vouch for, nor
// requests made inside somebody's network.
func TestARegistryMayNotSendUsAnywhere(t *testing.T) {
	for name, c := range map[string]struct{ realm, location, want string }{
		"token over plain HTTP":       {realm: "http://auth.example/token", want: "may not send credentials"},
		"token from a metadata host":  {realm: "https://169.254.169.254/token", want: "may not send credentials"},
		"redirect to plain HTTP":      {location: "http://cdn.example/blob", want: "from HTTPS"},
		"redirect to a metadata host": {location: "https://169.254.169.254/latest", want: "private address"},
		"redirect to loopback":        {location: "https://localhost/x", want: "private address"},
	} {
		t.Run(name, func(t *testing.T) {
			home, other := newWorld(t), newWorld(t)
			home.image("acme/app", "1")
			home.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				switch {
				case c.realm != "":
					out.Header().Set("WWW-Authenticate", `Bearer realm="`+c.realm+`"`)
					out.WriteHeader(401)
				case r.URL.Path == "/v2/":
					return false
				default:
					http.Redirect(out, r, c.location, http.StatusFound)
				}
				return true
			}
			o := options()
			o.Keychain = keychain{"registry.example", "me", "s3cr3t"}
			o.Base = routed{"registry.example": home, "auth.example": other, "cdn.example": other, "169.254.169.254": other, "localhost": other}
			_, err := client(t, o).Resolve(t.Context(), "registry.example/acme/app:1", verify.Want{})
			f := oneFault(t, err)
			if f.Code != verify.CodeRegistryProtocol || f.Verdict != policy.Unknown || !strings.Contains(f.Message, c.want) {
				t.Errorf("got %+v", f)
			}
			if len(other.asked) != 0 {
				t.Errorf("asked %q", other.asked)
			}
		})
	}
}

// Some registries let anybody ask for /v2/, and want a token further on.
func TestARegistryMayAskForATokenLate(t *testing.T) {
	w := newWorld(t)
	d := w.image("acme/app", "1")
	b := &bearer{w: w, user: "me", password: "s3cr3t", life: 1 << 30}
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool { return r.URL.Path != "/v2/" && b.meddle(out, r) }
	o := options()
	o.Keychain = keychain{w.host, "me", "s3cr3t"}
	if s, err := client(t, o).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil || s.Digest != d {
		t.Errorf("got %v, %v", s.Digest, err)
	}
}

func TestATokenServiceThatFailsIsToldForWhatItIs(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(out http.ResponseWriter)
		code   policy.Code
	}{
		"503":       {func(out http.ResponseWriter) { ociError(out, 503, "") }, verify.CodeRegistryUnavailable},
		"429":       {func(out http.ResponseWriter) { ociError(out, 429, "TOOMANYREQUESTS") }, verify.CodeRegistryRateLimited},
		"403":       {func(out http.ResponseWriter) { ociError(out, 403, "DENIED") }, verify.CodeRegistryDenied},
		"404":       {func(out http.ResponseWriter) { ociError(out, 404, "") }, verify.CodeRegistryProtocol},
		"web page":  {func(out http.ResponseWriter) { html(out, 200) }, verify.CodeRegistryProtocol},
		"no token":  {func(out http.ResponseWriter) { answer(out, "application/json", `{"refresh_token":"s3cr3t"}`) }, verify.CodeRegistryProtocol},
		"hangs up":  {func(out http.ResponseWriter) { hangUp(out, "") }, verify.CodeRegistryUnavailable},
		"too large": {func(out http.ResponseWriter) { _, _ = out.Write(make([]byte, 1<<20)) }, verify.CodeRegistryProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/token" {
					c.answer(out)
					return true
				}
				out.Header().Set("WWW-Authenticate", `Bearer realm="http://`+w.host+`/token"`)
				out.WriteHeader(401)
				return true
			}
			client := client(t, options())
			_, err := client.Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
			if f := oneFault(t, err); f.Code != c.code || f.Verdict != policy.Unknown || strings.Contains(fmt.Sprintf("%+v %+v", f, f.Err), "s3cr3t") {
				t.Errorf("got %+v", f)
			}
			// No token is not "there is none".
			bundles, err := tagsOf(client).Bundles(t.Context(), at(w.host+"/acme/app"), digest(t, sum(nil)))
			if f := oneFault(t, err); f.Code != c.code || len(bundles) > 0 {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestDockersCredentialsAreUsed(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	seen := ""
	w.meddle = func(out http.ResponseWriter, r *http.Request) bool {
		_, seen, _ = r.BasicAuth()
		return false
	}
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir)
	config := func(s string) {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	resolve := func() error {
		o := options()
		o.Keychain = nil
		_, err := client(t, o).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{})
		return err
	}
	config(`{"auths":{"` + w.host + `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("me:fr0m-config")) + `"}}}`)
	if err := resolve(); err != nil || seen != "fr0m-config" {
		t.Errorf("sent %q, %v", seen, err)
	}
	helper := "#!/bin/sh\necho '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"fr0m-helper\"}'\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(helper), 0o700); err != nil {
		t.Fatal(err)
	}
	config(`{"credHelpers":{"` + w.host + `":"test"}}`)
	if err := resolve(); err != nil || seen != "fr0m-helper" {
		t.Errorf("sent %q, %v", seen, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte("#!/bin/sh\necho s3cr3t; exit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	f := oneFault(t, resolve())
	if f.Code != verify.CodeRegistryDenied || strings.Contains(fmt.Sprintf("%+v %+v", f, f.Err), "s3cr3t") || !strings.Contains(f.Hint, "config.json") {
		t.Errorf("got %+v", f)
	}
}

// stuck is a credential helper that never answers.
type stuck struct{ release chan struct{} }

func (s stuck) Resolve(authn.Resource) (authn.Authenticator, error) {
	<-s.release
	return nil, errors.New("released")
}

func TestACredentialHelperThatHangsIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options()
	s := stuck{make(chan struct{})}
	defer close(s.release)
	o.Keychain = s
	cancel()
	_, err := registry.New(o).Resolve(ctx, "registry.example/acme/app:1", verify.Want{})
	if f := oneFault(t, err); f.Verdict != policy.Unknown || f.Code != verify.CodeRegistryTimeout {
		t.Errorf("got %+v", f)
	}
}

func TestRequestsSayWhoAsks(t *testing.T) {
	w := newWorld(t)
	w.image("acme/app", "1")
	o := options()
	o.Version = "1.2.3"
	if _, err := client(t, o).Resolve(t.Context(), w.host+"/acme/app:1", verify.Want{}); err != nil {
		t.Fatal(err)
	}
	for _, h := range w.headers {
		if h.Get("User-Agent") != "syncgate/1.2.3" || h.Get("Accept-Encoding") != "identity" {
			t.Errorf("got %v", h)
		}
	}
}
