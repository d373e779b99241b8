package argocd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// checkout is the files that a source is rendered from.
type checkout struct {
	fs     fs.FS
	commit string
	// url is that of another repository, empty for the tree's own files.
	url string
}

// show is a file as users know it: the path in the tree, or the URL of another
// repository with the commit.
func (c checkout) show(file string) string {
	if c.url == "" {
		return file
	}
	shown := c.url + "//" + file
	if c.commit != "" {
		shown += "?ref=" + c.commit
	}
	return shown
}

// repositories finds the files of sources, and fetches each revision once.
type repositories struct {
	options Options
	maps    map[string]fs.FS
	mu      sync.Mutex
	fetched map[string]*fetched
	// listed are the tags of repositories.
	listed map[string]func() ([]string, error)
}

// fetched is a revision that was fetched, or is.
type fetched struct {
	done chan struct{}
	got  checkout
	err  error
}

func newRepositories(options Options) *repositories {
	r := &repositories{options: options, maps: map[string]fs.FS{}, fetched: map[string]*fetched{}, listed: map[string]func() ([]string, error){}}
	for name, files := range options.Map {
		r.maps[normalURL(name)] = files
	}
	return r
}

// scp is the form user@host:path, which is no URL.
var scp = regexp.MustCompile(`^(?:[^/@:]+@)?([^/@:]+):([^/].*)$`)

// normalURL returns what is the same for all URLs of a repository: host and
// path, without scheme, user, port of the scheme, .git and trailing slashes.
// Argo CD compares URLs without regard to case, and so does this.
func normalURL(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if !strings.Contains(name, "://") {
		if match := scp.FindStringSubmatch(name); match != nil {
			name = match[1] + "/" + match[2]
		}
	} else if u, err := url.Parse(name); err == nil {
		host := u.Host
		for scheme, port := range map[string]string{"https": ":443", "http": ":80", "ssh": ":22", "git": ":9418"} {
			if u.Scheme == scheme {
				host = strings.TrimSuffix(host, port)
			}
		}
		name = host + u.Path
	}
	for {
		short := strings.TrimSuffix(strings.TrimRight(name, "/"), ".git")
		if short == name {
			return name
		}
		name = short
	}
}

// isSelf tells whether a repository is that of the tree.
func (r *repositories) isSelf(tree render.Tree, name string) bool {
	normal := normalURL(name)
	if own := tree.Revision.Repository; normal == "" {
		return false
	} else if strings.Contains(own, "://") || scp.MatchString(own) {
		if normalURL(own) == normal {
			return true
		}
	}
	return slices.ContainsFunc(r.options.Self, func(self string) bool { return normalURL(self) == normal })
}

var (
	commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	shortID  = regexp.MustCompile(`^[0-9a-f]{7,39}$`)
	// version is what is taken for a tag: v1, 1.2, v1.2.3-rc.1, 1.x, and
	// names that end in such a version after a slash or a dash.
	version = regexp.MustCompile(`^(?:.*[-/])?v?\d+(?:\.(?:\d+|[xX*]))+(?:[-+.].*)?$|^v\d+$`)
	// versions is a range of versions, which Argo CD resolves among tags.
	versions = regexp.MustCompile(`[*^~<>=| ,]`)
)

// follows tells whether a revision of the tree's own repository is the tree:
// a name of a branch, or the very commit.
func (r *repositories) follows(tree render.Tree, revision value, tagPrefix string) bool {
	name := strings.TrimPrefix(strings.TrimPrefix(revision.text, "refs/heads/"), "refs/remotes/origin/")
	own := tree.Revision.Commit
	switch {
	case revision.text == "" || name == "HEAD":
		return tagPrefix == "" || revision.text != ""
	case own != "" && name == own:
		return true
	case name != revision.text || slices.Contains(r.options.Branches, name):
		return len(r.options.Branches) == 0 || slices.Contains(r.options.Branches, name)
	case tagPrefix != "", strings.HasPrefix(name, "refs/"), commitID.MatchString(name), versions.MatchString(name), version.MatchString(name):
		return false
	case shortID.MatchString(name):
		return own != "" && strings.HasPrefix(own, name)
	}
	return len(r.options.Branches) == 0
}

