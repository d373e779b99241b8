package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/images"
	"github.com/syncgate/syncgate/verify"
)

// codeUnresolvable is an image whose digest its registry did not tell.
const codeUnresolvable = "image-unresolvable"

// pin writes the digest of every image into a rendering. Each image is asked
// for once. Its problems are all reasons why what was rendered is not pinned.
func pin(ctx context.Context, rules images.Rules, resolver verify.Resolver, rendering render.Rendering) []render.Problem {
	found, problems := rules.Extract(rendering)
	digests := make([]string, len(found))
	faults := make([]error, len(found))
	var group errgroup.Group
	group.SetLimit(bounds.ImagesAtOnce)
	for i, image := range found {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, bounds.ImageTime)
			defer cancel()
			subject, err := resolver.Resolve(ctx, image.Reference, verify.Want{})
			if faults[i] = err; err == nil {
				digests[i] = subject.Digest.String()
			}
			return nil
		})
	}
	_ = group.Wait()
	known := map[string]string{}
	for i, image := range found {
		if faults[i] == nil {
			known[image.Reference] = digests[i]
			continue
		}
		problems = append(problems, unresolvable(image, faults[i]))
	}
	if len(known) < len(found) {
		return problems
	}
	return rules.Pin(rendering, known)
}

// unresolvable is an image that has no digest: Broken where its registry says
// that there is none, Unseen where it could not be asked.
func unresolvable(image render.Image, err error) render.Problem {
	at := image.Locations[0]
	problem := render.Problem{
		Code: codeUnresolvable, Unit: at.Unit, Object: at.Object, Origin: at.Origin,
		Message: fmt.Sprintf("%s: %s: %v", at.Object, at.Field, err),
	}
	if fault := new(verify.Fault); errors.As(err, &fault) {
		problem.Hint, problem.Retryable = fault.Hint, fault.Retryable
		if fault.Verdict == policy.Fail {
			problem.Severity = render.Broken
		}
	}
	return problem
}
