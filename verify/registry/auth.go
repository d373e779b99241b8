package registry

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/syncgate/syncgate/bounds"
)

// host is one registry: how it is spoken to, and as whom.
type host struct {
	registry name.Registry
	scheme   string
	// challenge is how it asks for tokens, nil if it does not.
	challenge   *transport.Challenge
	credentials authn.AuthConfig
}

// host asks a registry once a run whether it is one and how it authenticates.
func (c *Client) host(ctx context.Context, registry name.Registry) (*host, error) {
	return c.hosts.do(ctx, registry.RegistryStr(), func() (*host, error) {
		h := &host{registry: registry, scheme: "https"}
		if c.plain(registry.RegistryStr()) {
			h.scheme = "http"
		}
		var err error
		if h.credentials, err = c.credentials(ctx, registry); err != nil {
			return nil, err
		}
		err = c.ping(ctx, h)
		var status *statusError
		if h.scheme == "http" && loopback(hostname(registry.RegistryStr())) &&
			errors.As(err, &status) && status.status == http.StatusBadRequest {
			h.scheme = "https" // that is how a TLS server answers plain HTTP
			err = c.ping(ctx, h)
		}
		return h, err
	})
}

// ping asks for /v2/, as the distribution specification has it for finding
// out whether a host is a registry.
func (c *Client) ping(ctx context.Context, h *host) error {
	client := http.Client{Transport: c.chain, CheckRedirect: follow}
	resp, err := c.get(ctx, &client, h.scheme+"://"+h.registry.RegistryStr()+"/v2/", "")
	if err != nil {
		return err
	}
	defer discard(resp)
	switch resp.StatusCode {
	case http.StatusOK:
		if isHTML(resp.Header) {
			return protocolError("it answers /v2/ with a web page, so it is no registry")
		}
		return nil
	case http.StatusUnauthorized:
		if h.challenge = bearerChallenge(resp.Header); h.challenge != nil {
			h.challenge.Insecure = h.scheme == "http"
		}
		return nil
	case http.StatusNotFound:
		return protocolError("it does not answer /v2/, so it is no registry")
	}
	return newStatusError(resp)
}

// credentials asks the keychain as whom to speak to a registry. Credential
// helpers are programs, and may hang.
func (c *Client) credentials(ctx context.Context, registry name.Registry) (authn.AuthConfig, error) {
	type answer struct {
		config *authn.AuthConfig
		err    error
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.CredentialTime)
	defer cancel()
	answers := make(chan answer, 1)
	go func() {
		auth, err := authn.Resolve(ctx, c.options.Keychain, registry)
		if err != nil {
			answers <- answer{err: err}
			return
		}
		config, err := authn.Authorization(ctx, auth)
		answers <- answer{config, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			// What a helper printed follows; it may hold a secret.
			reason, _, _ := strings.Cut(a.err.Error(), ", out:")
			return authn.AuthConfig{}, credentialError(reason)
		}
		return *a.config, nil
	case <-ctx.Done():
		if context.Cause(ctx) == context.Canceled {
			return authn.AuthConfig{}, context.Canceled
		}
		return authn.AuthConfig{}, credentialError("the credential helper did not answer in time")
	}
}

// session authenticates the requests to one repository, and only those that
// go to its registry: what a redirect leads to is sent no credential.
type session struct {
	host *host
	repo name.Repository
	next http.RoundTripper
	now  func() time.Time

	exchange memo[grant]
	mu       sync.Mutex
	current  grant
}

// grant is a token and what it was obtained with.
type grant struct {
	challenge *transport.Challenge
	token     string
	expires   time.Time
	// proved tells that the registry took the token once.
	proved bool
}

func newSession(c *Client, h *host, repo name.Repository) *session {
	return &session{
		host: h, repo: repo, next: c.chain, now: c.now,
		exchange: memo[grant]{cost: func(grant) int { return bounds.MemoBytes }},
		current:  grant{challenge: h.challenge},
	}
}

// RoundTrip sends a request with what its registry wants to see. Where the
// registry no longer takes a token, or asks for another one, it gets one and
// tries once more.
func (s *session) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != s.host.scheme || req.URL.Host != s.host.registry.RegistryStr() {
		return s.next.RoundTrip(req)
	}
	for again := true; ; again = false {
		header, used, err := s.authorization(req.Context())
		if err != nil {
			return nil, err
		}
		resp, err := s.next.RoundTrip(with(req, header))
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			if err == nil {
				s.prove(used)
			}
			return resp, err
		}
		if !again || !s.renew(used, bearerChallenge(resp.Header)) {
			return resp, nil
		}
		discard(resp)
	}
}

