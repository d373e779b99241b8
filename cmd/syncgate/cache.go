package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/cache"
)

// cacheFlags say where what is fetched is kept between runs.
type cacheFlags struct {
	dir  string
	none bool
	// temporary is the directory of a run that keeps nothing.
	temporary string
}

func (f *cacheFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "cache", "", "keep what is fetched in this directory (default syncgate in the user's cache directory)")
	flags.BoolVar(&f.none, "no-cache", false, "read nothing that an earlier run fetched, and keep nothing")
}

// of is where one kind of content is kept. Nothing that is kept decides a
// verdict: it is checked against digests or signatures when it is read.
func (f *cacheFlags) of(kind string) (string, error) {
	base := f.dir
	switch {
	case f.none && f.temporary != "":
		base = f.temporary
	case f.none:
		dir, err := os.MkdirTemp("", "syncgate-")
		if err != nil {
			return "", fmt.Errorf("make a directory for this run: %w; set TMPDIR", err)
		}
		f.temporary, base = dir, dir
	case f.dir != "":
		if err := os.MkdirAll(f.dir, 0o700); err != nil {
			return "", fmt.Errorf("use --cache %s: %w", f.dir, err)
		}
	default:
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a cache directory: %w; set XDG_CACHE_HOME or HOME, or name one with --cache", err)
		}
		base = filepath.Join(dir, "syncgate")
	}
	return filepath.Join(base, kind), nil
}

// usable tells what is wrong with the directory that was named.
func (f *cacheFlags) usable() error {
	if f.dir == "" {
		return nil
	}
	if f.none {
		return fmt.Errorf("use --cache %s: --no-cache forbids it; give one of them", f.dir)
	}
	_, err := f.of("registry")
	return err
}

// registry is the cache of what registries hold, or nil where there can be
// none.
func (f *cacheFlags) registry() *cache.Dir {
	dir, err := f.of("registry")
	if err != nil || f.none {
		return nil
	}
	return cache.Open(dir, bounds.RegistryCacheBytes)
}

// close removes what was not to be kept.
func (f *cacheFlags) close() {
	if f.temporary != "" {
		_ = os.RemoveAll(f.temporary)
	}
}
