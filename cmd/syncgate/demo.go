package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/render/git/gittest"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// The repository and the policy of the demo. Names in capitals stand for what
// is known only once the images exist.
//
//go:embed demo
var demoFiles embed.FS

func newDemo(term terminal) *cobra.Command {
	var outputs []string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a blocked and an allowed sync, with no network and no set-up",
		Long: `Demo starts a registry on loopback, signs and attests images, makes a Git
repository with a Kustomize and a Helm application, and verifies it twice: as a
hurried colleague left it, and mended. What it prints is real: the same code,
the same signatures, only the certificate authority is its own.`,
		Example: `  syncgate demo
  syncgate demo -o html=demo.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := (&outputFlags{formats: append([]string{"text"}, outputs...)}).parse(); err != nil {
				return err
			}
			dir, err := os.MkdirTemp("", "syncgate-demo-")
			if err != nil {
				return fmt.Errorf("make demo: %w", err)
			}
			defer os.RemoveAll(dir)
			world, err := verifytest.NewWorld(verifytest.Options{})
			if err != nil {
				return fmt.Errorf("make demo: %w", err)
			}
			defer world.Close()
			d := &demo{world: world, dir: dir, term: term, outputs: outputs}
			return d.tell(cmd.Context())
		},
	}
	cmd.Flags().StringArrayVarP(&outputs, "output", "o", nil, "also write the report of the blocked sync: FORMAT=FILE (repeatable)")
	return cmd
}

// demo is the story and where it plays.
type demo struct {
	world *verifytest.World
	dir   string
	term  terminal
	// outputs are the formats and files of the report of the blocked sync.
	outputs []string
}

func (d *demo) tell(ctx context.Context) error {
	d.say("A registry with five images, and a repository with a Kustomize and a Helm application.\n")
	images, err := d.publish()
	if err != nil {
		return fmt.Errorf("make demo: %w", err)
	}
	if err := d.write(images); err != nil {
		return fmt.Errorf("make demo: %w", err)
	}
	if err := d.act(ctx, exitFail, d.outputs...); err != nil {
		return err
	}
	d.say("\nThe cart is signed and attested, the API is rebuilt without the hole, the search is scanned again.\n")
	if err := d.mend(images); err != nil {
		return fmt.Errorf("mend demo: %w", err)
	}
	return d.act(ctx, exitPass)
}

func (d *demo) say(text string) { fmt.Fprintln(d.term.out, text) }

// act runs the real command, and holds it to what the story says.
func (d *demo) act(ctx context.Context, want int, outputs ...string) error {
	command := []string{
		"verify", filepath.Join(d.dir, "deploy"), "--revision", "main", "--policy", filepath.Join(d.dir, "policies", "production.yaml"),
		"--trusted-root", filepath.Join(d.dir, "trusted_root.json"), "--offline",
	}
	shown := "$ syncgate verify --revision main --policy policies/production.yaml"
	for _, output := range append([]string{"text"}, outputs...) {
		command = append(command, "--output", output)
		if len(outputs) > 0 {
			shown += " -o " + output
		}
	}
	d.say(shown + "\n")
	code := run(ctx, command, d.term)
	d.say(fmt.Sprintf("\nexit code %d", code))
	if code != want {
		return fmt.Errorf("run demo: exit code %d, want %d: this is a defect of syncgate", code, want)
	}
	return nil
}

// write makes the policy, the keys, the trusted root and the first commit.
func (d *demo) write(images *demoImages) error {
	policy, err := demoFiles.ReadFile("demo/production.yaml")
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"policies/production.yaml": []byte(images.fill(string(policy))),
		"policies/scanner.pub":     images.scanner.PEM(),
		"policies/psirt.pub":       images.psirt.PEM(),
		"trusted_root.json":        d.world.TrustedRoot(),
	}
	for name, data := range files {
		path := filepath.Join(d.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return d.commit("Deploy shop and billing", images)
}

func (d *demo) commit(message string, images *demoImages) error {
	files := map[string][]byte{}
	err := fs.WalkDir(demoFiles, "demo/repo", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := demoFiles.ReadFile(name)
		files[strings.TrimPrefix(name, "demo/repo/")] = []byte(images.fill(string(data)))
		return err
	})
	if err != nil {
		return err
	}
	_, err = gittest.Commit(filepath.Join(d.dir, "deploy"), message, time.Now(), files)
	return err
}
