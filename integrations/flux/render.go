package flux

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/integrations/flux/v1alpha1"
	"github.com/syncgate/syncgate/render"
)

// The codes of what a gate finds.
const (
	// CodeGateInRevision is a revision that deploys what gates it.
	CodeGateInRevision = "gate-in-revision"
	// CodeDeployerMissing is a Kustomization that is not in the cluster.
	CodeDeployerMissing = "deployer-missing"
)

// Candidate is a revision that is to be verified.
type Candidate struct {
	// Kind, Namespace and Target are those of the source that the revision
	// will be deployed from.
	Kind, Namespace, Target string
	// Revision is what the candidate source holds.
	Revision render.Revision
	// Files are the artifact.
	Files fs.FS
	// Deployers are the objects of the cluster that deploy from the target.
	Deployers []render.Object
	// Kustomizations must be among them.
	Kustomizations []string
	// Paths are directories of the artifact that are verified besides.
	Paths []string
	// Cluster is what charts are told of the cluster.
	Cluster Cluster
}

// Cluster is what a cluster is.
type Cluster struct {
	// Version is that of its API server, and APIs are the API versions that it
	// has, and those with the kinds in them.
	Version string
	APIs    []string
}

// Source is what Flux calls the source that is deployed from.
func (c Candidate) Source() string { return c.Kind + " " + c.Namespace + "/" + c.Target }

// clusterKind is the kind of the source that holds the objects of the cluster.
const clusterKind render.SourceKind = "cluster"

// inCluster renders objects that are in the cluster already.
type inCluster struct{}

// Render implements render.Renderer.
func (inCluster) Render(_ context.Context, _ render.Tree, source render.Source) ([]render.Object, error) {
	objects, _ := source.Spec.([]render.Object)
	return objects, nil
}

// Render renders what Flux would deploy of a candidate: what the objects of the
// cluster deploy that deploy from the target, what those deploy in turn, and
// the paths that are named besides.
func (c Candidate) Render(ctx context.Context, engine render.Engine) render.Rendering {
	// The tree has no repository: no other source is to be taken for it.
	tree := render.Tree{FS: c.Files, Revision: render.Revision{Commit: c.Revision.Commit}}
	var units []render.Unit
	var problems []render.Problem
	if len(c.Deployers) > 0 {
		units = append(units, render.Unit{
			Name: "cluster", Named: true, Sources: []render.Source{{Kind: clusterKind, Path: ".", Spec: c.Deployers}},
		})
	}
	if len(c.Paths) > 0 {
		var found []render.Unit
		found, problems = render.Discover(ctx, tree, render.DiscoverOptions{
			Paths: c.Paths, Helm: render.HelmOptions{KubeVersion: c.Cluster.Version, APIVersions: c.Cluster.APIs},
		})
		units = append(units, found...)
	}
	renderers := map[render.SourceKind]render.Renderer{clusterKind: inCluster{}}
	for kind, renderer := range engine.Renderers {
		renderers[kind] = renderer
	}
	rendering := render.RenderAll(ctx, tree, units, render.Engine{Renderers: renderers, Expanders: engine.Expanders})
	c.forgive(&rendering)
	rendering.Problems = append(rendering.Problems, problems...)
	rendering.Problems = append(rendering.Problems, c.missing()...)
	rendering.Problems = append(rendering.Problems, c.gates(rendering)...)
	return rendering
}

// forgive makes notices of paths that only objects of the cluster name which
// the gate does not: those a revision may be about to move or take away. Flux
// deploys nothing from a path that is not there.
func (c Candidate) forgive(rendering *render.Rendering) {
	here, deployed := map[string]bool{}, 0
	for _, unit := range rendering.Units {
		if unit.Deployer != (render.ObjectID{}) {
			here[unit.Name] = unit.Origin.File == "" && !c.names(unit.Deployer)
		}
		if unit.Name != "cluster" {
			deployed += unit.Objects
		}
	}
	forgiven := false
	for i, p := range rendering.Problems {
		if here[p.Unit] && p.Code == render.CodePathNotFound && p.Severity == render.Broken {
			rendering.Problems[i].Severity, forgiven = render.Notice, true
		}
	}
	if forgiven && deployed == 0 {
		rendering.Problems = append(rendering.Problems, render.Problem{
			Code: render.CodeNoObjects, Message: "nothing that deploys from " + c.Source() + " has its path in this revision",
			Hint: "correct the paths of the Kustomizations",
		})
	}
}

// names tells whether the gate names a Kustomization.
func (c Candidate) names(id render.ObjectID) bool {
	for _, name := range c.Kustomizations {
		if id.Kind == "Kustomization" && id.Namespace == c.Namespace && id.Name == name {
			return true
		}
	}
	return false
}

// missing finds the Kustomizations that must be there and are not.
func (c Candidate) missing() []render.Problem {
	var problems []render.Problem
	for _, name := range c.Kustomizations {
		found := false
		for _, object := range c.Deployers {
			found = found || object.ID.Kind == "Kustomization" && object.ID.Namespace == c.Namespace && object.ID.Name == name
		}
		if !found {
			problems = append(problems, render.Problem{
				Code: CodeDeployerMissing, Retryable: true,
				Message: fmt.Sprintf("Kustomization %s/%s, which the gate names, is not in the cluster or does not deploy from %s", c.Namespace, name, c.Source()),
				Hint:    "create it, or take it out of spec.kustomizations",
			})
		}
	}
	return problems
}

// written is the identity of an object as it is applied: what is decrypted may
// have another one than it had before.
func written(object render.Object) render.ObjectID {
	metadata := render.Child(object.Node, "metadata")
	return render.ObjectID{
		APIVersion: text(object.Node, "apiVersion"), Kind: text(object.Node, "kind"),
		Namespace: text(metadata, "namespace"), Name: text(metadata, "name"),
	}
}

func text(node *yaml.Node, key string) string {
	if child := render.Child(node, key); child != nil {
		return child.Value
	}
	return ""
}

// gates finds what would take the gate out of the way: the target, which only
// the controller may write, and gates. Who writes the repository must not
// choose how it is judged.
func (c Candidate) gates(rendering render.Rendering) []render.Problem {
	var problems []render.Problem
	for unit, objects := range rendering.ByUnit() {
		for _, object := range objects {
			id := written(object)
			group, _, _ := strings.Cut(id.APIVersion, "/")
			namespace := id.Namespace
			if namespace == "" {
				namespace = unit.Namespace
			}
			target := group == sourceVersion.Group && id.Kind == c.Kind && id.Name == c.Target && (namespace == c.Namespace || namespace == "")
			if !target && group != v1alpha1.Group {
				continue
			}
			problems = append(problems, render.Problem{
				Code: CodeGateInRevision, Severity: render.Broken, Unit: unit.Name, Object: object.ID, Origin: object.Origin,
				Message: fmt.Sprintf("%s %s is deployed by the revision that it gates", object.ID.Kind, path.Join(namespace, object.ID.Name)),
				Hint:    "take it out of the repository: apply gates by hand, or from a repository of their own, and leave the target to the controller",
			})
		}
	}
	return problems
}
