package verify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
	"github.com/syncgate/syncgate/verify/registry"
	"github.com/syncgate/syncgate/verify/verifytest"
)

// stuck never comes back from the evidence of one image, whatever its context
// says.
type stuck struct {
	verify.Verifier
	digest policy.Digest
	until  <-chan struct{}
}

func (s stuck) Verify(ctx context.Context, digest policy.Digest, b verify.Bundle) (policy.Evidence, error) {
	if digest == s.digest {
		<-s.until
	}
	return s.Verifier.Verify(ctx, digest, b)
}

// One hostile image must not starve the others, and a timeout never becomes
// success (ratify PR 116): whatever takes an image's time, it alone is
// unknown, and the report is made.
func TestThreatRatify116AnImageHasItsTimeAndNoMore(t *testing.T) {
	for name, hinder := range map[string]func(*fleet, *verify.Gate, policy.Digest){
		"its registry hangs": func(f *fleet, _ *verify.Gate, _ policy.Digest) {
			f.world.Break(verifytest.On("acme/app-0/", verifytest.Faults()["slow"]))
		},
		"a library hangs": func(_ *fleet, g *verify.Gate, d policy.Digest) {
			g.Verifier = stuck{g.Verifier, d, t.Context().Done()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, 2, verifytest.FormTag)
			first := f.check(t, registry.Options{}).Images[0]
			client := registry.New(registry.Options{})
			defer client.Close()
			gate := f.gate(t, client)
			gate.ImageTime = 3 * time.Second
			hinder(f, &gate, first.Digest)
			report := f.checkWith(t, gate)
			slow, fine := report.Images[0], report.Images[1]
			if fine.Verdict != policy.Pass || report.Verdict != policy.Unknown {
				t.Errorf("report %s, the other image %s: %+v", report.Verdict, fine.Verdict, fine.Findings)
			}
			if slow.Verdict != policy.Unknown || len(slow.Findings) == 0 {
				t.Fatalf("verdict %s, findings %+v", slow.Verdict, slow.Findings)
			}
			if got := slow.Findings[0]; got.Code != verify.CodeDeadlineExceeded || !got.Retryable ||
				!strings.Contains(got.Message, "the 3s that one image has are over") {
				t.Errorf("first finding %+v", got)
			}
		})
	}
}

// A run whose time is over reports that of each image; one that was stopped
// reports nothing.
func TestARunWhoseTimeIsOverReportsWhatItHas(t *testing.T) {
	f := newFleet(t, 20, verifytest.FormTag)
	client := registry.New(registry.Options{})
	defer client.Close()
	gate, rendering := f.gate(t, client), f.render(t)
	over, cancel := context.WithDeadlineCause(t.Context(), time.Now(), verify.Deadline("no time was given"))
	defer cancel()
	report, err := gate.Check(over, f.tree.Revision, rendering)
	if err != nil || report.Verdict != policy.Unknown || report.Summary.Unknown != 20 {
		t.Fatalf("%v; verdict %s, %+v", err, report.Verdict, report.Summary)
	}
	for _, image := range report.Images {
		if f := image.Findings[0]; f.Code != verify.CodeDeadlineExceeded || !strings.HasSuffix(f.Message, "not decided: no time was given") {
			t.Errorf("%s: %+v", image.Reference, f)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if report, err := gate.Check(stopped, f.tree.Revision, rendering); err == nil {
		t.Errorf("a run that was stopped reports %s", report.Verdict)
	}
}
