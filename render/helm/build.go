package helm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// Fetcher fetches charts that other charts depend on.
type Fetcher interface {
	// Archive returns a packed chart and its version. The repository is an
	// http, https or oci URL without the name of the chart. The version is
	// one, a range of versions, or empty for the newest. Errors are
	// *render.Problem. It stops when ctx ends.
	Archive(ctx context.Context, repository, name, version string) (archive []byte, chosen string, err error)
}

const inTree = "file://"

// built is what a build of the dependencies puts into charts/.
type built struct {
	// charts are by the name of the archive that Helm writes.
	charts map[string]builtChart
	// local are the names of charts that charts/ is to hold itself.
	local map[string]bool
}

// builtChart is a chart that was fetched, or the files of one in the tree.
type builtChart struct {
	place   place
	archive []byte
	files   []*archive.BufferedFile
}

// replaces tells whether a file of charts/ is overwritten.
func (b *built) replaces(name string) bool {
	if b == nil {
		return false
	}
	_, ok := b.charts[name]
	return ok
}

// outdates tells whether a chart of charts/ is removed: an archive that was
// not built now, and is not meant to be there anyway. Directories stay.
func (b *built) outdates(name string, c *chart.Chart) bool {
	return b != nil && path.Ext(name) == ".tgz" && !b.local[c.Name()]
}

// addBuilt adds the charts that were built to the root.
func (a *assembler) addBuilt(c *chart.Chart, found map[*chart.Chart]place) error {
	if a.reader.built == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(a.reader.built.charts)) {
		one := a.reader.built.charts[name]
		files := one.files
		var err error
		if one.archive != nil {
			if files, err = a.unpack(one.archive, one.place); err != nil {
				return asProblem(err, one.place.origin(""))
			}
		}
		sub, err := a.chart(files, one.place, 1)
		if err != nil {
			p := asProblem(err, one.place.origin(""))
			p.Message = fmt.Sprintf("error unpacking subchart %s in %s: %s", name, c.Name(), p.Message)
			return p
		}
		c.AddDependency(sub)
		found[sub] = one.place
	}
	return nil
}

// builder does what helm dependency build does.
type builder struct {
	charts Fetcher
	reader *reader
	source render.Source
}

// hint says in the problem of missing dependencies how to have them fetched.
func (b *builder) hint(missing error) error {
	if p, ok := errors.AsType[*render.Problem](missing); ok {
		p.Hint += "; or let them be fetched with --allow-remote"
	}
	return missing
}

// build returns the dependencies of a chart: the versions of the lock file if
// there is one, else the newest that fit. It is nil where a repository would
// have to be asked, and the source does not allow it.
func (b *builder) build(ctx context.Context, c *chart.Chart) (*built, error) {
	deps := c.Metadata.Dependencies
	if len(deps) > bounds.ChartDependencies {
		return nil, tooLarge(b.origin(""), "the number of dependencies", fmt.Sprint(bounds.ChartDependencies))
	}
	if c.Lock != nil {
		if err := b.checkLock(c); err != nil {
			return nil, err
		}
		deps = c.Lock.Dependencies
	}
	if !b.source.AllowRemote && slices.ContainsFunc(deps, isRemote) {
		return nil, nil
	}
	out := &built{charts: map[string]builtChart{}, local: map[string]bool{}}
	for _, dep := range deps {
		if err := b.dependency(ctx, c, dep, out); err != nil {
			p := asProblem(err, b.origin(dep.Name))
			p.Message = strings.TrimSpace(fmt.Sprintf("build dependency %s %s", dep.Name, dep.Version)) + ": " + p.Message
			return nil, p
		}
	}
	return out, nil
}

func isRemote(dep *chart.Dependency) bool {
	return dep.Repository != "" && !strings.HasPrefix(dep.Repository, inTree)
}

// dependency adds one dependency.
func (b *builder) dependency(ctx context.Context, c *chart.Chart, dep *chart.Dependency, out *built) error {
	var one builtChart
	var version string
	var err error
	switch {
	case dep.Repository == "":
		out.local[dep.Name] = true
		return b.checkLocal(c, dep)
	case strings.HasPrefix(dep.Repository, inTree):
		one, version, err = b.fromTree(dep)
	default:
		one.place = place{packed: true, declared: b.origin(dep.Name)}
		one.archive, version, err = b.charts.Archive(ctx, dep.Repository, dep.Name, dep.Version)
	}
	if err != nil {
		return err
	}
	name := dep.Name + "-" + version + ".tgz"
	if one.archive != nil {
		one.place.path = path.Join(b.source.Path, "charts", name)
	}
	out.charts[name] = one
	return nil
}

