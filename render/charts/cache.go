package charts

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cache keeps archives and manifests on disk by digest, apart for each
// repository: who may read the one may not read the other. Several processes
// may use it at once. What goes wrong with it only makes it forget.
type cache struct {
	// dir is where it is; empty keeps nothing.
	dir string
	// limit is how many bytes it keeps; the least recently used go first.
	limit int64
}

// file is where content of a repository is kept.
func (c cache) file(at repository, digest string) string {
	sum := sha256.Sum256([]byte(at.String()))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:12]), strings.TrimPrefix(digest, hashPrefix))
}

// load returns content that is kept, if it still has its digest.
func (c cache) load(at repository, digest string, limit int64) ([]byte, bool) {
	if c.dir == "" || !isDigest(digest) {
		return nil, false
	}
	name := c.file(at, digest)
	file, err := os.Open(name)
	if err != nil {
		return nil, false
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, false
	}
	if digestOf(data) != digest {
		_ = os.Remove(name)
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now)
	return data, true
}

// store keeps content.
func (c cache) store(at repository, digest string, data []byte) {
	if c.dir == "" || !isDigest(digest) {
		return
	}
	name := c.file(at, digest)
	if os.MkdirAll(filepath.Dir(name), 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return
	}
	_, err = file.Write(data)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return
	}
	c.prune()
}

// prune removes what was used least recently until the limit is kept.
func (c cache) prune() {
	type kept struct {
		name string
		info fs.FileInfo
	}
	var all []kept
	var size int64
	_ = filepath.WalkDir(c.dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			all = append(all, kept{name, info})
			size += info.Size()
		}
		return nil
	})
	slices.SortFunc(all, func(a, b kept) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	for _, one := range all {
		if size <= c.limit {
			return
		}
		if os.Remove(one.name) == nil {
			size -= one.info.Size()
		}
	}
}
