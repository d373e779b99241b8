package kustomize

import (
	"context"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"
)

// Fetcher fetches a repository for a remote base.
type Fetcher interface {
	// Fetch returns the files of a repository at a reference and the full id
	// of the commit that the reference stands for. The repository is a URL or
	// the scp-like form user@host:path, with credentials if the kustomization
	// has them; it is neither a local path nor a transport that runs a
	// command. An empty reference is the default branch. It stops when ctx
	// ends.
	Fetch(ctx context.Context, repository, reference string) (files fs.FS, commit string, err error)
}

// remote is an entry of a kustomization that kustomize would fetch.
type remote struct {
	// entry is the entry as written.
	entry string
	// repository, reference and dir are what kustomize would clone and the
	// directory in it; empty if the entry can only be a file.
	repository, reference, dir string
}

// isRemoteFile tells whether kustomize would get an entry by HTTP. This is
// the test that its own loader makes.
func isRemoteFile(entry string) bool {
	u, err := url.Parse(entry)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// parseRemote tells whether kustomize would fetch an entry, and what.
// Kustomize's own parser of repository URLs decides, which is reached through
// the origin of a resource.
func parseRemote(entry string) (remote, bool) {
	r := remote{entry: entry}
	plain := entry
	for len(plain) >= 5 && strings.EqualFold(plain[:5], "git::") {
		plain = plain[5:]
	}
	origin := (&resource.Origin{}).Append(plain)
	if origin.Repo == "" {
		return r, isRemoteFile(entry) || plain != entry
	}
	r.repository, r.reference, r.dir = origin.Repo, origin.Ref, origin.Path
	if r.dir == unclonedRoot {
		r.dir = "."
	}
	return r, true
}

// unclonedRoot is the directory that kustomize's parser reports for a URL
// that names none.
const unclonedRoot = "notCloned"

// mayBeFile tells whether an entry names a file to get by HTTP rather than a
// repository to clone. Kustomize tries the one and then the other.
func (r remote) mayBeFile() bool {
	if r.repository == "" {
		return true
	}
	u, err := url.Parse(r.entry)
	if err != nil || !isRemoteFile(r.entry) {
		return false
	}
	switch path.Ext(u.Path) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// refusal says why an entry is never fetched, whatever is allowed, or "".
func (r remote) refusal() string {
	lower := strings.ToLower(r.entry)
	for strings.HasPrefix(lower, "git::") {
		lower = lower[len("git::"):]
	}
	_, afterUser, _ := strings.Cut(r.repository, "@")
	switch {
	case strings.HasPrefix(lower, "file:"):
		return "it names a file of this machine"
	case strings.Contains(lower, "::"):
		return "its transport could run a command"
	case strings.ContainsFunc(r.entry, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "it has spaces or control characters"
	case optionLike(r.repository), optionLike(afterUser), optionLike(r.reference), optionLike(r.dir), strings.Contains(r.repository, "//-"):
		return "it would be read as an option"
	case strings.Contains(r.entry, unclonedRoot):
		return "its path is ambiguous"
	}
	return ""
}

func optionLike(s string) bool { return strings.HasPrefix(s, "-") }

// userinfo is what stands before the host of a URL.
var userinfo = regexp.MustCompile(`//[^/?#@\s]*@`)

// scpUser is the user of the scp-like form, which may be a token.
var scpUser = regexp.MustCompile(`^([^/@:\s]+)@`)

// redact removes the credentials and the query from a URL, keeping the
// reference.
func redact(entry string) string {
	base, query, _ := strings.Cut(entry, "?")
	base = userinfo.ReplaceAllString(base, "//")
	base = scpUser.ReplaceAllStringFunc(base, func(user string) string {
		if user == "git@" {
			return user
		}
		return ""
	})
	values, _ := url.ParseQuery(query)
	for _, key := range []string{"ref", "version"} {
		if value := values.Get(key); value != "" {
			return base + "?ref=" + value
		}
	}
	return base
}
