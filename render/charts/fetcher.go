package charts

import (
	"context"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"oras.land/oras-go/v2/registry/remote/auth"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/cache"
)

// Options say how charts are fetched. The zero value asks any host and keeps
// nothing beyond the run.
type Options struct {
	// Network says which requests may be made.
	Network Network
	// PlainHTTP are the hosts, "host" or "host:port", that are spoken to
	// without TLS. Loopback hosts need not be named.
	PlainHTTP []string
	// CacheDir is where charts are kept between runs. Empty keeps none.
	CacheDir string
	// Version is what the user agent says after "syncgate/".
	Version string
	// Base carries the requests. Nil is a transport of the fetcher's own.
	Base http.RoundTripper
	// Wait waits between two tries of a request. Nil waits on the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Network says which requests may be made.
type Network uint8

// The kinds of network.
const (
	// Online asks the repositories that charts are in.
	Online Network = iota
	// Offline makes no request: there is what the cache has.
	Offline
)

// Fetcher fetches charts for the length of one run: an index is read and a
// chart is fetched once, and what failed is not tried again. It may be used
// by several goroutines.
type Fetcher struct {
	options Options
	cache   *cache.Dir
	base    http.RoundTripper
	tokens  auth.Cache
	indexes memo[*index]
	charts  memo[Chart]
	// artifacts are those of Artifact.
	artifacts memo[artifact]
	// files are those of File.
	files memo[[]byte]
	// parsing lets one index be parsed at a time: it takes much memory.
	parsing chan struct{}
}

// New returns a fetcher that has asked nothing yet.
func New(o Options) *Fetcher {
	if o.Base == nil {
		o.Base = newTransport()
	}
	if o.Wait == nil {
		o.Wait = sleep
	}
	if o.Version == "" {
		o.Version = "devel"
	}
	return &Fetcher{
		options:   o,
		cache:     cache.Open(o.CacheDir, bounds.ChartCacheBytes),
		base:      &retry{next: o.Base, wait: o.Wait, agent: "syncgate/" + o.Version},
		tokens:    auth.NewCache(),
		charts:    memo[Chart]{cost: func(c Chart) int { return len(c.Archive) }},
		artifacts: memo[artifact]{cost: func(a artifact) int { return len(a.archive) }},
		parsing:   make(chan struct{}, 1),
	}
}

// Reference says which chart is wanted.
type Reference struct {
	// Repository is an http, https or oci URL without the name of the chart.
	Repository string
	// Name is the name of the chart.
	Name string
	// Version is a version, a range of versions, or empty for the newest that
	// is no prerelease. In a registry it may be a tag, or the digest
	// "sha256:..." of a manifest.
	Version string
}

// Chart is a chart that was fetched.
type Chart struct {
	// Archive is the packed chart, which can be unpacked within bounds.
	Archive []byte
	// Version is what the reference's Version stood for: a version of the
	// index, the version that a tag is for, or a digest.
	Version string
	// Digest is the SHA-256 of Archive, as "sha256:hex".
	Digest string
	// manifest is the digest of the manifest of a chart in a registry.
	manifest string
}

// Fetch returns a chart. Its errors are *render.Problem: Broken where the
// repository answered and has no such chart, Unseen where that cannot be
// told. It stops when ctx ends.
func (f *Fetcher) Fetch(ctx context.Context, ref Reference) (Chart, error) {
	at, err := parseRepository(ref.Repository)
	if err != nil {
		return Chart{}, err
	}
	if err := checkName(ref.Name); err != nil {
		return Chart{}, err
	}
	key := strings.Join([]string{at.key(), ref.Name, ref.Version}, "\n")
	return f.charts.do(ctx, key, func(ctx context.Context) (Chart, error) {
		if at.oci() {
			return f.fromRegistry(ctx, at, ref)
		}
		return f.fromIndex(ctx, at, ref)
	})
}

// FetchChart returns the files of a chart, Chart.yaml at the root. It is
// Fetch for what deployer objects refer to.
func (f *Fetcher) FetchChart(ctx context.Context, repository, name, version string) (fs.FS, error) {
	files, _, err := f.Chart(ctx, repository, name, version)
	return files, err
}

// Chart returns the files of a chart, Chart.yaml at the root, and the version
// that was chosen. A repository without a scheme is a registry.
func (f *Fetcher) Chart(ctx context.Context, repository, name, version string) (files fs.FS, chosen string, err error) {
	if !strings.Contains(repository, "://") {
		repository = ociScheme + repository
	}
	c, err := f.Fetch(ctx, Reference{repository, name, version})
	if err != nil {
		return nil, "", err
	}
	files, err = c.Files()
	return files, c.Version, err
}

// Archive returns the packed chart and the version that was chosen, for
// charts that depend on it.
func (f *Fetcher) Archive(ctx context.Context, repository, name, version string) (archive []byte, chosen string, err error) {
	c, err := f.Fetch(ctx, Reference{repository, name, version})
	return c.Archive, c.Version, err
}
