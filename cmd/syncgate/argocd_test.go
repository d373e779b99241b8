package main

import (
	"os"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestPluginCommands holds the commands of the installation to the program:
// they are there, and take the flags that they are given.
func TestPluginCommands(t *testing.T) {
	type command struct{ Command, Args []string }
	var plugin struct {
		Spec struct {
			Generate   command
			Parameters struct{ Dynamic command }
		}
	}
	text, err := os.ReadFile(moduleRoot + "/integrations/argocd/install/plugin.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &plugin)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []command{plugin.Spec.Generate, plugin.Spec.Parameters.Dynamic} {
		words := append(c.Command, c.Args...)
		if len(words) < 3 || words[0] != "syncgate" {
			t.Fatalf("runs %q", words)
		}
		cmd, args, err := newRoot(terminal{out: os.Stdout, err: os.Stderr}).Find(words[1:])
		if err == nil {
			err = cmd.ParseFlags(args)
		}
		if err != nil || cmd.RunE == nil || len(cmd.Flags().Args()) > 0 {
			t.Errorf("%q: %v, arguments %q", words, err, cmd.Flags().Args())
		}
	}
}
