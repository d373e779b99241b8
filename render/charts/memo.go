package charts

import (
	"context"
	"fmt"
	"sync"

	"github.com/syncgate/syncgate/bounds"
)

// memo makes each call once, for all who ask, and keeps what it returned: a
// run must not be told two things, nor wait twice for a host that is down. A
// call goes on for as long as somebody waits for it, at most
// bounds.ChartTime.
type memo[V any] struct {
	mu    sync.Mutex
	calls map[string]*call[V]
	// cost is what a value takes of bounds.ChartMemoBytes; nil is nothing.
	cost func(V) int
	// done are the keys of values that are kept, the oldest first.
	done []string
	used int
}

type call[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	value   V
	err     error
}

// do returns what fn returns, or returned before, for key.
func (m *memo[V]) do(ctx context.Context, key string, fn func(context.Context) (V, error)) (V, error) {
	m.mu.Lock()
	c, ok := m.calls[key]
	if !ok {
		c = m.start(ctx, key, fn)
	}
	c.waiting++
	m.mu.Unlock()
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		m.leave(key, c)
		var none V
		return none, ctx.Err()
	}
}

func (m *memo[V]) start(ctx context.Context, key string, fn func(context.Context) (V, error)) *call[V] {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), bounds.ChartTime)
	c := &call[V]{done: make(chan struct{}), cancel: cancel}
	if m.calls == nil {
		m.calls = map[string]*call[V]{}
	}
	m.calls[key] = c
	go func() {
		defer cancel()
		defer close(c.done)
		defer func() {
			if value := recover(); value != nil {
				c.err = unseen("this is a defect: please report it", "the fetcher broke down: %s", fmt.Sprintf("%T", value))
			}
			m.keep(key, c)
		}()
		c.value, c.err = fn(own)
	}()
	return c
}

// leave stops a call that nobody waits for any more, and forgets it.
func (m *memo[V]) leave(key string, c *call[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.waiting--; c.waiting > 0 {
		return
	}
	select {
	case <-c.done:
	default:
		c.cancel()
		if m.calls[key] == c {
			delete(m.calls, key)
		}
	}
}

// keep forgets the oldest values when there are too many.
func (m *memo[V]) keep(key string, c *call[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cost == nil || m.calls[key] != c {
		return
	}
	m.done, m.used = append(m.done, key), m.used+m.cost(c.value)
	for m.used > bounds.ChartMemoBytes && len(m.done) > 1 {
		oldest := m.done[0]
		m.used -= m.cost(m.calls[oldest].value)
		delete(m.calls, oldest)
		m.done = m.done[1:]
	}
}
