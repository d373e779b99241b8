package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// weight is how much a finding matters to somebody who reads a report. The
// values are in the order in which reports show them.
type weight uint8

const (
	// failing says no, and counts.
	failing weight = iota
	// unchecked could not be looked at, and counts.
	unchecked
	// warned is wrong or unknown and does not count, or wants attention.
	warned
	// noted explains a pass.
	noted
)

func weigh(f policy.Finding) weight {
	switch {
	case f.Warning:
		return warned
	case f.Verdict == policy.Fail:
		return failing
	case f.Verdict == policy.Pass:
		return noted
	}
	return unchecked
}

// entry is one finding with what it is about: an image, or else the tree, a
// unit or an object.
type entry struct {
	policy.Finding
	image  *verify.ImageResult
	change verify.Change
	unit   string
	sites  []site
}

// site is where something is written, and what is made of it.
type site struct {
	render.Origin
	object render.ObjectID
	field  string
	unit   string
	// more is the number of other objects that the same line makes.
	more int
}

// age puts what is old behind what is of the change.
func (e entry) age() int {
	if e.change == verify.Old {
		return 1
	}
	return 0
}

// entries are all findings of a report, by weight, what is old last, and else in
// the order of the report.
func entries(r verify.Report) []entry {
	var list []entry
	for _, f := range r.Findings {
		p := site{Origin: f.Origin, unit: f.Unit}
		if f.Object != nil {
			p.object = *f.Object
		}
		list = append(list, entry{Finding: f.Finding, change: f.Change, unit: f.Unit, sites: []site{p}})
	}
	for i := range r.Images {
		sites := sitesOf(r.Images[i].Locations)
		for _, f := range r.Images[i].Findings {
			list = append(list, entry{Finding: f, image: &r.Images[i], change: r.Images[i].Change, sites: sites})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		return cmp.Or(int(weigh(a.Finding))-int(weigh(b.Finding)), a.age()-b.age())
	})
	return list
}

// sitesOf are the sites of an image. Of several that are written at the
// same line only the first is taken: one edit there changes all of them.
func sitesOf(locations []render.Location) []site {
	type line struct {
		file string
		line int
	}
	seen := map[line]int{}
	var sites []site
	for _, l := range locations {
		at := line{l.File, l.Line}
		if i, ok := seen[at]; ok && l.File != "" {
			sites[i].more++
			continue
		}
		seen[at] = len(sites)
		sites = append(sites, site{Origin: l.Origin, object: l.Object, field: l.Field, unit: l.Unit})
	}
	return sites
}

// first is the first place that has a file, or else the first.
func (e entry) first() site {
	for _, p := range e.sites {
		if p.File != "" {
			return p
		}
	}
	if len(e.sites) > 0 {
		return e.sites[0]
	}
	return site{}
}

// text is the message with what is needed to understand it alone: what it is
// about, and who asked.
func (e entry) text() string {
	message := e.Message
	if e.image != nil {
		message = within(e.image.Reference, message)
	}
	if by := asker(e.Finding); by != "" {
		message = by + ": " + message
	}
	if e.change == verify.Old && e.Verdict != policy.Pass {
		message = "as before: " + message
	}
	if e.image != nil {
		message = shortReference(e.image.Reference) + ": " + message
	}
	return message
}

// shortReference is a reference whose digest is cut to what people compare.
func shortReference(reference string) string {
	if name, digest, pinned := strings.Cut(reference, "@"); pinned && len(digest) > 19 {
		return name + "@" + digest[:19] + "…"
	}
	return reference
}

// fingerprints gives each entry an identity that stays the same when lines
// move, digests change and ages grow, so that other tools know a finding that
// they have seen before. What would be the same is told apart by its order.
type fingerprints map[string]int

var advisory = regexp.MustCompile(`\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|[A-Z]{2,12}-\d{4}-\d+)\b`)

func (seen fingerprints) of(e entry, p site) string {
	subject := e.unit
	if e.image != nil {
		subject = repositoryOf(e.image.Reference)
	}
	parts := []string{
		string(e.Code), e.Policy, e.Requirement, subject, p.File, p.object.APIVersion, p.object.String(), p.field,
		strings.Join(advisory.FindAllString(e.Message, -1), " "),
	}
	text := strings.Join(parts, "\x00")
	seen[text]++
	if n := seen[text]; n > 1 {
		text += "\x00" + strconv.Itoa(n)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// repositoryOf is a reference without its tag and digest.
func repositoryOf(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	return name
}
