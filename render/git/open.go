package git

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Options say what to open.
type Options struct {
	// Source is a directory or a Git URL: https, http, ssh, file, or the form
	// git@host:path.
	Source string
	// Revision is a branch, a tag, a full reference name or a commit, short
	// or full, followed by any number of ~N and ^N. Empty is HEAD of a URL,
	// and the files as they are of a directory. A remote takes no short
	// commit and no ~N or ^N: only its history could tell what they mean.
	Revision string
	// CacheDir is where remotes are kept. Empty is syncgate/git in the user's
	// cache directory.
	CacheDir string
	// Offline refuses what would need the network. A full commit id that is
	// in the cache does not.
	Offline bool
}

// Open returns the tree of a directory or of a revision.
//
// The tree is rooted at the directory that was given: at the root of the
// repository for the path of one, and at that very directory for one below
// it, with and without a revision alike. What the tree holds that cannot be
// read as files is in its Problems; all else that goes wrong is the error. No
// credential is in the tree or in an error.
func Open(ctx context.Context, options Options) (tree render.Tree, err error) {
	from, err := parseLocation(options.Source)
	if err != nil {
		return render.Tree{}, err
	}
	if err := checkRevision(options.Revision); err != nil {
		return render.Tree{}, err
	}
	defer explainPanic(from, &err)
	switch {
	case from.remote():
		remote := remote{location: from, cacheDir: options.CacheDir, offline: options.Offline, operator: true}
		return remote.open(ctx, options.Revision)
	case options.Revision == "" && !from.fileURL:
		return openDirectory(ctx, from)
	default:
		return openLocal(ctx, from, options.Revision)
	}
}

// explainPanic makes an error of a panic: the library was written for
// repositories of friends.
func explainPanic(from *location, err *error) {
	if reason := recover(); reason != nil {
		*err = fmt.Errorf("open %s: the repository is damaged (%v)", from.name, reason)
	}
}

// openLocal opens a revision of a repository on disk.
func openLocal(ctx context.Context, from *location, revision string) (render.Tree, error) {
	if revision == "" {
		revision = "HEAD"
	}
	repository, err := openRepository(from)
	if err != nil {
		return render.Tree{}, err
	}
	commit, err := repository.resolve(revision)
	if err != nil {
		return render.Tree{}, err
	}
	return repository.tree(ctx, commit)
}

// Fetcher fetches remote repositories that a repository refers to, such as
// the remote bases of a kustomization. Its zero value is ready to use.
//
// What a repository refers to is not what the operator chose: the credentials
// in the environment are used only if they name the host.
type Fetcher struct {
	// CacheDir is as in Options.
	CacheDir string
	// Offline is as in Options.
	Offline bool
}

// Fetch returns the files of a repository at a reference, and the full id of
// the commit that the reference stands for. An empty reference is the default
// branch. Local repositories are refused. A tree with a problem that is not a
// notice is an error.
func (f Fetcher) Fetch(ctx context.Context, repository, reference string) (files fs.FS, commit string, err error) {
	from, err := parseLocation(repository)
	if err != nil {
		return nil, "", err
	}
	if !from.remote() {
		return nil, "", fmt.Errorf("fetch %s: it is not a remote repository", from.name)
	}
	if err := checkRevision(reference); err != nil {
		return nil, "", err
	}
	defer explainPanic(from, &err)
	remote := remote{location: from, cacheDir: f.CacheDir, offline: f.Offline}
	tree, err := remote.open(ctx, reference)
	if err != nil {
		return nil, "", err
	}
	for i := range tree.Problems {
		if tree.Problems[i].Severity != render.Notice {
			return nil, "", fmt.Errorf("fetch %s: %w", from.name, &tree.Problems[i])
		}
	}
	return tree.FS, tree.Revision.Commit, nil
}

// Tags returns the names of the tags of a repository, sorted. Local
// repositories are refused.
func (f Fetcher) Tags(ctx context.Context, repository string) (tags []string, err error) {
	from, err := parseLocation(repository)
	if err != nil {
		return nil, err
	}
	switch {
	case !from.remote():
		return nil, fmt.Errorf("list tags of %s: it is not a remote repository", from.name)
	case f.Offline:
		return nil, fmt.Errorf("list tags of %s: it needs the network, which --offline forbids; name one tag or commit", from.name)
	}
	defer explainPanic(from, &err)
	ctx, cancel := context.WithTimeout(ctx, bounds.FetchTime)
	defer cancel()
	remote := remote{location: from}
	session, err := remote.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for _, name := range session.advertised.names() {
		if name.IsTag() {
			tags = append(tags, name.Short())
		}
	}
	slices.Sort(tags)
	return tags, nil
}
