package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressAfter is how long a run may take before a progress line appears.
const progressAfter = 2 * time.Second

// progressLine is one line on a terminal that says how far a long run is.
type progressLine struct {
	mu      sync.Mutex
	out     io.Writer
	started time.Time
	shown   bool
}

// newProgressLine writes to w if it is a terminal, and else nothing.
func newProgressLine(w io.Writer) *progressLine {
	p := &progressLine{started: time.Now()}
	if isTerminal(w) {
		p.out = w
	}
	return p
}

func (p *progressLine) show(done, total int) {
	if p.out == nil || time.Since(p.started) < progressAfter {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shown = true
	fmt.Fprintf(p.out, "\r\x1b[Kverified %d of %d images", done, total)
}

func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
