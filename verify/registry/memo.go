package registry

import (
	"context"
	"errors"
	"sync"

	"github.com/syncgate/syncgate/bounds"
)

// errAbandoned is what those get who wait for a call that panicked.
var errAbandoned = errors.New("the request that was waited for was given up")

// memo makes each call once: who asks while a call for the same key is under
// way waits for it, and what succeeded is kept. Failures are never kept. The
// zero value keeps everything.
type memo[V any] struct {
	mu    sync.Mutex
	calls map[string]*call[V]
	kept  map[string]V
	order []string
	cost  func(V) int
	used  int
}

type call[V any] struct {
	done  chan struct{}
	value V
	err   error
	// own tells that it failed for what is the caller's own: its deadline.
	own bool
}

// bounded returns a memo that keeps the newest bounds.MemoBytes.
func bounded[V any](cost func(V) int) memo[V] { return memo[V]{cost: cost} }

// do returns what is kept for key, or what fn returns. Who waited for a call
// that failed because of its caller's deadline makes the call itself.
func (m *memo[V]) do(ctx context.Context, key string, fn func() (V, error)) (V, error) {
	for {
		m.mu.Lock()
		if v, ok := m.kept[key]; ok {
			m.mu.Unlock()
			return v, nil
		}
		c, waiting := m.calls[key]
		if !waiting {
			c = &call[V]{done: make(chan struct{}), err: errAbandoned}
			if m.calls == nil {
				m.calls, m.kept = map[string]*call[V]{}, map[string]V{}
			}
			m.calls[key] = c
		}
		m.mu.Unlock()
		if !waiting {
			m.lead(ctx, key, c, fn)
			return c.value, c.err
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			var zero V
			return zero, ctx.Err()
		}
		if !c.own || ctx.Err() != nil {
			return c.value, c.err
		}
	}
}

func (m *memo[V]) lead(ctx context.Context, key string, c *call[V], fn func() (V, error)) {
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.calls, key)
		if c.err == nil {
			m.keep(key, c.value)
		}
		close(c.done)
	}()
	c.value, c.err = fn()
	c.own = c.err != nil && ctx.Err() != nil
}

func (m *memo[V]) keep(key string, v V) {
	if m.cost == nil {
		m.kept[key] = v
		return
	}
	if m.cost(v) > bounds.MemoBytes/16 {
		return // one large attestation must not drive out all that is shared
	}
	m.kept[key], m.order, m.used = v, append(m.order, key), m.used+m.cost(v)
	for m.used > bounds.MemoBytes {
		oldest := m.order[0]
		m.used -= m.cost(m.kept[oldest])
		delete(m.kept, oldest)
		m.order = m.order[1:]
	}
}
