package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// verifyFlags are those of the main job.
type verifyFlags struct {
	source         sourceFlags
	rules          rulesFlag
	policies       policyFlags
	policyRevision string
	trust          trustFlags
	exploits       exploitFlags
	outputs        outputFlags
	evidence       evidenceFlags
	compare        compareFlags
	summary        summaryFlags
	status         statusFlags
	at             string
	timeout        time.Duration
}

func newVerify(term terminal) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [SOURCE] --policy FILE...",
		Short: "Render a revision and verify every image that it deploys",
		Long: `Verify renders SOURCE (a directory, by default ".", or a Git URL), verifies the
signatures and attestations of every image in it against policy, and prints a
report.

Exit codes: 0 pass, 1 fail, 2 could not be checked, 3 usage or configuration.`,
		Example: `  syncgate verify --policy policies/production.yaml
  syncgate verify https://github.com/acme/deploy --revision main --path apps/shop --policy policies/
  syncgate verify --revision HEAD --policy policies/ --policy-revision main -o text -o json=report.json`,
		Args: oneSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.evidence.usable(cmd.Flags(), args); err != nil {
				return err
			}
			f.source.argument(args)
			return f.run(cmd.Context(), term)
		},
	}
	f.source.register(cmd)
	f.rules.register(cmd)
	f.trust.register(cmd)
	f.exploits.register(cmd)
	flags := cmd.Flags()
	f.policies.register(cmd)
	flags.StringVar(&f.policyRevision, "policy-revision", "", "read --policy from this revision of SOURCE, so that a change cannot weaken its own policy")
	f.outputs.register(cmd)
	f.evidence.register(cmd)
	f.compare.register(cmd)
	f.summary.register(cmd)
	f.status.register(cmd)
	flags.StringVar(&f.at, "at", "", "evaluate time conditions at this time (RFC 3339)")
	flags.DurationVar(&f.timeout, "timeout", bounds.RunTime, "how long the run may take; images that are not decided by then are unknown")
	return cmd
}

func (f *verifyFlags) run(ctx context.Context, term terminal) error {
	outputs, err := f.outputs.parse()
	if err == nil {
		err = f.comparable()
	}
	if err != nil {
		return err
	}
	vsa, err := f.summaries()
	if err != nil {
		return err
	}
	if f.timeout <= 0 {
		return fmt.Errorf("read --timeout %s: want how long the run may take, such as 5m", f.timeout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, verify.Deadline(fmt.Sprintf("the %s that --timeout gives the run are over", f.timeout)))
	defer cancel()
	if f.status.kind != "" && f.at != "" {
		return errors.New("publish status: --at is for looking back; a status is about now")
	}
	published, err := f.status.begin(ctx, term.err)
	if err != nil {
		return err
	}
	check := f.check
	if f.evidence.from != "" {
		check = f.checkAgain
	}
	r, notSaved, err := check(ctx, term)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		// There is nothing to report on yet, and nothing wrong with the command.
		if cause := context.Cause(ctx); !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		fmt.Fprintf(term.err, "syncgate: %v\n", err)
		return cmp.Or(published.none(ctx), error(blocked{policy.Unknown}))
	case err != nil:
		return errors.Join(err, published.none(ctx))
	}
	options := vsa.options(ctx, f.outputs.options())
	if err := errors.Join(f.outputs.write(outputs, r, options, term), notSaved, f.attach(ctx, vsa, r, options), published.report(ctx, r)); err != nil {
		return err
	}
	if r.Verdict != policy.Pass {
		return blocked{r.Verdict}
	}
	return nil
}

// check makes the report. Where the evidence was to be saved and could not be,
// the report stands all the same, and notSaved says why.
func (f *verifyFlags) check(ctx context.Context, term terminal) (r verify.Report, notSaved, err error) {
	for _, host := range f.source.plainHTTP {
		if strings.Contains(host, "/") {
			return r, nil, fmt.Errorf("read --plain-http %s: want HOST or HOST:PORT, with no scheme and no path", host)
		}
	}
	defer f.source.cache.close()
	run, err := f.load(ctx)
	if err != nil {
		return r, nil, err
	}
	rules, err := f.rules.load()
	if err != nil {
		return r, nil, err
	}
	tree, err := f.source.open(ctx)
	if err != nil {
		return r, nil, err
	}
	rendering, err := f.source.render(ctx, tree)
	if err != nil {
		return r, nil, err
	}
	if err := run.trust(f.trust, run.files, f.source.access()); err != nil {
		return r, nil, err
	}
	client := f.source.registry()
	defer client.Close()
	ask := snapshot.Ports{
		Resolver:  client,
		Stores:    client.Stores(),
		Manifests: client,
	}
	run.deployed = verify.Read(tree.Revision, rendering, rules)
	if f.compare.to != "" {
		before, err := f.before(ctx, tree, rules, run.policyFiles)
		if err != nil {
			return r, nil, err
		}
		run.before = &before
	}
	if f.evidence.save != "" {
		return f.judgeAndSave(ctx, run, ask, term)
	}
	r, err = run.judge(ctx, ask, term)
	return r, nil, err
}
