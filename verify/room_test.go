package verify

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// The row "endless data" of what must never happen: images with much evidence
// wait for each other, and what is at work at once stays bounded.
func TestThreat_EndlessData_TheEvidenceOfAllImagesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		const each = 30 << 20
		var now, most atomic.Int64
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				ctx, leave := r.enter(t.Context())
				for range 2 { // more is wanted while some is held
					if err := Reserve(ctx, "read", each); err != nil {
						t.Error(err)
						break
					}
					most.Store(max(most.Load(), now.Add(each)))
					time.Sleep(100 * time.Millisecond)
				}
				now.Add(-2 * each)
				if !leave() {
					t.Error("it is told to be starved")
				}
			})
		}
		group.Wait()
		if limit := int64(bounds.EvidenceAtOnce + bounds.ImageEvidenceTotal); most.Load() > limit {
			t.Errorf("%d bytes at once, more than %d", most.Load(), limit)
		}
		if !r.bytes.TryAcquire(bounds.EvidenceAtOnce) || !r.beyond.TryAcquire(1) {
			t.Error("not all was given back")
		}
	})
}

func TestAnImageThatFindsNoMemoryIsUnknownAndStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		hog, _ := r.enter(t.Context())
		if err := Reserve(hog, "read", bounds.EvidenceAtOnce+bounds.SmallEvidence); err != nil {
			t.Fatal(err)
		}
		small, leave := r.enter(t.Context())
		if err := Reserve(small, "read", bounds.SmallEvidence); err != nil || !leave() {
			t.Errorf("little evidence waits for much: %v", err)
		}
		large, leave := r.enter(t.Context())
		err := Reserve(large, "read attestations of x", 2*bounds.SmallEvidence)
		if f := new(Fault); !errors.As(err, &f) || f.Verdict != policy.Unknown || !f.Retryable || f.Code != CodeLimitExceeded {
			t.Errorf("got %v", err)
		}
		if leave() {
			t.Error("it is not told to be starved")
		}
	})
}

func TestTheEvidenceOfAnImageAndItsPlatformsIsBounded(t *testing.T) {
	ctx, leave := newRoom().enter(t.Context())
	defer leave()
	var err error
	for range bounds.ImageEvidenceTotal/bounds.ImageEvidenceBytes + 1 {
		if err != nil {
			t.Fatal(err)
		}
		err = Reserve(ctx, "read", bounds.ImageEvidenceBytes)
	}
	if f := new(Fault); !errors.As(err, &f) || f.Verdict != policy.Unknown || f.Retryable {
		t.Errorf("got %v", err)
	}
	if err := Reserve(context.Background(), "read", 1<<40); err != nil {
		t.Errorf("outside of a check: %v", err)
	}
}
