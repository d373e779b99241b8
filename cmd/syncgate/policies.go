package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/render/git"
)

// loadPolicies reads --policy from disk, or from --policy-revision.
func (f *verifyFlags) loadPolicies(ctx context.Context) (policy.Set, error) {
	if len(f.policies) == 0 {
		return policy.Set{}, errors.New("verify: no policy given; name one with --policy FILE, or try `syncgate demo`")
	}
	if f.policyRevision == "" {
		set, err := dialect.Load(document.Disk{}, f.policies...)
		return set, loadError(err)
	}
	dir, _ := f.source.cache.of("git")
	tree, err := git.Open(ctx, git.Options{Source: f.source.source, Revision: f.policyRevision, Offline: f.source.offline, CacheDir: dir})
	if err != nil {
		return policy.Set{}, fmt.Errorf("read --policy-revision: %w", err)
	}
	names := make([]string, 0, len(f.policies))
	for _, name := range f.policies {
		if filepath.IsAbs(name) {
			return policy.Set{}, fmt.Errorf("read policy %s: with --policy-revision it is a path in the repository, not of this machine", name)
		}
		names = append(names, strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "./"))
	}
	set, err := dialect.Load(tree.FS, names...)
	return set, loadError(err)
}

func loadError(err error) error {
	if err != nil {
		return fmt.Errorf("load policy:\n%w", err)
	}
	return nil
}
