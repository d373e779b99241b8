package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// explainFlags say which image is explained, and where it runs.
type explainFlags struct {
	verifyFlags
	format string
	use    render.ObjectID
	unit   string
	labels map[string]string
}

func newPolicyExplain(term terminal) *cobra.Command {
	var f explainFlags
	f.source.cache = &cacheFlags{}
	cmd := &cobra.Command{
		Use:   "explain IMAGE --policy FILE...",
		Short: "Say why one image passes or not, and the cheapest way to pass",
		Long: `Explain verifies one image as verify does, and says how its verdict came about:
which policies match and why, each requirement as a tree with what was found,
which statement decided, and what to do so that it passes.

Exit codes: 0 pass, 1 fail, 2 could not be checked, 3 usage or configuration.`,
		Example: `  syncgate policy explain ghcr.io/acme/shop:v1 --policy policies/
  syncgate policy explain ghcr.io/acme/shop:v1 --policy policies/ --namespace shop --kind Deployment
  syncgate policy explain ghcr.io/acme/shop:v1 --evidence evidence.tar`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("explain: want one IMAGE, as a manifest writes it")
			}
			return f.run(cmd.Context(), args[0], term)
		},
	}
	f.source.cache.register(cmd)
	f.trust.register(cmd)
	f.exploits.register(cmd)
	flags := cmd.Flags()
	f.policies.register(cmd)
	flags.StringVar(&f.evidence.from, "evidence", "", "explain by what verify --save-evidence saved, with no network")
	flags.StringVarP(&f.format, "output", "o", "text", "text or json")
	flags.StringVar(&f.at, "at", "", "evaluate time conditions at this time (RFC 3339)")
	flags.BoolVar(&f.source.offline, "offline", false, "no network but the registry; what would need it is unknown")
	flags.StringArrayVar(&f.source.plainHTTP, "plain-http", nil, "registry that is reached over HTTP (repeatable); loopback is by default")
	flags.StringVar(&f.use.Namespace, "namespace", "", "namespace of the object that the image runs in")
	flags.StringVar(&f.use.Kind, "kind", "", "kind of the object, such as Deployment")
	flags.StringVar(&f.use.APIVersion, "api-version", "", "API version of the object, such as apps/v1; by default that of kinds that everybody knows")
	flags.StringVar(&f.use.Name, "name", "", "name of the object")
	flags.StringVar(&f.unit, "unit", "", "name of what deploys the object")
	flags.StringToStringVar(&f.labels, "label", nil, "label of the object: key=value (repeatable)")
	return cmd
}

func (f *explainFlags) run(ctx context.Context, image string, term terminal) error {
	if err := oneFormat(f.format); err != nil {
		return err
	}
	defer f.source.cache.close()
	judge := f.live
	if f.evidence.from != "" {
		judge = f.saved
	}
	r, err := judge(ctx, image)
	if err != nil {
		return err
	}
	explained := report.Explain(r.Images[0])
	o := report.Options{Version: version()}
	write := explained.Text
	if f.format == "json" {
		write = explained.JSON
	} else if isTerminal(term.out) {
		o.Style |= report.Colour
	}
	if err := write(term.out, o); err != nil {
		return err
	}
	if explained.Verdict != policy.Pass {
		return blocked{explained.Verdict}
	}
	return nil
}

// live asks the registry.
func (f *explainFlags) live(ctx context.Context, image string) (verify.Report, error) {
	run, err := f.load(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	if err := run.trust(f.trust, run.files, f.source.access()); err != nil {
		return verify.Report{}, err
	}
	client := f.source.registry()
	defer client.Close()
	run.deployed = verify.Deployment{Images: []render.Image{f.image(image)}}
	ask := snapshot.Ports{Resolver: client, Stores: client.Stores()}
	return run.explain(ctx, ask)
}

// image is one that runs where the flags say.
func (f *explainFlags) image(reference string) render.Image {
	image := render.Image{Reference: reference, Class: render.ClassPodSpec}
	if f.use != (render.ObjectID{}) || f.unit != "" || len(f.labels) > 0 {
		image.Locations = []render.Location{{Unit: f.unit, Object: f.use, Labels: f.labels, Class: render.ClassPodSpec}}
	}
	return image
}

// saved asks what was saved.
func (f *explainFlags) saved(ctx context.Context, image string) (verify.Report, error) {
	saved, err := snapshot.Open(f.evidence.from)
	if err != nil {
		return verify.Report{}, err
	}
	defer saved.Close()
	run, err := f.loadAgain(ctx, saved)
	if err != nil {
		return verify.Report{}, err
	}
	i := slices.IndexFunc(run.deployed.Images, func(i render.Image) bool { return i.Reference == image })
	if i < 0 {
		return verify.Report{}, fmt.Errorf("explain: no image %s in %s: write it as the manifest does", image, f.evidence.from)
	}
	run.deployed = verify.Deployment{Images: run.deployed.Images[i : i+1]}
	return run.explain(ctx, snapshot.Ports{Resolver: saved, Stores: saved.Stores()})
}
