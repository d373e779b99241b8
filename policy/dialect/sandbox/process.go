package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// errTime is the error of within for what takes too long.
var errTime = errors.New("it takes too long")

// reap waits for the end of the process.
func (p *process) reap() {
	// Wait closes the pipes, so that whoever reads from them is told. The
	// state of the process is read after ended is closed.
	state, err := p.cmd.Process.Wait()
	if err == nil {
		p.cmd.ProcessState = state
	}
	close(p.ended)
}

// end kills the process and waits until it is gone.
func (p *process) end() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	_, _ = p.in.Close(), p.out.Close()
}

// within does what may block on the pipes of the process, for a time. A
// process that has not answered by then is killed.
func (p *process) within(ctx context.Context, limit time.Duration, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var stopped error
	select {
	case err := <-done:
		return err
	case <-timer.C:
		stopped = errTime
	case <-ctx.Done():
		stopped = context.Cause(ctx)
	}
	p.end()
	<-done
	return stopped
}

// ask has the process run one program.
func (p *process) ask(ctx context.Context, task Task, limit time.Duration) (response, error) {
	var out response
	err := p.within(ctx, limit, func() error {
		if err := p.encoder.Encode(task); err != nil {
			return err
		}
		return p.decoder.Decode(&out)
	})
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, errTime):
		return out, &LimitError{fmt.Sprintf("it takes more than %s", limit)}
	case ctx.Err() != nil:
		return out, context.Cause(ctx)
	}
	p.end()
	if p.cmd.ProcessState != nil && p.cmd.ProcessState.ExitCode() == exitMemory {
		return out, &LimitError{fmt.Sprintf("it takes more than %d MiB of memory", bounds.ProgramMemory>>20)}
	}
	return out, &LimitError{"it broke the process that it was run in"}
}
