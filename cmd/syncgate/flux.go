package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/flux"
	"github.com/syncgate/syncgate/integrations/report"
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
	cmd.AddCommand(newController(term), newJob(term))
	return cmd
}

// fluxFlags say how revisions are judged. What weakens a verdict is up to who
// runs the gate: no object, and nothing in a repository, chooses any of it.
type fluxFlags struct {
	gate         gateFlags
	tags, charts bool
}

func (f *fluxFlags) register(cmd *cobra.Command) {
	f.gate.verify.timeout = bounds.RunTime
	f.gate.register(cmd)
	flags := cmd.Flags()
	flags.Lookup("allow-remote").Usage = "fetch charts that HelmReleases name by one version or a digest"
	flags.BoolVar(&f.tags, "allow-tags", false, "let images pass whose digest is not written: a tag may be moved to another image after it was verified")
	flags.BoolVar(&f.charts, "allow-charts", false, "let HelmReleases pass: a chart may render otherwise when it is deployed than when it was verified")
}

type controllerFlags struct {
	fluxFlags
	options flux.Options
}

func newController(term terminal) *cobra.Command {
	var f controllerFlags
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
	f.register(cmd)
	flags, o := cmd.Flags(), &f.options
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
	if _, err := f.options.Files.Fingerprint(); err != nil {
		return err
	}
	f.options.Judge = &f.fluxFlags
	f.options.Log = slog.New(slog.NewJSONHandler(term.err, nil))
	if err := flux.Run(ctx, f.options); err != nil {
		fmt.Fprintf(term.err, "syncgate: %v\n", err)
		return blocked{policy.Unknown}
	}
	return nil
}

// check reads everything that the flags name.
func (f *fluxFlags) check(ctx context.Context) error {
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
func (f *fluxFlags) Judge(ctx context.Context, candidate flux.Candidate) (verify.Report, error) {
	v := &f.gate.verify
	ctx, cancel := context.WithTimeoutCause(ctx, v.timeout, verify.Deadline(fmt.Sprintf("the %s that --timeout gives are over", v.timeout)))
	defer cancel()
	rules, err := v.rules.load()
	if err != nil {
		return verify.Report{}, err
	}
	engine, err := v.source.engineOf(argocd.Options{}, fluxrender.Options{
		Held:        fluxrender.Held{Source: candidate.Source(), TrustCharts: f.charts},
		KubeVersion: candidate.Cluster.Version, APIVersions: candidate.Cluster.APIs,
	})
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

func newJob(term terminal) *cobra.Command {
	var f fluxFlags
	var job flux.Job
	cmd := &cobra.Command{
		Use:   "job --source KIND/NAMESPACE/NAME --policy FILE...",
		Short: "Verify once what the cluster deploys of a Flux source",
		Long: `Job verifies every image that Kustomizations and HelmReleases of the cluster
deploy of a source, at the revision that the source has now, and says why if it
is no pass. After a pass it can mark a Kustomization with the revision, for
others to wait for.

It is no gate by itself: by the time it ran, Flux may have deployed the revision.
The controller is one.

Exit codes: 0 pass, 1 fail, 2 could not be checked, 3 usage or configuration.`,
		Example: `  syncgate flux job --source GitRepository/flux-system/app --policy /etc/syncgate/policy`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			defer f.gate.verify.source.cache.close()
			if err := errors.Join(job.Check(), f.check(cmd.Context())); err != nil {
				return err
			}
			job.Judge = &f
			r, revision, err := job.Run(cmd.Context())
			if err != nil {
				fmt.Fprintf(term.err, "syncgate: %v\n", err)
				return blocked{policy.Unknown}
			}
			if r.Verdict != policy.Pass {
				_, err := fmt.Fprintf(term.err, "%s\n%s", revision, report.Condition(r, "the next run tries again"))
				return errors.Join(blocked{r.Verdict}, err)
			}
			_, err = fmt.Fprintf(term.out, "%s passed with %d images\n", revision, len(r.Images))
			return err
		},
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&job.Source, "source", "", "KIND/NAMESPACE/NAME of a GitRepository or OCIRepository")
	flags.StringVar(&job.Mark, "mark", "", "NAMESPACE/NAME of the Kustomization that is annotated with the revision after a pass")
	flags.StringVar(&job.Kubeconfig, "kubeconfig", "", "how the API server is reached; without it that of the pod's own cluster")
	return cmd
}
