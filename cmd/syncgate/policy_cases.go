package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/verify/proof"
	"github.com/syncgate/syncgate/verify/sigstore"
	"github.com/syncgate/syncgate/verify/snapshot"
)

// casesFlags say which cases are run, and how that is told.
type casesFlags struct {
	only           string
	verbose, cover bool
	outputs        []string
}

func newPolicyTest(term terminal) *cobra.Command {
	var f casesFlags
	cmd := &cobra.Command{
		Use:   "test [FILE...]",
		Short: "Run the cases that stand beside policies",
		Long: `Test runs cases: an image, its evidence, and what the policies must say of it.
Cases of production.yaml stand in production.test.yaml. FILE is such a file, a
policy, or a directory, which is searched with all below it (default ".").

Exit codes: 0 all cases hold, 1 some do not, 3 cases or policies do not load.`,
		Example: `  syncgate policy test policies/
  syncgate policy test -v --run 'stale report' policies/production.yaml
  syncgate policy test -o text -o junit=policies.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			return f.run(cmd, args, term)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.only, "run", "", "run only the cases whose names match this regular expression")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the cases that hold and what was found, too")
	flags.BoolVar(&f.cover, "cover", false, "show the requirements that no case shows met, or none unmet")
	flags.StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "text, json or junit, each perhaps with =FILE (repeatable)")
	return cmd
}

func (f *casesFlags) run(cmd *cobra.Command, args []string, term terminal) error {
	runner := cases.Runner{Prover: proof.Prover{Access: sigstore.Access{Network: sigstore.Offline}, Saved: savedRoots}}
	if f.only != "" {
		var err error
		if runner.Only, err = regexp.Compile(f.only); err != nil {
			return fmt.Errorf("read --run: %w", err)
		}
	}
	if err := f.checkOutputs(); err != nil {
		return err
	}
	files, err := cases.Find(document.Disk{}, args)
	if err != nil {
		return err
	}
	var suites []cases.Suite
	var broken []error
	for _, file := range files {
		suite, err := cases.Load(document.Disk{}, file)
		suites, broken = append(suites, suite), append(broken, err)
	}
	if err := errors.Join(broken...); err != nil {
		return err
	}
	var all []cases.SuiteOutcome
	ran, failed := 0, 0
	for _, suite := range suites {
		outcome, err := runner.Run(cmd.Context(), suite)
		if err != nil {
			return err
		}
		if len(outcome.Cases) > 0 {
			all = append(all, outcome)
		}
		ran, failed = ran+len(outcome.Cases), failed+outcome.Failed()
	}
	if ran == 0 {
		return fmt.Errorf("run cases: no case is called like --run %q", f.only)
	}
	if err := f.write(all, term); err != nil {
		return err
	}
	if failed > 0 {
		return blocked{policy.Fail}
	}
	return nil
}

func (f *casesFlags) checkOutputs() error {
	toTerminal := 0
	for _, o := range f.outputs {
		format, file, named := strings.Cut(o, "=")
		if format != "text" && format != "json" && format != "junit" || named && file == "" {
			return fmt.Errorf("write output: unknown output %q: want text, json or junit, or FORMAT=FILE", o)
		}
		if !named {
			toTerminal++
		}
	}
	if toTerminal > 1 {
		return errors.New("write output: several formats would be mixed on standard output; give all but one a file: -o FORMAT=FILE")
	}
	return nil
}

func (f *casesFlags) write(all []cases.SuiteOutcome, term terminal) error {
	for _, o := range f.outputs {
		format, file, _ := strings.Cut(o, "=")
		print := map[string]func(io.Writer, []cases.SuiteOutcome) error{"text": f.text, "json": cases.JSON, "junit": cases.JUnit}[format]
		if file == "" {
			if err := print(term.out, all); err != nil {
				return err
			}
			continue
		}
		out, err := os.Create(file)
		if err == nil {
			err = errors.Join(print(out, all), out.Close())
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", file, err)
		}
	}
	return nil
}

func (f *casesFlags) text(w io.Writer, all []cases.SuiteOutcome) error {
	detail := cases.Brief
	if f.verbose {
		detail |= cases.Every
	}
	if f.cover {
		detail |= cases.Coverage
	}
	for _, s := range all {
		if err := s.Text(w, detail); err != nil {
			return err
		}
	}
	return cases.Summary(w, all)
}

// savedRoots are the trusted roots that a run was saved with.
func savedRoots(saved *snapshot.Snapshot) (sigstore.Roots, error) {
	then := saved.Settings
	flags := trustFlags{then.TrustedRoots, then.TUFMirrors, then.TUFRoots}
	return flags.roots(document.Files(saved.Files), sigstore.Access{Network: sigstore.Offline, Memory: sigstore.Remembering(saved.Roots)})
}
