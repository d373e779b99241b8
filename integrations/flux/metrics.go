package flux

import (
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/prometheus/client_golang/prometheus"
	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/policy"
)

// metrics are what the controller counts.
type metrics struct {
	verdicts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	state    *prometheus.GaugeVec
	restored prometheus.Counter
}

// newMetrics makes them, and makes them known.
func newMetrics(registry prometheus.Registerer) *metrics {
	gate := []string{"namespace", "name"}
	m := &metrics{
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "syncgate_gate_verdicts_total", Help: "Verdicts of revisions, by gate and verdict.",
		}, append(gate, "verdict")),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "syncgate_gate_verification_seconds", Help: "How long verifying a revision takes.",
			Buckets: []float64{.5, 1, 2, 5, 10, 30, 60, 120, 300, 600},
		}, gate),
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "syncgate_gate_ready", Help: "Whether the newest revision of a gate passed and is deployed.",
		}, gate),
		restored: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "syncgate_gate_targets_restored_total", Help: "How often somebody else's change of a target was undone.",
		}),
	}
	registry.MustRegister(m.verdicts, m.duration, m.state, m.restored)
	return m
}

func (m *metrics) verified(gate *v1alpha1.ImageGate, verdict policy.Verdict, took time.Duration) {
	m.verdicts.WithLabelValues(gate.Namespace, gate.Name, verdict.String()).Inc()
	m.duration.WithLabelValues(gate.Namespace, gate.Name).Observe(took.Seconds())
}

func (m *metrics) ready(gate *v1alpha1.ImageGate) {
	value := 0.0
	if apimeta.IsStatusConditionTrue(gate.Status.Conditions, meta.ReadyCondition) {
		value = 1
	}
	m.state.WithLabelValues(gate.Namespace, gate.Name).Set(value)
}

// forget drops what is known of a gate that is no more.
func (m *metrics) forget(gate *v1alpha1.ImageGate) {
	m.state.DeleteLabelValues(gate.Namespace, gate.Name)
}
