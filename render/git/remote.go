package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// remote is a repository that is reached over the network, and how.
type remote struct {
	location *location
	cacheDir string
	offline  bool
	// operator tells that the operator chose it, and not a repository that
	// refers to it.
	operator bool
}

// open returns the tree of a revision, from the cache where that has it.
func (r *remote) open(ctx context.Context, revision string) (render.Tree, error) {
	ctx, cancel := context.WithTimeout(ctx, bounds.FetchTime)
	defer cancel()
	store, err := newStore(r.cacheDir, r.location.name)
	if err != nil {
		return render.Tree{}, err
	}
	if strings.ContainsAny(revision, "~^") {
		return render.Tree{}, fmt.Errorf("resolve revision %q of %s: only a local clone can tell the ancestors of a commit; give a branch, a tag or a full commit id", revision, r.location.name)
	}
	if fullID.MatchString(revision) {
		if dir, ok := store.find(plumbing.NewHash(revision)); ok {
			return r.read(ctx, dir, plumbing.NewHash(revision))
		}
	}
	if r.offline {
		return render.Tree{}, fmt.Errorf("fetch %s: it needs the network, which --offline forbids, and the cache does not have it; give a full commit id that was fetched before, or a local clone", r.location.name)
	}
	dir, commit, err := r.fetch(ctx, store, revision)
	if err != nil {
		return render.Tree{}, err
	}
	return r.read(ctx, dir, commit)
}

// read opens a commit in the cache.
func (r *remote) read(ctx context.Context, dir string, hash plumbing.Hash) (render.Tree, error) {
	repository, err := openGitDirectory(r.location.name, dir, ".")
	if err != nil {
		return render.Tree{}, err
	}
	commit, err := repository.objects.commit(hash)
	if err != nil {
		return render.Tree{}, fmt.Errorf("resolve revision %s of %s: %w", hash, r.location.name, err)
	}
	return repository.tree(ctx, commit)
}

// fetch brings the commit that a revision stands for into the cache, and
// returns where it is.
func (r *remote) fetch(ctx context.Context, store *store, revision string) (dir string, commit plumbing.Hash, err error) {
	session, err := r.connect(ctx)
	if err != nil {
		return "", plumbing.ZeroHash, err
	}
	defer session.Close()
	want, err := r.resolve(session.advertised, revision)
	if err != nil {
		return "", plumbing.ZeroHash, err
	}
	if dir, ok := store.find(session.advertised.peel(want)); ok {
		return dir, session.advertised.peel(want), nil
	}
	pending, err := store.begin()
	if err != nil {
		return "", plumbing.ZeroHash, err
	}
	defer pending.discard()
	if err := session.fetch(ctx, pending.dir, []plumbing.Hash{want}, 1); err != nil {
		if session.advertised.has(want) || ctx.Err() != nil {
			return "", plumbing.ZeroHash, r.explain(ctx, "fetch", err)
		}
		// Not every server hands out a commit that no reference points at.
		if err := r.fetchHistory(ctx, pending, want); err != nil {
			return "", plumbing.ZeroHash, err
		}
	}
	return r.keep(store, pending, want)
}

// fetchHistory fetches the newest commits of all branches and tags, in the
// hope that one that the server does not hand out by itself is among them.
func (r *remote) fetchHistory(ctx context.Context, pending *pending, want plumbing.Hash) error {
	session, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := session.fetch(ctx, pending.dir, session.advertised.tips(), bounds.FetchDepth); err != nil {
		return r.explain(ctx, "fetch", err)
	}
	repository, err := openGitDirectory(r.location.name, pending.dir, ".")
	if err != nil {
		return err
	}
	if _, err := repository.objects.commit(want); err != nil {
		return fmt.Errorf("resolve revision %s of %s: no such commit within the newest %d of any branch or tag, and the server hands out no others", want, r.location.name, bounds.FetchDepth)
	}
	return nil
}

// keep moves what was fetched into the cache, under the commit.
func (r *remote) keep(store *store, pending *pending, want plumbing.Hash) (dir string, hash plumbing.Hash, err error) {
	repository, err := openGitDirectory(r.location.name, pending.dir, ".")
	if err != nil {
		return "", plumbing.ZeroHash, err
	}
	commit, err := repository.objects.commit(want)
	repository.objects.close()
	if err != nil {
		return "", plumbing.ZeroHash, fmt.Errorf("fetch %s: %w", r.location.name, err)
	}
	dir, err = store.keep(pending, commit.Hash)
	return dir, commit.Hash, err
}

// resolve returns what a revision stands for on the server. A short id can
// only be that of a commit that a reference points at: of others the server
// does not tell.
func (r *remote) resolve(refs *advertised, revision string) (plumbing.Hash, error) {
	if fullID.MatchString(revision) {
		return plumbing.NewHash(revision), nil
	}
	hash, err := findReference(refs, revision)
	switch {
	case err == nil:
		return hash, nil
	case !errors.Is(err, errUnknown):
		return hash, fmt.Errorf("resolve revision %q of %s: %w", revision, r.location.name, err)
	case shortID.MatchString(revision):
		return hash, fmt.Errorf("resolve revision %q of %s: no branch or tag has that name, and only a local clone can tell what a short commit id stands for; give all 40 digits", revision, r.location.name)
	}
	return hash, unknownRevision(refs, r.location.name, revision)
}

// advertised are the references that a server told of.
type advertised struct {
	refs   map[string]plumbing.Hash
	peeled map[string]plumbing.Hash
	head   *plumbing.Hash
}

func newAdvertised(told *packp.AdvRefs) *advertised {
	return &advertised{refs: told.References, peeled: told.Peeled, head: told.Head}
}

// reference implements references.
func (a *advertised) reference(name plumbing.ReferenceName) (plumbing.Hash, bool) {
	if name == plumbing.HEAD {
		if a.head == nil {
			return plumbing.ZeroHash, false
		}
		return *a.head, true
	}
	hash, ok := a.refs[name.String()]
	return hash, ok
}

// names implements references.
func (a *advertised) names() []plumbing.ReferenceName {
	names := make([]plumbing.ReferenceName, 0, len(a.refs))
	for name := range a.refs {
		names = append(names, plumbing.ReferenceName(name))
	}
	return names
}

// peel returns what an annotated tag points at, and else the hash itself.
func (a *advertised) peel(hash plumbing.Hash) plumbing.Hash {
	for name, found := range a.refs {
		if peeled, ok := a.peeled[name]; ok && found == hash {
			return peeled
		}
	}
	return hash
}

// has tells whether a reference points at a commit or a tag.
func (a *advertised) has(hash plumbing.Hash) bool {
	if a.head != nil && *a.head == hash {
		return true
	}
	for _, found := range a.refs {
		if found == hash {
			return true
		}
	}
	return false
}

// tips are what branches and tags point at, each once, in order.
func (a *advertised) tips() []plumbing.Hash {
	seen := map[plumbing.Hash]bool{}
	var tips []plumbing.Hash
	for name, hash := range a.refs {
		full := plumbing.ReferenceName(name)
		if (full.IsBranch() || full.IsTag()) && !seen[hash] {
			seen[hash] = true
			tips = append(tips, hash)
		}
	}
	plumbing.HashesSort(tips)
	return tips
}

// defaultCacheDir is where remotes are kept.
func defaultCacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "syncgate", "git"), nil
}
