// Package artifact fetches what a Flux source holds at a revision, as
// source-controller packed it.
package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/syncgate/syncgate/bounds"
)

// Fetch returns the files of the artifact at a URL, all of which has the
// digest. They are in memory: nothing of an archive is written to disk.
func Fetch(ctx context.Context, address, digest string) (fs.FS, error) {
	packed, err := download(ctx, address, digest)
	if err != nil {
		return nil, fmt.Errorf("fetch artifact %s: %w", redact(address), err)
	}
	files, err := Unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack artifact %s: %w", redact(address), err)
	}
	return files, nil
}

// redact leaves out what of an address may be secret.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "of an address that does not parse"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

func download(ctx context.Context, address, digest string) ([]byte, error) {
	sum, want, err := hashOf(digest)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.ArtifactTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("its address does not parse")
	}
	if s := request.URL.Scheme; s != "http" && s != "https" {
		return nil, fmt.Errorf("its address has the scheme %q; want http or https", s)
	}
	// The artifact server answers by itself: who redirects is another.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, unwrapped(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s; the source may have moved meanwhile", response.Status)
	}
	packed, err := io.ReadAll(io.TeeReader(io.LimitReader(response.Body, bounds.ArtifactArchiveBytes+1), sum))
	switch {
	case err != nil:
		return nil, unwrapped(err)
	case len(packed) > bounds.ArtifactArchiveBytes:
		return nil, fmt.Errorf("it is larger than %d bytes; leave out what is not deployed with .sourceignore", bounds.ArtifactArchiveBytes)
	case !bytes.Equal(sum.Sum(nil), want):
		return nil, fmt.Errorf("its bytes have another digest than %s", digest)
	}
	return packed, nil
}

// unwrapped is the reason without the address, which may hold a secret.
func unwrapped(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}

// hashOf returns the hash of a digest, and what it should come to.
func hashOf(digest string) (hash.Hash, []byte, error) {
	name, digits, _ := strings.Cut(digest, ":")
	made := map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[name]
	if made == nil {
		return nil, nil, fmt.Errorf("its digest %q is of no kind that is known; want sha256, sha384 or sha512", digest)
	}
	want, err := hex.DecodeString(digits)
	if sum := made(); err == nil && len(want) == sum.Size() {
		return sum, want, nil
	}
	return nil, nil, fmt.Errorf("its digest %q is malformed", digest)
}
