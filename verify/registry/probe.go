package registry

import (
	"context"
	"sync"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// probes are what is known of whether registries have a referrers API. Who asks
// first finds out for all; the others wait for that a while and no longer: what
// is asked of one image may hang, which must not be the end of the others.
type probes struct {
	mu     sync.Mutex
	has    map[string]bool
	asking map[string]chan struct{}
}

// wait tells whether a registry has the API, if that is known or becomes so in
// a while. Where it is not, the caller finds out, and has to call told.
func (p *probes) wait(ctx context.Context, registry string) (has, known bool) {
	p.mu.Lock()
	asking := p.asking[registry]
	has, known = p.has[registry]
	if !known && asking == nil {
		if p.asking == nil {
			p.asking, p.has = map[string]chan struct{}{}, map[string]bool{}
		}
		p.asking[registry] = make(chan struct{})
	}
	p.mu.Unlock()
	if known || asking == nil {
		return has, known
	}
	patience := time.NewTimer(bounds.ProbeTime)
	defer patience.Stop()
	select {
	case <-asking:
	case <-patience.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	has, known = p.has[registry]
	return has, known
}

// told notes what a registry answered, unless that says nothing of the API.
func (p *probes) told(registry string, has bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.has[registry] = has
	}
	if asking := p.asking[registry]; asking != nil {
		close(asking)
		delete(p.asking, registry)
	}
}
