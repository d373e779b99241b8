package registry

import (
	"context"
	"slices"

	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// once is a store that asks another one once a run for a digest that several
// images name. What could not be read in full is asked for again.
type once struct {
	next verify.Store
	memo memo[[]verify.Bundle]
}

func newOnce(next verify.Store) *once {
	return &once{next: next, memo: bounded(bundleBytes)}
}

// Bundles implements verify.Store.
func (o *once) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	found, err := o.memo.do(ctx, from.Repository+":"+from.TagPrefix+"@"+digest.String(), func() ([]verify.Bundle, error) {
		return o.next.Bundles(ctx, from, digest)
	})
	return slices.Clone(found), err
}

// kept is a store that holds one kind of evidence.
type kept struct {
	*once
	only policy.EvidenceKind
}

// Only implements verify.Partial.
func (k kept) Only() policy.EvidenceKind { return k.only }

// bundleBytes is about what bundles take up.
func bundleBytes(bundles []verify.Bundle) int {
	n := 64
	for _, b := range bundles {
		n += len(b.Payload) + len(b.Location)
		for k, v := range b.Annotations {
			n += len(k) + len(v)
		}
	}
	return n
}
