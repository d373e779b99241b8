package registry

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/cache"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Options say how registries are reached. The zero value is fit for use.
type Options struct {
	// PlainHTTP are the hosts, "host" or "host:port", that are spoken to
	// without TLS. Loopback hosts need not be named.
	PlainHTTP []string
	// Keychain finds credentials by registry host. Nil is what Docker and
	// Podman are configured with, their credential helpers included.
	Keychain authn.Keychain
	// Version is what the user agent says after "syncgate/".
	Version string
	// Cache keeps manifests and layers by their digests from run to run. Nil
	// keeps none. Tags and lists of evidence are asked for each time.
	Cache *cache.Dir
	// Base carries the requests. Nil is a transport of the client's own.
	Base http.RoundTripper
	// Wait waits between two tries of a request. Nil waits on the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client talks to registries for the length of one run: it keeps
// connections, tokens and what it has read of immutable content. It may be
// used by several goroutines.
type Client struct {
	options Options
	chain   http.RoundTripper
	now     func() time.Time

	hosts     memo[*host]
	repos     memo[*repo]
	resolved  memo[resolution]
	manifests memo[manifest]
	blobs     memo[[]byte]
	apis      probes

	signatureStore, attestationStore, referrerStore, unsignedStore *once
}

// New returns a client that has asked nothing yet.
func New(o Options) *Client {
	if o.Keychain == nil {
		o.Keychain = authn.DefaultKeychain
	}
	if o.Base == nil {
		o.Base = newTransport()
	}
	if o.Wait == nil {
		o.Wait = sleep
	}
	if o.Version == "" {
		o.Version = "devel"
	}
	c := &Client{options: o, now: time.Now}
	hosts, width := &breaker{}, &lanes{wait: o.Wait, now: func() time.Time { return c.now() }}
	hosts.next = &retry{lanes: width, next: &attempt{next: o.Base, open: hosts.open, userAgent: c.userAgent(), lanes: width}}
	c.chain = hosts
	c.manifests = bounded(func(m manifest) int { return m.size })
	c.blobs = bounded(func(b []byte) int { return len(b) })
	c.signatureStore = newOnce(attached{c, ".sig", "signatures"})
	c.attestationStore = newOnce(attached{c, ".att", "attestations"})
	c.referrerStore, c.unsignedStore = newOnce(referrers{c}), newOnce(unsigned{c})
	return c
}

func (c *Client) userAgent() string { return "syncgate/" + c.options.Version }

// Close lets go of idle connections.
func (c *Client) Close() {
	if t, ok := c.options.Base.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Signatures is the store of the signatures at cosign's "sha256-….sig" tags.
func (c *Client) Signatures() verify.Store { return kept{c.signatureStore, policy.KindSignature} }

// Attestations is the store of the attestations at cosign's "sha256-….att"
// tags.
func (c *Client) Attestations() verify.Store { return kept{c.attestationStore, policy.KindAttestation} }

// Referrers is the store of what refers to a digest by the referrers API of
// the OCI distribution specification 1.1, or by its fallback tag where the
// registry has no such API.
func (c *Client) Referrers() verify.Store { return c.referrerStore }

// Unsigned is the store of what BuildKit keeps in an index beside its images:
// attestations that nobody signed. They count for nothing, and are told of.
func (c *Client) Unsigned() verify.Store { return kept{c.unsignedStore, verify.NoEvidence} }

// Stores are all of them, in the order that is best to ask.
func (c *Client) Stores() []verify.Store {
	return []verify.Store{c.Referrers(), c.Attestations(), c.Signatures(), c.Unsigned()}
}

// plain tells whether a registry host is spoken to without TLS.
func (c *Client) plain(host string) bool {
	return slices.Contains(c.options.PlainHTTP, host) ||
		slices.Contains(c.options.PlainHTTP, hostname(host)) || loopback(hostname(host))
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func loopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// newTransport returns the transport that carries a run's requests. It never
// decompresses: registries serve content as it was digested.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: bounds.RequestTime / 2, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    bounds.RegistryRequests,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    bounds.RequestTime / 2,
		DisableCompression:     true,
		MaxResponseHeaderBytes: bounds.HandshakeBytes,
	}
}

// inParallel runs do for 0 to n-1, a few at once.
func inParallel(n int, do func(i int)) {
	if n == 1 {
		do(0)
		return
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, bounds.ImageRequests)
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	group.Wait()
}

// key names content of one repository. Content is not shared between
// repositories: who may read the one may not read the other, and a report
// must not depend on which was asked first.
func key(r *repo, digest policy.Digest) string { return r.name.Name() + "@" + digest.String() }
