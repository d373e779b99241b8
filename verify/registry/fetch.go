package registry

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// repo is one repository as this run talks to it.
type repo struct {
	client *Client
	name   name.Repository
	base   string
	http   http.Client
	// home follows no redirect to another host.
	home http.Client
}

// repo gets ready to talk to a repository.
func (c *Client) repo(ctx context.Context, repository name.Repository) (*repo, error) {
	return c.repos.do(ctx, repository.Name(), func() (*repo, error) {
		h, err := c.host(ctx, repository.Registry)
		if err != nil {
			return nil, err
		}
		session := newSession(c, h, repository)
		return &repo{
			client: c, name: repository,
			base: h.scheme + "://" + repository.RegistryStr() + "/v2/" + repository.RepositoryStr(),
			http: http.Client{Transport: session, CheckRedirect: follow},
			home: http.Client{Transport: session, CheckRedirect: followHome},
		}, nil
	})
}

// at says what is being done in this repository, for messages.
func (c *Client) at(doing string, repository name.Repository) place {
	p := place{doing: doing, host: repository.RegistryStr(), repository: repository.RepositoryStr()}
	c.hosts.mu.Lock()
	defer c.hosts.mu.Unlock()
	if h := c.hosts.kept[p.host]; h != nil {
		a := h.credentials
		p.authenticated = a.Username != "" || a.Auth != "" || a.IdentityToken != "" || a.RegistryToken != ""
	}
	return p
}

// get asks for a URL as it is, not compressed.
func (c *Client) get(ctx context.Context, client *http.Client, url, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, protocolError("its address is none")
	}
	req.Header = http.Header{"Accept-Encoding": {"identity"}, "User-Agent": {c.userAgent()}}
	if accept != "" {
		req.Header["Accept"] = []string{accept}
	}
	return client.Do(req)
}

// manifestByTag asks for the manifest that a tag names now.
func (r *repo) manifestByTag(ctx context.Context, tag string) (manifest, error) {
	return r.fetchManifest(ctx, tag, policy.Digest{})
}

// manifestByDigest returns the manifest with a digest, asked for once a run if
// it is not cached.
func (r *repo) manifestByDigest(ctx context.Context, digest policy.Digest) (manifest, error) {
	return r.client.manifests.do(ctx, key(r, digest), func() (manifest, error) {
		if m, _, ok := r.cachedManifest(digest); ok {
			return m, nil
		}
		return r.fetchManifest(ctx, digest.String(), digest)
	})
}

// cachedManifest returns the manifest with a digest from the cache. Only those
// are there that say themselves what they are.
func (r *repo) cachedManifest(digest policy.Digest) (m manifest, body []byte, ok bool) {
	body, ok = r.client.options.Cache.Load(r.name.Name(), digest.String(), bounds.ManifestBytes)
	if !ok {
		return manifest{}, nil, false
	}
	var says struct {
		MediaType string `json:"mediaType"`
	}
	if json.Unmarshal(body, &says) != nil || !slices.Contains(manifestMediaTypes(), says.MediaType) {
		return manifest{}, nil, false
	}
	m, err := parseManifest(body, says.MediaType, digest)
	m.cached = true
	return m, body, err == nil
}

// fetchManifest asks for a manifest once, and computes its digest from its
// bytes: what a registry says of it elsewhere must agree.
func (r *repo) fetchManifest(ctx context.Context, reference string, want policy.Digest) (manifest, error) {
	got, err := r.askManifest(ctx, reference, want)
	if err != nil {
		return manifest{}, err
	}
	m, err := parseManifest(got.body, got.mediaType, got.digest)
	if err == nil && m.mediaType == got.mediaType && !want.IsZero() {
		r.client.options.Cache.Store(r.name.Name(), got.digest.String(), got.body)
	}
	return m, err
}

// sent is a manifest as a registry sends it.
type sent struct {
	mediaType string
	body      []byte
	digest    policy.Digest
}

