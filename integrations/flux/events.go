package flux

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	eventv1 "github.com/fluxcd/pkg/apis/event/v1beta1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// reporter is who events are from.
const reporter = "syncgate"

// news is what an event tells.
type news struct {
	kind, severity, reason, message, revision string
}

func warned(reason, message string) news {
	return news{corev1.EventTypeWarning, eventv1.EventSeverityError, reason, message, ""}
}

func told(reason, message string) news {
	return news{corev1.EventTypeNormal, eventv1.EventSeverityInfo, reason, message, ""}
}

// at adds the revision that an event is about.
func (n news) at(c *candidate) news {
	n.revision = c.artifact.Revision
	return n
}

// tell makes an event on the candidate: alerts of notification-controller know
// the kinds of Flux alone.
func (r *reconciler) tell(ctx context.Context, gate *v1alpha1.ImageGate, n news) {
	u := newSource(gate.Spec.Candidate.Kind, types.NamespacedName{Namespace: gate.Namespace, Name: gate.Spec.Candidate.Name})
	if err := r.reader.Get(ctx, client.ObjectKeyFromObject(u), u); err != nil {
		u.SetUID("") // the event is about one that is not there
	}
	const noteBytes = 1024 // of the API of events
	r.recorder.Eventf(u, gate, n.kind, n.reason, "Verify", "%s", short(n.message, noteBytes))
	r.notify.post(ctx, corev1.ObjectReference{
		APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName(),
		UID: u.GetUID(), ResourceVersion: u.GetResourceVersion(),
	}, n)
}

// notifier posts events to notification-controller.
type notifier struct {
	address, instance string
	log               *slog.Logger
}

// post tells of an event. That it could not be told changes no verdict.
func (n notifier) post(ctx context.Context, about corev1.ObjectReference, what news) {
	if n.address == "" {
		return
	}
	event := eventv1.Event{
		InvolvedObject: about, Severity: what.severity, Timestamp: metav1.Time{Time: time.Now()},
		Message: short(what.message, bounds.MessageBytes), Reason: what.reason,
		ReportingController: reporter, ReportingInstance: n.instance,
	}
	if what.revision != "" {
		event.Metadata = map[string]string{sourceVersion.Group + "/" + eventv1.MetaRevisionKey: what.revision}
	}
	body, err := json.Marshal(event)
	if err != nil {
		n.log.Error("write event", "error", err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, bounds.EventTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.address, bytes.NewReader(body))
	if err != nil {
		n.log.Error("post event", "error", err)
		return
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		n.log.Error("post event", "error", err)
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, bounds.HandshakeBytes))
	// It answers 429 to what it has been told already.
	if response.StatusCode >= http.StatusBadRequest && response.StatusCode != http.StatusTooManyRequests {
		n.log.Error("post event", "status", response.Status)
	}
}
