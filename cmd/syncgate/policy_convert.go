package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/convert"
	"github.com/syncgate/syncgate/policy/dialect"
	"github.com/syncgate/syncgate/policy/document"
)

func newPolicyConvert(term terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "convert FILE...",
		Short: "Write policies of other tools in syncgate's own language",
		Long: `Convert prints policies of other tools (ClusterImagePolicy of
policy.sigstore.dev, ClusterPolicy, Policy and ImageValidatingPolicy of Kyverno)
as native ones, with a comment where the meaning differs. What cannot be said is
never left out: a requirement that nothing meets stands in its place, with what
is to be written by hand.

Exit codes: 0 all is converted, 1 something is left to write by hand, 3 does not load.`,
		Example: `  syncgate policy convert cluster-image-policy.yaml > policy.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("convert policies: name a policy file or directory")
			}
			r, err := convert.Files(document.Disk{}, args, dialect.Convertible()...)
			if err != nil {
				return loadError(err)
			}
			if r.Policies == 0 {
				return errors.New("convert policies: no policy in these files asks anything of images; trusted roots are named on the command line, with --trusted-root NAME=FILE")
			}
			if _, err := term.out.Write(r.Text); err != nil {
				return err
			}
			for _, left := range r.ByHand {
				fmt.Fprintf(term.err, "syncgate: left to write by hand: %s\n", cleanLines(left))
			}
			if len(r.ByHand) > 0 {
				return blocked{policy.Fail}
			}
			return nil
		},
	}
}
