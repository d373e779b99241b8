package flux

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/integrations/report"
	"github.com/syncgate/syncgate/policy"
	"github.com/syncgate/syncgate/verify"
)

// The reasons of conditions and events, besides those of Flux.
const (
	// ReasonVerified is a revision that passed.
	ReasonVerified = "RevisionVerified"
	// ReasonDenied is a revision that policy says no to.
	ReasonDenied = "RevisionDenied"
	// ReasonUnknown is a revision that could not be looked at in full.
	ReasonUnknown = "RevisionUnknown"
	// ReasonTargetNotOwned is a target that something else made.
	ReasonTargetNotOwned = "TargetNotOwned"
	// ReasonUnsupported is a candidate that does not hold still.
	ReasonUnsupported = "CandidateUnsupported"
)

// sourceVerified is the condition that says whether the newest revision of the
// candidate passed.
const sourceVerified = "SourceVerified"

// CodeCandidate is a candidate whose files or objects are not at hand.
const CodeCandidate = "candidate-unavailable"

// errChanged is why a verdict is dropped.
var errChanged = errors.New("what was verified has changed meanwhile")

// cause is why a condition is so.
type cause struct{ reason, message string }

// set sets a condition.
func set(gate *v1alpha1.ImageGate, kind string, status metav1.ConditionStatus, because cause) {
	apimeta.SetStatusCondition(&gate.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: because.reason, Message: short(because.message, bounds.ConditionBytes), ObservedGeneration: gate.Generation,
	})
}

// short cuts a message, between characters.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const more = "…"
	cut := most - len(more)
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + more
}

// save writes the status of the gate, over the version of it that was seen.
func (p *pass) save(ctx context.Context) error {
	p.gate.Status.ObservedGeneration = p.gate.Generation
	p.metrics.ready(p.gate)
	return p.writer.Status().Update(ctx, p.gate, client.FieldOwner(fieldManager))
}

// answered writes down that what was asked for by annotation was looked at.
func (p *pass) answered() {
	p.gate.Status.LastHandledReconcileAt, _ = meta.ReconcileAnnotationValue(p.gate.Annotations)
}

// stalled says why nothing can be done before somebody changes something.
func (p *pass) stalled(ctx context.Context, reason string, why error) (time.Duration, error) {
	before := apimeta.FindStatusCondition(p.gate.Status.Conditions, meta.StalledCondition)
	news := before == nil || before.Message != why.Error()
	p.answered()
	set(p.gate, meta.StalledCondition, metav1.ConditionTrue, cause{reason, why.Error()})
	set(p.gate, meta.ReadyCondition, metav1.ConditionFalse, cause{reason, why.Error()})
	apimeta.RemoveStatusCondition(&p.gate.Status.Conditions, meta.ReconcilingCondition)
	if news {
		p.tell(ctx, p.gate, warned(reason, why.Error()))
	}
	return after(p.gate, ""), p.save(ctx)
}

// waits says what is waited for.
func (p *pass) waits(ctx context.Context, why error) (time.Duration, error) {
	p.answered()
	apimeta.RemoveStatusCondition(&p.gate.Status.Conditions, meta.StalledCondition)
	set(p.gate, meta.ReconcilingCondition, metav1.ConditionTrue, cause{meta.ProgressingReason, why.Error()})
	set(p.gate, meta.ReadyCondition, metav1.ConditionFalse, cause{meta.DependencyNotReadyReason, why.Error()})
	return after(p.gate, ""), p.save(ctx)
}

// progressing says that a revision is being verified.
func (p *pass) progressing(ctx context.Context) error {
	apimeta.RemoveStatusCondition(&p.gate.Status.Conditions, meta.StalledCondition)
	set(p.gate, meta.ReconcilingCondition, metav1.ConditionTrue, cause{meta.ProgressingReason, "verifying " + p.candidate.artifact.Revision})
	if apimeta.FindStatusCondition(p.gate.Status.Conditions, meta.ReadyCondition) == nil {
		set(p.gate, meta.ReadyCondition, metav1.ConditionUnknown, cause{meta.ProgressingReason, "verifying " + p.candidate.artifact.Revision})
	}
	return p.save(ctx)
}

// settled writes down that the last verdict holds, if something else was said
// meanwhile.
func (p *pass) settled(ctx context.Context) error {
	conditions := p.gate.Status.Conditions
	verified := apimeta.FindStatusCondition(conditions, sourceVerified)
	if verified == nil || !apimeta.IsStatusConditionTrue(conditions, meta.ReconcilingCondition) && !apimeta.IsStatusConditionTrue(conditions, meta.StalledCondition) {
		return nil
	}
	p.ready(verified.Status, cause{verified.Reason, verified.Message})
	return p.save(ctx)
}

