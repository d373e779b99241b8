package verify

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
)

// Change is how something stands to the revision that a report is compared to.
type Change string

// The changes. An image of which it is not known whether it was wrong before,
// and one that passes and was there, has none.
const (
	// Added: the image is not in that revision.
	Added Change = "added"
	// Worse: the image is there, and what is wrong with it was not, or not at
	// all places where it is now.
	Worse Change = "worse"
	// Old: it fails, and it failed there in the same way at the same places.
	// What could not be checked is never old.
	Old Change = "old"
)

// OldFailures says whether what is old counts.
type OldFailures string

// What may become of old failures. The zero value lets them block.
const (
	BlockOld OldFailures = "block"
	AllowOld OldFailures = "allow"
)

// Comparison is what a report is compared to.
type Comparison struct {
	// Revision is the one before.
	Revision render.Revision `json:"revision"`
	// OldFailures says whether what is old counts towards the verdict.
	OldFailures OldFailures `json:"oldFailures"`
	// Added is the number of images that are not in Revision. New and Old are
	// those of images that fail.
	Added int `json:"added"`
	New   int `json:"new"`
	Old   int `json:"old"`
}

// Before is what a change is made to.
type Before struct {
	Revision render.Revision
	// Was and Is are what the units deploy that the change can touch, before and
	// after it. All other units are alike in both.
	Was, Is Deployment
	// Changed are the paths at which the revisions differ.
	Changed []string
	// Policies are the files of policy that the change touches. Where there are
	// any nothing is old: by the policy before it may have passed.
	Policies []string
	// OldFailures is BlockOld or AllowOld.
	OldFailures OldFailures
}

// CodePolicyChanged: a change touches what it is judged by. A warning.
const CodePolicyChanged policy.Code = "policy-changed"

// Compare tells in a report what was wrong before the change, and judges an
// image before it only where the change touches an object that uses it. With
// AllowOld what was wrong before does not count; an image keeps its verdict.
func (g *Gate) Compare(ctx context.Context, r Report, before Before) (Report, error) {
	c := comparing{before: before, touched: map[string]bool{}, was: map[spot]render.Location{}, images: map[string]bool{}}
	c.index()
	r.Images, r.Findings = slices.Clone(r.Images), slices.Clone(r.Findings)
	var again []render.Image
	var at []int
	for i := range r.Images {
		was, same := c.image(&r.Images[i])
		if r.Images[i].Change == Old && !same {
			again, at = append(again, was), append(at, i)
		}
	}
	results, err := g.checkImages(ctx, again)
	if err != nil {
		return r, err
	}
	for n, i := range at {
		if image := &r.Images[i]; !failedAlike(image.Findings, results[n].Findings) {
			image.Change = Worse
		}
	}
	for i := range r.Findings {
		if f := &r.Findings[i]; blocks(*f) && f.Verdict == policy.Fail && c.knew(*f) {
			f.Change = Old
		}
	}
	if len(before.Policies) > 0 {
		r.Findings = append(r.Findings, policyChanged(before.Policies))
	}
	return r.compared(before), nil
}

// compared counts, and lets what is old not count where that is wanted.
func (r Report) compared(before Before) Report {
	c := &Comparison{Revision: before.Revision, OldFailures: before.OldFailures}
	r.ComparedTo = c
	verdicts := []policy.Verdict{policy.Pass}
	for i := range r.Images {
		image := &r.Images[i]
		switch {
		case image.Change == Old:
			c.Old++
		case image.Verdict == policy.Fail:
			c.New++
		}
		if image.Change == Added {
			c.Added++
		}
		if image.Change == Old && c.OldFailures == AllowOld {
			image.onlyWarns()
		} else {
			verdicts = append(verdicts, image.Verdict)
		}
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Warning = f.Warning || f.Change == Old && c.OldFailures == AllowOld
		if !f.Warning {
			verdicts = append(verdicts, f.Verdict)
		}
	}
	r.Verdict = policy.AllOf(verdicts...)
	return r
}

// onlyWarns makes warnings of what is found. The verdict on the image stays.
func (r *ImageResult) onlyWarns() {
	r.Findings, r.Requirements = slices.Clone(r.Findings), slices.Clone(r.Requirements)
	for i := range r.Findings {
		r.Findings[i].Warning = r.Findings[i].Warning || r.Findings[i].Verdict != policy.Pass
	}
	for i := range r.Requirements {
		r.Requirements[i].Warning = r.Requirements[i].Warning || r.Requirements[i].Verdict != policy.Pass
	}
}

