package main

import (
	"bytes"
	"os"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestGateCommands holds the commands of the Flux installation and of the
// example to the program: they are there, and take the flags that they are
// given.
func TestGateCommands(t *testing.T) {
	type pod struct {
		Spec struct {
			Containers []struct{ Args []string }
		}
	}
	found := 0
	for _, name := range []string{"integrations/flux/install/deployment.yaml", "examples/flux/job.yaml"} {
		text, err := os.ReadFile(moduleRoot + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var object struct {
				Spec struct {
					Template    pod
					JobTemplate struct{ Spec struct{ Template pod } } `yaml:"jobTemplate"`
				}
			}
			if decoder.Decode(&object) != nil {
				break
			}
			for _, container := range append(object.Spec.Template.Spec.Containers, object.Spec.JobTemplate.Spec.Template.Spec.Containers...) {
				found++
				cmd, args, err := newRoot(terminal{out: os.Stdout, err: os.Stderr}).Find(container.Args)
				if err == nil {
					err = cmd.ParseFlags(args)
				}
				if err != nil || cmd.RunE == nil || len(cmd.Flags().Args()) > 0 {
					t.Errorf("%s: %q: %v, arguments %q", name, container.Args, err, cmd.Flags().Args())
				}
			}
		}
	}
	if found != 2 {
		t.Errorf("%d commands", found)
	}
}
