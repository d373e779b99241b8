package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/policy"
)

// Exit codes are a contract: scripts and pipelines rely on them.
const (
	exitPass    = 0
	exitFail    = 1
	exitUnknown = 2
	exitUsage   = 3
)

// terminal is where a command writes, and reads.
type terminal struct {
	out, err io.Writer
	in       io.Reader
}

// blocked ends a command whose report has been printed and is not a pass.
type blocked struct{ verdict policy.Verdict }

func (b blocked) Error() string { return "verdict is " + b.verdict.String() }

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, term terminal) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(term.err, "syncgate: this is a defect of syncgate: %v\n", r)
			code = exitUnknown
		}
	}()
	// Libraries log what templates hold; only findings are told.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	root := newRoot(term)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var stop blocked
	switch {
	case err == nil:
		return exitPass
	case errors.As(err, &stop) && stop.verdict == policy.Fail:
		return exitFail
	case errors.As(err, &stop):
		return exitUnknown
	default:
		fmt.Fprintf(term.err, "syncgate: %s\n", strings.TrimSpace(err.Error()))
		return exitUsage
	}
}

func newRoot(term terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "syncgate",
		Short: "Verify every image that a Git revision would deploy, before it is deployed",
		Long: `syncgate renders what a Git revision would deploy, proves where every container
image in it came from, and lets the sync happen only if policy says yes.

Exit codes: 0 pass, 1 fail, 2 could not be checked, 3 usage or configuration.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetOut(term.out)
	root.SetErr(term.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(newVerify(term), newImages(term), newRender(term), newPolicy(term), newArgoCD(term), newFlux(term), newFilter(term), newDemo(term), newVersion(term))
	return root
}

// isTerminal tells whether w is a terminal that shows colour.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
