package sigstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// Fetched is what came of fetching a trusted root: its JSON, or why there is
// none.
type Fetched struct {
	JSON  []byte
	Fault *verify.Fault
}

// Memory is the trusted roots that one run fetched, by the ID of the repository
// that they come from. A nil Memory remembers nothing. Several goroutines may
// use it.
type Memory struct {
	mu    sync.Mutex
	roots map[string]Fetched
	// full tells that nothing else is to be had.
	full bool
}

// Remembering is the memory of an earlier run. What is not in it is not fetched:
// using such a root is a *verify.Fault with code evidence-not-recorded.
func Remembering(roots map[string]Fetched) *Memory {
	return &Memory{roots: maps.Clone(roots), full: true}
}

// Roots are all that were fetched so far, by the ID of their repository.
func (m *Memory) Roots() map[string]Fetched {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.roots)
}

// recall gets a trusted root, out of an earlier run where m is of one.
func (m *Memory) recall(ctx context.Context, repository Repository, get func() ([]byte, error)) ([]byte, error) {
	switch {
	case m == nil:
		return get()
	case m.full:
		return m.earlier(repository)
	}
	data, err := get()
	if ctx.Err() != nil && err != nil {
		return nil, err // another image may have the time
	}
	fetched := Fetched{JSON: data}
	if err != nil {
		errors.As(trustFault(err), &fetched.Fault)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.roots == nil {
		m.roots = map[string]Fetched{}
	}
	m.roots[repository.id()] = fetched
	return data, err
}

func (m *Memory) earlier(repository Repository) ([]byte, error) {
	found, ok := m.roots[repository.id()]
	switch {
	case !ok:
		return nil, &verify.Fault{
			Code: verify.CodeNotRecorded, Verdict: policy.Unknown,
			Message: fmt.Sprintf("load trusted root: the evidence that was saved holds none from %s", repository.URL),
			Hint:    "name a trusted root file with --trusted-root, or save the evidence again with this policy",
		}
	case found.Fault != nil:
		return nil, found.Fault
	}
	return found.JSON, nil
}

// id names a repository and what of it is trusted.
func (r Repository) id() string {
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(r.URL), []byte(r.Target), r.Root} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
