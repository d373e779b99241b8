package charts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// index is the index.yaml of a repository: of it, what says where charts are.
// See https://helm.sh/docs/topics/chart_repository.
type index struct {
	APIVersion string                     `yaml:"apiVersion" json:"apiVersion"`
	Entries    map[string][]*indexVersion `yaml:"entries" json:"entries"`
}

// indexVersion is one version of a chart.
type indexVersion struct {
	Name         string   `yaml:"name" json:"name"`
	Version      string   `yaml:"version" json:"version"`
	Type         string   `yaml:"type" json:"type"`
	URLs         []string `yaml:"urls" json:"urls"`
	Digest       string   `yaml:"digest" json:"digest"`
	Dependencies []*struct {
		Alias string `yaml:"alias" json:"alias"`
	} `yaml:"dependencies" json:"dependencies"`
}

// parseIndex reads an index, JSON or YAML as Helm does.
func parseIndex(data []byte) (*index, error) {
	found := new(index)
	var err error
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")):
		return nil, fmt.Errorf("it is a web page")
	case json.Valid(data):
		err = json.Unmarshal(data, found)
	default:
		err = yaml.Unmarshal(data, found)
	}
	if err != nil {
		return nil, err
	}
	if found.APIVersion == "" {
		return nil, fmt.Errorf("it has no apiVersion")
	}
	count := 0
	for _, versions := range found.Entries {
		if count += len(versions); count > bounds.IndexVersions {
			return nil, fmt.Errorf("it exceeds the limit of %d versions", bounds.IndexVersions)
		}
	}
	return found, nil
}

// usable tells whether Helm would not pass over a version.
func (v *indexVersion) usable() bool {
	if v == nil || len(v.URLs) == 0 || v.Name == "" || v.Name == "." || v.Name == ".." || v.Name != path.Base(v.Name) {
		return false
	}
	for _, dependency := range v.Dependencies {
		if dependency == nil || dependency.Alias != "" && !regexp.MustCompile(`^[a-zA-Z0-9_-]+$`).MatchString(dependency.Alias) {
			return false
		}
	}
	return v.Type == "" || v.Type == "application" || v.Type == "library"
}

// choose returns the version of a chart that is wanted.
func (i *index) choose(at repository, name, want string) (*indexVersion, error) {
	versions, ok := i.Entries[name]
	if !ok {
		return nil, broken("check the name and the repository", "repository %s has no chart %s", at, name)
	}
	c := candidates{of: fmt.Sprintf("chart %s of %s", name, at)}
	for n, v := range versions {
		if v.usable() {
			c.add(v.Version, v.URLs[0]+"\n"+v.Digest, n)
		}
	}
	chosen, err := c.choose(want)
	if err != nil {
		return nil, err
	}
	return versions[chosen.index], nil
}

// index returns the index of a repository.
func (f *Fetcher) index(ctx context.Context, at repository) (*index, error) {
	return f.indexes.do(ctx, at.key(), func(ctx context.Context) (*index, error) {
		u := *at.url
		u.Path += "/index.yaml"
		u.RawPath = ""
		data, err := f.get(ctx, at, &u, compressed)
		if err != nil {
			return nil, err
		}
		select {
		case f.parsing <- struct{}{}:
			defer func() { <-f.parsing }()
		case <-ctx.Done():
			return nil, requestProblem(u.Redacted(), ctx.Err())
		}
		found, err := parseIndex(data)
		if err != nil {
			return nil, unseen("check that the URL is that of a chart repository", "get %s: no index of charts: %s", &u, oneLine(err.Error()))
		}
		return found, nil
	})
}

// fromIndex fetches a chart of an HTTP repository.
func (f *Fetcher) fromIndex(ctx context.Context, at repository, ref Reference) (Chart, error) {
	if isDigest(ref.Version) {
		return Chart{}, unseen("name a version", "repository %s names charts by version, not by digest", at)
	}
	if f.options.Network == Offline {
		return Chart{}, offline(at, ref)
	}
	found, err := f.index(ctx, at)
	if err != nil {
		return Chart{}, err
	}
	entry, err := found.choose(at, ref.Name, ref.Version)
	if err != nil {
		return Chart{}, err
	}
	digest, err := entry.digest()
	if err != nil {
		return Chart{}, err
	}
	u, err := at.resolve(entry.URLs[0])
	if err != nil {
		return Chart{}, err
	}
	if u.Scheme == "oci" {
		return f.elsewhere(ctx, at, u, Chart{Version: entry.Version, Digest: digest})
	}
	archive, ok := f.cache.Load(at.String(), digest, bounds.ChartArchiveBytes)
	if !ok {
		if archive, err = f.get(ctx, at, u, verbatim); err != nil {
			return Chart{}, err
		}
	}
	return f.finish(at, u.Redacted(), Chart{Archive: archive, Version: entry.Version, Digest: digest})
}

// finish holds an archive to its digest, and keeps it.
func (f *Fetcher) finish(at repository, what string, c Chart) (Chart, error) {
	got := digestOf(c.Archive)
	if c.Digest != "" && c.Digest != got {
		return Chart{}, unseen("the chart was replaced or damaged: have the repository's index made again",
			"get %s: the archive has the digest %s, not %s as the repository says", what, got, c.Digest)
	}
	c.Digest = got
	if _, err := unpack(c.Archive); err != nil {
		return Chart{}, err
	}
	f.cache.Store(at.String(), got, c.Archive)
	return c, nil
}

// digest returns the digest of the archive, empty where there is none.
func (v *indexVersion) digest() (string, error) {
	if v.Digest == "" {
		return "", nil
	}
	digest := hashPrefix + strings.TrimPrefix(strings.ToLower(v.Digest), hashPrefix)
	if !isDigest(digest) {
		return "", unseen("have the repository's index made again", "chart %s %s has the digest %q, which is no SHA-256", v.Name, v.Version, v.Digest)
	}
	return digest, nil
}

// resolve returns the URL of an archive, which may be relative to that of the
// repository. The query of the repository is kept, as Helm does.
func (r repository) resolve(text string) (*url.URL, error) {
	ref, err := url.Parse(text)
	if err != nil {
		return nil, unseen("have the repository's index made again", "repository %s names the archive %q, which is no URL", r, shown(text))
	}
	ref.User = nil
	if ref.IsAbs() {
		return ref, nil
	}
	base := *r.url
	base.Path += "/"
	if base.RawPath != "" {
		base.RawPath += "/"
	}
	u := base.ResolveReference(ref)
	u.RawQuery = base.RawQuery
	return u, nil
}

// offline returns the problem of what would need the network.
func offline(at repository, ref Reference) error {
	version := ref.Version
	if version == "" {
		version = "of any version"
	}
	return unseen("let it be fetched with --allow-remote, and without --offline; or commit the chart to the repository",
		"chart %s %s of %s is not at hand, and the network may not be asked", ref.Name, version, at)
}
