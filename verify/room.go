package verify

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// room is the memory that the evidence of all images of one check shares.
type room struct {
	bytes *semaphore.Weighted
	// beyond lets one image at a time have more than there is. Images that
	// hold some and want more would otherwise wait for each other.
	beyond *semaphore.Weighted
}

func newRoom() *room {
	return &room{semaphore.NewWeighted(bounds.EvidenceAtOnce), semaphore.NewWeighted(1)}
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
