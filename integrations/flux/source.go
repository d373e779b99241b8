package flux

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// The kinds of sources that can be gated.
const (
	gitRepository = "GitRepository"
	ociRepository = "OCIRepository"
)

var sourceVersion = schema.GroupVersion{Group: "source.toolkit.fluxcd.io", Version: "v1"}

// known are the fields of sources whose meaning is known. Another one could
// bring in what is not of the revision, as include does.
var known = map[string][]string{
	gitRepository: {
		"url", "secretRef", "provider", "serviceAccountName", "interval", "timeout", "ref", "verify",
		"proxySecretRef", "ignore", "suspend", "recurseSubmodules", "sparseCheckout",
	},
	ociRepository: {
		"url", "secretRef", "provider", "serviceAccountName", "interval", "timeout", "ref", "verify",
		"proxySecretRef", "ignore", "suspend", "layerSelector", "certSecretRef", "insecure",
	},
}

// errWait is why a candidate is not looked at yet.
var errWait = errors.New("wait for the source")

// candidate is a source with the artifact that its controller made of it.
type candidate struct {
	kind, namespace, name string
	uid                   types.UID
	generation            int64
	spec                  map[string]any
	artifact              artifactStatus
	// commit is the commit of a GitRepository, or the digest of an
	// OCIRepository.
	commit string
}

type artifactStatus struct {
	URL      string `json:"url"`
	Revision string `json:"revision"`
	Digest   string `json:"digest"`
}

// newSource returns an empty object of a kind of sources.
func newSource(kind string, key types.NamespacedName) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(sourceVersion.WithKind(kind))
	u.SetNamespace(key.Namespace)
	u.SetName(key.Name)
	return u
}

// readCandidate returns what a source holds now. It is an errWait where that is
// not known, or is of another generation of the source.
func readCandidate(u *unstructured.Unstructured) (*candidate, error) {
	var object struct {
		Spec   map[string]any `json:"spec"`
		Status struct {
			ObservedGeneration int64              `json:"observedGeneration"`
			Conditions         []metav1.Condition `json:"conditions"`
			Artifact           *artifactStatus    `json:"artifact"`
		} `json:"status"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &object); err != nil {
		return nil, fmt.Errorf("read %s: %w", describe(u), err)
	}
	c := &candidate{kind: u.GetKind(), namespace: u.GetNamespace(), name: u.GetName(), uid: u.GetUID(), generation: u.GetGeneration(), spec: object.Spec}
	ready := "it has no condition Ready"
	for _, condition := range object.Status.Conditions {
		if condition.Type != meta.ReadyCondition {
			continue
		}
		if ready = ""; condition.Status != metav1.ConditionTrue {
			ready = "it is not ready: " + condition.Message
		}
	}
	switch {
	case u.GetDeletionTimestamp() != nil:
		ready = "it is being deleted"
	case object.Status.ObservedGeneration != c.generation:
		ready = "its controller has not seen its newest generation"
	case ready == "" && object.Status.Artifact == nil:
		ready = "it has no artifact"
	}
	if ready != "" {
		return nil, fmt.Errorf("%w %s: %s", errWait, describe(u), ready)
	}
	c.artifact = *object.Status.Artifact
	var err error
	c.commit, err = commitOf(c.kind, c.artifact.Revision)
	return c, err
}

func describe(u *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s/%s", u.GetKind(), u.GetNamespace(), u.GetName())
}

var (
	gitRevision = regexp.MustCompile(`\A(?:[^\s\p{C}]+@)?(?:sha1:([0-9a-f]{40})|sha256:([0-9a-f]{64}))\z`)
	ociRevision = regexp.MustCompile(`\A(?:[^\s@\p{C}]+@)?(sha256:[0-9a-f]{64})\z`)
)

// commitOf returns the commit or the digest of a revision.
func commitOf(kind, revision string) (string, error) {
	form := gitRevision
	if kind == ociRepository {
		form = ociRevision
	}
	match := form.FindStringSubmatch(revision)
	if match == nil {
		return "", fmt.Errorf("read revision %q of the artifact: it names no commit or digest", revision)
	}
	return strings.Join(match[1:], ""), nil
}

// target returns the spec of the target that holds the commit of a candidate.
// It is that of the candidate, but for what would move.
func (c *candidate) target() (map[string]any, error) {
	spec := runtime.DeepCopyJSON(c.spec)
	for field := range spec {
		if !slices.Contains(known[c.kind], field) {
			return nil, fmt.Errorf("use %s %s/%s as a candidate: its field spec.%s is not known to hold still with the revision; take it out", c.kind, c.namespace, c.name, field)
		}
	}
	delete(spec, "suspend")
	// The tag is gone from the reference. That its signature held was a
	// condition of the candidate's artifact.
	if mode, _, _ := unstructured.NestedString(spec, "verify", "mode"); strings.Contains(mode, "Tag") {
		delete(spec, "verify")
	}
	field := "commit"
	if c.kind == ociRepository {
		field = "digest"
	}
	// Nothing but the commit: what else could stand there would be followed
	// if the commit went missing.
	spec["ref"] = map[string]any{field: c.commit}
	return spec, nil
}

// url is the address of the repository, without credentials.
func (c *candidate) url() string {
	address, _ := c.spec["url"].(string)
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// same tells whether a candidate is still what it was.
func (c *candidate) same(other *candidate) bool {
	return other != nil && c.uid == other.uid && c.generation == other.generation && c.artifact.Revision == other.artifact.Revision && c.artifact.Digest == other.artifact.Digest
}

// equalJSON tells whether two values are the same to the API server.
func equalJSON(a, b any) bool {
	left, err := json.Marshal(a)
	if err != nil {
		return false
	}
	right, err := json.Marshal(b)
	return err == nil && string(left) == string(right)
}
