package argocd

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// reference is what is fetched of a repository for the revision of a source:
// the revision itself or, for a range of versions, the newest tag in it
// (util/git LsRemote, util/versions MaxVersion of Argo CD 3.6).
func (r *repositories) reference(ctx context.Context, s source) (string, error) {
	revision, prefix := s.revision.text, s.tagPrefix.text
	switch {
	case commitID.MatchString(revision) || revision == "" || revision == "HEAD":
		return revision, nil
	case isVersion(revision):
		return prefix + revision, nil
	}
	constraint, err := semver.NewConstraint(revision)
	if err != nil {
		return revision, nil
	}
	tags, err := r.tags(ctx, s.repoURL.text)
	if err != nil {
		return "", err
	}
	return newest(tags, prefix, revision, constraint)
}

func isVersion(text string) bool {
	_, err := semver.NewVersion(text)
	return err == nil
}

// newest returns the newest of the tags that begin with a prefix and are in a
// range of versions. Of two that are equally new Argo CD takes the one that
// the server tells first: that is not known here, so it is an error.
func newest(tags []string, prefix, revision string, constraint *semver.Constraints) (string, error) {
	var best *semver.Version
	chosen, tie := "", ""
	for _, tag := range tags {
		text, ok := strings.CutPrefix(tag, prefix)
		version, err := semver.NewVersion(text)
		if !ok || err != nil || !constraint.Check(version) {
			continue
		}
		switch {
		case best == nil || version.GreaterThan(best):
			best, chosen, tie = version, tag, ""
		case version.Equal(best):
			tie = tag
		}
	}
	switch {
	case best == nil:
		return "", fmt.Errorf("none of its %d tags that begin with %q is in the range %q", len(tags), prefix, revision)
	case tie != "":
		return "", fmt.Errorf("its tags %s and %s are equally new: either may be deployed", chosen, tie)
	}
	return chosen, nil
}

// tags lists the tags of a repository, once.
func (r *repositories) tags(ctx context.Context, name string) ([]string, error) {
	r.mu.Lock()
	list, known := r.listed[normalURL(name)]
	if !known {
		list = sync.OnceValues(func() ([]string, error) { return r.options.Fetcher.Tags(context.WithoutCancel(ctx), name) })
		r.listed[normalURL(name)] = list
	}
	r.mu.Unlock()
	return list()
}
