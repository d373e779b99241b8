package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
)

// verifyFlags are those of the main job.
type verifyFlags struct {
	source         sourceFlags
	rules          rulesFlag
	policies       []string
	policyRevision string
	trust          trustFlags
	exploits       exploitFlags
	outputs        outputFlags
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
			f.source.argument(args)
			return f.run(cmd.Context(), term)
		},
	}
	f.source.register(cmd)
	f.rules.register(cmd)
	f.trust.register(cmd)
	f.exploits.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.policies, "policy", nil, "policy file or directory (repeatable)")
	flags.StringVar(&f.policyRevision, "policy-revision", "", "read --policy from this revision of SOURCE, so that a change cannot weaken its own policy")
	f.outputs.register(cmd)
	flags.StringVar(&f.at, "at", "", "evaluate time conditions at this time (RFC 3339)")
	flags.DurationVar(&f.timeout, "timeout", bounds.RunTime, "how long the run may take; images that are not decided by then are unknown")
	return cmd
}

func (f *verifyFlags) run(ctx context.Context, term terminal) error {
	outputs, err := f.outputs.parse()
	if err != nil {
		return err
	}
	if f.timeout <= 0 {
		return fmt.Errorf("read --timeout %s: want how long the run may take, such as 5m", f.timeout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, verify.Deadline(fmt.Sprintf("the %s that --timeout gives the run are over", f.timeout)))
	defer cancel()
	r, err := f.check(ctx, term)
	switch {
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		// There is nothing to report on yet, and nothing wrong with the command.
		if cause := context.Cause(ctx); !errors.Is(err, cause) {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		fmt.Fprintf(term.err, "syncgate: %v\n", err)
		return blocked{policy.Unknown}
	case err != nil:
		return err
	}
	if err := f.outputs.write(outputs, r, term); err != nil {
		return err
	}
	if r.Verdict != policy.Pass {
		return blocked{r.Verdict}
	}
	return nil
}

// check makes the report.
func (f *verifyFlags) check(ctx context.Context, term terminal) (verify.Report, error) {
	for _, host := range f.source.plainHTTP {
		if strings.Contains(host, "/") {
			return verify.Report{}, fmt.Errorf("read --plain-http %s: want HOST or HOST:PORT, with no scheme and no path", host)
		}
	}
	at, err := f.time()
	if err != nil {
		return verify.Report{}, err
	}
	policies, err := f.loadPolicies(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	exploits, err := f.exploits.load()
	if err != nil {
		return verify.Report{}, err
	}
	rules, err := f.rules.load()
	if err != nil {
		return verify.Report{}, err
	}
	defer f.source.cache.close()
	tree, err := f.source.open(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	rendering, err := f.source.render(ctx, tree)
	if err != nil {
		return verify.Report{}, err
	}
	verifier, err := f.trust.verifier(policies, &f.source)
	if err != nil {
		return verify.Report{}, err
	}
	client := registry.New(registry.Options{PlainHTTP: f.source.plainHTTP, Version: version(), Cache: f.source.cache.registry()})
	defer client.Close()
	bar := newProgressLine(term.err)
	defer bar.clear()
	gate := verify.Gate{
		Resolver: client,
		Stores:   []verify.Store{client.Tags(), client.Referrers(), client.Unsigned()},
		Verifier: verifier,
		Policies: policies,
		Exploits: exploits,
		Rules:    rules,
		At:       at,
		Progress: bar.show,
	}
	r, err := gate.Check(ctx, tree.Revision, rendering)
	if f.at != "" {
		at := at.UTC()
		r.EvaluatedAt = &at
	}
	return r, err
}

func (f *verifyFlags) time() (time.Time, error) {
	if f.at == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, f.at)
	if err != nil {
		return at, fmt.Errorf("read --at %q: want a time such as 2026-01-31T15:04:05Z", f.at)
	}
	return at, nil
}
