package report

import (
	"fmt"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// pageColumnLimit is how many requirements the matrix has. Others are told
// with each image.
const pageColumnLimit = 40

// pageColumn is one requirement.
type pageColumn struct {
	Index                     int
	Policy, Requirement, Full string
	Fail, Unknown, Blocks     int
}

// pageColumns are the requirements of a report, in the order in which they
// come.
type pageColumns struct {
	list  []pageColumn
	index map[[2]string]int
}

func columnsOf(r verify.Report) pageColumns {
	c := pageColumns{index: map[[2]string]int{}}
	for i := range r.Images {
		for _, q := range r.Images[i].Requirements {
			key := [2]string{q.Policy, q.Requirement}
			at, ok := c.index[key]
			if !ok {
				if len(c.list) == pageColumnLimit {
					continue
				}
				at = len(c.list)
				c.index[key] = at
				c.list = append(c.list, pageColumn{Index: at, Policy: q.Policy, Requirement: q.Requirement, Full: q.Policy + "/" + q.Requirement})
			}
			if q.Warning {
				continue
			}
			switch q.Verdict {
			case policy.Fail:
				c.list[at].Fail++
			case policy.Unknown:
				c.list[at].Unknown++
			}
			c.list[at].Blocks = c.list[at].Fail + c.list[at].Unknown
		}
	}
	return c
}

// css is what the page's style takes from the number of columns: attributes
// may carry no style under its own policy.
func (c pageColumns) css() string {
	width, narrow := "2.6rem", true
	switch n := len(c.list); {
	case n <= 6:
		width, narrow = "7rem", false
	case n <= 9:
		width, narrow = "5.5rem", false
	}
	css := fmt.Sprintf(":root { --n: %d; --cw: %s; }\n", max(1, len(c.list)), width)
	if narrow {
		css += ".col .r { writing-mode: vertical-rl; transform: rotate(180deg); display: block; max-height: 9rem; white-space: nowrap; text-overflow: ellipsis; }\n"
	}
	for _, g := range c.groups() {
		css += fmt.Sprintf(".g%d { grid-column: %d / span %d; }\n", g.Index, g.first+3, g.span)
	}
	return css
}

// pagePolicy is a policy above its requirements.
type pagePolicy struct {
	Index, first, span int
	Name               string
}

func (c pageColumns) groups() []pagePolicy {
	var list []pagePolicy
	for i, column := range c.list {
		if i == 0 || column.Policy != c.list[i-1].Policy {
			list = append(list, pagePolicy{Index: len(list), first: i, Name: column.Policy})
		}
		list[len(list)-1].span++
	}
	return list
}

// pageCell is how an image stands with one requirement.
type pageCell struct{ Class, Name, Title string }

// pageImage is one image.
type pageImage struct {
	of                                          *verify.ImageResult
	Index                                       int
	Verdict                                     policy.Verdict
	Reference, Prefix, Name, Tag, Short, Digest string
	Accepted                                    bool
	// Change is how it stands to what is compared to, and Changed says so.
	Change, Changed string
	// First and More say where it is written.
	First *pageSite
	More  string
	// Keys is one letter for each cell, for the filter of a column.
	Keys   string
	Cells  []pageCell
	Groups []pageGroup
	// Met are the requirements of which there is nothing more to say.
	Met      string
	Sites    []*pageSite
	Policies string
	Evidence []pageEvidence
	Rejected []verify.RejectionSummary
}

// pageGroup is what was found about one requirement.
type pageGroup struct {
	Class, Name, Kind, Note string
	Findings                []pageFinding
}

func (c pageColumns) image(r verify.Report, image *verify.ImageResult, index int) pageImage {
	p := pageImage{
		of: image, Index: index, Verdict: image.Verdict, Reference: image.Reference,
		Policies: strings.Join(image.Policies, ", "), Rejected: image.Rejected,
	}
	p.split()
	p.change()
	if !image.Digest.IsZero() && !strings.Contains(image.Reference, "@") {
		p.Digest = image.Digest.String()
	}
	sites := sitesOf(image.Locations)
	for _, s := range sites {
		if at := newPageSite(r.Revision, s); at != nil {
			p.Sites = append(p.Sites, at)
		}
	}
	if len(p.Sites) > 0 {
		p.First = p.Sites[0]
	}
	if len(p.Sites) > 1 {
		p.More = "and " + plural(len(p.Sites)-1, "more place")
	}
	for _, f := range image.Findings {
		p.Accepted = p.Accepted || accepted(f)
	}
	for _, e := range image.Evidence {
		p.Evidence = append(p.Evidence, newPageEvidence(e))
	}
	p.group(groupFindings(image))
	c.cells(&p)
	return p
}

// group fills in what was found, what blocks first.
func (p *pageImage) group(groups []findingGroup) {
	var met []string
	for w := failing; w <= noted; w++ {
		for _, g := range groups {
			switch {
			case g.weight() != w:
			case w == noted && len(g.findings) == 0:
				name := g.name()
				if g.Level > 0 {
					name += fmt.Sprintf(" (SLSA build level %d)", g.Level)
				}
				met = append(met, name)
			default:
				p.Groups = append(p.Groups, newPageGroup(p.Reference, g))
			}
		}
	}
	p.Met = strings.Join(met, ", ")
}

// change says how the image stands to what is compared to.
func (p *pageImage) change() {
	switch p.of.Change {
	case verify.Added, verify.Worse:
		p.Change = "brought"
	case verify.Old:
		p.Change = "old"
	}
	if p.Changed = changeText(p.of.Change); p.Verdict == policy.Pass && p.Changed != "" {
		p.Changed = "new image"
	}
}

// split takes the reference apart for the eye.
func (p *pageImage) split() {
	name, digest, _ := strings.Cut(p.Reference, "@")
	repository := repositoryOf(name)
	p.Tag = strings.TrimPrefix(name, repository)
	i := strings.LastIndexByte(repository, '/') + 1
	p.Prefix, p.Name = repository[:i], repository[i:]
	if digest != "" {
		p.Short = "@" + digest
		if len(digest) > 19 {
			p.Short = "@" + digest[:19] + "…"
		}
	}
}

// cells are the image's row of the matrix.
func (c pageColumns) cells(p *pageImage) {
	keys := []byte(strings.Repeat("-", len(c.list)))
	for _, column := range c.list {
		p.Cells = append(p.Cells, pageCell{"none", column.Requirement, column.Full + ": not asked"})
	}
	for _, q := range p.of.Requirements {
		if at, ok := c.index[[2]string{q.Policy, q.Requirement}]; ok {
			class, word := standing(q)
			p.Cells[at].Class, p.Cells[at].Title = class, c.list[at].Full+": "+word
			keys[at] = class[0]
		}
	}
	p.Keys = string(keys)
}

// standing is the class of a requirement, and what it is called.
func standing(q policy.RequirementResult) (class, word string) {
	switch {
	case q.Lifted:
		return "lifted", "lifted by an exception"
	case q.Verdict == policy.Pass:
		return "pass", "pass"
	case q.Warning:
		return "warn", q.Verdict.String() + ", only warns"
	}
	return q.Verdict.String(), q.Verdict.String()
}

func newPageGroup(reference string, g findingGroup) pageGroup {
	class, word := standing(g.RequirementResult)
	if g.Requirement == "" && g.weight() == warned {
		class, word = "warn", "warning"
	}
	p := pageGroup{Class: class, Name: g.name(), Kind: g.Kind, Note: word}
	if g.Requirement == "" {
		p.Name = "beside requirements"
		if g.Policy != "" {
			p.Name = g.Policy
		}
	}
	if p.Kind == "" {
		p.Kind, p.Note = word, ""
	}
	for i, f := range g.findings {
		finding := newPageFinding(reference, f)
		if i > 0 && f.Code == g.findings[i-1].Code {
			finding.Code = "" // said above
		}
		p.Findings = append(p.Findings, finding)
	}
	return p
}
