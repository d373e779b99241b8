package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/syncgate/syncgate/bounds"
)

// The media types of layers that Argo CD takes unless it is told otherwise
// (--oci-layer-media-types), besides that of charts.
const (
	tarLayer     = ocispec.MediaTypeImageLayer
	tarGzipLayer = ocispec.MediaTypeImageLayerGzip
	// artifactLayers is how many layers of an artifact Argo CD looks at.
	artifactLayers = 10
)

// artifact is an OCI artifact that was fetched.
type artifact struct {
	archive []byte
	// mediaType is that of the layer, digest that of the manifest.
	mediaType, digest string
}

// Artifact returns the files of an OCI artifact as Argo CD extracts it, and
// the digest of its manifest. The repository is an oci URL with the whole
// path. The revision is a tag, a digest, or a range of versions among the
// tags; it is not empty. Errors are as those of Fetch.
func (f *Fetcher) Artifact(ctx context.Context, repository, revision string) (files fs.FS, digest string, err error) {
	at, err := parseRepository(repository)
	if err == nil && (!at.oci() || revision == "") {
		err = unseen("name a tag or a digest of oci://host/path", "%q of %s is no artifact of a registry", revision, at)
	}
	if err != nil {
		return nil, "", err
	}
	a, err := f.artifacts.do(ctx, at.key()+"\n"+revision, func(ctx context.Context) (artifact, error) {
		return f.artifact(ctx, at, revision)
	})
	if err != nil {
		return nil, "", err
	}
	files, err = a.files()
	return files, a.digest, err
}

// artifact fetches an artifact.
func (f *Fetcher) artifact(ctx context.Context, at repository, revision string) (artifact, error) {
	manifest, cached := f.cache.Load(at.String(), revision, bounds.ManifestBytes)
	absent := unseen("let it be fetched with --allow-remote, and without --offline; or map what it holds",
		"artifact %s at %s is not at hand, and the network may not be asked", at, revision)
	if !cached && f.options.Network == Offline {
		return artifact{}, absent
	}
	repo, err := f.repository(at)
	if err != nil {
		return artifact{}, err
	}
	if !cached {
		tag, err := f.artifactTag(ctx, repo, at, revision)
		if err != nil {
			return artifact{}, err
		}
		if manifest, err = f.manifest(ctx, repo, at, tag); err != nil {
			return artifact{}, err
		}
	}
	layer, err := artifactLayer(at, manifest)
	if err != nil {
		return artifact{}, err
	}
	a := artifact{mediaType: layer.MediaType, digest: digestOf(manifest)}
	if a.archive, cached = f.cache.Load(at.String(), layer.Digest.String(), bounds.ChartArchiveBytes); !cached {
		if f.options.Network == Offline {
			return artifact{}, absent
		}
		if a.archive, err = f.blob(ctx, repo, at, layer); err != nil {
			return artifact{}, err
		}
		if got := digestOf(a.archive); got != layer.Digest.String() {
			return artifact{}, unseen("the registry is damaged, or something stands between", "get %s: its layer has the digest %s, not %s", at, got, layer.Digest)
		}
	}
	if _, err := a.unpack(); err != nil {
		return artifact{}, err
	}
	f.cache.Store(at.String(), layer.Digest.String(), a.archive)
	f.cache.Store(at.String(), a.digest, manifest)
	return a, nil
}

// artifactTag returns the tag or digest that a revision stands for: itself, or
// the newest tag in a range of versions that is no tag itself.
func (f *Fetcher) artifactTag(ctx context.Context, repo *remote.Repository, at repository, revision string) (string, error) {
	constraint, err := semver.NewConstraint(revision)
	if _, exact := semver.NewVersion(revision); isDigest(revision) || exact == nil || err != nil {
		return revision, nil
	}
	tags, err := f.tags(ctx, repo, at)
	if err != nil || slices.Contains(tags, revision) {
		return revision, err
	}
	c := candidates{of: at.String()}
	for _, tag := range tags {
		c.add(strings.ReplaceAll(tag, "_", "+"), "", 0)
	}
	chosen, err := c.among(constraint, revision)
	return strings.ReplaceAll(chosen.text, "+", "_"), err
}

// artifactLayer returns the one layer of a manifest that Argo CD extracts.
func artifactLayer(at repository, data []byte) (ocispec.Descriptor, error) {
	const hint = "push it with oras, one layer of the type application/vnd.oci.image.layer.v1.tar+gzip"
	var manifest ocispec.Manifest
	if json.Unmarshal(data, &manifest) != nil || len(manifest.Layers) > artifactLayers {
		return ocispec.Descriptor{}, unseen(hint, "the manifest of %s cannot be read, or has more than %d layers", at, artifactLayers)
	}
	if manifest.Config.MediaType == chartConfig {
		return chartLayer(at, data)
	}
	var found []ocispec.Descriptor
	for _, layer := range manifest.Layers {
		packed := slices.ContainsFunc([]string{"tar+gzip", "tar.gzip", "tar"}, func(end string) bool { return strings.HasSuffix(layer.MediaType, end) })
		switch {
		case !packed:
		case !slices.Contains([]string{tarLayer, tarGzipLayer, chartContent}, layer.MediaType):
			return ocispec.Descriptor{}, unseen(hint, "%s has a layer of the type %q, which Argo CD takes only if it is told to", at, layer.MediaType)
		default:
			found = append(found, layer)
		}
	}
	if len(found) != 1 {
		return ocispec.Descriptor{}, unseen(hint, "%s has %d layers of content, want 1", at, len(found))
	}
	return checkLayer(at, found[0])
}

// files are those of the artifact: of a chart those below its one directory.
func (a artifact) files() (fs.FS, error) {
	files, err := a.unpack()
	if err != nil {
		return nil, err
	}
	return zipped(files)
}

func (a artifact) unpack() (map[string][]byte, error) {
	if a.mediaType == chartContent || a.mediaType == legacyContent {
		return unpack(a.archive)
	}
	var archive io.Reader = bytes.NewReader(a.archive)
	if a.mediaType != tarLayer {
		plain, err := gzip.NewReader(archive)
		if err != nil {
			return nil, unseen("pack it with tar and gzip", "unpack artifact: it is no gzip archive")
		}
		archive = plain
	}
	left := &io.LimitedReader{R: archive, N: bounds.ChartBytes + 1}
	files, err := readTar(tar.NewReader(left), func(entry string) (dir, name string, err error) {
		name = strings.TrimPrefix(entry, "./")
		if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
			err = fmt.Errorf("%q is no name of a file below the root", entry)
		}
		return "", name, err
	})
	switch {
	case left.N <= 0:
		return nil, unseen("split the artifact", "unpack artifact: it exceeds the limit of %d bytes", bounds.ChartBytes)
	case err != nil:
		return nil, unseen("pack plain files and directories", "unpack artifact: %s", oneLine(err.Error()))
	case len(files) == 0:
		return nil, unseen("push what is to be deployed", "unpack artifact: it holds no file")
	}
	return files, nil
}
