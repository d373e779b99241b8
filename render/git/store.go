package git

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// store is the cache of one remote. Each commit has a bare repository of its
// own, which is made elsewhere and then renamed, and never changes: processes
// need no lock.
type store struct {
	dir string
}

// Age limits of the cache, counted from the last use.
const (
	commitAge  = 14 * 24 * time.Hour
	pendingAge = 24 * time.Hour
)

const pendingPrefix = "pending-"

func newStore(cacheDir, name string) (*store, error) {
	if cacheDir == "" {
		var err error
		if cacheDir, err = defaultCacheDir(); err != nil {
			return nil, err
		}
	}
	key := sha256.Sum256([]byte(name))
	return &store{dir: filepath.Join(cacheDir, hex.EncodeToString(key[:16]))}, nil
}

// find returns where a commit is.
func (s *store) find(commit plumbing.Hash) (dir string, ok bool) {
	dir = filepath.Join(s.dir, commit.String())
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return "", false
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // at worst it is fetched again
	return dir, true
}

// pending is a repository that is being fetched.
type pending struct{ dir string }

// discard removes it, unless it was kept.
func (p *pending) discard() { _ = os.RemoveAll(p.dir) }

// begin makes a place to fetch to, and removes what was not used for long.
func (s *store) begin() (*pending, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	s.clean(time.Now())
	dir, err := os.MkdirTemp(s.dir, pendingPrefix)
	if err != nil {
		return nil, fmt.Errorf("make cache: %w", err)
	}
	return &pending{dir}, nil
}

// keep moves a repository to where find finds it. If another process was
// faster, what that one fetched is the same.
func (s *store) keep(fetched *pending, commit plumbing.Hash) (string, error) {
	dir := filepath.Join(s.dir, commit.String())
	if err := os.Rename(fetched.dir, dir); err != nil {
		if found, ok := s.find(commit); ok {
			return found, nil
		}
		return "", fmt.Errorf("keep commit %s in the cache: %w", commit, err)
	}
	return dir, nil
}

// clean removes commits that were not used for long, and what interrupted
// processes left.
func (s *store) clean(now time.Time) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	for _, found := range entries {
		age := commitAge
		if strings.HasPrefix(found.Name(), pendingPrefix) {
			age = pendingAge
		} else if !fullID.MatchString(found.Name()) {
			continue
		}
		if info, err := found.Info(); err == nil && now.Sub(info.ModTime()) > age {
			_ = os.RemoveAll(filepath.Join(s.dir, found.Name()))
		}
	}
}
