package argocd

import (
	"context"
	"io/fs"

	"github.com/syncgate/syncgate/render"
)

// The codes of problems.
const (
	// CodeUnknownField is a field that could change what is rendered and that
	// is not known here.
	CodeUnknownField = "unknown-field"
	// CodeField is a field that Argo CD would refuse.
	CodeField = "application-invalid"
	// CodeRepository is a source in a repository that is not at hand.
	CodeRepository = "repository-unavailable"
	// CodeRevision is a source at a revision that is not at hand.
	CodeRevision = "revision-unavailable"
	// CodeChart is a chart or an OCI artifact that is not at hand.
	CodeChart = "chart-unavailable"
	// CodePlugin is a source that a config management plugin renders.
	CodePlugin = "plugin-not-run"
	// CodeGenerator is a generator of an ApplicationSet whose parameters are
	// not in the repository.
	CodeGenerator = "generator-unknown"
	// CodeTemplate is an ApplicationSet that does not make Applications.
	CodeTemplate = "applicationset-invalid"
	// CodeNoApplications is an ApplicationSet that makes no Application.
	CodeNoApplications = "no-applications"
	// CodeVariable is a variable of the build environment whose value is not
	// known.
	CodeVariable = "variable-unknown"
	// CodeVersion is a version of a tool that is not the one used here.
	CodeVersion = "tool-version"
	// CodeOverride is an override file in the repository that applies.
	CodeOverride = "source-overridden"
	// CodePath is a path of a source that is not there.
	CodePath = "path-not-found"
	// CodeTooMany is what goes beyond a bound.
	CodeTooMany = "too-many-applications"
	// CodeDirectorySize is a directory that Argo CD refuses by default.
	CodeDirectorySize = "directory-too-large"
	// CodeFile is a file that cannot be read or evaluated.
	CodeFile = "file-unreadable"
)

// Fetcher fetches repositories of sources. It is what render/git.Fetcher is.
type Fetcher interface {
	// Fetch returns the files of a repository at a reference and the full id
	// of the commit that the reference stands for. An empty reference is the
	// default branch. It runs no command and stops when ctx ends.
	Fetch(ctx context.Context, repository, reference string) (files fs.FS, commit string, err error)
	// Tags returns the names of the tags of a repository.
	Tags(ctx context.Context, repository string) ([]string, error)
}

// ChartFetcher fetches charts of sources.
type ChartFetcher interface {
	// Chart returns the files of a chart, Chart.yaml at the root, and the
	// version that was chosen. The repository is the repoURL of the source,
	// an HTTP(S) URL or a registry with or without oci://. The version is one,
	// or a range of versions, or empty. It stops when ctx ends.
	Chart(ctx context.Context, repository, chart, version string) (files fs.FS, chosen string, err error)
	// Artifact returns the files of an OCI artifact, and the digest of its
	// manifest. The repository is an oci URL; the revision is a tag, a digest,
	// or a range of versions.
	Artifact(ctx context.Context, repository, revision string) (files fs.FS, digest string, err error)
}

// Options say what is known beside the tree. The zero value knows nothing.
type Options struct {
	// Renderers render what sources consist of: render.Kustomize and
	// render.Helm are used.
	Renderers map[render.SourceKind]render.Renderer
	// Self are the URLs of the tree's own repository, besides that of its
	// revision.
	Self []string
	// Branches are the branches that the tree stands for. Empty is any.
	Branches []string
	// Map holds checkouts of other repositories by URL. Whatever revision a
	// source names, it is rendered from the checkout.
	Map map[string]fs.FS
	// Fetcher fetches other repositories and revisions; nil fetches none.
	Fetcher Fetcher
	// Charts fetches charts; nil fetches none.
	Charts ChartFetcher
	// Clusters are those that Argo CD knows; nil is not known.
	Clusters []Cluster
	// Namespace is where Argo CD itself runs. Empty is the namespace of each
	// Application.
	Namespace string
	// KubeVersion and APIVersions are what charts see of the cluster where
	// the Application says nothing.
	KubeVersion string
	APIVersions []string
	// Kustomize says how kustomizations are built: AllowRemote and Load of a
	// render.Source.
	Kustomize KustomizeOptions
	// Plugin, where it is set, renders as a config management plugin does.
	Plugin *Plugin
}

// Plugin is what Argo CD does before it calls a config management plugin: the
// files of the source are at hand as the tree, and the override files of the
// repository are merged already.
type Plugin struct {
	// Environment are variables of the build environment besides Argo CD's own.
	Environment map[string]string
}

// KustomizeOptions are the build options of kustomizations, which Argo CD has
// in its own settings.
type KustomizeOptions struct {
	// AllowRemote lets kustomizations fetch remote bases, and charts the
	// charts that they depend on.
	AllowRemote bool
	// Load says which files they may load.
	Load render.LoadScope
}

// Deployer finds Applications and ApplicationSets among rendered objects and
// renders what they deploy. It is a render.Expander and the render.Renderer of
// sources of kind render.ArgoCD, which it makes.
type Deployer struct {
	options      Options
	repositories *repositories
}

var (
	_ render.Expander = (*Deployer)(nil)
	_ render.Renderer = (*Deployer)(nil)
)

// New returns a Deployer.
func New(options Options) *Deployer {
	return &Deployer{options: options, repositories: newRepositories(options)}
}
