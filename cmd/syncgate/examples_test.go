package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExampleCommands holds the commands of the examples to the program: they
// are there, and take the flags that they are given.
func TestExampleCommands(t *testing.T) {
	commands := regexp.MustCompile(`(?s)(?:args: >-\n|syncgate )\s*(verify [^\n]*(?:\n[ ]+--[^\n]*)*)`)
	seen := 0
	for _, pattern := range []string{"github/*.yaml", "gitlab/*.yaml", "pre-commit/*.yaml"} {
		names, err := filepath.Glob(filepath.Join(moduleRoot, "examples", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range commands.FindAllStringSubmatch(string(text), -1) {
				seen++
				cmd, args, err := newRoot(terminal{out: os.Stdout, err: os.Stderr}).Find(strings.Fields(m[1]))
				if err == nil {
					err = cmd.ParseFlags(args)
				}
				if err != nil || cmd.Name() != "verify" || len(cmd.Flags().Args()) > 0 {
					t.Errorf("%s: %q: %v, arguments %q", name, m[1], err, cmd.Flags().Args())
				}
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d commands in the examples, want 3", seen)
	}
}
