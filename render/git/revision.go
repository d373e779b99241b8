package git

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
)

// references are those of a repository, local or remote.
type references interface {
	// reference returns what a full reference name stands for, links
	// followed.
	reference(name plumbing.ReferenceName) (plumbing.Hash, bool)
	// names are all full reference names, in any order.
	names() []plumbing.ReferenceName
}

// fullID is a full commit id.
var fullID = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// shortID is an abbreviated commit id, as short as git takes them.
var shortID = regexp.MustCompile(`^[0-9a-fA-F]{4,39}$`)

// checkRevision refuses what no revision can be.
func checkRevision(revision string) error {
	switch {
	case len(revision) > 1024:
		return fmt.Errorf("resolve revision %q: it is too long", clip(revision))
	case strings.HasPrefix(revision, "-"):
		return fmt.Errorf("resolve revision %q: it looks like an option", revision)
	case strings.ContainsFunc(revision, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return fmt.Errorf("resolve revision %q: it has spaces or control characters", revision)
	case strings.Contains(revision, ":"), strings.Contains(revision, ".."), strings.Contains(revision, "@{"), strings.Contains(revision, "^{"):
		return fmt.Errorf("resolve revision %q: it does not name one commit; give a branch, a tag or a commit", revision)
	}
	return nil
}

// step is one ~N or ^N after the name in a revision.
type step struct {
	// parent is the parent to go to, counted from 1; times how often.
	parent, times int
}

// maxSteps is how far a revision may go back.
const maxSteps = 10_000

// splitSteps takes a revision apart.
func splitSteps(revision string) (name string, steps []step, err error) {
	at := strings.IndexAny(revision, "~^")
	if at < 0 {
		return revision, nil, nil
	}
	name, rest := revision[:at], revision[at:]
	total := 0
	for rest != "" {
		sign := rest[0]
		rest = rest[1:]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		number := 1
		if digits > 0 {
			number, err = strconv.Atoi(rest[:digits])
		}
		rest = rest[digits:]
		if err != nil || (rest != "" && rest[0] != '~' && rest[0] != '^') {
			return "", nil, fmt.Errorf("resolve revision %q: want ~ and ^ with numbers after the name", revision)
		}
		next := step{parent: 1, times: number}
		if sign == '^' {
			next = step{parent: number, times: min(number, 1)}
		}
		if total += next.times; total > maxSteps {
			return "", nil, fmt.Errorf("resolve revision %q: it goes back more than %d commits", revision, maxSteps)
		}
		steps = append(steps, next)
	}
	return name, steps, nil
}

// errUnknown is why a name stands for nothing.
var errUnknown = errors.New("no branch, tag or commit has that name")

// findReference returns what a name stands for, as git's own rules have it
// (gitrevisions(7)), but where a branch and a tag of one name differ it is an
// error: a gate must not guess. A branch that only a remote has is found
// under its plain name too, as git checkout finds it.
func findReference(refs references, name string) (plumbing.Hash, error) {
	if name == "" || name == "@" {
		name = "HEAD"
	}
	if name == "HEAD" || strings.HasPrefix(name, "refs/") {
		if hash, ok := refs.reference(plumbing.ReferenceName(name)); ok {
			return hash, nil
		}
		if name == "HEAD" {
			return plumbing.ZeroHash, errors.New("it has no commit yet")
		}
		return plumbing.ZeroHash, errUnknown
	}
	tag, tagged := refs.reference(plumbing.ReferenceName("refs/tags/" + name))
	branch, branched := refs.reference(plumbing.ReferenceName("refs/heads/" + name))
	switch {
	case tagged && branched && tag != branch:
		return plumbing.ZeroHash, fmt.Errorf("a tag and a branch have that name; write refs/tags/%s or refs/heads/%s", name, name)
	case tagged:
		return tag, nil
	case branched:
		return branch, nil
	}
	for _, form := range []string{"refs/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD", "refs/remotes/origin/%s"} {
		if hash, ok := refs.reference(plumbing.ReferenceName(fmt.Sprintf(form, name))); ok {
			return hash, nil
		}
	}
	return plumbing.ZeroHash, errUnknown
}

// unknownRevision says that a name stands for nothing, and what it may have
// been meant to be.
func unknownRevision(refs references, where, name string) error {
	var branches, tags []string
	for _, full := range refs.names() {
		switch {
		case full.IsBranch():
			branches = append(branches, full.Short())
		case full.IsTag():
			tags = append(tags, full.Short())
		case full.IsRemote() && !strings.HasSuffix(full.String(), "/HEAD"):
			branches = append(branches, full.Short())
		}
	}
	message := fmt.Sprintf("resolve revision %q of %s: no branch, tag or commit has that name", name, where)
	nearBranches, nearTags := nearest(name, branches), nearest(name, tags)
	switch {
	case len(branches)+len(tags) == 0:
		message += "; the repository has no branches and no tags"
	case len(nearBranches)+len(nearTags) > 0:
		message += "; did you mean " + list("branch", nearBranches, nearTags, "tag")
	default:
		slices.Sort(branches)
		slices.Sort(tags)
		message += "; there are " + some(branches, "branch", "branches") + " and " + some(tags, "tag", "tags")
	}
	return errors.New(message)
}

// list joins names with what they are: `branch "a", tag "b" or tag "c"`.
func list(kind string, names, others []string, otherKind string) string {
	var items []string
	for _, name := range names {
		items = append(items, fmt.Sprintf("%s %q", kind, name))
	}
	for _, name := range others {
		items = append(items, fmt.Sprintf("%s %q", otherKind, name))
	}
	if len(items) == 1 {
		return items[0]
	}
	return strings.Join(items[:len(items)-1], ", ") + " or " + items[len(items)-1]
}

// some counts names and shows the first few.
func some(names []string, one, many string) string {
	const shown = 5
	switch {
	case len(names) == 0:
		return "no " + many
	case len(names) == 1:
		return fmt.Sprintf("1 %s (%s)", one, names[0])
	case len(names) <= shown:
		return fmt.Sprintf("%d %s (%s)", len(names), many, strings.Join(names, ", "))
	}
	return fmt.Sprintf("%d %s (%s, …)", len(names), many, strings.Join(names[:shown], ", "))
}

// nearest returns the few names that a mistyped one may stand for, the
// likeliest first.
func nearest(name string, candidates []string) []string {
	const shown = 3
	type scored struct {
		name  string
		score int
	}
	var near []scored
	wanted := strings.ToLower(name)
	for _, candidate := range candidates {
		lower := strings.ToLower(candidate)
		score := distance(wanted, lower)
		last := lower[strings.LastIndexByte(lower, '/')+1:]
		if last == wanted || len(wanted) >= 2 && strings.HasPrefix(lower, wanted) {
			score = 1
		}
		if score <= max(1, len(wanted)/3) {
			near = append(near, scored{candidate, score})
		}
	}
	slices.SortFunc(near, func(a, b scored) int {
		if a.score != b.score {
			return a.score - b.score
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, candidate := range near[:min(len(near), shown)] {
		names = append(names, candidate.name)
	}
	return names
}

// distance is the number of letters to insert, drop, change or swap with the
// next one to make b of a (optimal string alignment). Names that are longer
// than any that a person mistypes are far from all others.
func distance(a, b string) int {
	const longest = 200
	if len(a) > longest || len(b) > longest {
		return longest
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
