package flux

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/verify"
)

// VerifiedAnnotation says of a Kustomization which revision a Job verified.
const VerifiedAnnotation = v1alpha1.Group + "/verified-revision"

// Job verifies once what the cluster deploys of a source now.
type Job struct {
	Judge Judge
	// Kubeconfig is how the API server is reached from outside of the cluster.
	Kubeconfig string
	// Source is KIND/NAMESPACE/NAME of the source.
	Source string
	// Mark is NAMESPACE/NAME of the Kustomization that is annotated with the
	// revision after a pass; empty is none.
	Mark string
}

// Check tells what is wrong with how it is named what to verify.
func (j Job) Check() error {
	parts := strings.Split(j.Source, "/")
	switch {
	case len(parts) != 3 || known[parts[0]] == nil:
		return fmt.Errorf("read --source %q: want GitRepository/NAMESPACE/NAME or OCIRepository/NAMESPACE/NAME", j.Source)
	case j.Mark != "" && strings.Count(j.Mark, "/") != 1:
		return fmt.Errorf("read --mark %q: want NAMESPACE/NAME", j.Mark)
	}
	return nil
}

// Run returns the report, and the revision that it is about.
func (j Job) Run(ctx context.Context) (verify.Report, string, error) {
	none := verify.Report{}
	if err := j.Check(); err != nil {
		return none, "", err
	}
	parts := strings.Split(j.Source, "/")
	config, err := restConfig(j.Kubeconfig)
	if err != nil {
		return none, "", fmt.Errorf("find API server: %w", err)
	}
	api, err := client.New(config, client.Options{Scheme: runtime.NewScheme()})
	if err != nil {
		return none, "", fmt.Errorf("reach API server: %w", err)
	}
	cluster, err := clusterOf(config)
	if err != nil {
		return none, "", fmt.Errorf("reach API server: %w", err)
	}
	// It is a gate whose candidate is deployed already.
	gate := &v1alpha1.ImageGate{}
	gate.Namespace = parts[1]
	gate.Spec = v1alpha1.ImageGateSpec{Candidate: v1alpha1.SourceReference{Kind: parts[0], Name: parts[2]}, Target: parts[2]}
	p := &pass{reconciler: &reconciler{reader: api, judge: j.Judge, cluster: cluster}, gate: gate}
	if p.candidate, err = p.readCandidate(ctx, gate); err != nil {
		return none, "", err
	}
	revision := p.candidate.artifact.Revision
	if _, err := p.candidate.target(); err != nil {
		return none, revision, err
	}
	if err := p.look(ctx); err != nil {
		return none, revision, err
	}
	report := p.verify(ctx)
	if j.Mark == "" || report.Verdict.String() != verdictPass {
		return report, revision, ctx.Err()
	}
	namespace, name, _ := strings.Cut(j.Mark, "/")
	return report, revision, annotate(ctx, api, types.NamespacedName{Namespace: namespace, Name: name}, revision)
}

// annotate writes the revision that passed onto a Kustomization.
func annotate(ctx context.Context, api client.Client, key types.NamespacedName, revision string) error {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(deployerKinds()[0])
	u.SetNamespace(key.Namespace)
	u.SetName(key.Name)
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{VerifiedAnnotation: revision}}})
	if err == nil {
		err = api.Patch(ctx, u, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(fieldManager))
	}
	if err != nil {
		return fmt.Errorf("mark Kustomization %s: %w", key, err)
	}
	return nil
}
