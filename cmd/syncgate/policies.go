package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/native"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/verify/origin"
)

// policyFlags say where policies come from, and who must have signed those of
// a registry.
type policyFlags struct {
	names                 []string
	key, issuer, identity string
}

func (f *policyFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.names, "policy", nil, "policy file or directory, git+URL@COMMIT//DIRECTORY, or oci://REPOSITORY@DIGEST (repeatable)")
	flags.StringVar(&f.key, "policy-key", "", "public key that must have signed oci:// policies")
	flags.StringVar(&f.identity, "policy-identity", "", "glob of the identity that must have signed oci:// policies, with --policy-issuer")
	flags.StringVar(&f.issuer, "policy-issuer", "", "issuer of --policy-identity")
}

// signers are those who must have signed policies of a registry.
func (f *policyFlags) signers() ([]policy.SignerRule, error) {
	switch {
	case (f.identity == "") != (f.issuer == ""), f.key != "" && f.identity != "":
		return nil, errors.New("read --policy-identity: want it with --policy-issuer, or --policy-key alone")
	case f.identity != "":
		return origin.Signers(nil, f.issuer, f.identity), nil
	case f.key == "":
		return nil, nil
	}
	text, err := document.ReadFile(document.Disk{}, f.key, bounds.KeyBytes)
	if err != nil {
		return nil, fmt.Errorf("read --policy-key %s: %s", f.key, document.Reason(err))
	}
	key, err := native.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("read --policy-key %s: %w", f.key, err)
	}
	return origin.Signers(key, "", ""), nil
}

// policyRecord is which files policies were read from.
type policyRecord []*document.Recorder

// Files are those files, and Documents the names of those with policies.
func (r policyRecord) Files() document.Files {
	all := document.Files{}
	for _, one := range r {
		maps.Copy(all, one.Files())
	}
	return all
}

func (r policyRecord) Documents() []string {
	var all []string
	for _, one := range r {
		all = append(all, one.Documents()...)
	}
	return all
}

// loadPolicies reads --policy from disk, from --policy-revision or from
// elsewhere, and tells which files it read.
func (f *verifyFlags) loadPolicies(ctx context.Context) (policy.Set, policyRecord, error) {
	if len(f.policies.names) == 0 {
		return policy.Set{}, nil, errors.New("verify: no policy given; name one with --policy FILE, or try `syncgate demo`")
	}
	sources, err := f.policySources(ctx)
	if err != nil {
		return policy.Set{}, nil, err
	}
	var record policyRecord
	for i := range sources {
		recorder := &document.Recorder{From: sources[i].FS}
		record, sources[i].FS = append(record, recorder), recorder
	}
	set, err := dialect.LoadAll(sources...)
	return set, record, loadError(err)
}

// policySources are where policies are read from, and their names there.
func (f *verifyFlags) policySources(ctx context.Context) ([]dialect.Files, error) {
	here := slices.DeleteFunc(slices.Clone(f.policies.names), origin.Elsewhere)
	var sources []dialect.Files
	if len(here) > 0 {
		source, err := f.policiesHere(ctx, here)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	signers, err := f.policies.signers()
	if err != nil || len(here) == len(f.policies.names) {
		return sources, err
	}
	dir, _ := f.source.cache.of("git")
	client := f.source.registry()
	defer client.Close()
	origins := origin.Origins{Git: git.Options{Offline: f.source.offline, CacheDir: dir}, Registry: client}
	if signers != nil {
		roots, err := f.trust.roots(document.Disk{}, f.source.access())
		if err != nil {
			return nil, err
		}
		origins.Signed = origin.SignedBy(signers, client, roots)
	}
	for _, name := range f.policies.names {
		if !origin.Elsewhere(name) {
			continue
		}
		files, err := origins.Open(ctx, name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, dialect.Files{FS: files, Names: files.Names})
	}
	return sources, nil
}

// policiesHere are those of disk, or of --policy-revision.
func (f *verifyFlags) policiesHere(ctx context.Context, policies []string) (dialect.Files, error) {
	if f.policyRevision == "" {
		return dialect.Files{FS: document.Disk{}, Names: policies}, nil
	}
	dir, _ := f.source.cache.of("git")
	tree, err := git.Open(ctx, git.Options{Source: f.source.source, Revision: f.policyRevision, Offline: f.source.offline, CacheDir: dir})
	if err != nil {
		return dialect.Files{}, fmt.Errorf("read --policy-revision: %w", err)
	}
	names := make([]string, 0, len(policies))
	for _, name := range policies {
		if filepath.IsAbs(name) {
			return dialect.Files{}, fmt.Errorf("read policy %s: with --policy-revision it is a path in the repository, not of this machine", name)
		}
		names = append(names, strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "./"))
	}
	return dialect.Files{FS: tree.FS, Names: names}, nil
}

func loadError(err error) error {
	if err != nil {
		return fmt.Errorf("load policy:\n%w", err)
	}
	return nil
}
