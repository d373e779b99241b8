package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/argocd"
	"github.com/syncgate/syncgate/render/charts"
	"github.com/syncgate/syncgate/render/flux"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/render/helm"
	"github.com/syncgate/syncgate/render/kustomize"
	"github.com/syncgate/syncgate/render/manifests"
)

// deployerFlags say what deployer objects refer to beside the tree.
type deployerFlags struct {
	sops     sopsFlag
	self     []string
	maps     []string
	clusters string
}

func (f *deployerFlags) register(cmd *cobra.Command) {
	f.sops.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&f.self, "self", nil, "URL by which Applications and GitRepositories name this repository (repeatable); its remotes are known")
	flags.StringArrayVar(&f.maps, "map", nil, "REPO=DIR: a checkout of another repository that they name (repeatable)")
	flags.StringVar(&f.clusters, "clusters", "", "YAML file of the clusters that Argo CD knows, for ApplicationSets")
}

// checkouts opens the directories of --map.
func (f *deployerFlags) checkouts() (map[string]fs.FS, error) {
	checkouts := map[string]fs.FS{}
	for _, given := range f.maps {
		i := strings.LastIndex(given, "=")
		if i < 1 || i == len(given)-1 {
			return nil, fmt.Errorf("read --map %s: want REPO=DIR", given)
		}
		root, err := os.OpenRoot(given[i+1:])
		if err != nil {
			return nil, fmt.Errorf("read --map %s: %w", given, err)
		}
		checkouts[given[:i]] = root.FS()
	}
	return checkouts, nil
}

func (f *deployerFlags) knownClusters() ([]argocd.Cluster, error) {
	if f.clusters == "" {
		return nil, nil
	}
	data, err := os.ReadFile(f.clusters)
	if err != nil {
		return nil, fmt.Errorf("read --clusters: %w", err)
	}
	clusters, err := argocd.LoadClusters(data)
	if err != nil {
		return nil, fmt.Errorf("read --clusters %s: %w", f.clusters, err)
	}
	return clusters, nil
}

// engine is what renders, and what finds more to render.
func (f *sourceFlags) engine() (render.Engine, error) {
	checkouts, err := f.deployers.checkouts()
	if err != nil {
		return render.Engine{}, err
	}
	clusters, err := f.deployers.knownClusters()
	if err != nil {
		return render.Engine{}, err
	}
	self := append(git.Remotes(f.source), f.deployers.self...)
	return f.engineOf(
		argocd.Options{Self: self, Map: checkouts, Clusters: clusters, Charts: f.charts()},
		flux.Options{Self: self, Map: checkouts},
	)
}

// engineOf is the engine that the options begin. Where they name the one source
// that is deployed from, charts of one version are all that is fetched besides:
// anything else may change while that source does not.
func (f *sourceFlags) engineOf(argoOptions argocd.Options, fluxOptions flux.Options) (render.Engine, error) {
	keys, err := f.deployers.sops.keys()
	if err != nil {
		return render.Engine{}, err
	}
	remote := f.allowRemote && !f.offline && fluxOptions.Held.Source == ""
	fetcher := f.charts()
	dir, _ := f.cache.of("git")
	repositories := git.Fetcher{Offline: f.offline, CacheDir: dir}
	renderers := map[render.SourceKind]render.Renderer{
		render.Kustomize: kustomize.New(repositories).WithFiles(fetcher),
		render.Helm:      helm.Renderer{Charts: fetcher},
		render.Manifests: manifests.New(),
	}
	argoOptions.Renderers, argoOptions.Kustomize = renderers, argocd.KustomizeOptions{AllowRemote: remote}
	argoOptions.KubeVersion, argoOptions.APIVersions = f.helm.KubeVersion, f.helm.APIVersions
	fluxOptions.KubeVersion = cmp.Or(fluxOptions.KubeVersion, f.helm.KubeVersion)
	fluxOptions.APIVersions = append(fluxOptions.APIVersions, f.helm.APIVersions...)
	fluxOptions.AllowRemote, fluxOptions.SOPS = remote, keys
	fluxOptions.Charts, fluxOptions.Dependencies, fluxOptions.Files = fetcher, fetcher, fetcher
	if remote {
		argoOptions.Fetcher, fluxOptions.Fetcher = repositories, repositories
	}
	argo := argocd.New(argoOptions)
	all := map[render.SourceKind]render.Renderer{render.ArgoCD: argo, render.Flux: flux.NewRenderer(fluxOptions)}
	for kind, renderer := range renderers {
		all[kind] = renderer
	}
	return render.Engine{Renderers: all, Expanders: []render.Expander{argo, flux.NewExpander(fluxOptions)}}, nil
}

// charts returns what fetches charts. Without leave to fetch it has those
// that are cached, by digest.
func (f *sourceFlags) charts() *charts.Fetcher {
	dir, _ := f.cache.of("charts") // without one nothing is kept
	options := charts.Options{PlainHTTP: f.plainHTTP, CacheDir: dir, Version: version()}
	if f.offline || !f.allowRemote {
		options.Network = charts.Offline
	}
	return charts.New(options)
}
