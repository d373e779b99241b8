// Command syncgate verifies what a Git revision would deploy before it is
// deployed: it renders the revision, proves where every container image in it
// came from, and lets the sync happen only if policy says yes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/syncgate/syncgate/policy/dialect"
)

func main() {
	if dialect.Serve() {
		return
	}
	term := terminal{out: os.Stdout, err: os.Stderr, in: os.Stdin}
	// Libraries write there too: kustomize says of each base, as often as it
	// reads it, which of its fields are deprecated.
	os.Stderr, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], term)
	stop()
	os.Exit(code)
}
