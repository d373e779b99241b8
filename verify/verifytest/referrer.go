package verifytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// MessageBundle makes a Sigstore bundle with a signature of the image's
// manifest itself, and no statement.
func (w *World) MessageBundle(image Image, signer *Signer, how How) (verify.Bundle, error) {
	manifest, err := w.registry.get("/v2/" + image.Repository + "/manifests/" + image.Digest.String())
	if err != nil {
		return verify.Bundle{}, err
	}
	with, err := w.credential(signer, w.certifiedAt(how))
	if err != nil {
		return verify.Bundle{}, err
	}
	signature, err := with.key.Sign(manifest)
	if err != nil {
		return verify.Bundle{}, err
	}
	var logged *entry
	if how.Log != LogNone {
		if logged, err = w.logSignature(manifest, signature, with, w.at(how)); err != nil {
			return verify.Bundle{}, err
		}
	}
	material, err := w.material(with, signature, logged, how)
	if err != nil {
		return verify.Bundle{}, err
	}
	digest := hash(manifest)
	payload, err := json.Marshal(map[string]any{
		"mediaType":            how.mediaType(),
		"verificationMaterial": material,
		"messageSignature": map[string]any{
			"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": bytesOf(digest["value"])},
			"signature":     signature,
		},
	})
	return verify.Bundle{
		Format: policy.FormatBundle, Payload: payload,
		Annotations: map[string]string{"dev.sigstore.bundle.content": "message-signature"},
	}, err
}

// Refer pushes content of any kind in a manifest that refers to the image.
func (w *World) Refer(image Image, mediaType string, content []byte) error {
	blob, err := w.registry.putBlob(image.keptIn(), mediaType, content)
	if err != nil {
		return fmt.Errorf("push a referrer of %s: %w", image.Reference(), err)
	}
	return w.refer(image, blob, nil)
}

// refer pushes the manifest of a referrer.
func (w *World) refer(image Image, blob layer, annotations map[string]string) error {
	config, err := w.registry.putBlob(image.keptIn(), emptyConfig, []byte("{}"))
	if err == nil {
		_, err = w.registry.putManifest(image.keptIn(), "", manifest{
			SchemaVersion: schemaVersion2, MediaType: imageManifest, ArtifactType: blob.MediaType, Annotations: annotations,
			Config: &config, Layers: []descriptor{blob}, Subject: &image.descriptor,
		})
	}
	if err != nil {
		return fmt.Errorf("push a referrer of %s: %w", image.Reference(), err)
	}
	return nil
}

// PushFallback pushes the index of an image's referrers that stands in for
// the API where a registry has none.
func (w *World) PushFallback(image Image) error {
	list, err := w.registry.get("/v2/" + image.keptIn() + "/referrers/" + image.Digest.String())
	if err != nil {
		return err
	}
	tag := strings.Replace(image.Digest.String(), ":", "-", 1)
	return w.registry.do(http.MethodPut, "/v2/"+image.keptIn()+"/manifests/"+tag, imageIndex, list)
}

// PushBuildKit pushes an index with an attestation manifest beside the image
// that nobody signed, as BuildKit does.
func (w *World) PushBuildKit(name, predicateType string, statement []byte) (Image, error) {
	repository, tag, ok := strings.Cut(name, ":")
	if !ok {
		return Image{}, fmt.Errorf("push %s: want repository:tag", name)
	}
	platform, err := w.pushPlatform(repository, "", "linux/amd64")
	if err != nil {
		return Image{}, err
	}
	blob, err := w.registry.putBlob(repository, IntotoPayload, statement)
	if err != nil {
		return Image{}, err
	}
	blob.Annotations = map[string]string{"in-toto.io/predicate-type": predicateType}
	beside, err := w.registry.putManifest(repository, "", manifest{
		SchemaVersion: schemaVersion2, MediaType: imageManifest, Config: &blob, Layers: []descriptor{blob},
	})
	if err != nil {
		return Image{}, err
	}
	beside.Annotations = map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": platform.Digest,
	}
	beside.Platform = map[string]string{"os": "unknown", "architecture": "unknown"}
	platform.Platform = map[string]string{"os": "linux", "architecture": "amd64"}
	d, err := w.registry.putManifest(repository, tag, manifest{
		SchemaVersion: schemaVersion2, MediaType: imageIndex, Manifests: []descriptor{platform, beside},
	})
	return w.image(repository, tag, d), err
}
