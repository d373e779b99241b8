package registry

import (
	"encoding/json"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/policy"
)

// predicted returns the payload of a cosign signature without asking for it,
// where the layer's digest shows that it is what cosign writes for an image
// that is signed where it stands: then it follows from the name and digest.
func predicted(repository name.Repository, digest policy.Digest, layer descriptor) []byte {
	for _, spelling := range spellings(repository) {
		payload := simpleSigning(spelling, digest)
		if int64(len(payload)) == layer.Size && digestOf("sha256", payload).String() == layer.Digest {
			return payload
		}
	}
	return nil
}

// simpleSigning is the payload as sigstore's signature/payload package
// marshals it.
func simpleSigning(reference string, digest policy.Digest) []byte {
	quoted, _ := json.Marshal(reference)
	return []byte(`{"critical":{"identity":{"docker-reference":` + string(quoted) +
		`},"image":{"docker-manifest-digest":"` + digest.String() +
		`"},"type":"cosign container image signature"},"optional":null}`)
}

// spellings are the names that signers write for a repository.
func spellings(repository name.Repository) []string {
	full := repository.Name()
	hub, ok := strings.CutPrefix(full, name.DefaultRegistry+"/")
	if !ok {
		return []string{full}
	}
	all := []string{full, "docker.io/" + hub, hub}
	if short, ok := strings.CutPrefix(hub, "library/"); ok {
		all = append(all, "docker.io/"+short, short)
	}
	return all
}
