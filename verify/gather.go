package verify

import (
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
)

// gathering is the search for the evidence of one image.
type gathering struct {
	*imageCheck
	in     policy.Input
	places []place
	seen   map[evidenceKey]bool
}

// place is where to look for the evidence of what.
type place struct {
	source policy.Source
	digest policy.Digest
}

// gather asks stores until more evidence cannot change the verdict: those
// first that hold every kind of it, and then those of the kinds that are still
// wanted. Of an image that does not pass the others are asked too, because what
// there is instead is told, and counts.
func (c *imageCheck) gather(in policy.Input, needs policy.Needs) policy.Input {
	if all, ok := c.verifier.(Selective); ok {
		c.verifier = all.Against(needs.Trusts)
	}
	g := &gathering{imageCheck: c, in: in, seen: map[evidenceKey]bool{}}
	for _, source := range needs.Sources {
		for _, digest := range digests(in.Subject) {
			g.places = append(g.places, place{source, digest})
		}
	}
	so := policy.Result{Open: needs.Kinds}
	first, left := parted(c.gate.Stores, func(only policy.EvidenceKind) bool {
		return only == "" || needs.Everything && only == policy.KindAttestation
	})
	if g.look(first) {
		so = c.evaluate(g.in)
	}
	if !so.Settled {
		var wanted []Store
		wanted, left = parted(left, so.Open.Has)
		g.look(wanted)
		g.in.Complete = true
		so = c.evaluate(g.in)
		if so.Verdict != policy.Pass {
			if g.look(left) {
				c.evaluate(g.in)
			}
			left = nil
		}
	}
	if c.gate.Explain {
		// What was not looked at cannot be told of.
		g.look(left)
		g.in.Complete = true
		c.evaluate(g.in)
	}
	c.result.Evidence = summarise(g.in.Evidence)
	for _, r := range g.in.Rejected {
		c.result.Rejected = append(c.result.Rejected, RejectionSummary{Code: r.Code, Location: r.Location, Reason: r.Reason})
	}
	return g.in
}

// parted are the stores of which something holds, and the others.
func parted(stores []Store, holds func(only policy.EvidenceKind) bool) (these, others []Store) {
	for _, store := range stores {
		if holds(Only(store)) {
			these = append(these, store)
		} else {
			others = append(others, store)
		}
	}
	return these, others
}

// look takes up what stores have, and tells whether that is anything.
func (g *gathering) look(stores []Store) bool {
	type answer struct {
		at      place
		bundles []Bundle
		err     error
	}
	answers := make([]answer, len(stores)*len(g.places))
	var group errgroup.Group
	group.SetLimit(bounds.ImageRequests)
	for i := range answers {
		store, a := stores[i/len(g.places)], &answers[i]
		a.at = g.places[i%len(g.places)]
		group.Go(func() error {
			a.bundles, a.err = g.ask(store, a.at)
			return nil
		})
	}
	_ = group.Wait()
	defer working(g.ctx)()
	before := len(g.in.Evidence) + len(g.in.Rejected) + len(g.in.Faults)
	for _, a := range answers {
		g.in.Faults = appendFaults(g.in.Faults, a.err)
		for b := range a.bundles {
			g.verify(a.at, a.bundles[b])
			a.bundles[b] = Bundle{} // what is no evidence need not stay in memory
		}
	}
	return len(g.in.Evidence)+len(g.in.Rejected)+len(g.in.Faults) > before
}

// ask asks one store. What a store does not survive is a fault.
func (g *gathering) ask(store Store, at place) (bundles []Bundle, err error) {
	defer func() {
		if p := recover(); p != nil {
			bundles, err = nil, fmt.Errorf("look for evidence of %s: this is a defect of syncgate: %v", at.digest, p)
		}
	}()
	from := at.source
	if from.Repository == "" {
		from.Repository = g.in.Subject.Repository
	}
	return store.Bundles(g.ctx, from, at.digest)
}

// evidenceKey tells two pieces of evidence apart. What is stored twice counts
// once.
type evidenceKey struct {
	id, subject policy.Digest
	kind        policy.EvidenceKind
	format      policy.Format
	source      policy.Source
	signers     string
}

func (g *gathering) verify(at place, bundle Bundle) {
	in := &g.in
	evidence, err := g.verifier.Verify(g.ctx, at.digest, bundle)
	var rejected *Rejected
	switch {
	case errors.As(err, &rejected):
		in.Rejected = append(in.Rejected, rejected.Rejection)
		return
	case err != nil:
		in.Faults = appendFaults(in.Faults, err)
	}
	if len(evidence.Signers) == 0 {
		return
	}
	evidence.Source = at.source
	key := evidenceKey{evidence.ID, evidence.Subject, evidence.Kind, evidence.Format, at.source, fmt.Sprint(signerNames(evidence.Signers))}
	if !g.seen[key] {
		g.seen[key] = true
		in.Evidence = append(in.Evidence, evidence)
	}
}
