package sandbox

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// Pool runs programs. It may be used by several goroutines. Its processes are
// started when they are first needed, and end with the pool or this one.
type Pool struct {
	// places holds one entry for each process that may run. An entry that is
	// nil stands for one that has yet to be started.
	places chan *process
	limits limits
}

type limits struct{ start, run time.Duration }

// New makes a pool. Nothing is started yet.
func New() *Pool {
	p := &Pool{
		places: make(chan *process, bounds.ProgramsAtOnce),
		limits: limits{start: bounds.ProgramTime, run: bounds.ProgramTime},
	}
	for range bounds.ProgramsAtOnce {
		p.places <- nil
	}
	runtime.AddCleanup(p, endAll, p.places)
	return p
}

// endAll ends the processes of a pool that nobody has any more.
func endAll(places chan *process) {
	for {
		select {
		case at := <-places:
			if at != nil {
				at.end()
			}
		default:
			return
		}
	}
}

// LimitError says that a program has no answer because it took too much.
type LimitError struct{ Reason string }

// Error returns the reason.
func (e *LimitError) Error() string { return e.Reason }

// Undecided tells that trying again does not help.
func (e *LimitError) Undecided() bool { return false }

// StartError says that no program can be run on this machine, and why.
type StartError struct{ Err error }

// Error returns what keeps programs from running.
func (e *StartError) Error() string {
	return fmt.Sprintf("cannot run the programs of policies in a process of their own: %v", e.Err)
}

// Undecided tells that trying again may help.
func (e *StartError) Undecided() bool { return true }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// Mistake is what a program, or its language, says is wrong with it.
type Mistake struct{ Message string }

// Error returns the message.
func (e *Mistake) Error() string { return e.Message }

// Run evaluates a program. Its error is a *Mistake if the program
// itself fails, a *LimitError if it took too much time or memory, a
// *StartError if nothing can be run, and the cause of ctx if that ended.
func (p *Pool) Run(ctx context.Context, task Task) (Answer, error) {
	if len(task.Input) > bounds.ProgramInput {
		return Answer{}, &LimitError{fmt.Sprintf("it is given %d bytes, more than the %d that a program is run on", len(task.Input), bounds.ProgramInput)}
	}
	var at *process
	select {
	case at = <-p.places:
	case <-ctx.Done():
		return Answer{}, context.Cause(ctx)
	}
	defer func() { p.places <- at }()
	if at == nil {
		started, err := p.start(ctx)
		if err != nil {
			return Answer{}, err
		}
		at = started
	}
	out, err := at.ask(ctx, task, p.limits.run)
	if err != nil {
		at.end()
		at = nil
		return Answer{}, err
	}
	if out.Mistake != "" {
		return out.Answer, &Mistake{out.Mistake}
	}
	return out.Answer, nil
}

// process is one running process.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     io.ReadCloser
	encoder *gob.Encoder
	decoder *gob.Decoder
	// ended is closed when the process is gone.
	ended chan struct{}
}

// start starts a process and waits until it speaks.
func (p *Pool) start(ctx context.Context) (*process, error) {
	if os.Getenv(marker) != "" {
		return nil, &StartError{errors.New("this is one already")}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, &StartError{err}
	}
	cmd := exec.Command(self)
	cmd.Args = []string{os.Args[0]}
	cmd.Env = []string{marker + "=" + version, "SystemRoot=" + os.Getenv("SystemRoot")}
	cmd.Dir = os.TempDir()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, &StartError{err}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, &StartError{err}
	}
	if err := cmd.Start(); err != nil {
		return nil, &StartError{err}
	}
	started := &process{cmd: cmd, in: in, out: out, encoder: gob.NewEncoder(in), decoder: gob.NewDecoder(out), ended: make(chan struct{})}
	go started.reap()
	var said string
	err = started.within(ctx, p.limits.start, func() error { return started.decoder.Decode(&said) })
	if err == nil && said != version {
		err = errors.New("the process that was started is another program")
	}
	if err != nil {
		started.end()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &StartError{err}
	}
	return started, nil
}
