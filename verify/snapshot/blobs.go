package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/syncgate/syncgate/bounds"
)

// blobs are contents by their SHA-256 in a file, which is an archive or what
// one is made of. Several goroutines may use it.
type blobs struct {
	file *os.File

	mu    sync.Mutex
	spans map[string]span
	end   int64
}

// span is where in the file a content is.
type span struct{ offset, size int64 }

func sum(data []byte) string {
	of := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(of[:])
}

// put appends a content and returns its digest.
func (b *blobs) put(data []byte) (string, error) {
	digest := sum(data)
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.spans[digest]; ok {
		return digest, nil
	}
	if len(b.spans) >= bounds.SnapshotBlobs || b.end+int64(len(data)) > bounds.SnapshotBytes {
		return "", fmt.Errorf("it would be larger than %d pieces or %d bytes; narrow the run with --path", bounds.SnapshotBlobs, int64(bounds.SnapshotBytes))
	}
	if _, err := b.file.WriteAt(data, b.end); err != nil {
		return "", err
	}
	b.spans[digest] = span{b.end, int64(len(data))}
	b.end += int64(len(data))
	return digest, nil
}

// size is that of a content, and whether it is there.
func (b *blobs) size(digest string) (int64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, ok := b.spans[digest]
	return at.size, ok
}

// get returns a content of at most limit bytes that has the digest.
func (b *blobs) get(digest string, limit int64) ([]byte, error) {
	b.mu.Lock()
	at, ok := b.spans[digest]
	b.mu.Unlock()
	switch {
	case !ok:
		return nil, fmt.Errorf("%.100q is not in it", digest)
	case at.size > limit:
		return nil, fmt.Errorf("%s is larger than %d bytes", digest, limit)
	}
	data := make([]byte, at.size)
	if _, err := b.file.ReadAt(data, at.offset); err != nil && err != io.EOF {
		return nil, err
	}
	if sum(data) != digest {
		return nil, fmt.Errorf("what it has as %s has another digest: it was damaged or changed", digest)
	}
	return data, nil
}

// all returns the contents of files.
func (b *blobs) all(files map[string]string) (map[string][]byte, error) {
	found := map[string][]byte{}
	left := int64(bounds.SnapshotFileBytes)
	for name, digest := range files {
		data, err := b.get(digest, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		found[name] = data
	}
	return found, nil
}
