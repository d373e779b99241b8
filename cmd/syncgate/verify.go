package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/sigstore"
)

// verifyFlags are those of the main job.
type verifyFlags struct {
	source         sourceFlags
	rules          rulesFlag
	policies       []string
	policyRevision string
	trustedRoot    string
	outputs        []string
	at             string
	verbose        bool
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
	flags := cmd.Flags()
	flags.StringArrayVar(&f.policies, "policy", nil, "policy file or directory (repeatable)")
	flags.StringVar(&f.policyRevision, "policy-revision", "", "read --policy from this revision of SOURCE, so that a change cannot weaken its own policy")
	flags.StringVar(&f.trustedRoot, "trusted-root", "", "Sigstore trusted root JSON; default: public-good Sigstore through TUF, cached")
	flags.StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "FORMAT[=FILE], one of "+strings.Join(report.Formats(), ", ")+" (repeatable)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the evidence of what passes, too")
	flags.StringVar(&f.at, "at", "", "evaluate time conditions at this time (RFC 3339)")
	return cmd
}

func (f *verifyFlags) run(ctx context.Context, term terminal) error {
	outputs, err := parseOutputs(f.outputs)
	if err != nil {
		return err
	}
	r, err := f.check(ctx, term)
	if err != nil {
		return err
	}
	if err := f.writeOutputs(outputs, r, term); err != nil {
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
	rules, err := f.rules.load()
	if err != nil {
		return verify.Report{}, err
	}
	tree, err := f.source.open(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	rendering, err := f.source.render(ctx, tree)
	if err != nil {
		return verify.Report{}, err
	}
	root, err := f.root()
	if err != nil {
		return verify.Report{}, err
	}
	verifier, err := sigstore.New(root, policies.Keys())
	if err != nil {
		return verify.Report{}, err
	}
	client := registry.New(registry.Options{PlainHTTP: f.source.plainHTTP, Version: version()})
	defer client.Close()
	bar := newProgressLine(term.err)
	defer bar.clear()
	gate := verify.Gate{
		Resolver: client,
		Stores:   []verify.Store{client.Tags(), client.Referrers()},
		Verifier: verifier,
		Policies: policies,
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

// output is one -o flag.
type output struct {
	write report.Writer
	file  string
}

func parseOutputs(flags []string) ([]output, error) {
	var outputs []output
	toTerminal := 0
	for _, flag := range flags {
		format, file, _ := strings.Cut(flag, "=")
		writer, err := report.For(format)
		if err != nil {
			return nil, err
		}
		if file == "" {
			toTerminal++
		}
		outputs = append(outputs, output{writer, file})
	}
	if toTerminal > 1 {
		return nil, errors.New("write report: several formats would be mixed on standard output; give all but one a file: -o FORMAT=FILE")
	}
	return outputs, nil
}

func (f *verifyFlags) writeOutputs(outputs []output, r verify.Report, term terminal) error {
	style := report.Plain
	if f.verbose {
		style = report.Verbose
	}
	for _, o := range outputs {
		if err := o.print(r, style, term); err != nil {
			return err
		}
	}
	return nil
}

func (o output) print(r verify.Report, style report.Style, term terminal) error {
	if o.file == "" {
		if isTerminal(term.out) {
			style |= report.Colour
		}
		return o.write(term.out, r, style)
	}
	file, err := os.Create(o.file)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := errors.Join(o.write(file, r, style), file.Close()); err != nil {
		return fmt.Errorf("write report to %s: %w", o.file, err)
	}
	return nil
}
