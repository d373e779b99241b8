package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/render/sops"
)

// sopsFlag names the keys that opens what SOPS encrypted.
type sopsFlag struct{ files []string }

func (f *sopsFlag) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.files, "sops-age-key", nil, "file of age identities that open what Flux Kustomizations decrypt with SOPS (repeatable); SOPS_AGE_KEY and SOPS_AGE_KEY_FILE are read too")
}

// keys are those of the flags and of the environment, as sops itself takes
// them.
func (f *sopsFlag) keys() (sops.Keys, error) {
	var all sops.Keys
	add := func(from, text string) error {
		keys, err := sops.ParseKeys(text)
		if err != nil {
			return fmt.Errorf("read %s: %w", from, err)
		}
		all = all.With(keys)
		return nil
	}
	files := f.files
	if name := os.Getenv("SOPS_AGE_KEY_FILE"); name != "" {
		files = append(files[:len(files):len(files)], name)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return all, fmt.Errorf("read age keys: %w", err)
		}
		if err := add("age keys of "+name, string(text)); err != nil {
			return all, err
		}
	}
	if text := os.Getenv("SOPS_AGE_KEY"); text != "" {
		return all, add("SOPS_AGE_KEY", text)
	}
	return all, nil
}
