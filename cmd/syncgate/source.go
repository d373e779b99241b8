package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncgate/syncgate/render"
	"github.com/syncgate/syncgate/render/git"
	"github.com/syncgate/syncgate/verify/registry"
)

// sourceFlags say what to render and how.
type sourceFlags struct {
	source      string
	revision    string
	paths       []string
	namespace   string
	allowRemote bool
	offline     bool
	plainHTTP   []string
	helm        render.HelmOptions
	deployers   deployerFlags
	cache       *cacheFlags
}

func (f *sourceFlags) register(cmd *cobra.Command) {
	f.deployers.register(cmd)
	f.cache = &cacheFlags{}
	f.cache.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.revision, "revision", "", "branch, tag or commit; without it HEAD of a URL, or the files of a directory as they are")
	flags.StringArrayVar(&f.paths, "path", nil, "only this directory of the repository (repeatable); without it all that can be found")
	flags.StringVar(&f.namespace, "namespace", "", "namespace of objects that name none, and of Helm releases")
	flags.BoolVar(&f.allowRemote, "allow-remote", false, "fetch remote bases, charts, and repositories that Applications and Flux sources name")
	flags.BoolVar(&f.offline, "offline", false, "no network but the registry; what would need it is unknown")
	flags.StringArrayVar(&f.plainHTTP, "plain-http", nil, "registry or chart repository that is reached over HTTP (repeatable); loopback is by default")
	flags.StringVar(&f.helm.ReleaseName, "release-name", "", `name of Helm releases (default "release-name", as helm template has it)`)
	flags.StringArrayVarP(&f.helm.ValueFiles, "values", "f", nil, "values file, from the root of the repository, for every Helm chart (repeatable)")
	flags.StringArrayVar(&f.helm.Set, "set", nil, "value for every Helm chart: key=value (repeatable)")
	flags.StringVar(&f.helm.KubeVersion, "kube-version", "", "Kubernetes version that Helm charts see")
	flags.StringSliceVar(&f.helm.APIVersions, "api-versions", nil, "API versions that Helm charts see besides the default ones")
}

// oneSource takes at most one argument.
func oneSource(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s: want one SOURCE, got %d: %s; flags may follow it, directories of it are --path", cmd.Name(), len(args), strings.Join(args, " "))
	}
	return nil
}

// argument takes the one positional argument that there may be.
func (f *sourceFlags) argument(args []string) {
	f.source = "."
	if len(args) > 0 {
		f.source = args[0]
	}
}

func (f *sourceFlags) open(ctx context.Context) (render.Tree, error) {
	if err := f.cache.usable(); err != nil {
		return render.Tree{}, err
	}
	dir, _ := f.cache.of("git") // only the revision of a URL needs it, and says so
	tree, err := git.Open(ctx, git.Options{Source: f.source, Revision: f.revision, Offline: f.offline, CacheDir: dir})
	tree.Problems = render.Within(tree.Problems, f.paths)
	return tree, err
}

// registry asks registries.
func (f *sourceFlags) registry() *registry.Client {
	return registry.New(registry.Options{PlainHTTP: f.plainHTTP, Version: version(), Cache: f.cache.registry()})
}

// render renders everything that the flags ask for. Its problems hold those
// of the tree.
func (f *sourceFlags) render(ctx context.Context, tree render.Tree) (render.Rendering, error) {
	side, problems, err := f.discover(ctx, tree)
	if err != nil {
		return render.Rendering{}, err
	}
	if err := f.mistaken(tree, problems); err != nil {
		return render.Rendering{}, err
	}
	rendering, err := f.renderUnits(ctx, side)
	rendering.Problems = render.Merge(tree.Problems, problems, rendering.Problems)
	return rendering, err
}

// discover finds the units of a tree.
func (f *sourceFlags) discover(ctx context.Context, tree render.Tree) (render.Side, []render.Problem, error) {
	options := f.helm
	options.Namespace = f.namespace
	units, problems := render.Discover(ctx, tree, render.DiscoverOptions{
		Paths: f.paths, Namespace: f.namespace, Helm: options, AllowRemote: f.allowRemote && !f.offline,
	})
	if err := ctx.Err(); err != nil {
		return render.Side{}, nil, fmt.Errorf("render %s: %w", f.source, err)
	}
	return render.Side{Tree: tree, Units: units}, problems, nil
}

// renderUnits renders units, and all that their objects deploy.
func (f *sourceFlags) renderUnits(ctx context.Context, side render.Side) (render.Rendering, error) {
	engine, err := f.engine()
	if err != nil {
		return render.Rendering{}, err
	}
	return render.RenderAll(ctx, side.Tree, side.Units, engine), nil
}

// mistaken finds what the caller got wrong: that is an error of the command,
// and says nothing of the repository.
func (f *sourceFlags) mistaken(tree render.Tree, problems []render.Problem) error {
	for _, p := range problems {
		if p.Code == render.CodePathNotFound || p.Code == render.CodePathNotDirectory {
			return fmt.Errorf("read --path: %s; %s", p.Message, p.Hint)
		}
	}
	for _, name := range f.helm.ValueFiles {
		if _, err := fs.Stat(tree.FS, path.Clean(name)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read --values %s: there is no such file in %s; name it from the root of the repository", name, f.source)
		}
	}
	return nil
}
