// Command syncgate verifies what a Git revision would deploy before it is
// deployed: it renders the revision, proves where every container image in it
// came from, and lets the sync happen only if policy says yes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], terminal{out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
