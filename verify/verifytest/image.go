package verifytest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Media types of what is pushed.
const (
	imageManifest  = "application/vnd.oci.image.manifest.v1+json"
	imageIndex     = "application/vnd.oci.image.index.v1+json"
	imageConfig    = "application/vnd.oci.image.config.v1+json"
	imageLayer     = "application/vnd.oci.image.layer.v1.tar+gzip"
	emptyConfig    = "application/vnd.oci.empty.v1+json"
	simpleSigning  = "application/vnd.dev.cosign.simplesigning.v1+json"
	envelopeMedia  = "application/vnd.dsse.envelope.v1+json"
	schemaVersion2 = 2
)

// Image is an image, or one platform of one, in a world's registry.
type Image struct {
	// Repository is its name without registry: "acme/app".
	Repository string
	// Tag is empty for one platform of an index.
	Tag    string
	Digest policy.Digest
	// Platforms are the children of an index.
	Platforms []policy.Platform

	world      *World
	descriptor descriptor
	children   map[string]descriptor
	kept       policy.Source
}

// KeptIn is the image with its evidence pushed to another place: a repository
// of the same registry, without the registry, and tags with a prefix.
func (i Image) KeptIn(place policy.Source) Image {
	i.kept = place
	return i
}

// keptIn is the repository that evidence is pushed to.
func (i Image) keptIn() string { return cmp.Or(i.kept.Repository, i.Repository) }

// Reference is the image as a manifest would name it, by its tag.
func (i Image) Reference() string {
	if i.Tag == "" {
		return i.Name() + "@" + i.Digest.String()
	}
	return i.Name() + ":" + i.Tag
}

// Name is the repository with its registry.
func (i Image) Name() string { return i.world.Host() + "/" + i.Repository }

// Pinned is the image as a careful manifest would name it, by tag and digest.
func (i Image) Pinned() string {
	if i.Tag == "" {
		return i.Reference()
	}
	return i.Reference() + "@" + i.Digest.String()
}

// Platform is the child of an index for a platform such as "linux/amd64".
func (i Image) Platform(name string) (Image, error) {
	child, ok := i.children[name]
	if !ok {
		return Image{}, fmt.Errorf("find platform %s of %s: there is none", name, i.Reference())
	}
	return i.world.image(i.Repository, "", child), nil
}

func (w *World) image(repository, tag string, d descriptor) Image {
	digest, err := policy.ParseDigest(d.Digest)
	if err != nil {
		// The digest was made by digestOf.
		panic(err)
	}
	return Image{Repository: repository, Tag: tag, Digest: digest, world: w, descriptor: d}
}

// PushImage pushes a small image to "repository:tag". The same name gives the
// same digest in every world.
func (w *World) PushImage(name string) (Image, error) {
	repository, tag, ok := strings.Cut(name, ":")
	if !ok {
		return Image{}, fmt.Errorf("push %s: want repository:tag", name)
	}
	d, err := w.pushPlatform(repository, tag, "linux/amd64")
	return w.image(repository, tag, d), err
}

// PushIndex pushes an image for several platforms, such as "linux/amd64".
func (w *World) PushIndex(name string, platforms ...string) (Image, error) {
	repository, tag, ok := strings.Cut(name, ":")
	if !ok {
		return Image{}, fmt.Errorf("push %s: want repository:tag", name)
	}
	children := map[string]descriptor{}
	var manifests []descriptor
	var list []policy.Platform
	for _, platform := range platforms {
		d, err := w.pushPlatform(repository, "", platform)
		if err != nil {
			return Image{}, err
		}
		children[platform] = d
		list = append(list, policy.Platform{Name: platform, Digest: w.image(repository, "", d).Digest})
		os, rest, _ := strings.Cut(platform, "/")
		architecture, variant, _ := strings.Cut(rest, "/")
		d.Platform = map[string]string{"os": os, "architecture": architecture}
		if variant != "" {
			d.Platform["variant"] = variant
		}
		manifests = append(manifests, d)
	}
	m := manifest{SchemaVersion: schemaVersion2, MediaType: imageIndex, Manifests: manifests}
	d, err := w.registry.putManifest(repository, tag, m)
	image := w.image(repository, tag, d)
	image.Platforms, image.children = list, children
	return image, err
}