// find returns the files of a source.
func (r *repositories) find(ctx context.Context, tree render.Tree, s source) (checkout, *render.Problem) {
	self := r.isSelf(tree, s.repoURL.text)
	if self && r.follows(tree, s.revision, s.tagPrefix.text) {
		return checkout{fs: tree.FS, commit: tree.Revision.Commit}, nil
	}
	shown := redact(s.repoURL.text)
	if files, ok := r.maps[normalURL(s.repoURL.text)]; ok {
		return checkout{fs: files, url: shown}, nil
	}
	revision := s.revision.text
	if revision == "" {
		revision = "HEAD"
	}
	problem := &render.Problem{Code: CodeRepository, Origin: s.repoURL.at.origin()}
	if self {
		problem.Code, problem.Origin = CodeRevision, s.revision.at.origin()
	}
	if r.options.Fetcher == nil {
		problem.Message = fmt.Sprintf("source %s at revision %s is not at hand", shown, revision)
		problem.Hint = r.hint(tree, s, self)
		return checkout{}, problem
	}
	reference, err := r.reference(ctx, s)
	got := checkout{}
	if err == nil {
		got, err = r.fetch(ctx, s.repoURL.text, reference)
	}
	if err != nil {
		problem.Message = fmt.Sprintf("source %s at revision %s cannot be fetched: %s", shown, revision, redactAll(err.Error()))
		problem.Hint = "check that it exists and can be read, or give a checkout with --map " + shown + "=DIR"
		problem.Retryable = true
		return checkout{}, problem
	}
	return got, nil
}

// hint says how a source comes to hand.
func (r *repositories) hint(tree render.Tree, s source, self bool) string {
	shown := redact(s.repoURL.text)
	hint := "give a checkout with --map " + shown + "=DIR, or fetch it with --allow-remote"
	if info, err := fs.Stat(tree.FS, cleanPath(s.path.text)); !self && err == nil && info.IsDir() && s.path.text != "" {
		return "if that is the repository which is verified, say so with --self " + shown + "; else " + hint
	}
	return hint
}

// fetch fetches a revision, once for all who ask for it.
func (r *repositories) fetch(ctx context.Context, name, revision string) (checkout, error) {
	if revision == "HEAD" {
		revision = ""
	}
	key := normalURL(name) + "@" + revision
	r.mu.Lock()
	entry, known := r.fetched[key]
	if !known && len(r.fetched) >= bounds.RemoteBases {
		r.mu.Unlock()
		return checkout{}, fmt.Errorf("more than %d revisions of other repositories", bounds.RemoteBases)
	}
	if !known {
		entry = &fetched{done: make(chan struct{})}
		r.fetched[key] = entry
		go func() {
			// Others may wait for it, so it goes on when this caller gives up.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bounds.FetchTime)
			defer cancel()
			defer close(entry.done)
			entry.got.url = redact(name)
			entry.got.fs, entry.got.commit, entry.err = r.options.Fetcher.Fetch(ctx, name, revision)
			if entry.err == nil && (entry.got.fs == nil || entry.got.commit == "") {
				entry.err = errors.New("the fetcher returned no commit")
			}
		}()
	}
	r.mu.Unlock()
	select {
	case <-entry.done:
		return entry.got, entry.err
	case <-ctx.Done():
		return checkout{}, ctx.Err()
	}
}

// userinfo is what stands before the host of a URL.
var userinfo = regexp.MustCompile(`//[^/?#@\s]*@`)

// redact removes credentials and the query from a URL.
func redact(name string) string {
	name, _, _ = strings.Cut(name, "?")
	return userinfo.ReplaceAllString(name, "//")
}

// redactAll removes the credentials from every URL of a text.
func redactAll(text string) string { return userinfo.ReplaceAllString(text, "//") }
