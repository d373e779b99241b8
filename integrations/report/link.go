package report

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/syncgate/syncgate/render"
)

var (
	scpURL   = regexp.MustCompile(`^git@([A-Za-z0-9.-]+):(.+)$`)
	hostName = regexp.MustCompile(`^[a-z0-9.-]+$`)
	commitID = regexp.MustCompile(`^[0-9a-f]{40,64}$`)
)

// link is the URL at which a forge shows a line of a revision, or "" where
// none is known. Nothing but https is ever linked to.
func link(r render.Revision, o render.Origin) string {
	host, repository := forgeOf(r.Repository)
	if !hostName.MatchString(host) || !commitID.MatchString(r.Commit) || o.File == "" {
		return ""
	}
	file := escapedPath(o.File)
	path, fragment := "", fmt.Sprintf("#L%d", o.Line)
	switch {
	case strings.Contains(host, "github"):
		path = "/blob/" + r.Commit + "/" + file
	case strings.Contains(host, "gitlab"):
		path = "/-/blob/" + r.Commit + "/" + file
	case strings.Contains(host, "codeberg") || strings.Contains(host, "gitea") || strings.Contains(host, "forgejo"):
		path = "/src/commit/" + r.Commit + "/" + file
	case host == "bitbucket.org":
		path, fragment = "/src/"+r.Commit+"/"+file, fmt.Sprintf("#lines-%d", o.Line)
	case host == "dev.azure.com":
		path, fragment = "?path=/"+url.QueryEscape(o.File)+"&version=GC"+r.Commit, fmt.Sprintf("&line=%d", o.Line)
	default:
		return ""
	}
	if o.Line == 0 {
		fragment = ""
	}
	return "https://" + host + "/" + escapedPath(repository) + path + fragment
}

// forgeOf is the host and the path of a repository that is reached over https
// or ssh.
func forgeOf(repository string) (host, path string) {
	if m := scpURL.FindStringSubmatch(repository); m != nil {
		repository = "ssh://git@" + m[1] + "/" + m[2]
	}
	u, err := url.Parse(repository)
	if err != nil || u.Port() != "" || (u.Scheme != "https" && u.Scheme != "ssh") {
		return "", ""
	}
	return strings.ToLower(u.Hostname()), strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
}

// escapedPath escapes each part of a path, parentheses too, which end links
// in Markdown.
func escapedPath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "'", "%27").Replace(strings.Join(parts, "/"))
}
