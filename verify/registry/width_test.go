package registry

import (
	"testing"
	"time"

	"github.com/syncgate/syncgate/bounds"
)

// Each time that a host says that it is asked too much it is asked half as
// much at once, and more again as it answers.
func TestThreatFlux4055AHostIsAskedNoMoreAtOnceThanItTakes(t *testing.T) {
	now := time.Unix(0, 0)
	l := (&lanes{now: func() time.Time { return now }}).of("registry.example")
	room := func(want int) {
		t.Helper()
		if free := cap(l.slots) - len(l.slots); free != want {
			t.Fatalf("room for %d requests, want %d", free, want)
		}
	}
	enter := func(n int) {
		for range n {
			if err := l.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	leave := func(n int) {
		for range n {
			l.leave()
		}
	}
	sent := now
	enter(bounds.RegistryRequests)
	now = now.Add(time.Second)
	l.tooMuch(sent, 0, "")
	l.tooMuch(sent, 0, "") // of the same moment
	leave(bounds.RegistryRequests / 2)
	room(0)
	leave(bounds.RegistryRequests / 2)
	room(bounds.RegistryRequests / 2)

	enter(1)
	l.tooMuch(now, 0, "")
	room(bounds.RegistryRequests/4 - 1)
	leave(1)
	for range 10 {
		now = now.Add(time.Second)
		l.tooMuch(now, 0, "")
	}
	room(1) // it is never asked nothing at all
	l.fine()
	room(2)
	l.fine()
	l.fine()
	room(3)
	for range bounds.RegistryRequests * bounds.RegistryRequests {
		l.fine()
	}
	room(bounds.RegistryRequests)
}
