package charts

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/Masterminds/semver/v3"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/syncgate/syncgate/bounds"
)

// The media types of charts in registries; see
// https://helm.sh/docs/topics/registries.
const (
	chartConfig   = "application/vnd.cncf.helm.config.v1+json"
	chartContent  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	legacyContent = "application/tar+gzip"
	// chartProof is the type of a layer with a signature of the chart.
	chartProof = "application/vnd.cncf.helm.chart.provenance.v1.prov"
)

// fromRegistry fetches a chart of a registry.
func (f *Fetcher) fromRegistry(ctx context.Context, at repository, ref Reference) (Chart, error) {
	at.url = at.url.JoinPath(ref.Name)
	manifest, ok := f.cache.Load(at.String(), ref.Version, bounds.ManifestBytes)
	if !ok && f.options.Network == Offline {
		return Chart{}, offline(at, ref)
	}
	repo, err := f.repository(at)
	if err != nil {
		return Chart{}, err
	}
	c := Chart{Version: ref.Version}
	if !ok {
		tag, version, err := f.tag(ctx, repo, at, ref.Version)
		if err != nil {
			return Chart{}, err
		}
		c.Version = version
		if manifest, err = f.manifest(ctx, repo, at, tag); err != nil {
			return Chart{}, err
		}
	}
	layer, err := chartLayer(at, manifest)
	if err != nil {
		return Chart{}, err
	}
	c.Digest, c.manifest = layer.Digest.String(), digestOf(manifest)
	if c.Archive, ok = f.cache.Load(at.String(), c.Digest, bounds.ChartArchiveBytes); !ok {
		if f.options.Network == Offline {
			return Chart{}, offline(at, ref)
		}
		if c.Archive, err = f.blob(ctx, repo, at, layer); err != nil {
			return Chart{}, err
		}
	}
	if c, err = f.finish(at, at.String(), c); err == nil {
		f.cache.Store(at.String(), c.manifest, manifest)
	}
	return c, err
}

// repository returns a client for one repository of a registry.
func (f *Fetcher) repository(at repository) (*remote.Repository, error) {
	repo, err := remote.NewRepository(at.url.Host + at.url.Path)
	if err != nil {
		return nil, unseen("write it as oci://host/path", "%s is no repository of a registry", at)
	}
	host := repo.Reference.Host()
	repo.PlainHTTP = f.options.plain(host)
	repo.MaxMetadataBytes = bounds.ManifestBytes
	repo.SkipReferrersGC = true
	at.url = &url.URL{Scheme: at.url.Scheme, Host: host, Path: at.url.Path}
	repo.Client = &auth.Client{
		Client: f.client(at), Cache: f.tokens, ClientID: "syncgate",
		Credential: func(ctx context.Context, asked string) (auth.Credential, error) {
			if asked != host || repo.PlainHTTP && !loopback(hostname(host)) {
				return auth.EmptyCredential, nil
			}
			return credential(ctx, host)
		},
	}
	return repo, nil
}

// credential returns what Docker is configured with for a registry. A
// credential helper is a program, and may hang.
func credential(ctx context.Context, host string) (auth.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, bounds.CredentialTime)
	defer cancel()
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return auth.EmptyCredential, unseen("repair Docker's config.json", "cannot read the logins that Docker is configured with")
	}
	found, err := credentials.Credential(store)(ctx, host)
	if err != nil { // it may say what the helper printed
		return auth.EmptyCredential, unseen("run docker login again", "cannot get the login of %s: the credential helper fails", host)
	}
	return found, nil
}

// tag returns the tag or digest that a version stands for, and the version.
// What reads as a version is a tag, as Helm has it; a range asks for the tags
// that there are.
func (f *Fetcher) tag(ctx context.Context, repo *remote.Repository, at repository, want string) (tag, version string, err error) {
	if isDigest(want) {
		return want, want, nil
	}
	if _, err := semver.NewVersion(want); err == nil {
		return strings.ReplaceAll(want, "+", "_"), want, nil
	}
	if _, err := parseRange(want); err != nil {
		return want, want, nil
	}
	tags, err := f.tags(ctx, repo, at)
	if err != nil {
		return "", "", err
	}
	c := candidates{of: "chart " + at.String()}
	for _, tag := range tags {
		version := strings.ReplaceAll(tag, "_", "+")
		if _, err := semver.StrictNewVersion(version); err == nil {
			c.add(version, "", 0)
		}
	}
	chosen, err := c.choose(want)
	return strings.ReplaceAll(chosen.text, "+", "_"), chosen.text, err
}

// tags lists the tags of a repository.
func (f *Fetcher) tags(ctx context.Context, repo *remote.Repository, at repository) (list []string, err error) {
	pages := 0
	err = repo.Tags(ctx, "", func(tags []string) error {
		pages++
		if list = append(list, tags...); pages > bounds.ChartTagPages || len(list) > bounds.ChartTags {
			return unseen("name one version", "%s has more than %d tags, or lists them on more than %d pages", at, bounds.ChartTags, bounds.ChartTagPages)
		}
		return nil
	})
	if err != nil {
		return nil, registryProblem("list the tags of "+at.String(), err)
	}
	return list, nil
}

