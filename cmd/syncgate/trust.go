package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// trustFlags say what signatures are checked against.
type trustFlags struct {
	files    []string
	mirrors  []string
	tufRoots []string
}

func (f *trustFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.files, "trusted-root", nil, "[NAME=]FILE, a Sigstore trusted root, which policies may name (repeatable); default: public-good Sigstore through TUF, cached")
	flags.StringArrayVar(&f.mirrors, "tuf-mirror", nil, "[NAME=]URL of a TUF repository that publishes a trusted root (repeatable)")
	flags.StringArrayVar(&f.tufRoots, "tuf-root", nil, "[NAME=]FILE, the root metadata of --tuf-mirror (repeatable)")
}

// verifier is the one for a set of policies. Trusted roots that are fetched
// are fetched when a signature needs them.
func (f *trustFlags) verifier(policies policy.Set, source *sourceFlags) (*sigstore.Verifier, error) {
	roots, err := f.roots(source)
	if err != nil {
		return nil, err
	}
	return sigstore.ForPolicies(policies, roots)
}

// roots are those that the flags name, and those that every run knows.
func (f *trustFlags) roots(source *sourceFlags) (sigstore.Roots, error) {
	roots := sigstore.Roots{Network: sigstore.Online}
	if source.offline {
		roots.Network = sigstore.Offline
	}
	var noCache error
	roots.CacheDir, noCache = source.cache.of("tuf")
	roots.Named = sigstore.Known(roots.CacheDir, roots.Network)
	for _, flag := range f.files {
		name, file := named(flag)
		root, err := sigstore.LoadTrustedRoot(file)
		if err != nil {
			return roots, err
		}
		if err := add(&roots, name, root); err != nil {
			return roots, fmt.Errorf("read --trusted-root: %w", err)
		}
	}
	repositories, err := f.repositories()
	if err != nil {
		return roots, err
	}
	if len(repositories) > 0 && noCache != nil {
		return roots, noCache
	}
	for _, name := range slices.Sorted(maps.Keys(repositories)) {
		root, err := roots.Repository(repositories[name])
		if err == nil {
			err = add(&roots, name, root)
		}
		if err != nil {
			return roots, fmt.Errorf("read --tuf-mirror: %w", err)
		}
	}
	if len(roots.Own) > 0 {
		return roots, nil
	}
	roots.Own = []*sigstore.TrustedRoot{roots.Named[sigstore.NamePublicGood]}
	return roots, noCache
}

// repositories pairs --tuf-mirror with --tuf-root, by name.
func (f *trustFlags) repositories() (map[string]policy.TUFRepository, error) {
	found := map[string]policy.TUFRepository{}
	for _, flag := range f.mirrors {
		name, url := named(flag)
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			return nil, fmt.Errorf("read --tuf-mirror %s: want an https:// URL", flag)
		}
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("read --tuf-mirror %s: there is another one by that name", flag)
		}
		found[name] = policy.TUFRepository{Mirror: strings.TrimRight(url, "/")}
	}
	for _, flag := range f.tufRoots {
		name, file := named(flag)
		repository, ok := found[name]
		if !ok || repository.Root != nil {
			return nil, fmt.Errorf("read --tuf-root %s: want one --tuf-mirror and one --tuf-root by that name", flag)
		}
		var err error
		if repository.Root, err = document.ReadFile(document.Disk{}, file, bounds.TrustedRootBytes); err != nil {
			return nil, fmt.Errorf("read --tuf-root: %w", err)
		}
		found[name] = repository
	}
	for name, repository := range found {
		if repository.Root == nil {
			return nil, fmt.Errorf("read --tuf-mirror %s: want its root metadata too: --tuf-root %sFILE", repository.Mirror, prefix(name))
		}
	}
	return found, nil
}

func prefix(name string) string {
	if name == "" {
		return ""
	}
	return name + "="
}

// add makes a root the run's own, or gives it a name.
func add(roots *sigstore.Roots, name string, root *sigstore.TrustedRoot) error {
	if name == "" {
		roots.Own = append(roots.Own, root)
		return nil
	}
	if name == sigstore.NamePublicGood || name == sigstore.NameGitHub {
		return fmt.Errorf("%s is known already: give this one another name", name)
	}
	if roots.Named[name] != nil {
		return fmt.Errorf("two trusted roots are called %s", name)
	}
	roots.Named[name] = root
	return nil
}

// rootName is what a trusted root may be called.
var rootName = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9._-]*\z`)

// named splits NAME=VALUE. A value without a well-formed name is all value.
func named(flag string) (name, value string) {
	if name, value, found := strings.Cut(flag, "="); found && rootName.MatchString(name) {
		return name, value
	}
	return "", flag
}
