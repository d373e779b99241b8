package flux

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Pinned fails images whose digest is not written. The manifests of a revision
// are applied as they are, so that a tag would be resolved anew wherever a pod
// starts, and to what nobody verified.
func Pinned(r *verify.Report) {
	all := []policy.Verdict{r.Verdict}
	for i := range r.Images {
		image := &r.Images[i]
		unchecked := slices.ContainsFunc(image.Findings, func(f policy.Finding) bool {
			return f.Code == policy.CodeImageAllowed || f.Code == policy.CodeImageWarned
		})
		if unchecked || strings.Contains(image.Reference, "@") {
			continue
		}
		image.Findings = append(image.Findings, policy.Finding{
			Code: policy.CodeDigestRequired, Verdict: policy.Fail,
			Message: fmt.Sprintf("%s is written without a digest: its tag may be moved after it was verified", image.Reference),
			Hint:    "write the digest that is meant, " + pinned(image) + ", or let the controller --allow-tags",
		})
		count(&r.Summary, image.Verdict, -1)
		image.Verdict = policy.AllOf(image.Verdict, policy.Fail)
		count(&r.Summary, image.Verdict, 1)
		all = append(all, image.Verdict)
	}
	r.Verdict = policy.AllOf(all...)
}

func pinned(image *verify.ImageResult) string {
	if image.Digest.IsZero() {
		return image.Reference + "@sha256:..."
	}
	return image.Reference + "@" + image.Digest.String()
}

func count(s *verify.Summary, verdict policy.Verdict, by int) {
	switch verdict {
	case policy.Pass:
		s.Pass += by
	case policy.Fail:
		s.Fail += by
	default:
		s.Unknown += by
	}
}