// checkLocal wants a dependency without a repository in charts/, as a
// directory.
func (b *builder) checkLocal(c *chart.Chart, dep *chart.Dependency) error {
	prefix := "charts/" + dep.Name + "/"
	if !slices.ContainsFunc(b.reader.files, func(f *archive.BufferedFile) bool { return strings.HasPrefix(f.Name, prefix) }) {
		return broken(b.origin(dep.Name), fmt.Sprintf("directory %s not found, and no repository is named", path.Join(b.source.Path, prefix)))
	}
	for _, sub := range c.Dependencies() {
		if sub.Name() == dep.Name {
			return b.checkVersion(dep, sub.Metadata.Version)
		}
	}
	return nil
}

// fromTree reads a dependency that is a directory of the tree.
func (b *builder) fromTree(dep *chart.Dependency) (builtChart, string, error) {
	name := strings.TrimPrefix(dep.Repository, inTree)
	dir := path.Join(b.source.Path, name)
	if path.IsAbs(name) || !fs.ValidPath(dir) {
		p := unseen(b.origin(dep.Name), fmt.Sprintf("directory %s is not in the repository", name))
		p.Hint = "name a directory of the repository, relative to that of the chart"
		return builtChart{}, "", p
	}
	if info, err := fs.Stat(b.reader.fsys, dir); err != nil || !info.IsDir() {
		return builtChart{}, "", broken(b.origin(dep.Name), fmt.Sprintf("directory %s not found", dir))
	}
	r := &reader{fsys: b.reader.fsys, dir: dir, left: b.reader.left, rules: ignore.Empty()}
	if err := r.readRules(); err != nil {
		return builtChart{}, "", err
	}
	r.rules.AddDefaults()
	if err := r.walk("", 0); err != nil {
		return builtChart{}, "", err
	}
	b.reader.left = r.left
	at := place{path: dir}
	own, _ := partition(r.files)
	c, err := loader.LoadFiles(own)
	if err != nil {
		return builtChart{}, "", broken(loadOrigin(err, at), err.Error())
	}
	return builtChart{place: at, files: r.files}, c.Metadata.Version, b.checkVersion(dep, c.Metadata.Version)
}

// checkVersion wants a version in the range that a dependency declares.
func (b *builder) checkVersion(dep *chart.Dependency, version string) error {
	constraint, err := semver.NewConstraint(dep.Version)
	if err != nil {
		return broken(b.origin(dep.Name), fmt.Sprintf("dependency %s has an invalid version/constraint format: %v", dep.Name, err))
	}
	v, err := semver.NewVersion(version)
	if err != nil || !constraint.Check(v) {
		return broken(b.origin(dep.Name), fmt.Sprintf("dependency %s at version %s does not satisfy the constraint %s", dep.Name, version, dep.Version))
	}
	return nil
}

// checkLock refuses a lock file that was not made of the dependencies, and
// one that does not name versions.
func (b *builder) checkLock(c *chart.Chart) error {
	file, from, update := "Chart.lock", "Chart.yaml", " with 'helm dependency update'"
	req, lock := c.Metadata.Dependencies, c.Lock.Dependencies
	if slices.Contains(lock, nil) || len(lock) > bounds.ChartDependencies {
		return broken(place{path: b.source.Path}.origin(file), "the lock file holds no list of dependencies")
	}
	sums := []string{hash([2][]*chart.Dependency{req, lock})}
	if c.Metadata.APIVersion == chart.APIVersionV1 {
		file, from, update = "requirements.lock", "requirements.yaml", ""
		sums = append(sums, hash(map[string][]*chart.Dependency{"dependencies": req}))
	}
	origin := place{path: b.source.Path}.origin(file)
	hint := fmt.Sprintf("run helm dependency update %s and commit %s", b.source.Path, origin.File)
	if !slices.Contains(sums, c.Lock.Digest) {
		p := broken(origin, fmt.Sprintf("the lock file (%s) is out of sync with the dependencies file (%s). Please update the dependencies%s", file, from, update))
		p.Hint = hint
		return p
	}
	for _, dep := range lock {
		if _, err := semver.NewVersion(dep.Version); err != nil && dep.Repository != "" {
			p := broken(origin, fmt.Sprintf("the lock file (%s) names no version of %s: %q", file, dep.Name, dep.Version))
			p.Hint = hint
			return p
		}
	}
	return nil
}

// hash is the hash that Helm writes into lock files.
func hash(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// origin is where a dependency is declared.
func (b *builder) origin(name string) render.Origin {
	return dependencyOrigin(b.reader.fsys, place{path: b.source.Path}, name)
}