// Blocks tells whether an image is a reason for the verdict not to be a pass.
func (r Report) Blocks(image *ImageResult) bool {
	allowed := image.Change == Old && r.ComparedTo != nil && r.ComparedTo.OldFailures == AllowOld
	return image.Verdict != policy.Pass && !allowed
}

func policyChanged(files []string) Finding {
	message := "the change touches what it is judged by: " + files[0]
	for _, name := range files[1:min(len(files), 4)] {
		message += ", " + name
	}
	return Finding{Finding: policy.Finding{
		Code: CodePolicyChanged, Verdict: policy.Pass, Warning: true,
		Message: message + "; what fails by it may have passed before, so nothing counts as wrong before",
		Hint:    "change policies in a pull request of their own, and name the protected branch with --policy-revision",
	}}
}

// spot is a place that names an image.
type spot struct {
	reference, unit string
	object          render.ObjectID
	field           string
}

func spotOf(reference string, l render.Location) spot {
	return spot{reference, l.Unit, l.Object, l.Field}
}

// comparing compares images with those before.
type comparing struct {
	before  Before
	touched map[string]bool
	// was are the places before in what is touched, and images what they name.
	was    map[spot]render.Location
	images map[string]bool
}

func (c *comparing) index() {
	for _, unit := range c.before.Is.Units {
		c.touched[unit.Name] = true
	}
	for _, image := range c.before.Was.Images {
		c.images[image.Reference] = true
		for _, l := range image.Locations {
			c.was[spotOf(image.Reference, l)] = l
		}
	}
}

// image says how an image stands as far as it can be told without judging it
// again. Old is not certain yet where what uses it is not the same; then was
// is the image before, at the places of now.
func (c *comparing) image(image *ImageResult) (was render.Image, same bool) {
	was, same = render.Image{Reference: image.Reference, Class: image.Class}, true
	known, everywhere := c.images[image.Reference], true
	for _, l := range image.Locations {
		if !c.touched[l.Unit] {
			known, was.Locations = true, append(was.Locations, l)
			continue
		}
		old, there := c.was[spotOf(image.Reference, l)]
		everywhere, same = everywhere && there, same && there && alike(old, l)
		was.Locations = append(was.Locations, old)
	}
	blocking := slices.DeleteFunc(slices.Clone(image.Findings), func(f policy.Finding) bool { return f.Warning || f.Verdict == policy.Pass })
	unchecked := slices.ContainsFunc(blocking, func(f policy.Finding) bool { return f.Verdict != policy.Fail })
	switch {
	case !known:
		image.Change = Added
	case image.Verdict == policy.Pass:
	case !everywhere, len(c.before.Policies) > 0:
		image.Change = Worse
	case image.Verdict == policy.Fail && len(blocking) > 0 && !unchecked:
		image.Change = Old
	}
	return was, same
}

// knew tells that a unit was wrong in the same way, and that the change is not
// in its directories: what is broken hides what else it has.
func (c *comparing) knew(f Finding) bool {
	if f.Unit == "" || len(c.before.Policies) > 0 {
		return false
	}
	if !c.touched[f.Unit] {
		return true
	}
	for _, unit := range c.before.Is.Units {
		if unit.Name == f.Unit && slices.ContainsFunc(c.before.Changed, func(name string) bool { return within(unit.Path, name) || within(name, unit.Path) }) {
			return false
		}
	}
	return slices.ContainsFunc(c.before.Was.Findings, func(was Finding) bool {
		return was.Finding == f.Finding && was.Unit == f.Unit && was.File == f.File && (was.Object == f.Object || was.Object != nil && f.Object != nil && *was.Object == *f.Object)
	})
}

// within tells whether a path is a directory or below it.
func within(dir, name string) bool {
	return dir == "" || dir == "." || dir == name || strings.HasPrefix(name, dir+"/")
}

// alike tells that a policy sees the same use of an image at two places.
func alike(a, b render.Location) bool {
	if a.Class != b.Class || !maps.Equal(a.Labels, b.Labels) || (a.Node == nil) != (b.Node == nil) {
		return false
	}
	if a.Node == b.Node {
		return true
	}
	x, errX := ObjectJSON(a.Node)
	y, errY := ObjectJSON(b.Node)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// failedAlike tells that all that blocks now did so then.
func failedAlike(now, then []policy.Finding) bool {
	for _, f := range now {
		if !f.Warning && f.Verdict != policy.Pass && !slices.Contains(then, f) {
			return false
		}
	}
	return true
}
