package registry

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// The media types of manifests, as the OCI image specification and Docker's
// manifest specification name them.
const (
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ociIndex       = "application/vnd.oci.image.index.v1+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerSchema1  = "application/vnd.docker.distribution.manifest.v1+"

	manifestTypes = ociManifest + ", " + ociIndex + ", " + dockerManifest + ", " + dockerList
)

func manifestMediaTypes() []string {
	return []string{ociManifest, ociIndex, dockerManifest, dockerList}
}

// manifest is an image manifest or an index, as far as it is of interest.
type manifest struct {
	digest       policy.Digest
	size         int
	index        bool
	artifactType string
	layers       []descriptor
	manifests    []descriptor
	subject      string
	// mediaType is what it says itself that it is.
	mediaType string
	// cached tells that the registry was not asked for it.
	cached bool
}

// descriptor points at content, as the OCI image specification has it.
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	ArtifactType string            `json:"artifactType"`
	Annotations  map[string]string `json:"annotations"`
	Platform     *platform         `json:"platform"`
	Data         []byte            `json:"data"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

// document is a manifest as it is written.
type document struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        *descriptor       `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Subject       *descriptor       `json:"subject"`
	FSLayers      []json.RawMessage `json:"fsLayers"`
}

// manifestType is the media type of an answer that should be a manifest.
func manifestType(header http.Header) (string, error) {
	written := header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(written)
	switch {
	case isHTML(header):
		return "", protocolError("it answers with a web page")
	case strings.HasPrefix(mediaType, dockerSchema1):
		return "", protocolError("the image has a Docker schema 1 manifest, which has no digest to trust; push it again with a current tool")
	case err != nil || !slices.Contains(manifestMediaTypes(), mediaType):
		return "", protocolError(fmt.Sprintf("it answers with content type %.100q, which is no manifest", written))
	}
	return mediaType, nil
}

// parseManifest reads a manifest whose digest has been checked. It refuses
// what another reader may take for something else (CVE-2021-41190).
func parseManifest(body []byte, mediaType string, digest policy.Digest) (manifest, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return manifest{}, protocolError("the manifest is not valid JSON, or not a manifest")
	}
	index := mediaType == ociIndex || mediaType == dockerList
	switch {
	case d.SchemaVersion == 1 || len(d.FSLayers) > 0:
		return manifest{}, protocolError("the image has a Docker schema 1 manifest, which has no digest to trust; push it again with a current tool")
	case d.SchemaVersion != 2:
		return manifest{}, protocolError("the manifest has no schemaVersion 2")
	case d.MediaType != "" && d.MediaType != mediaType:
		return manifest{}, protocolError(fmt.Sprintf("the manifest says that it is %.100q, its content type says %q", d.MediaType, mediaType))
	case index && (d.Config != nil || len(d.Layers) > 0), !index && len(d.Manifests) > 0:
		return manifest{}, protocolError("the manifest can be read as an image and as an index")
	case !index && d.Config == nil:
		return manifest{}, protocolError("the manifest names no config")
	}
	m := manifest{
		digest: digest, size: len(body), index: index, mediaType: d.MediaType, artifactType: d.ArtifactType,
		layers: d.Layers, manifests: d.Manifests,
	}
	if m.artifactType == "" && d.Config != nil {
		m.artifactType = d.Config.MediaType
	}
	if d.Subject != nil {
		m.subject = d.Subject.Digest
	}
	return m, nil
}

// platforms are the images of an index. What BuildKit stores beside them, and
// marks as such, no runtime takes for an image. Of everything else it cannot
// be known that none does: runtimes differ in which media types they run.
func (m manifest) platforms() ([]policy.Platform, error) {
	if len(m.manifests) > bounds.Platforms {
		return nil, limitError(fmt.Sprintf("the index names %d manifests, more than %d", len(m.manifests), bounds.Platforms))
	}
	var found []policy.Platform
	for _, d := range m.manifests {
		digest, err := policy.ParseDigest(d.Digest)
		switch {
		case err != nil:
			return nil, protocolError("the index names a manifest whose digest is none")
		case d.MediaType == ociIndex || d.MediaType == dockerList:
			return nil, protocolError("the index names another index, which is not supported")
		case d.isBuildKit():
			continue
		case d.MediaType != ociManifest && d.MediaType != dockerManifest:
			return nil, protocolError(fmt.Sprintf("the index names %s with media type %.100q, which is no image manifest, so that not all of its platforms are known", digest, d.MediaType))
		}
		found = append(found, policy.Platform{Name: d.Platform.String(), Digest: digest})
	}
	if m.index && len(found) == 0 {
		return nil, protocolError("the index names no image")
	}
	return found, nil
}

func (d descriptor) isBuildKit() bool {
	return d.Annotations["vnd.docker.reference.type"] == "attestation-manifest" &&
		d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
}

// String returns "os/architecture[/variant]".
func (p *platform) String() string {
	if p == nil {
		return "unknown"
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}
