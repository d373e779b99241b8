package origin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// SignedBy asks that signers have signed an artifact, of the gate that images
// go through.
func SignedBy(signers []policy.SignerRule, client *registry.Client, roots sigstore.Roots) func(context.Context, string) error {
	set := policy.Set{Policies: []policy.Policy{{
		Name: "policy artifact", Match: policy.Match{Images: []string{"**"}},
		Require: []policy.Requirement{{Name: "signed", Signature: &policy.SignatureRequirement{Signers: signers}}},
	}}}
	return func(ctx context.Context, reference string) error {
		verifier, err := sigstore.ForPolicies(set, roots)
		if err != nil {
			return err
		}
		gate := verify.Gate{
			Resolver: client, Stores: client.Stores(), Verifier: verifier, Policies: set, At: time.Now(),
		}
		report, err := gate.Judge(ctx, verify.Deployment{Images: []render.Image{{Reference: reference}}})
		if err != nil {
			return err
		}
		if len(report.Images) == 1 && report.Images[0].Verdict == policy.Pass {
			return nil
		}
		problems := []error{fmt.Errorf("it is not known to be signed by whom it must be (%s)", report.Verdict)}
		for _, image := range report.Images {
			for _, f := range image.Findings {
				problems = append(problems, errors.New("  "+f.Message))
			}
		}
		return errors.Join(problems...)
	}
}