// manifest returns the manifest of a tag or digest.
func (f *Fetcher) manifest(ctx context.Context, repo *remote.Repository, at repository, reference string) ([]byte, error) {
	separator := ":"
	if isDigest(reference) {
		separator = "@"
	}
	what := at.String() + separator + reference
	described, body, err := repo.Manifests().FetchReference(ctx, reference)
	if err != nil {
		return nil, registryProblem("get "+what, err)
	}
	defer body.Close()
	data, err := readAll(what, body, bounds.ManifestBytes)
	if err != nil {
		return nil, err
	}
	if got := digestOf(data); got != described.Digest.String() || isDigest(reference) && got != reference {
		return nil, unseen("the registry is damaged, or something stands between", "get %s: the manifest has the digest %s, not %s as the registry says", what, got, described.Digest)
	}
	return data, nil
}

// chartLayer returns the layer of a manifest that is the chart.
func chartLayer(at repository, data []byte) (ocispec.Descriptor, error) {
	const hint = "push it with helm push"
	var manifest ocispec.Manifest
	if json.Unmarshal(data, &manifest) != nil {
		return ocispec.Descriptor{}, unseen(hint, "the manifest of %s cannot be read", at)
	}
	if manifest.Config.MediaType != chartConfig {
		return ocispec.Descriptor{}, unseen(hint, "%s is no chart: its configuration is of the type %q", at, manifest.Config.MediaType)
	}
	var found []ocispec.Descriptor
	for _, layer := range manifest.Layers {
		if layer.MediaType == chartContent || layer.MediaType == legacyContent {
			found = append(found, layer)
		}
	}
	if len(found) != 1 {
		return ocispec.Descriptor{}, unseen(hint, "%s holds %d charts, want 1", at, len(found))
	}
	// Helm takes the chart by its type, Flux the first layer.
	if first := manifest.Layers[0].MediaType; first != found[0].MediaType && first != chartProof {
		return ocispec.Descriptor{}, unseen(hint, "%s has a layer of the type %q before the chart, which Flux would take for it", at, first)
	}
	return checkLayer(at, found[0])
}

// checkLayer refuses a layer that cannot be held to a digest, or is too large.
func checkLayer(at repository, layer ocispec.Descriptor) (ocispec.Descriptor, error) {
	switch {
	case !isDigest(layer.Digest.String()):
		return layer, unseen("push it with a SHA-256", "%s names its content by a digest that is no SHA-256", at)
	case layer.Size < 0 || layer.Size > bounds.ChartArchiveBytes:
		return layer, unseen("commit what it holds to the repository", "%s exceeds the limit of %d bytes", at, bounds.ChartArchiveBytes)
	}
	return layer, nil
}

// blob returns the content of a layer.
func (f *Fetcher) blob(ctx context.Context, repo *remote.Repository, at repository, layer ocispec.Descriptor) ([]byte, error) {
	what := at.String() + "@" + layer.Digest.String()
	body, err := repo.Blobs().Fetch(ctx, layer)
	if err != nil {
		return nil, registryProblem("get "+what, err)
	}
	defer body.Close()
	return readAll(what, body, layer.Size)
}

// elsewhere fetches a chart that an HTTP repository says is in a registry.
func (f *Fetcher) elsewhere(ctx context.Context, at repository, u *url.URL, want Chart) (Chart, error) {
	text := u.String()
	slash := strings.LastIndex(text, "/")
	name, tag, ok := strings.Cut(text[slash+1:], ":")
	if private(u.Hostname()) && !private(at.url.Hostname()) {
		return Chart{}, unseen("use a repository whose charts are public", "%s, a private address, is not reached from %s", u.Host, at)
	}
	if !ok {
		return Chart{}, unseen("have the repository's index made again", "%s names no tag of a registry", u.Redacted())
	}
	c, err := f.Fetch(ctx, Reference{Repository: text[:slash], Name: name, Version: tag})
	if err != nil {
		return Chart{}, err
	}
	if want.Digest != "" && want.Digest != c.Digest && want.Digest != c.manifest {
		return Chart{}, unseen("the chart was replaced: have the repository's index made again",
			"get %s: the archive has the digest %s, not %s as the index says", u.Redacted(), c.Digest, want.Digest)
	}
	c.Version = want.Version
	return c, nil
}

// registryProblem returns the problem of a request to a registry.
func registryProblem(what string, err error) error {
	subject := strings.TrimPrefix(what, "get ")
	var answered *errcode.ErrorResponse
	switch {
	case errors.As(err, &answered):
		return statusProblem(subject, answered.StatusCode, false)
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return statusProblem(subject, http.StatusUnauthorized, false)
	case errors.Is(err, errdef.ErrNotFound):
		return unseen("check the name and the version; a private repository needs docker login", "get %s: the registry does not have it", subject)
	case errors.Is(err, errdef.ErrSizeExceedsLimit):
		return unseen("check the repository", "get %s: the answer exceeds the limit of %d bytes", subject, bounds.ManifestBytes)
	}
	return requestProblem(subject, err)
}
