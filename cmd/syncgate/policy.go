package main

import (
	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy/cases"
	"github.com/syncgate/syncgate/policy/native"
)

func newPolicy(term terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Work on policies",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newPolicyLint(term), newPolicyTest(term), newPolicyExplain(term), newPolicyConvert(term), newPolicySchema(term))
	return cmd
}

func newPolicySchema(term terminal) *cobra.Command {
	var tests bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of policies, with which editors complete and check them",
		Example: `  syncgate policy schema > syncgate-policy.json
  syncgate policy schema --tests > syncgate-policy-test.json
  # yaml-language-server: $schema=syncgate-policy.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			made := native.JSONSchema
			if tests {
				made = cases.JSONSchema
			}
			schema, err := made()
			if err != nil {
				return err
			}
			_, err = term.out.Write(schema)
			return err
		},
	}
	cmd.Flags().BoolVar(&tests, "tests", false, "print the schema of files with cases, which policy test runs")
	return cmd
}