func with(req *http.Request, authorization string) *http.Request {
	if authorization == "" {
		return req
	}
	sent := *req
	sent.Header = req.Header.Clone()
	sent.Header.Set("Authorization", authorization)
	return &sent
}

// authorization is the Authorization header, and the token in it, if any.
func (s *session) authorization(ctx context.Context) (header, used string, err error) {
	s.mu.Lock()
	g := s.current
	s.mu.Unlock()
	auth := s.host.credentials
	switch {
	case auth.RegistryToken != "":
		return "Bearer " + auth.RegistryToken, "", nil
	case g.challenge == nil && auth.Username != "" && auth.Password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(auth.Username+":"+auth.Password)), "", nil
	case g.challenge == nil && auth.Auth != "":
		return "Basic " + auth.Auth, "", nil
	case g.challenge == nil:
		return "", "", nil
	}
	if g.token == "" || s.now().After(g.expires) {
		if g, err = s.exchange.do(ctx, "", func() (grant, error) { return s.fetch(ctx, g.challenge) }); err != nil {
			return "", "", err
		}
	}
	return "Bearer " + g.token, g.token, nil
}

// fetch exchanges the credentials, or none, for a token to pull with.
func (s *session) fetch(ctx context.Context, challenge *transport.Challenge) (grant, error) {
	s.mu.Lock()
	have := s.current
	s.mu.Unlock()
	if have.token != "" && have.challenge == challenge && !s.now().After(have.expires) {
		return have, nil // another request has just got it
	}
	scopes := []string{s.repo.Scope(transport.PullScope)}
	if asked := challenge.Parameters["scope"]; asked != "" && asked != scopes[0] {
		scopes = append([]string{asked}, scopes...)
	}
	auth := authn.Anonymous
	if s.host.credentials != (authn.AuthConfig{}) {
		auth = authn.FromConfig(s.host.credentials)
	}
	begun := s.now()
	token, err := transport.Exchange(ctx, s.host.registry, auth, smallAnswers{s.next}, scopes, challenge)
	if err != nil {
		return grant{}, tokenFault(err)
	}
	g := grant{challenge: challenge, token: token.Token, expires: begun.Add(lifetime(token.ExpiresIn))}
	if token.AccessToken != "" {
		g.token = token.AccessToken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = g
	return g, nil
}

// lifetime is how long a token is used: its own life less a tenth, and a
// minute where it does not say, as Docker's token specification has it.
func lifetime(seconds int) time.Duration {
	if seconds <= 0 {
		seconds = 60
	}
	return time.Duration(min(seconds, 24*60*60)) * time.Second * 9 / 10
}

// tokenFault tells why there is no token, without what the token service
// said: it may hold one.
func tokenFault(err error) error {
	var answered *transport.Error
	var failed *url.Error
	switch {
	case errors.As(err, &answered):
		status := &statusError{status: answered.StatusCode, token: true}
		if len(answered.Errors) > 0 {
			status.code = cleanCode(string(answered.Errors[0].Code))
		}
		if answered.Request != nil {
			status.host = answered.Request.URL.Host
		}
		return status
	case errors.As(err, &failed):
		return failed.Err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case strings.Contains(err.Error(), "invalid realm"):
		return protocolError("it asks for a token from a service that it may not send credentials to")
	}
	return protocolError("its token service gives no token")
}

// prove remembers that the registry took a token.
func (s *session) prove(used string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.token == used {
		s.current.proved = true
	}
}

// renew tells whether a new token may help with a request that was refused,
// and forgets the one that was used: it does where the token was good once,
// or the registry now asks for another one.
func (s *session) renew(used string, asked *transport.Challenge) bool {
	if asked == nil || s.host.credentials.RegistryToken != "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.token != used {
		return true // somebody else got a new one meanwhile
	}
	if !s.current.proved && sameChallenge(s.current.challenge, asked, s.repo.Scope(transport.PullScope)) {
		return false
	}
	asked.Insecure = s.host.scheme == "http"
	s.current = grant{challenge: asked}
	return true
}

func sameChallenge(had, asked *transport.Challenge, scope string) bool {
	if had == nil || had.Parameters["realm"] != asked.Parameters["realm"] || had.Parameters["service"] != asked.Parameters["service"] {
		return false
	}
	want := asked.Parameters["scope"]
	return want == "" || want == scope || want == had.Parameters["scope"]
}

// smallAnswers bounds the answers of a token service.
type smallAnswers struct{ next http.RoundTripper }

func (s smallAnswers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, bounds.HandshakeBytes), resp.Body}
	return resp, nil
}
