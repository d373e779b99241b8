package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/flux"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/render/argocd"
	fluxrender "github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/origin"
)

func newFlux(term terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flux",
		Short: "The gate of Flux",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newController(term))
	return cmd
}

// controllerFlags are those of the controller. What weakens a verdict is up to
// who runs it: no gate, and nothing in a repository, chooses any of it.
type controllerFlags struct {
	gate    gateFlags
	tags    bool
	options flux.Options
}

func newController(term terminal) *cobra.Command {
	f := controllerFlags{gate: gateFlags{verify: verifyFlags{timeout: bounds.RunTime}}}
	cmd := &cobra.Command{
		Use:   "controller --policy FILE...",
		Short: "Let Flux sources move only to revisions that pass",
		Long: `Controller watches ImageGates. Of each it verifies every image that a revision
of the candidate source deploys, and moves the target source, which it alone
owns, to revisions that pass. Kustomizations and HelmReleases deploy from the
target.

Policy and trust are files of the controller's own container. Nothing in a
repository or in a gate changes them; when they change, every gate is verified
anew.

Exit codes: 0 it was told to stop, 2 it could not go on, 3 usage or configuration.`,
		Example: `  syncgate flux controller --policy /etc/syncgate/policy`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), term) },
	}
	f.gate.register(cmd)
	flags, o := cmd.Flags(), &f.options
	flags.Lookup("allow-remote").Usage = "fetch charts that HelmReleases name by one version or a digest"
	flags.BoolVar(&f.tags, "allow-tags", false, "let images pass whose digest is not written: a tag may be moved to another image after it was verified")
	flags.StringVar(&o.Kubeconfig, "kubeconfig", "", "how the API server is reached; without it that of the pod's own cluster")
	flags.StringVar(&o.Namespace, "namespace", "", "namespace of the lease by which one of several controllers is the leader; without it the pod's own")
	flags.StringVar(&o.Metrics, "metrics", ":8080", "address that metrics are served at; 0 serves none")
	flags.StringVar(&o.Health, "health", ":8081", "address that probes are answered at; 0 answers none")
	flags.StringVar(&o.Events, "events", "", "address of notification-controller, which is told what passed and what did not")
	flags.IntVar(&o.Concurrent, "concurrent", 2, "number of gates that are verified at once")
	flags.DurationVar(&o.Lease, "lease", 15*time.Second, "how long a leader that is gone is waited for")
	flags.DurationVar(&o.Poll, "poll", 10*time.Second, "how often policy and trust are looked at for changes")
	return cmd
}

func (f *controllerFlags) run(ctx context.Context, term terminal) error {
	v := &f.gate.verify
	if f.options.Lease < time.Second || f.options.Poll <= 0 || v.timeout <= 0 || f.options.Concurrent < 1 {
		return fmt.Errorf("read flags: want --lease of a second at least, and --poll, --timeout and --concurrent above nothing")
	}
	defer v.source.cache.close()
	// What is wrong with the configuration is told now, and not by every gate.
	if err := f.check(ctx); err != nil {
		return err
	}
	for _, name := range slices.Concat(v.policies.names, values(v.trust.files), values(v.trust.tufRoots), []string{v.rules.file, v.exploits.kev, v.exploits.epss}) {
		if name != "" && !origin.Elsewhere(name) {
			f.options.Files = append(f.options.Files, name)
		}
	}
	f.options.Judge = f
	f.options.Log = slog.New(slog.NewJSONHandler(term.err, nil))
	if err := flux.Run(ctx, f.options); err != nil {
		fmt.Fprintf(term.err, "syncgate: %v\n", err)
		return blocked{policy.Unknown}
	}
	return nil
}

// check reads everything that the flags name.
func (f *controllerFlags) check(ctx context.Context) error {
	v := &f.gate.verify
	if _, err := v.rules.load(); err != nil {
		return err
	}
	if _, err := v.load(ctx); err != nil {
		return err
	}
	_, err := v.trust.roots(document.Disk{}, v.source.access())
	return err
}

// Judge implements flux.Judge. Everything is read anew.
func (f *controllerFlags) Judge(ctx context.Context, candidate flux.Candidate) (verify.Report, error) {
	v := &f.gate.verify
	ctx, cancel := context.WithTimeoutCause(ctx, v.timeout, verify.Deadline(fmt.Sprintf("the %s that --timeout gives are over", v.timeout)))
	defer cancel()
	rules, err := v.rules.load()
	if err != nil {
		return verify.Report{}, err
	}
	engine, err := v.source.engineOf(argocd.Options{}, fluxrender.Options{Source: candidate.Source()})
	if err != nil {
		return verify.Report{}, err
	}
	client := v.source.registry()
	defer client.Close()
	r, err := f.gate.report(ctx, client, verify.Read(candidate.Revision, candidate.Render(ctx, engine), rules))
	if err == nil && !f.tags {
		flux.Pinned(&r)
	}
	return r, err
}
