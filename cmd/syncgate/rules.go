package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render/images"
)

// rulesFlag is the file that says where else images stand.
type rulesFlag struct{ file string }

func (f *rulesFlag) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "rules", "", "file of rules on where else images stand, besides the places that are known")
}

func (f *rulesFlag) load() (images.Rules, error) {
	if f.file == "" {
		return images.Rules{}, nil
	}
	file, err := os.Open(f.file)
	if err != nil {
		return images.Rules{}, fmt.Errorf("read --rules: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, bounds.RuleBytes+1))
	if err != nil {
		return images.Rules{}, fmt.Errorf("read --rules: %w", err)
	}
	rules, err := images.LoadRules(f.file, data)
	if err != nil {
		return images.Rules{}, fmt.Errorf("read --rules:\n%w", err)
	}
	return rules, nil
}
