package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
)

// checkImage gives the verdict on one image. It never panics: what a library
// does not survive is a finding, and unknown.
func (g *Gate) checkImage(ctx context.Context, image render.Image) (result ImageResult) {
	result = newResult(image)
	defer func() {
		if r := recover(); r != nil {
			result.Verdict = policy.Unknown
			result.Findings = append(result.Findings, policy.Finding{
				Code: CodeInternal, Verdict: policy.Unknown,
				Message: fmt.Sprintf("verify %s: this is a defect of syncgate: %v", image.Reference, r),
				Hint:    "report it with the image's reference",
			})
		}
	}()
	subject, err := subjectOf(image)
	if err != nil {
		return result.stopped(policy.Finding{
			Code: CodeImageMalformed, Verdict: policy.Fail, Message: err.Error(),
			Hint: "write it as registry/repository:tag@sha256:digest",
		})
	}
	c := &imageCheck{gate: g, ctx: ctx, verifier: g.Verifier, uses: subject.Uses, result: result}
	return c.run(subject)
}

// newResult is that of an image of which nothing is known yet.
func newResult(image render.Image) ImageResult {
	return ImageResult{
		Reference: image.Reference, Class: image.Class, Locations: image.Locations,
		Policies: []string{}, Requirements: []policy.RequirementResult{},
		Findings: []policy.Finding{}, Evidence: []EvidenceSummary{},
	}
}

// stopped ends a check with the one finding that stopped it.
func (r ImageResult) stopped(f policy.Finding) ImageResult {
	r.Findings = append([]policy.Finding{f}, r.Findings...)
	r.Verdict = f.Verdict
	return r
}

// imageCheck is one image's way through the gate.
type imageCheck struct {
	gate     *Gate
	ctx      context.Context
	verifier Verifier
	uses     []policy.Use
	result   ImageResult
}

func (c *imageCheck) run(subject policy.Subject) ImageResult {
	needs := c.gate.Policies.Needs(c.ctx, subject)
	in := policy.Input{Subject: subject, At: c.gate.At, Exploits: c.gate.Exploits, Complete: !needs.Evidence, Explain: c.gate.Explain}
	if needs.Evidence || needs.Digest || needs.Platforms {
		resolved, err := c.resolve(subject, Want{Platforms: needs.Platforms})
		if err != nil {
			// What policy finds without a digest still belongs in the report,
			// but that the image could not be resolved is what stopped it.
			fault := faultFinding(err)
			in.Faults, in.Complete = append(in.Faults, fault), true
			c.evaluate(in)
			c.result.Findings = decided(c.result.Findings, fault)
			if c.result.Verdict == policy.Pass {
				// Only policies that warn want to know.
				fault.Warning = true
				c.result.Findings = append(c.result.Findings, fault)
				return c.result
			}
			stopped := c.result.stopped(fault)
			stopped.Verdict = policy.AllOf(c.result.Verdict, fault.Verdict)
			return stopped
		}
		in.Subject = resolved
	}
	if !needs.Evidence {
		c.evaluate(in)
		return c.result
	}
	in = c.gather(in, needs)
	return c.confirm(in.Subject)
}

// evaluate asks policy.
func (c *imageCheck) evaluate(in policy.Input) policy.Result {
	r := func() policy.Result {
		defer working(c.ctx)()
		return c.gate.Policies.Evaluate(c.ctx, in)
	}()
	c.result.Verdict, c.result.Digest = r.Verdict, in.Subject.Digest
	c.result.Policies, c.result.Findings = nonNil(r.Policies), nonNil(r.Findings)
	c.result.Requirements, c.result.Silenced = nonNil(r.Requirements), r.Silenced
	c.result.Explanation = r.Explanation
	return r
}

// confirm asks whether an image that is not fit to run is there at all. A
// digest needs no resolving, so nothing may have asked the registry for the
// image itself yet, and "not signed" would be the wrong thing to say of an
// image that does not exist.
func (c *imageCheck) confirm(subject policy.Subject) ImageResult {
	if c.result.Verdict == policy.Pass || !subject.Pinned {
		return c.result
	}
	_, err := c.resolve(subject, Want{Existence: true})
	if fault := new(Fault); errors.As(err, &fault) && fault.Verdict == policy.Fail {
		c.result.Findings, c.result.Requirements = nil, []policy.RequirementResult{}
		c.result = c.result.stopped(faultFinding(err))
	}
	return c.result
}

// resolve pins the subject and keeps where it is used.
func (c *imageCheck) resolve(subject policy.Subject, want Want) (policy.Subject, error) {
	resolved, err := c.gate.Resolver.Resolve(c.ctx, subject.Reference, want)
	resolved.Uses = c.uses
	return resolved, err
}

// digests are the image's own and those of its platforms, once each.
func digests(subject policy.Subject) []policy.Digest {
	list := []policy.Digest{subject.Digest}
	for _, platform := range subject.Platforms {
		if platform.Digest != subject.Digest {
			list = append(list, platform.Digest)
		}
	}
	return list
}

func signerNames(signers []policy.Signer) []string {
	var names []string
	for _, s := range signers {
		name := "key " + s.Key
		if s.Certificate != nil {
			name = "certificate " + s.Certificate.Issuer + " " + s.Certificate.Subject
		}
		names = append(names, fmt.Sprint(name, s.Logged, s.Stamped, s.CertificateLogged, s.SignedAt.UnixNano(), s.Trust))
	}
	return names
}

// impliedTag is that of a reference with neither tag nor digest.
const impliedTag = "latest"

// subjectOf is what is known of an image before its registry is asked.
func subjectOf(image render.Image) (policy.Subject, error) {
	ref, err := images.ParseReference(image.Reference)
	if err != nil {
		return policy.Subject{}, err
	}
	subject := policy.Subject{
		Reference: image.Reference, Repository: ref.Repository, Tag: ref.Tag, Pinned: ref.Digest != "",
	}
	if subject.Tag == "" && !subject.Pinned {
		// Policies that name the tag are about it, whether it is written or
		// implied: what they need is to be looked for.
		subject.Tag = impliedTag
	}
	if subject.Pinned {
		if subject.Digest, err = policy.ParseDigest(ref.Digest); err != nil {
			return policy.Subject{}, fmt.Errorf("parse image %q: %w", image.Reference, err)
		}
	}
	for _, l := range image.Locations {
		class := cmp.Or(l.Class, image.Class)
		subject.Uses = append(subject.Uses, policy.Use{
			Unit: l.Unit, APIVersion: l.Object.APIVersion, Kind: l.Object.Kind, Namespace: l.Object.Namespace,
			Name: l.Object.Name, Labels: l.Labels, Class: string(class), Object: objectOf(l),
		})
	}
	return subject, nil
}

func objectOf(l render.Location) policy.Object {
	if l.Node == nil {
		return nil
	}
	return &object{node: l.Node}
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