func (r *repo) askManifest(ctx context.Context, reference string, want policy.Digest) (sent, error) {
	resp, err := r.client.get(ctx, &r.http, r.base+"/manifests/"+reference, manifestTypes)
	if err != nil {
		return sent{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return sent{}, newStatusError(resp)
	}
	mediaType, err := manifestType(resp.Header)
	if err != nil {
		return sent{}, err
	}
	body, err := readAll(resp, bounds.ManifestBytes, "the manifest")
	if err != nil {
		return sent{}, err
	}
	digest, err := manifestDigest(resp.Header.Get("Docker-Content-Digest"), body, want)
	return sent{mediaType, body, digest}, err
}

// manifestBytes returns the manifest with a digest as it is, from the cache if
// it is there.
func (r *repo) manifestBytes(ctx context.Context, digest policy.Digest) (mediaType string, body []byte, err error) {
	if m, body, ok := r.cachedManifest(digest); ok {
		return m.mediaType, body, nil
	}
	got, err := r.askManifest(ctx, digest.String(), digest)
	return got.mediaType, got.body, err
}

// manifestDigest is the digest of a manifest's bytes, which must be the one
// that was asked for and the one that the registry announces, if it does.
func manifestDigest(announced string, body []byte, want policy.Digest) (policy.Digest, error) {
	algorithm := want.Algorithm()
	if announced != "" {
		said, err := policy.ParseDigest(announced)
		if err != nil {
			return policy.Digest{}, protocolError("it announces a digest that is none")
		}
		if is := digestOf(said.Algorithm(), body); is != said {
			return policy.Digest{}, mismatchError(fmt.Sprintf("it announces a manifest with digest %s, but sends one with digest %s", said, is))
		}
		if algorithm == "" {
			algorithm = said.Algorithm()
		}
	}
	is := digestOf(algorithm, body)
	if !want.IsZero() && is != want {
		return policy.Digest{}, mismatchError(fmt.Sprintf("it was asked for the manifest with digest %s, but sends one with digest %s", want, is))
	}
	return is, nil
}

// blob returns the bytes of a descriptor, asked for once a run if they are not
// in the descriptor itself. They must not be changed.
func (r *repo) blob(ctx context.Context, d descriptor) ([]byte, error) {
	digest, err := policy.ParseDigest(d.Digest)
	if err != nil {
		return nil, protocolError("a layer's digest is none")
	}
	if len(d.Data) > 0 && digestOf(digest.Algorithm(), d.Data) == digest {
		return d.Data, nil
	}
	return r.client.blobs.do(ctx, key(r, digest), func() ([]byte, error) {
		cache, owner := r.client.options.Cache, r.name.Name()
		if body, ok := cache.Load(owner, digest.String(), d.Size); ok && int64(len(body)) == d.Size {
			return body, nil
		}
		body, err := r.fetchBlob(ctx, digest, d.Size)
		if err == nil {
			cache.Store(owner, digest.String(), body)
		}
		return body, err
	})
}

func (r *repo) fetchBlob(ctx context.Context, digest policy.Digest, size int64) ([]byte, error) {
	resp, err := r.client.get(ctx, &r.http, r.base+"/blobs/"+digest.String(), "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, newStatusError(resp)
	}
	// What is not the layer, such as an error, may be larger than it.
	body, err := readAll(resp, min(size+bounds.HandshakeBytes, bounds.EvidenceBytes), "a layer")
	if err != nil {
		return nil, err
	}
	if is := digestOf(digest.Algorithm(), body); is != digest {
		if isHTML(resp.Header) {
			return nil, protocolError("it answers with a web page")
		}
		return nil, mismatchError(fmt.Sprintf("it was asked for the layer with digest %s, but sends one with digest %s", digest, is))
	}
	if int64(len(body)) != size {
		return nil, mismatchError(fmt.Sprintf("the layer with digest %s has %d bytes, not the %d that its manifest says", digest, len(body), size))
	}
	return body, nil
}

// readAll reads an answer that may have up to limit bytes. It takes memory
// for what really comes, not for what is announced.
func readAll(resp *http.Response, limit int64, what string) ([]byte, error) {
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, protocolError("it compresses what has to be sent as it is")
	}
	tooBig := limitError(fmt.Sprintf("%s is larger than %d bytes", what, limit))
	if resp.ContentLength > limit {
		return nil, tooBig
	}
	room := int64(4096)
	if resp.ContentLength >= 0 {
		room = min(resp.ContentLength, 1<<20)
	}
	body := make([]byte, 0, room+1)
	for {
		n, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, tooBig
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, err
		}
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
	}
}

// digestOf hashes content with sha256, or sha384 or sha512 if algorithm says so.
func digestOf(algorithm string, content []byte) policy.Digest {
	text := ""
	switch algorithm {
	case "sha512":
		sum := sha512.Sum512(content)
		text = "sha512:" + hex.EncodeToString(sum[:])
	case "sha384":
		sum := sha512.Sum384(content)
		text = "sha384:" + hex.EncodeToString(sum[:])
	default:
		sum := sha256.Sum256(content)
		text = "sha256:" + hex.EncodeToString(sum[:])
	}
	digest, _ := policy.ParseDigest(text)
	return digest
}
