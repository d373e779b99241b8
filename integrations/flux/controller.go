package flux

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
)

// Options say how the controller runs.
type Options struct {
	// Judge verifies revisions.
	Judge Judge
	// Files are what policy and trust are read from: a change of them makes
	// every gate verify anew.
	Files Files
	// Kubeconfig is how the API server is reached from outside of the cluster.
	Kubeconfig string
	// Namespace is that of the lease by which one of several is the leader.
	Namespace string
	// Metrics and Health are the addresses that are listened at; "0" is none.
	Metrics, Health string
	// Events is the address of notification-controller; empty is none.
	Events string
	// Concurrent is the number of gates that are verified at once.
	Concurrent int
	// Lease is how long a leader that is gone is waited for.
	Lease time.Duration
	// Poll is how often the files are looked at.
	Poll time.Duration
	// Log is told what happens.
	Log *slog.Logger
}

// Run runs the controller until ctx ends.
func Run(ctx context.Context, options Options) error {
	config, err := restConfig(options.Kubeconfig)
	if err != nil {
		return fmt.Errorf("find API server: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("make API known: %w", err)
	}
	ctrl.SetLogger(logr.FromSlogHandler(options.Log.Handler()))
	// A leader gives up before another one takes over.
	lease, renew, retry := options.Lease, options.Lease*2/3, options.Lease/5
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		Metrics:                       metricsserver.Options{BindAddress: options.Metrics},
		HealthProbeBindAddress:        options.Health,
		LeaderElection:                true,
		LeaderElectionID:              "syncgate." + v1alpha1.Group,
		LeaderElectionNamespace:       options.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease, RenewDeadline: &renew, RetryPeriod: &retry,
	})
	if err != nil {
		return fmt.Errorf("make controller: %w", err)
	}
	if err := probes(manager); err != nil {
		return fmt.Errorf("make probes: %w", err)
	}
	cluster, err := clusterOf(config)
	if err != nil {
		return fmt.Errorf("make controller: %w", err)
	}
	host, _ := os.Hostname()
	r := &reconciler{
		reader: manager.GetAPIReader(), writer: manager.GetClient(), judge: options.Judge, cluster: cluster, files: options.Files,
		recorder: manager.GetEventRecorder(reporter), metrics: newMetrics(ctrlmetrics.Registry),
		notify: notifier{address: options.Events, instance: host, log: options.Log},
	}
	if err := r.watch(manager, options); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	if err := manager.Start(ctx); err != nil {
		return fmt.Errorf("run controller: %w", err)
	}
	return nil
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		return rest.InClusterConfig()
	}
	return clientcmd.BuildConfigFromFlags("", kubeconfig)
}

// probes answer for a controller that is alive, and for one that has read what
// it watches.
func probes(manager ctrl.Manager) error {
	if err := manager.AddHealthzCheck("alive", healthz.Ping); err != nil {
		return err
	}
	return manager.AddReadyzCheck("synced", func(request *http.Request) error {
		if manager.GetCache().WaitForCacheSync(request.Context()) {
			return nil
		}
		return fmt.Errorf("what is watched is not read yet")
	})
}
