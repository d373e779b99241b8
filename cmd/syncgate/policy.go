package main

import (
	"github.com/spf13/cobra"

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
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of policies, with which editors complete and check them",
		Example: `  syncgate policy schema > syncgate-policy.json
  # yaml-language-server: $schema=syncgate-policy.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema, err := native.JSONSchema()
			if err != nil {
				return err
			}
			_, err = term.out.Write(schema)
			return err
		},
	}
}
