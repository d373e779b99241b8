package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/syncgate/syncgate/verify/sigstore"
)

// root is the trusted root that the flags name. The public-good one is
// fetched only when a signature needs it.
func (f *verifyFlags) root() (*sigstore.TrustedRoot, error) {
	if f.trustedRoot != "" {
		return sigstore.LoadTrustedRoot(f.trustedRoot)
	}
	cache, err := cacheDir("tuf")
	if err != nil {
		return nil, err
	}
	network := sigstore.Online
	if f.source.offline {
		network = sigstore.Offline
	}
	return sigstore.PublicGood(cache, network), nil
}

// cacheDir is where syncgate keeps one kind of what it has fetched.
func cacheDir(kind string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a cache directory: %w; set XDG_CACHE_HOME or HOME", err)
	}
	return filepath.Join(dir, "syncgate", kind), nil
}
