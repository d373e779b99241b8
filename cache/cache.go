// Package cache keeps content on disk by its digest.
//
// It holds immutable bytes only. What goes wrong with it only makes it forget:
// content is hashed again whenever it is read, so that what was damaged is as
// if it were not there, and is removed.
package cache

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Dir is a directory of content. Several goroutines and several processes may
// use it at once. A nil Dir keeps nothing.
type Dir struct {
	path  string
	limit int64

	mu sync.Mutex
	// unswept is how much was written since it was last made to keep its
	// limit, and negative until that was done once.
	unswept int64
}

// Open returns the cache in a directory, which is made when something is kept.
// It holds at most about limit bytes; what was used least recently goes first.
// An empty path keeps nothing.
func Open(path string, limit int64) *Dir {
	if path == "" {
		return nil
	}
	return &Dir{path: path, limit: limit, unswept: -1}
}

// Load returns content of at most limit bytes that was kept for an owner under
// a digest, "sha256:hex" or "sha512:hex", if it still has that digest.
func (d *Dir) Load(owner, digest string, limit int64) ([]byte, bool) {
	name, ok := d.file(owner, digest)
	if !ok {
		return nil, false
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > limit {
		return nil, false
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil || int64(len(data)) > limit {
		return nil, false
	}
	if !matches(data, digest) {
		_ = os.Remove(name)
		return nil, false
	}
	// When it was used last is only wanted to the minute.
	if now := time.Now(); now.Sub(info.ModTime()) > time.Minute {
		_ = os.Chtimes(name, now, now)
	}
	return data, true
}

// Store keeps content for an owner, such as a repository: who may read what one
// has need not be able to read what another has. What does not have the digest
// is not kept.
func (d *Dir) Store(owner, digest string, data []byte) {
	name, ok := d.file(owner, digest)
	if !ok || !matches(data, digest) || int64(len(data)) > d.limit {
		return
	}
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
		// Another process that keeps the same has the same bytes.
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return
	}
	d.sweep(int64(len(data)))
}

// file is where content is kept.
func (d *Dir) file(owner, digest string) (string, bool) {
	algorithm, sum, ok := strings.Cut(digest, ":")
	if d == nil || !ok || !isHex(sum) || len(sum) != map[string]int{"sha256": 64, "sha512": 128}[algorithm] {
		return "", false
	}
	of := sha256.Sum256([]byte(owner))
	return filepath.Join(d.path, hex.EncodeToString(of[:12]), sum), true
}

func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }

func matches(data []byte, digest string) bool {
	if strings.HasPrefix(digest, "sha512:") {
		sum := sha512.Sum512(data)
		return digest == "sha512:"+hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(data)
	return digest == "sha256:"+hex.EncodeToString(sum[:])
}

// sweep makes the directory keep its limit, at first and then each time that a
// sixteenth of it was written: looking through it costs more than writing.
func (d *Dir) sweep(written int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unswept >= 0 {
		if d.unswept += written; d.unswept <= d.limit/16 {
			return
		}
	}
	d.unswept = 0
	type kept struct {
		name string
		info fs.FileInfo
	}
	var all []kept
	var size int64
	_ = filepath.WalkDir(d.path, func(name string, entry fs.DirEntry, err error) error {
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
		if size <= d.limit {
			return
		}
		if os.Remove(one.name) == nil {
			size -= one.info.Size()
		}
	}
}