// pushPlatform pushes the image of one platform. Its one layer says what it
// is and is nothing that could run.
func (w *World) pushPlatform(repository, tag, platform string) (descriptor, error) {
	os, rest, _ := strings.Cut(platform, "/")
	architecture, _, _ := strings.Cut(rest, "/")
	content := []byte(fmt.Sprintf("%s:%s for %s\n", repository, tag, platform))
	layer, err := w.registry.putBlob(repository, imageLayer, content)
	if err != nil {
		return descriptor{}, err
	}
	config, err := canonical(map[string]any{
		"architecture": architecture, "os": os, "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{digestOf(content).String()}},
	})
	if err != nil {
		return descriptor{}, err
	}
	c, err := w.registry.putBlob(repository, imageConfig, config)
	if err != nil {
		return descriptor{}, err
	}
	return w.registry.putManifest(repository, tag, manifest{
		SchemaVersion: schemaVersion2, MediaType: imageManifest, Config: &c, Layers: []descriptor{layer},
	})
}

// Sign signs an image and pushes the signature.
func (w *World) Sign(image Image, signer *Signer, how How) error {
	made, err := w.SimpleSigning(image, signer, how)
	if how.Form == FormBundle {
		made, err = w.Bundle(image, signer, Claim{PredicateType: SignPredicate, Predicate: struct{}{}}, how)
	}
	if err != nil {
		return fmt.Errorf("sign %s: %w", image.Reference(), err)
	}
	return w.Push(image, made)
}

// Attest attests something of an image and pushes the attestation.
func (w *World) Attest(image Image, signer *Signer, claim Claim, how How) error {
	seal := w.Envelope
	if how.Form == FormBundle {
		seal = w.Bundle
	}
	made, err := seal(image, signer, claim, how)
	if err != nil {
		return fmt.Errorf("attest %s: %w", image.Reference(), err)
	}
	return w.Push(image, made)
}

// Push puts evidence where cosign would: a bundle as a referrer, a signature
// at the .sig tag and an envelope at the .att tag, after what is there.
func (w *World) Push(image Image, made verify.Bundle) error {
	suffix, media := ".sig", simpleSigning
	switch made.Format {
	case policy.FormatBundle:
		return w.PushReferrer(image, made)
	case policy.FormatDSSE:
		suffix, media = ".att", envelopeMedia
	}
	blob, err := w.registry.putBlob(image.keptIn(), media, made.Payload)
	if err != nil {
		return fmt.Errorf("push evidence of %s: %w", image.Reference(), err)
	}
	blob.Annotations = made.Annotations
	tag := image.kept.TagPrefix + strings.Replace(image.Digest.String(), ":", "-", 1) + suffix

	w.mu.Lock()
	defer w.mu.Unlock()
	at := attachment{image.keptIn(), tag}
	w.attached[at] = append(w.attached[at], blob)
	config, err := w.registry.putBlob(image.keptIn(), imageConfig, []byte(`{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`))
	if err != nil {
		return fmt.Errorf("push evidence of %s: %w", image.Reference(), err)
	}
	_, err = w.registry.putManifest(image.keptIn(), tag, manifest{
		SchemaVersion: schemaVersion2, MediaType: imageManifest, Config: &config, Layers: w.attached[at],
	})
	return err
}

// PushReferrer puts evidence of any format in a manifest that refers to the
// image (OCI image specification 1.1).
func (w *World) PushReferrer(image Image, made verify.Bundle) error {
	media := map[policy.Format]string{
		policy.FormatBundle: How{}.mediaType(), policy.FormatDSSE: envelopeMedia, policy.FormatSimpleSigning: simpleSigning,
	}[made.Format]
	blob, err := w.registry.putBlob(image.keptIn(), media, made.Payload)
	if err != nil {
		return fmt.Errorf("push evidence of %s: %w", image.Reference(), err)
	}
	annotations := made.Annotations
	if made.Format != policy.FormatBundle {
		blob.Annotations, annotations = annotations, nil
	}
	return w.refer(image, blob, annotations)
}
