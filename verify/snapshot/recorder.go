package snapshot

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// Manifests gets image manifests by their digests.
type Manifests interface {
	// Manifest returns a manifest as the registry has it, and its media type.
	Manifest(ctx context.Context, repository string, digest policy.Digest) (mediaType string, body []byte, err error)
}

// Recorder stands between a gate and what it asks, and keeps the answers. What
// was answered is not asked for again; what failed is, and the last answer is
// the one that is kept. Several goroutines may use it.
type Recorder struct {
	resolver  verify.Resolver
	stores    []verify.Store
	manifests Manifests
	answers   *answers

	mu     sync.Mutex
	asking map[any]*sync.Mutex
	// failed is the first answer that could not be kept.
	failed error
}

// Ports are what a gate asks.
type Ports struct {
	Resolver  verify.Resolver
	Stores    []verify.Store
	Manifests Manifests
}

// NewRecorder makes a recorder that keeps what it is answered in a temporary
// file, until it is closed.
func NewRecorder(ask Ports) (*Recorder, error) {
	file, err := os.CreateTemp("", "syncgate-evidence-")
	if err != nil {
		return nil, fmt.Errorf("save evidence: %w; set TMPDIR", err)
	}
	kept := &blobs{file: file, spans: map[string]span{}}
	return &Recorder{
		resolver: ask.Resolver, stores: ask.Stores, manifests: ask.Manifests,
		answers: newAnswers(kept), asking: map[any]*sync.Mutex{},
	}, nil
}

// Close removes the temporary file.
func (r *Recorder) Close() {
	_ = r.answers.blobs.file.Close()
	_ = os.Remove(r.answers.blobs.file.Name())
}

// Resolver is the one to ask.
func (r *Recorder) Resolver() verify.Resolver { return recordedResolver{r} }

// Stores are those to ask, in their order.
func (r *Recorder) Stores() []verify.Store {
	var stores []verify.Store
	for i := range r.stores {
		stores = append(stores, recordedStore{r, i})
	}
	return stores
}

// one lets one at a time ask something.
func (r *Recorder) one(question any) (done func()) {
	r.mu.Lock()
	turn := r.asking[question]
	if turn == nil {
		turn = &sync.Mutex{}
		r.asking[question] = turn
	}
	r.mu.Unlock()
	turn.Lock()
	return turn.Unlock
}

func (r *Recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
}

type recordedResolver struct{ *Recorder }

// Resolve implements verify.Resolver.
func (r recordedResolver) Resolve(ctx context.Context, reference string, want verify.Want) (policy.Subject, error) {
	q := resolving{reference, want.Platforms, want.Existence}
	defer r.one(q)()
	if kept, ok := r.answers.resolution(q); ok && kept.Fault == nil {
		return r.answers.subject(kept)
	}
	subject, err := r.resolver.Resolve(ctx, reference, want)
	if err == nil && subject.PlatformsKnown {
		r.keepManifest(ctx, subject)
	}
	r.answers.mu.Lock()
	defer r.answers.mu.Unlock()
	r.answers.resolved[q] = resolution{
		resolving: q, Repository: subject.Repository, Tag: subject.Tag, Pinned: subject.Pinned, Digest: subject.Digest,
		PlatformsKnown: subject.PlatformsKnown, Fault: findingOf(err),
	}
	return subject, err
}

// keepManifest keeps the manifest that the platforms of a subject come from.
func (r *Recorder) keepManifest(ctx context.Context, subject policy.Subject) {
	if _, ok := r.answers.manifest(subject.Digest); ok {
		return
	}
	mediaType, body, err := r.manifests.Manifest(ctx, subject.Repository, subject.Digest)
	if err != nil {
		r.fail(err)
		return
	}
	digest, err := r.answers.blobs.put(body)
	if err != nil {
		r.fail(err)
		return
	}
	r.answers.mu.Lock()
	defer r.answers.mu.Unlock()
	r.answers.manifests[subject.Digest.String()] = manifest{MediaType: mediaType, Content: digest}
}

type recordedStore struct {
	*Recorder
	store int
}

// Only implements verify.Partial.
func (r recordedStore) Only() policy.EvidenceKind { return verify.Only(r.stores[r.store]) }

// Bundles implements verify.Store.
func (r recordedStore) Bundles(ctx context.Context, from policy.Source, digest policy.Digest) ([]verify.Bundle, error) {
	q := looking{r.store, from.Repository, from.TagPrefix, digest}
	defer r.one(q)()
	if kept, ok := r.answers.evidence(q); ok && len(kept.Faults) == 0 {
		return r.answers.bundles(ctx, kept)
	}
	found, err := r.stores[r.store].Bundles(ctx, from, digest)
	e := evidence{looking: q, Bundles: []bundle{}, Faults: verify.Findings(err)}
	for _, b := range found {
		one := bundle{Format: b.Format, Location: b.Location, Annotations: b.Annotations}
		if len(b.Payload) > 0 {
			var failed error
			if one.Payload, failed = r.answers.blobs.put(b.Payload); failed != nil {
				r.fail(failed)
			}
		}
		e.Bundles = append(e.Bundles, one)
	}
	r.answers.mu.Lock()
	defer r.answers.mu.Unlock()
	r.answers.found[q] = e
	return found, err
}

// Complete asks for what the policies of this run did not need of images, so
// that other policies can be tried on it: platforms, and the evidence of each
// in each store.
func (r *Recorder) Complete(ctx context.Context, images []render.Image) error {
	var group errgroup.Group
	group.SetLimit(bounds.ImagesAtOnce)
	for _, image := range images {
		group.Go(func() error {
			inTime, cancel := context.WithTimeout(ctx, bounds.ImageTime)
			defer cancel()
			r.complete(inTime, image.Reference)
			return nil
		})
	}
	_ = group.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.failed
}

// complete asks for what was not asked of one image. What it cannot have is
// recorded too.
func (r *Recorder) complete(ctx context.Context, reference string) {
	var subject policy.Subject
	for _, want := range []verify.Want{{}, {Existence: true}, {Platforms: true}} {
		q := resolving{reference, want.Platforms, want.Existence}
		kept, ok := r.answers.resolution(q)
		found, err := r.answers.subject(kept)
		if !ok {
			found, err = r.Resolver().Resolve(ctx, reference, want)
		}
		if err == nil {
			subject = found
		}
	}
	if subject.Digest.IsZero() {
		return
	}
	digests := []policy.Digest{subject.Digest}
	for _, platform := range subject.Platforms {
		digests = append(digests, platform.Digest)
	}
	for i, store := range r.Stores() {
		for _, digest := range digests {
			if _, asked := r.answers.evidence(looking{i, subject.Repository, "", digest}); !asked {
				_, _ = store.Bundles(ctx, policy.Source{Repository: subject.Repository}, digest)
			}
		}
	}
}
