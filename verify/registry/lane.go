package registry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// lanes are how much is asked at once of each host.
type lanes struct {
	wait  func(ctx context.Context, d time.Duration) error
	now   func() time.Time
	mu    sync.Mutex
	hosts map[string]*lane
}

func (l *lanes) of(host string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.hosts[host]
	if !ok {
		found = &lane{lanes: l, host: host, slots: make(chan struct{}, bounds.RegistryRequests)}
		if l.hosts == nil {
			l.hosts = map[string]*lane{}
		}
		l.hosts[host] = found
	}
	return found
}

// lane is one host's. It is half as wide after each time that the host says
// that it is asked too much (429), grows again by one each time that as many
// answers came as it is wide, and is closed for as long as the host asks for.
type lane struct {
	*lanes
	host string
	// slots holds what is under way, and what the lane is narrower by.
	slots chan struct{}

	mu sync.Mutex
	// narrow is how much narrower it is, and owed how much of that is still
	// under way. Good counts answers since it last changed.
	narrow, owed, good int
	// narrowed is when it was made narrower.
	narrowed time.Time
	// closed is until when it is closed, and asked the Retry-After that said so.
	closed time.Time
	asked  string
}

// enter waits for a slot, and until the host may be asked again. Where that is
// later than the caller has time it says so at once.
func (l *lane) enter(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.mu.Lock()
	left, asked := l.closed.Sub(l.now()), l.asked
	l.mu.Unlock()
	if left <= 0 {
		return nil
	}
	if deadline, set := ctx.Deadline(); left > bounds.RetryAfter || set && l.now().Add(left).After(deadline) {
		l.leave()
		return &statusError{status: http.StatusTooManyRequests, host: l.host, retryAfter: asked}
	}
	if err := l.wait(ctx, left); err != nil {
		l.leave()
		return err
	}
	return nil
}

// leave gives a slot back.
func (l *lane) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owed > 0 {
		l.owed--
		return
	}
	<-l.slots
}

// tooMuch notes that a request that was sent at a time was one too many, and
// that the host wants to be left alone for a while. Requests that were sent
// before the lane was made narrower do not make it narrower again.
func (l *lane) tooMuch(sent time.Time, pause time.Duration, asked string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.now().Add(pause); until.After(l.closed) {
		l.closed, l.asked = until, asked
	}
	if sent.Before(l.narrowed) {
		return
	}
	cut := (bounds.RegistryRequests - l.narrow) / 2
	l.narrow, l.owed, l.good, l.narrowed = l.narrow+cut, l.owed+cut, 0, l.now()
	for ; l.owed > 0; l.owed-- {
		select {
		case l.slots <- struct{}{}: // one that is free
		default:
			return
		}
	}
}

// fine notes an answer.
func (l *lane) fine() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.good++; l.narrow == 0 || l.good < bounds.RegistryRequests-l.narrow {
		return
	}
	l.narrow, l.good = l.narrow-1, 0
	if l.owed > 0 {
		l.owed--
		return
	}
	<-l.slots
}
