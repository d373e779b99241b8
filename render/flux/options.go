package flux

import (
	"context"
	"io/fs"

	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/sops"
)

// ChartFetcher fetches charts that are not in the tree.
type ChartFetcher interface {
	// FetchChart returns the files of a chart; its Chart.yaml lies at the
	// root. Repository is an https or oci URL without the name of the chart.
	// Version is a version, a range of versions, a tag of the repository, or
	// a digest "sha256:..."; empty is the newest. It stops when ctx ends.
	FetchChart(ctx context.Context, repository, name, version string) (fs.FS, error)
}

// Fetcher fetches other Git repositories. It is what render/git.Fetcher is.
type Fetcher interface {
	kustomize.Fetcher
	// Tags returns the names of the tags of a repository.
	Tags(ctx context.Context, repository string) ([]string, error)
}

// Held is a source that is held at one revision while that is verified. Then no
// other source is taken for the tree, and what may change while the tree does
// not is unseen.
type Held struct {
	// Source names it, such as "GitRepository flux-system/apps". The tree is as
	// the source's controller made it: nothing of it is left to be ignored.
	Source string
	// TrustCharts takes what a chart renders to for what it will render to when
	// it is deployed. A chart can tell the one from the other: by the revision
	// of its release, the time, or what is in the cluster.
	TrustCharts bool
}

// Options say where sources that are not the tree come from.
type Options struct {
	// Held is the one source that the tree is the artifact of. Without it the
	// tree is as it is in a repository.
	Held Held
	// Self are the URLs of the repository that is rendered, in any of the
	// forms that Git takes.
	Self []string
	// Map holds checkouts of other repositories by URL.
	Map map[string]fs.FS
	// Fetcher fetches other Git repositories; nil fetches none.
	Fetcher Fetcher
	// Charts fetches charts; nil fetches none.
	Charts ChartFetcher
	// Dependencies fetches charts that charts of the tree depend on and do
	// not hold; nil fetches none.
	Dependencies helm.Fetcher
	// Files fetches single files that kustomizations name; nil fetches none.
	Files kustomize.FileFetcher
	// AllowRemote lets kustomizations fetch remote bases and resources.
	AllowRemote bool
	// Lenient makes variables that nothing defines empty, as controllers do
	// whose feature gate StrictPostBuildSubstitutions is off. Otherwise they
	// fail the build.
	Lenient bool
	// KubeVersion and APIVersions are what charts are told of the cluster.
	KubeVersion string
	APIVersions []string
	// SOPS are the keys that Secrets and other objects are decrypted with,
	// where their Kustomization asks for it.
	SOPS sops.Keys
}
