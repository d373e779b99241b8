package main

import (
	"fmt"
	"io/fs"
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

// given tells that any of the flags is.
func (f *trustFlags) given() bool { return len(f.files)+len(f.mirrors)+len(f.tufRoots) > 0 }

// access is how TUF repositories are asked.
func (f *sourceFlags) access() sigstore.Access {
	access := sigstore.Access{Network: sigstore.Online, Memory: &sigstore.Memory{}}
	if f.offline {
		access.Network = sigstore.Offline
	}
	access.CacheDir, _ = f.cache.of("tuf") // where there is none nothing is kept
	return access
}

// roots are those that the flags name, in files, and those that every run knows.
// Those that are fetched are fetched when a signature needs them.
func (f *trustFlags) roots(files fs.FS, access sigstore.Access) (sigstore.Roots, error) {
	roots := sigstore.Roots{Access: access, Named: sigstore.Known(access)}
	for _, flag := range f.files {
		name, file := named(flag)
		root, err := trustedRoot(files, file)
		if err == nil {
			err = add(&roots, name, root)
		}
		if err != nil {
			return roots, fmt.Errorf("read --trusted-root: %w", err)
		}
	}
	repositories, err := f.repositories(files)
	if err != nil {
		return roots, err
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
	if len(roots.Own) == 0 {
		roots.Own = []*sigstore.TrustedRoot{roots.Named[sigstore.NamePublicGood]}
	}
	return roots, nil
}

func trustedRoot(files fs.FS, name string) (*sigstore.TrustedRoot, error) {
	data, err := document.ReadFile(files, name, bounds.TrustedRootBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, document.Reason(err))
	}
	root, err := sigstore.ParseTrustedRoot(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return root, nil
}

// repositories pairs --tuf-mirror with --tuf-root, by name.
func (f *trustFlags) repositories(files fs.FS) (map[string]policy.TUFRepository, error) {
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
		if repository.Root, err = document.ReadFile(files, file, bounds.TrustedRootBytes); err != nil {
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
