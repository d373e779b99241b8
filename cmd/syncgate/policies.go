package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/render/git"
)

// loadPolicies reads --policy from disk, or from --policy-revision, and tells
// which files it read.
func (f *verifyFlags) loadPolicies(ctx context.Context) (policy.Set, *document.Recorder, error) {
	if len(f.policies) == 0 {
		return policy.Set{}, nil, errors.New("verify: no policy given; name one with --policy FILE, or try `syncgate demo`")
	}
	files, names, err := f.policyFiles(ctx)
	if err != nil {
		return policy.Set{}, nil, err
	}
	recorder := &document.Recorder{From: files}
	set, err := dialect.Load(recorder, names...)
	return set, recorder, loadError(err)
}

// policyFiles are where policies are read from, and their names there.
func (f *verifyFlags) policyFiles(ctx context.Context) (fs.FS, []string, error) {
	if f.policyRevision == "" {
		return document.Disk{}, f.policies, nil
	}
	dir, _ := f.source.cache.of("git")
	tree, err := git.Open(ctx, git.Options{Source: f.source.source, Revision: f.policyRevision, Offline: f.source.offline, CacheDir: dir})
	if err != nil {
		return nil, nil, fmt.Errorf("read --policy-revision: %w", err)
	}
	names := make([]string, 0, len(f.policies))
	for _, name := range f.policies {
		if filepath.IsAbs(name) {
			return nil, nil, fmt.Errorf("read policy %s: with --policy-revision it is a path in the repository, not of this machine", name)
		}
		names = append(names, strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "./"))
	}
	return tree.FS, names, nil
}

func loadError(err error) error {
	if err != nil {
		return fmt.Errorf("load policy:\n%w", err)
	}
	return nil
}