// ready sets all conditions to a verdict.
func (p *pass) ready(verdict metav1.ConditionStatus, because cause) {
	ready := metav1.ConditionFalse
	if verdict == metav1.ConditionTrue {
		ready = metav1.ConditionTrue
	}
	set(p.gate, sourceVerified, verdict, because)
	set(p.gate, meta.ReadyCondition, ready, because)
	apimeta.RemoveStatusCondition(&p.gate.Status.Conditions, meta.ReconcilingCondition)
	apimeta.RemoveStatusCondition(&p.gate.Status.Conditions, meta.StalledCondition)
}

// again reads the gate anew, to write over. The verdict is dropped where what
// it rests on is not what it was.
func (p *pass) again(ctx context.Context) error {
	gate := &v1alpha1.ImageGate{}
	err := p.reader.Get(ctx, client.ObjectKeyFromObject(p.gate), gate)
	if apierrors.IsNotFound(err) {
		return errChanged
	}
	if err != nil {
		return fmt.Errorf("read gate: %w", err)
	}
	if gate.UID != p.gate.UID || gate.Generation != p.gate.Generation || gate.DeletionTimestamp != nil {
		return errChanged
	}
	now, err := p.readCandidate(ctx, gate)
	if err != nil && !errors.Is(err, errWait) {
		return err
	}
	if err != nil || !p.candidate.same(now) {
		return errChanged
	}
	if _, inputs, err := p.readInputs(ctx, gate, now); err != nil || inputs != p.inputs {
		return errors.Join(err, errChanged)
	}
	// The request that was answered is the one that was there at the start.
	asked, _ := meta.ReconcileAnnotationValue(p.gate.Annotations)
	p.gate = gate
	p.gate.Status.LastHandledReconcileAt = asked
	return nil
}

// attempted writes down a verdict, and tells whether it is news.
func (p *pass) attempted(verdict policy.Verdict) bool {
	last := p.gate.Status.Attempted
	news := last == nil || last.Revision != p.candidate.artifact.Revision || last.Verdict != verdict.String()
	p.gate.Status.Attempted = &v1alpha1.Attempted{
		Revision: p.candidate.artifact.Revision, ArtifactDigest: p.candidate.artifact.Digest,
		Verdict: verdict.String(), VerifiedAt: metav1.Now(), Inputs: p.inputs,
	}
	return news
}

// denies keeps the target where it is, and says why.
func (p *pass) denies(ctx context.Context, r verify.Report) (time.Duration, error) {
	if err := p.again(ctx); err != nil {
		return 0, err
	}
	reason, verdict := ReasonUnknown, metav1.ConditionUnknown
	if r.Verdict == policy.Fail {
		reason, verdict = ReasonDenied, metav1.ConditionFalse
	}
	message := fmt.Sprintf("%s does not pass; %s\n%s", p.candidate.artifact.Revision, p.kept(),
		report.Condition(r, "it is tried again by itself"))
	news := p.attempted(r.Verdict)
	p.ready(verdict, cause{reason, message})
	if err := p.save(ctx); err != nil {
		return 0, err
	}
	if news {
		p.tell(ctx, p.gate, warned(reason, message).at(p.candidate))
	}
	return after(p.gate, r.Verdict.String()), nil
}

// kept says what stays deployed.
func (p *pass) kept() string {
	switch verified := p.gate.Status.Verified; {
	case verified == nil:
		return "nothing has passed yet, and nothing is deployed"
	case denied(p.gate) || verified.Revision == p.candidate.artifact.Revision:
		return "it passed before, and stays deployed"
	default:
		return verified.Revision + " stays deployed"
	}
}

// passes moves the target to the candidate's revision. It is recorded first: if
// the controller ends in between, the next one goes on from there.
func (p *pass) passes(ctx context.Context, r verify.Report, spec map[string]any) (time.Duration, error) {
	if err := p.again(ctx); err != nil {
		return 0, err
	}
	source, err := json.Marshal(spec)
	if err != nil {
		return 0, fmt.Errorf("write target: %w", err)
	}
	news := p.attempted(r.Verdict)
	p.gate.Status.Verified = &v1alpha1.Verified{
		Revision: p.candidate.artifact.Revision, ArtifactDigest: p.candidate.artifact.Digest,
		VerifiedAt: metav1.Now(), Source: apiextensionsv1.JSON{Raw: source},
	}
	message := fmt.Sprintf("%s passed with %d images", p.candidate.artifact.Revision, len(r.Images))
	set(p.gate, sourceVerified, metav1.ConditionTrue, cause{ReasonVerified, message})
	if err := p.save(ctx); err != nil {
		return 0, err
	}
	if p.target == nil || !held(p.gate, p.target, spec) {
		if p.target, err = p.move(ctx, p.gate, p.target, spec); err != nil {
			return 0, err
		}
		news = true
	}
	p.ready(metav1.ConditionTrue, cause{ReasonVerified, message})
	if err := p.save(ctx); err != nil {
		return 0, err
	}
	if news {
		p.tell(ctx, p.gate, told(ReasonVerified, message).at(p.candidate))
	}
	return after(p.gate, verdictPass), nil
}
