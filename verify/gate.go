package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// Gate decides whether a sync may happen. Its ports are the only way by
// which it looks at the world; At is its clock.
type Gate struct {
	Resolver Resolver
	// Stores are asked in order, until more evidence cannot change the
	// verdict on an image.
	Stores   []Store
	Verifier Verifier
	Policies policy.Set
	// Exploits is what is known of the exploitation of vulnerabilities.
	Exploits policy.Exploits
	// Rules say where else images stand, besides the places that are known.
	Rules images.Rules
	// At is the time to evaluate at.
	At time.Time
	// ImageTime is how long one image may take. Zero is bounds.ImageTime.
	ImageTime time.Duration
	// Explain asks for all evidence, even where less settles the verdict, and
	// for the explanation of each image's.
	Explain bool
	// Progress, where it is set, is told after each image how many of how
	// many are done. It is called from several goroutines.
	Progress func(done, total int)
}

// Check verifies everything that a rendering deploys: it is Judge of what Read
// finds.
func (g *Gate) Check(ctx context.Context, revision render.Revision, rendering render.Rendering) (Report, error) {
	return g.Judge(ctx, Read(revision, rendering, g.Rules))
}

// Judge verifies what a revision deploys. Whatever is wrong with an image, an
// object or a unit is a finding of the report. Images that are not decided by
// ctx's deadline are unknown; an error means that no report could be made,
// because there is no policy or ctx was cancelled.
func (g *Gate) Judge(ctx context.Context, deployed Deployment) (Report, error) {
	if len(g.Policies.Policies) == 0 {
		return Report{}, errors.New("check revision: no policy is loaded; nothing to check against is never a pass")
	}
	results, err := g.checkImages(ctx, deployed.Images)
	if err != nil {
		return Report{}, err
	}
	report := Report{
		APIVersion: ReportAPIVersion, Kind: ReportKind, Revision: deployed.Revision,
		Policies: policyRefs(g.Policies), Units: nonNil(deployed.Units), Images: results,
		Findings: g.findings(deployed),
	}
	report.Summary, report.Verdict = fold(report)
	report.Summary.Objects = deployed.Objects
	return report, nil
}

// checkImages is the one fan-out of a check. Results keep the order of the
// images, so that a report is byte-stable. Images for whose evidence there is
// no memory beside that of others are checked one by one in the end, so that
// none is the worse for what others carry.
func (g *Gate) checkImages(ctx context.Context, found []render.Image) ([]ImageResult, error) {
	results := make([]ImageResult, len(found))
	starved := make([]bool, len(found))
	var group errgroup.Group
	group.SetLimit(bounds.ImagesAtOnce)
	progress, room := newProgress(g.Progress, len(found)), newRoom()
	check := func(i int) {
		var enough bool
		results[i], enough = g.decide(ctx, found[i], room)
		if starved[i] = !enough; enough {
			progress.step()
		}
	}
	for i := range found {
		group.Go(func() error {
			check(i)
			return nil
		})
	}
	_ = group.Wait()
	for i := range found {
		if starved[i] {
			check(i)
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	return results, nil
}

// findings are all that is not about one image: problems of rendering and of
// extraction, and what the gate itself finds missing.
func (g *Gate) findings(deployed Deployment) []Finding {
	findings := append([]Finding{}, deployed.Findings...)
	if len(deployed.Images) == 0 && !slices.ContainsFunc(findings, blocks) {
		findings = append(findings, Finding{Finding: policy.Finding{
			Code: CodeNoImages, Verdict: policy.Unknown,
			Message: "found no image in anything that this revision deploys; nothing to check is never a pass",
			Hint:    "check --path and --revision; `syncgate images` lists what is found",
		}})
	}
	for _, f := range g.Policies.Unused(subjects(deployed.Images), g.At) {
		findings = append(findings, Finding{Finding: f})
	}
	return findings
}

// blocks tells that a finding is reason enough for the verdict not to be a
// pass.
func blocks(f Finding) bool { return !f.Warning && f.Verdict != policy.Pass }

// fold counts the images and folds every verdict that counts into one.
func fold(report Report) (Summary, policy.Verdict) {
	summary := Summary{Images: len(report.Images)}
	var verdicts []policy.Verdict
	for _, image := range report.Images {
		verdicts = append(verdicts, image.Verdict)
		switch image.Verdict {
		case policy.Pass:
			summary.Pass++
		case policy.Fail:
			summary.Fail++
		default:
			summary.Unknown++
		}
	}
	for _, finding := range report.Findings {
		if !finding.Warning {
			verdicts = append(verdicts, finding.Verdict)
		}
	}
	return summary, policy.AllOf(verdicts...)
}

func policyRefs(set policy.Set) []PolicyRef {
	refs := []PolicyRef{}
	for _, p := range set.Policies {
		ref := PolicyRef{Name: p.Name, Digest: p.Digest, Source: p.Source, Dialect: p.Dialect}
		if !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

func subjects(found []render.Image) []policy.Subject {
	list := make([]policy.Subject, 0, len(found))
	for _, image := range found {
		subject, err := subjectOf(image)
		if err == nil {
			list = append(list, subject)
		}
	}
	return list
}
