package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/policy/document"
	"github.com/syncgate/syncgate/policy/lint"
)

func newPolicyLint(term terminal) *cobra.Command {
	var at, format string
	var strict bool
	var soon time.Duration
	cmd := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Find what loads in policies and is still not what anybody means",
		Long: `Lint looks at policy files and directories for what can never match or never
pass, signers that nobody uses or everybody is, regular expressions that match
more than they seem to, what another requirement makes superfluous, and
exceptions and keys that have ended or end soon.

Exit codes: 0 no problem, 1 problems (with --strict hints too), 3 does not load.`,
		Example: `  syncgate policy lint policies/
  syncgate policy lint --strict -o json policies/production.yaml`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("lint policies: name a policy file or directory")
			}
			o := lint.Options{Soon: soon}
			var err error
			if o.At, err = timeFlag(at); err != nil {
				return err
			}
			if err := oneFormat(format); err != nil {
				return err
			}
			r, err := lint.Files(document.Disk{}, args, o)
			if err != nil {
				return loadError(err)
			}
			write := r.Text
			if format == "json" {
				write = r.JSON
			}
			if err := write(term.out); err != nil {
				return err
			}
			if r.Problems > 0 || strict && r.Hints > 0 {
				return blocked{policy.Fail}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&format, "output", "o", "text", "text or json")
	flags.BoolVar(&strict, "strict", false, "exit 1 for hints, too")
	flags.DurationVar(&soon, "soon", 0, "how long before its end something is told to end (default 14 days for exceptions, 30 for keys)")
	flags.StringVar(&at, "at", "", "tell what ends relative to this time (RFC 3339)")
	return cmd
}

// oneFormat checks -o of the commands that print text or JSON.
func oneFormat(format string) error {
	if format != "text" && format != "json" {
		return fmt.Errorf("write output: unknown format %q: want text or json", format)
	}
	return nil
}

// timeFlag reads --at; without it, it is now.
func timeFlag(text string) (time.Time, error) {
	if text == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("read --at %q: want a time such as 2026-01-31T15:04:05Z", text)
	}
	return at, nil
}
