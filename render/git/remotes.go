package git

import (
	"slices"

	"github.com/go-git/go-git/v5"
)

// Remotes are the URLs of a source's own repository, without credentials: the
// URL itself, or those of the remotes of a local repository. A directory that
// is in no repository has none.
func Remotes(source string) []string {
	from, err := parseLocation(source)
	if err != nil {
		return nil
	}
	if from.remote() {
		return []string{from.name}
	}
	repository, err := git.PlainOpenWithOptions(from.dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if err != nil {
		return nil
	}
	remotes, err := repository.Remotes()
	if err != nil {
		return nil
	}
	var urls []string
	for _, remote := range remotes {
		for _, url := range remote.Config().URLs {
			if at, err := parseLocation(url); err == nil && at.remote() {
				urls = append(urls, at.name)
			}
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}
