package verify

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// room is the memory that the evidence of all images of one check shares, and
// the processors that it is read on. Many images wait for the network at once;
// what is read of them takes many times its size, so only as many are read at
// once as can be.
type room struct {
	work  *semaphore.Weighted
	bytes *semaphore.Weighted
	// beyond lets one image at a time have more than there is. Images that
	// hold some and want more would otherwise wait for each other.
	beyond *semaphore.Weighted
}

func newRoom() *room {
	return &room{
		work:  semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)) + 1),
		bytes: semaphore.NewWeighted(bounds.EvidenceAtOnce), beyond: semaphore.NewWeighted(1),
	}
}

// working waits for a processor, which is taken until done is called or ctx
// ends: what hangs holds it no longer than its image has time. Where ctx ends
// first it waits no longer, as what follows ends by itself then.
func working(ctx context.Context) (done func()) {
	s, ok := ctx.Value(shareKey{}).(*share)
	if !ok || s.room.work.Acquire(ctx, 1) != nil {
		return func() {}
	}
	release := sync.OnceFunc(func() { s.room.work.Release(1) })
	stop := context.AfterFunc(ctx, release)
	return func() {
		stop()
		release()
	}
}

// share is what one image has of the room.
type share struct {
	room *room
	mu   sync.Mutex
	// read is what was reserved in all, held what of it is counted.
	read, held int64
	beyond     bool
	// starved tells that it did not get what it wanted in time.
	starved bool
}

type shareKey struct{}

// enter gives an image its share, and leave gives back what it then has. It
// tells whether there was enough for the image.
func (r *room) enter(ctx context.Context) (inside context.Context, leave func() (enough bool)) {
	s := &share{room: r}
	return context.WithValue(ctx, shareKey{}, s), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		r.bytes.Release(s.held)
		if s.beyond {
			r.beyond.Release(1)
		}
		return !s.starved
	}
}

// Reserve waits a while until there is memory for n bytes more of evidence of the
// image that ctx is for. Stores call it before they read. Doing begins the
// message where there is none: "read signatures of ghcr.io/acme/app". The
// memory is the image's until its verdict is known; what is read outside of a
// check is not counted. The error is a *Fault.
func Reserve(ctx context.Context, doing string, n int64) error {
	s, ok := ctx.Value(shareKey{}).(*share)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 || n > bounds.ImageEvidenceTotal-s.read {
		return &Fault{
			Code: CodeLimitExceeded, Verdict: policy.Unknown,
			Message: fmt.Sprintf("%s: the evidence of the image and its platforms is larger than %d bytes", doing, bounds.ImageEvidenceTotal),
			Hint:    "if this is expected, remove what is not needed from the registry",
		}
	}
	s.read += n
	ctx, cancel := context.WithTimeout(ctx, bounds.EvidenceWait)
	defer cancel()
	if err := s.hold(ctx, s.read-bounds.SmallEvidence-s.held); err != nil {
		s.starved = true
		return &Fault{
			Code: CodeLimitExceeded, Verdict: policy.Unknown, Retryable: true, Err: err,
			Message: fmt.Sprintf("%s: stopped waiting for the memory that the evidence of other images takes", doing),
			Hint:    "run it again",
		}
	}
	return nil
}

// hold counts n bytes more.
func (s *share) hold(ctx context.Context, n int64) error {
	switch {
	case n <= 0 || s.beyond:
		return nil
	case s.held == 0 && n <= bounds.EvidenceAtOnce:
		if err := s.room.bytes.Acquire(ctx, n); err != nil {
			return err
		}
	case !s.room.bytes.TryAcquire(n):
		if err := s.room.beyond.Acquire(ctx, 1); err != nil {
			return err
		}
		s.beyond = true
		return nil
	}
	s.held += n
	return nil
}
