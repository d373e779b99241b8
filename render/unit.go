package render

import "context"

// SourceKind says how a source is rendered.
type SourceKind string

// The kinds of sources.
const (
	// Kustomize is a directory with a kustomization file.
	Kustomize SourceKind = "kustomize"
	// Helm is a directory with a Chart.yaml.
	Helm SourceKind = "helm"
	// Manifests is a directory of plain YAML and JSON.
	Manifests SourceKind = "manifests"
	// ArgoCD is a source of an Argo CD Application.
	ArgoCD SourceKind = "argocd"
	// Flux is what a Flux Kustomization or HelmRelease deploys.
	Flux SourceKind = "flux"
)

// Source is a directory of a revision and how to render it.
type Source struct {
	// Kind chooses the renderer.
	Kind SourceKind
	// Path is the slash-separated directory, "." for the root.
	Path string
	// Files are the names in Path that a Manifests source reads; empty is
	// every one. Discovery names them where other units read the rest.
	Files []string
	// Helm holds what helm template would be told.
	Helm HelmOptions
	// AllowRemote lets kustomizations fetch remote bases and resources, and
	// charts the charts that they depend on.
	AllowRemote bool
	// Load says which files kustomizations may load.
	Load LoadScope
	// Spec is what the deployer object says of the source, for the renderer
	// of an ArgoCD or Flux source, which made it. It is nil for all others.
	Spec any
}

// LoadScope says which files of the tree a kustomization may load. Bases may
// be anywhere in the tree, and nothing outside of it is ever loaded.
type LoadScope uint8

// The load scopes.
const (
	// LoadRoot is the directory of the kustomization and below, as kustomize
	// build and Argo CD have it.
	LoadRoot LoadScope = iota
	// LoadTree is the whole tree, as Flux has it.
	LoadTree
)

// HelmOptions are the inputs of a chart, as helm template takes them.
type HelmOptions struct {
	// ReleaseName is the release's name; empty is "release-name", as helm
	// template has it.
	ReleaseName string
	// Namespace is the release's namespace; empty is "default".
	Namespace string
	// ValueFiles are slash-separated paths from the root of the repository,
	// later ones win.
	ValueFiles []string
	// Set are assignments in the syntax of --set; they win over files.
	Set []string
	// SetString are assignments in the syntax of --set-string; they win over
	// Set.
	SetString []string
	// SetFile are assignments in the syntax of --set-file, whose values are
	// the contents of files, named from the root of the repository; they win
	// over SetString.
	SetFile []string
	// KubeVersion is the cluster version; empty is Helm's own default.
	KubeVersion string
	// APIVersions are API versions that the cluster has besides Helm's
	// default set.
	APIVersions []string
	// Skip is what is left out.
	Skip HelmSkip
}

// HelmSkip is a set of what a render of a chart leaves out, joined by |.
type HelmSkip uint8

// What a render of a chart may leave out.
const (
	// SkipCRDs leaves out the files of crds/.
	SkipCRDs HelmSkip = 1 << iota
	// SkipTests leaves out hooks of the event test.
	SkipTests
	// SkipHooks leaves out all hooks, tests too.
	SkipHooks
	// SkipSchema does not hold values to the schemas of charts.
	SkipSchema
)

// Has tells whether all of what is asked for is left out.
func (s HelmSkip) Has(what HelmSkip) bool { return s&what == what }

// Unit is what one deployer object deploys, or a bare directory.
type Unit struct {
	// Name is unique in a report: the directory of a bare directory.
	Name string
	// Sources are rendered in order. A bare directory has one.
	Sources []Source
	// Namespace is where objects go that name no namespace.
	Namespace string
	// Deployer is the object that deploys the unit, such as an Application.
	// It is the zero value for a bare directory.
	Deployer ObjectID
	// Origin is where Deployer was written.
	Origin Origin
	// Named tells that the user named the directory. It is then rendered by
	// itself, whatever deployer object deploys it too.
	Named bool
}

// Expander finds what deployer objects deploy: Applications and
// ApplicationSets of Argo CD, Kustomizations and HelmReleases of Flux.
//
// Expand is given everything that is rendered so far and returns the units
// that its deployer objects stand for. It is called again after those are
// rendered, for as long as it returns units of names that are new, so it must
// return the same unit for the same object each time. A deployer object that
// it cannot turn into a unit is an Unseen problem that names the object and
// the field.
type Expander interface {
	Expand(ctx context.Context, tree Tree, rendering Rendering) ([]Unit, []Problem)
}

// Renderer turns a source into objects.
//
// Render reads only tree and, where the source allows it, the network. It
// runs no command and shows no environment to templates. It must not panic
// and stops when ctx ends. Objects are in the order in which the deployer's
// own tool prints them.
//
// The error holds one *Problem for each thing that is wrong or worth a
// Notice, joined by Join and taken apart by Problems. Objects that could be
// rendered are returned beside it, so that one broken file does not hide what
// the others deploy; they are only complete where no problem is Broken or
// Unseen.
type Renderer interface {
	Render(ctx context.Context, tree Tree, source Source) ([]Object, error)
}
