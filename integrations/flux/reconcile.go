package flux

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/syncgate/syncgate/integrations/flux/artifact"
	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/verify"
)

// Judge verifies what a candidate deploys.
type Judge interface {
	// Judge returns the report. An error means that none could be made, which
	// is no pass. It may take long, and stops when ctx ends.
	Judge(ctx context.Context, candidate Candidate) (verify.Report, error)
}

// reconciler brings one gate after another to where it should be.
type reconciler struct {
	// reader asks the API server itself: what a cache holds may be old.
	reader client.Reader
	writer client.Client
	judge  Judge
	// cluster asks what the cluster is.
	cluster  func() (Cluster, error)
	files    Files
	recorder events.EventRecorder
	notify   notifier
	metrics  *metrics
	// watched are the kinds of deployers that the cluster had at the start.
	watched map[schema.GroupVersionKind]bool
}

var verdictPass = policy.Pass.String()

// pass is one look at a gate.
type pass struct {
	*reconciler
	gate      *v1alpha1.ImageGate
	target    *unstructured.Unstructured
	candidate *candidate
	deployers []*unstructured.Unstructured
	// inputs is a digest of what the verdict rests on besides evidence.
	inputs string
}

// Reconcile implements reconcile.Reconciler.
func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	gate := &v1alpha1.ImageGate{}
	if err := r.reader.Get(ctx, request.NamespacedName, gate); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if gate.DeletionTimestamp != nil || gate.Spec.Suspend {
		r.metrics.forget(gate)
		return reconcile.Result{}, nil
	}
	p := &pass{reconciler: r, gate: gate}
	after, err := p.run(ctx)
	// Somebody else wrote meanwhile: look again.
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || errors.Is(err, errChanged) {
		return reconcile.Result{RequeueAfter: time.Second}, nil
	}
	return reconcile.Result{RequeueAfter: after}, err
}

// run looks at the gate and says when to look again.
func (p *pass) run(ctx context.Context) (time.Duration, error) {
	target, err := p.readTarget(ctx, p.gate)
	if foreign, ok := errors.AsType[errForeign](err); ok {
		return p.stalled(ctx, ReasonTargetNotOwned, foreign)
	}
	if err != nil {
		return 0, err
	}
	if p.target, err = p.guard(ctx, p.gate, target); err != nil {
		return 0, err
	}
	if p.candidate, err = p.readCandidate(ctx, p.gate); err != nil {
		if errors.Is(err, errWait) {
			return p.waits(ctx, err)
		}
		return 0, err
	}
	spec, err := p.candidate.target()
	if err != nil {
		return p.stalled(ctx, ReasonUnsupported, err)
	}
	if err := p.look(ctx); err != nil {
		return 0, err
	}
	if left := p.left(); left > 0 {
		return left, p.settled(ctx)
	}
	if err := p.progressing(ctx); err != nil {
		return 0, err
	}
	started := time.Now()
	report := p.verify(ctx)
	if ctx.Err() != nil {
		return 0, ctx.Err() // it was told to stop: no verdict was reached
	}
	p.metrics.verified(p.gate, report.Verdict, time.Since(started))
	if report.Verdict != policy.Pass {
		return p.denies(ctx, report)
	}
	return p.passes(ctx, report, spec)
}

// readCandidate reads the candidate of a gate.
func (r *reconciler) readCandidate(ctx context.Context, gate *v1alpha1.ImageGate) (*candidate, error) {
	u := newSource(gate.Spec.Candidate.Kind, types.NamespacedName{Namespace: gate.Namespace, Name: gate.Spec.Candidate.Name})
	err := r.reader.Get(ctx, client.ObjectKeyFromObject(u), u)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("%w %s: there is none", errWait, describe(u))
	}
	if err != nil {
		return nil, fmt.Errorf("read candidate: %w", err)
	}
	return readCandidate(u)
}

// look finds what the verdict will rest on.
func (p *pass) look(ctx context.Context) (err error) {
	p.deployers, p.inputs, err = p.readInputs(ctx, p.gate, p.candidate)
	return err
}

func (r *reconciler) readInputs(ctx context.Context, gate *v1alpha1.ImageGate, c *candidate) ([]*unstructured.Unstructured, string, error) {
	found, err := r.deployers(ctx, gate)
	if err != nil {
		return nil, "", err
	}
	files, err := r.files.Fingerprint()
	if err != nil {
		files = err.Error() // which passes nothing
	}
	what := []any{gate.UID, gate.Generation, c.uid, c.generation, c.artifact.Revision, c.artifact.Digest, files}
	for _, u := range found {
		what = append(what, declared(u))
	}
	text, err := json.Marshal(what)
	if err != nil {
		return nil, "", fmt.Errorf("write what is verified: %w", err)
	}
	sum := sha256.Sum256(text)
	return found, hex.EncodeToString(sum[:]), nil
}

// left is how long the last verdict holds.
func (p *pass) left() time.Duration {
	last := p.gate.Status.Attempted
	asked, _ := meta.ReconcileAnnotationValue(p.gate.Annotations)
	if last == nil || last.Inputs != p.inputs || asked != p.gate.Status.LastHandledReconcileAt {
		return 0
	}
	if last.Verdict == verdictPass && p.target == nil {
		return 0 // it was taken away
	}
	return time.Until(last.VerifiedAt.Add(after(p.gate, last.Verdict)))
}

// after is how long a verdict holds.
func after(gate *v1alpha1.ImageGate, verdict string) time.Duration {
	given, otherwise := gate.Spec.RetryInterval.Duration, 2*time.Minute
	if verdict == verdictPass {
		given, otherwise = gate.Spec.Interval.Duration, 10*time.Minute
	}
	if given <= 0 {
		return otherwise
	}
	return max(given, time.Second)
}

// verify judges the candidate.
func (p *pass) verify(ctx context.Context) verify.Report {
	c := p.candidate
	report, err := p.judged(ctx)
	if err != nil {
		report = verify.Report{Verdict: policy.Unknown, Findings: []verify.Finding{{Finding: policy.Finding{
			Code: CodeCandidate, Verdict: policy.Unknown, Message: err.Error(), Retryable: true,
		}}}}
	}
	report.Revision = render.Revision{Repository: c.url(), Commit: c.commit}
	return report
}

func (p *pass) judged(ctx context.Context) (verify.Report, error) {
	c := p.candidate
	if _, err := p.files.Fingerprint(); err != nil {
		return verify.Report{}, err // a change of them would not be noticed
	}
	cluster, err := p.cluster()
	if err != nil {
		return verify.Report{}, err
	}
	files, err := artifact.Fetch(ctx, c.artifact.URL, c.artifact.Digest)
	if err != nil {
		return verify.Report{}, err
	}
	objects, problems, err := objectsOf(p.deployers)
	if err == nil && len(problems) > 0 {
		err = &problems[0]
	}
	if err != nil {
		return verify.Report{}, err
	}
	return p.judge.Judge(ctx, Candidate{
		Kind: c.kind, Namespace: c.namespace, Target: p.gate.Spec.Target,
		Revision: render.Revision{Repository: c.url(), Commit: c.commit},
		Files:    files, Deployers: objects, Kustomizations: p.gate.Spec.Kustomizations, Paths: p.gate.Spec.Paths,
		Cluster: cluster,
	})
}
