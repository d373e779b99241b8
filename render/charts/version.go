package charts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/syncgate/syncgate/render"
)

// candidate is a version that a repository has.
type candidate struct {
	// text is the version as the repository has it.
	text string
	// content says what the version stands for: two of the same text and
	// content are one.
	content string
	// index is that of the entry.
	index   int
	version *semver.Version
}

// candidates are versions of one chart of one repository.
type candidates struct {
	of   string
	list []candidate
}

// add takes a version. What is no version is left out, as Helm does.
func (c *candidates) add(text, content string, index int) {
	if version, err := semver.NewVersion(text); err == nil {
		c.list = append(c.list, candidate{text, content, index, version})
	}
}

// choose returns the version that is written just so, else the newest that
// satisfies the range; of an empty one, the newest that is no prerelease.
// Where two are equally new and are not the same, Helm takes either.
func (c *candidates) choose(want string) (candidate, error) {
	exact := func(one candidate) bool { return one.text == want }
	if i := slices.IndexFunc(c.list, exact); i >= 0 {
		return c.only(c.list[i], exact)
	}
	constraint, err := parseRange(want)
	if err != nil {
		return candidate{}, err
	}
	return c.among(constraint, want)
}

// among returns the newest version that satisfies a range.
func (c *candidates) among(constraint *semver.Constraints, want string) (candidate, error) {
	var best *candidate
	for i, one := range c.list {
		if constraint.Check(one.version) && (best == nil || one.version.GreaterThan(best.version)) {
			best = &c.list[i]
		}
	}
	if best == nil {
		return candidate{}, broken(c.newest(), "%s has no version that satisfies %q", c.of, want)
	}
	return c.only(*best, func(one candidate) bool { return one.version.Equal(best.version) })
}

// only returns the chosen one, if all that are as good are the same.
func (c *candidates) only(chosen candidate, as func(candidate) bool) (candidate, error) {
	for _, one := range c.list {
		if as(one) && (one.text != chosen.text || one.content != chosen.content) {
			return candidate{}, unseen("remove one of them from the repository, or name another version",
				"%s has two versions that are equally new, %s and %s: either may be deployed", c.of, chosen.text, one.text)
		}
	}
	return chosen, nil
}

// newest says which versions there are.
func (c *candidates) newest() string {
	list := slices.Clone(c.list)
	slices.SortStableFunc(list, func(a, b candidate) int { return b.version.Compare(a.version) })
	var names []string
	for _, one := range list[:min(len(list), 3)] {
		names = append(names, one.text)
	}
	if len(names) == 0 {
		return "it has no versions at all"
	}
	return "name one that it has: the newest are " + strings.Join(names, ", ")
}

// parseRange reads a range of versions; an empty one is all that are no
// prerelease.
func parseRange(want string) (*semver.Constraints, *render.Problem) {
	if want == "" {
		want = "*"
	}
	constraint, err := semver.NewConstraint(want)
	if err != nil {
		return nil, broken("write it as 1.2.3 or ^1.2", "%q is no version and no range of versions: %s", want, oneLine(fmt.Sprint(err)))
	}
	return constraint, nil
}
