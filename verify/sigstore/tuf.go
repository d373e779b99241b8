package sigstore

import (
	"cmp"
	"context"
	_ "embed" // for the root metadata
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// trustedRootTarget is the name of the trusted root in a TUF repository, and
// of the copy of it in the cache.
const trustedRootTarget = "trusted_root.json"

// Network says whether a TUF repository may be asked.
type Network uint8

// What of the network may be used.
const (
	// Online asks the repository once a day.
	Online Network = iota
	// Offline takes what was cached last, however old it is.
	Offline
)

// Repository is a TUF repository that a Sigstore deployment publishes its
// trusted root in.
type Repository struct {
	// URL is where it is.
	URL string
	// Root is the root metadata that is trusted to begin with.
	Root []byte
	// Target is the name of the trusted root there. Empty is
	// trusted_root.json.
	Target string
	// Client asks it. Nil is the default one.
	Client *http.Client
}

// Access is how TUF repositories are asked.
type Access struct {
	// CacheDir is where what they answer is kept. Empty keeps nothing.
	CacheDir string
	// Network says whether they may be asked.
	Network Network
	// Memory, where it is set, remembers what was fetched.
	Memory *Memory
}

// PublicGood is the trusted root of the public-good instance of Sigstore, by
// way of TUF: see FromRepository.
func PublicGood(access Access) *TrustedRoot {
	return FromRepository(Repository{URL: tuf.DefaultMirror, Root: tuf.DefaultRoot()}, access)
}

// githubMirror is where GitHub publishes the trusted root of its own instance.
const githubMirror = "https://tuf-repo.github.com"

// githubRoot is the root metadata of that repository, as GitHub's own command
// line carries it (github.com/cli/cli, MIT licence).
//
//go:embed github.root.json
var githubRoot []byte

// GitHub is the trusted root of GitHub's own instance of Sigstore, which signs
// the attestations of private repositories, by way of TUF: see FromRepository.
func GitHub(access Access) *TrustedRoot {
	return FromRepository(Repository{URL: githubMirror, Root: githubRoot}, access)
}

// The names of the trusted roots that every run knows.
const (
	NamePublicGood = "public-good"
	NameGitHub     = "github"
)

// Known are the trusted roots that every run knows, by their names.
func Known(access Access) map[string]*TrustedRoot {
	return map[string]*TrustedRoot{NamePublicGood: PublicGood(access), NameGitHub: GitHub(access)}
}

// FromRepository is a trusted root that is fetched by way of TUF when it is
// first needed, and kept in a directory below the cache's.
//
// Online, what is cached is used for a day, and longer, for as long as its
// metadata is valid, if the repository does not answer. Offline, the trusted
// root that was fetched last is used without asking how old it is; where none
// was, using the root is a *verify.Fault with code offline.
func FromRepository(repository Repository, access Access) *TrustedRoot {
	return &TrustedRoot{load: func(ctx context.Context) (*material, error) {
		data, err := access.Memory.recall(ctx, repository, func() ([]byte, error) { return repository.get(ctx, access) })
		if err != nil {
			return nil, err
		}
		return parseMaterial(data)
	}}
}

// get gets the trusted root, online or not.
func (r Repository) get(ctx context.Context, access Access) ([]byte, error) {
	keep := ""
	if access.CacheDir != "" {
		keep = filepath.Join(access.CacheDir, tuf.URLToPath(r.URL), trustedRootTarget)
	}
	if access.Network == Offline {
		return loadCached(keep, r.URL)
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.TrustTime)
	defer cancel()
	data, err := r.fetch(ctx, access.CacheDir)
	if err != nil {
		return nil, fmt.Errorf("fetch from %s: %w", r.URL, err)
	}
	if keep == "" {
		return data, nil
	}
	if err := keepCopy(keep, data); err != nil {
		return nil, fmt.Errorf("keep it for offline use: %w", err)
	}
	return data, nil
}

// loadCached reads what was kept. Without a cache there is none: an empty path
// must not be looked up in the working directory, which may be a stranger's.
func loadCached(path, url string) ([]byte, error) {
	err := fs.ErrNotExist
	if path != "" {
		var data []byte
		if data, err = readBounded(path); err == nil {
			return data, nil
		}
	}
	return nil, &verify.Fault{
		Code:    verify.CodeOffline,
		Verdict: policy.Unknown,
		Message: fmt.Sprintf("load trusted root: it was never fetched from %s, and the network is switched off", url),
		Hint:    "run once without --offline, or name a trusted root file with --trusted-root",
		Err:     err,
	}
}

// fetch gets the trusted root, from the cache if that is fresh.
func (r Repository) fetch(ctx context.Context, cacheDir string) ([]byte, error) {
	client := r.Client
	if client == nil {
		client = &http.Client{}
	}
	settings := tuf.Options{
		CacheValidity: 1, Root: r.Root, CachePath: cacheDir, RepositoryBaseURL: r.URL,
		Fetcher: fetcher{ctx: ctx, client: client}, Context: ctx, DisableLocalCache: cacheDir == "",
	}
	data, err := target(settings, r.Target)
	if err == nil {
		return data, nil
	}
	if cacheDir == "" {
		return nil, err
	}
	// Cached metadata that has not run out is as good as the repository's.
	settings.ForceCache = true
	if data, cacheErr := target(settings, r.Target); cacheErr == nil {
		return data, nil
	}
	return nil, err
}

func target(settings tuf.Options, name string) ([]byte, error) {
	client, err := tuf.New(&settings)
	if err != nil {
		return nil, err
	}
	return client.GetTarget(cmp.Or(name, trustedRootTarget))
}

// keepCopy writes a file so that readers see the old one or the new one.
func keepCopy(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), trustedRootTarget+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// fetcher gets the files of a TUF repository. It implements go-tuf's
// fetcher.Fetcher, which has no context of its own.
type fetcher struct {
	ctx    context.Context
	client *http.Client
}

// DownloadFile gets one file of at most limit bytes.
func (f fetcher) DownloadFile(url string, limit int64, _ time.Duration) (data []byte, err error) {
	ctx, cancel := context.WithTimeout(f.ctx, bounds.RequestTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		// By this error go-tuf learns that there is no newer root.
		return nil, &metadata.ErrDownloadHTTP{StatusCode: response.StatusCode, URL: url}
	}
	limit = min(limit, bounds.TrustedRootBytes)
	data, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("get %s: it is larger than %d bytes", url, limit)
	}
	return data, err
}
