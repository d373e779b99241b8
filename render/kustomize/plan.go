package kustomize

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// plan is every kustomization that a build will load, checked before
// kustomize sees the first of them.
type plan struct {
	files       *files
	fetcher     Fetcher
	fileFetcher FileFetcher
	source      render.Source
	// top is nil if the directory has no readable kustomization: kustomize
	// says so best.
	top *kustomization
	// byDir holds the kustomizations that were checked; a nil one has no file.
	byDir map[string]*kustomization
	// checked are the files of kustomizations that were checked.
	checked map[string]bool
	// asPlugins are the directories that were checked as the configuration of
	// plugins.
	asPlugins map[string]bool
	// open are the directories on the way to the one that is looked at.
	open []string
	// served are the kustomization files that kustomize gets to see otherwise
	// than they are written.
	served map[string][]byte
	// uses are what the files are for.
	uses map[string][]use
	// remotes are the repositories that were fetched, by mount.
	remotes map[string]mounted
	// fetched are single remote files by URL, and urls what the files that
	// stand for them are called for people.
	fetched map[string][]byte
	urls    map[string]string
	// schemas tells that some kustomization replaces kustomize's schema.
	schemas bool
	tracer  *tracer
	// parsed are the objects of files, for those who ask where a field is.
	parsed map[string][]render.Object
	mu     sync.Mutex
}

// mounted is a repository that was fetched.
type mounted struct {
	repository, reference, commit string
}

// newPlan walks over the kustomizations of a source.
func newPlan(ctx context.Context, tree fs.FS, source render.Source, from *Renderer) (*plan, *render.Problem) {
	p := &plan{
		files: newFiles(ctx, tree), fetcher: from.fetcher, fileFetcher: from.files, source: source,
		fetched: map[string][]byte{}, urls: map[string]string{},
		byDir: map[string]*kustomization{}, checked: map[string]bool{}, asPlugins: map[string]bool{}, served: map[string][]byte{},
		uses: map[string][]use{}, remotes: map[string]mounted{}, tracer: newTracer(),
		parsed: map[string][]render.Object{},
	}
	top, problem := p.visit(path.Join(treeMount, source.Path), useResource)
	p.top = top
	if problem == nil {
		problem = p.count()
	}
	return p, problem
}

// visit checks the kustomization of a directory and all that it loads. It
// returns nil if there is none to be read.
func (p *plan) visit(dir string, as use) (*kustomization, *render.Problem) {
	dir, info, err := p.files.resolve(dir)
	if err != nil || !info.IsDir() {
		return nil, nil
	}
	if k, seen := p.byDir[dir]; seen && (as != usePlugin || p.asPlugins[dir]) {
		return k, nil
	}
	if len(p.byDir) >= bounds.Kustomizations {
		return nil, p.tooMany()
	}
	k, problem := p.load(dir)
	p.byDir[dir], p.asPlugins[dir] = k, as == usePlugin
	if problem != nil || k == nil || k.failure != nil {
		return k, problem
	}
	p.open = append(p.open, dir)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	return k, p.check(k, as)
}

func (p *plan) tooMany() *render.Problem {
	return &render.Problem{
		Code: CodeFailed, Severity: render.Unseen,
		Message: fmt.Sprintf("kustomization loads more than %d kustomizations", bounds.Kustomizations),
		Hint:    "split it into several units",
		Origin:  render.Origin{File: path.Join(treeMount, p.source.Path)},
	}
}

// load reads the kustomization file of a directory.
func (p *plan) load(dir string) (*kustomization, *render.Problem) {
	var found []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if p.files.isFile(path.Join(dir, name)) {
			found = append(found, path.Join(dir, name))
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, &render.Problem{
			Code: CodeFailed, Severity: render.Broken, Origin: render.Origin{File: found[1]},
			Message: fmt.Sprintf("cannot build kustomization: found multiple kustomization files: %s and %s", p.show(found[0]), p.show(found[1])),
			Hint:    "keep one of them",
		}
	}
	file, data, err := p.files.read(found[0])
	if err != nil {
		return nil, p.files.problem
	}
	p.checked[file] = true
	k := &kustomization{dir: dir, file: file, data: data, names: map[string]string{}}
	if problem := tooLarge(file, data); problem != nil {
		return nil, problem
	}
	if k.failure = k.decoded.Unmarshal(data); k.failure != nil {
		return k, nil
	}
	k.decoded.FixKustomization()
	p.schemas = p.schemas || len(k.decoded.OpenAPI) > 0
	var document yaml.Node
	if yaml.Unmarshal(data, &document) == nil {
		k.root = unalias(&document)
	}
	return k, p.inlineTooLarge(k)
}

// inlineTooLarge checks the YAML inside of the strings of a kustomization.
func (p *plan) inlineTooLarge(k *kustomization) *render.Problem {
	var problem *render.Problem
	find(k.root, func(n *yaml.Node) bool {
		if problem = tooLarge(k.file, []byte(n.Value)); problem != nil {
			problem.Origin = k.origin(n)
		}
		return problem != nil
	})
	return problem
}

// check checks every entry of a kustomization and follows it.
func (p *plan) check(k *kustomization, as use) *render.Problem {
	if problem := p.refuseHelm(k); problem != nil {
		return problem
	}
	if as == usePlugin && k.customizes() {
		return &render.Problem{
			Code: CodePlugin, Severity: render.Unseen, Origin: render.Origin{File: k.file},
			Message: "kustomization customizes the configuration of generators or transformers, which cannot be checked for remote files before it runs",
			Hint:    "list the configuration files under generators or transformers directly",
		}
	}
	for _, e := range k.entries() {
		if as == usePlugin && e.use == useResource {
			e.use = usePlugin
		}
		if problem := p.follow(k, e); problem != nil {
			return problem
		}
	}
	return p.rewrite(k)
}

// refuseHelm refuses charts: kustomize inflates them by running helm.
func (p *plan) refuseHelm(k *kustomization) *render.Problem {
	if len(k.decoded.HelmCharts) == 0 {
		return nil
	}
	chart := k.decoded.HelmCharts[0].Name
	return &render.Problem{
		Code: CodeHelm, Severity: render.Unseen, Origin: k.entry("helmCharts", useData, chart).origin(k),
		Message: fmt.Sprintf("helmCharts needs chart %q to be inflated by running helm, which is never done here", chart),
		Hint:    "deploy the chart as a Helm source of its own, or commit the rendered manifests",
	}
}

func (e entry) origin(k *kustomization) render.Origin {
	if e.node == nil {
		return render.Origin{File: k.file}
	}
	return k.origin(e.node)
}

// follow checks one entry, and what it names.
func (p *plan) follow(k *kustomization, e entry) *render.Problem {
	if e.use == usePlugin {
		if inline, problem := p.inlinePlugin(k, e); inline || problem != nil {
			return problem
		}
	}
	if isRemoteFile(e.value) || e.use.clones() {
		if r, ok := parseRemote(e.value); ok {
			return p.remote(k, e, r)
		}
	}
	if e.use == useInlinePatch && strings.ContainsAny(e.value, "\n{") {
		return nil
	}
	name, problem := p.locate(k, e)
	if problem != nil {
		return problem
	}
	resolved, info, err := p.files.resolve(name)
	if err != nil {
		k.miss(e, cause(err).Error())
		return nil
	}
	if info.IsDir() {
		return p.followDir(k, e, resolved)
	}
	return p.followFile(k, e, resolved)
}

// locate returns the name that an entry stands for, if it is in the same
// repository.
func (p *plan) locate(k *kustomization, e entry) (string, *render.Problem) {
	name := path.Join(k.dir, e.value)
	mount, _ := mountOf(k.dir)
	reason := ""
	switch {
	case path.IsAbs(e.value):
		reason = "is an absolute path, outside of the repository"
	case climbs(k.dir, e.value, mount):
		reason = "leads out of the repository"
	default:
		return name, nil
	}
	return "", &render.Problem{
		Code: CodeFailed, Severity: render.Broken, Origin: e.origin(k),
		Message: fmt.Sprintf("%s entry %q %s", e.field, e.value, reason),
		Hint:    "keep what a kustomization loads in its own repository",
	}
}

// climbs tells whether a relative path passes above a mount, even if it comes
// back by the mount's name.
func climbs(dir, relative, mount string) bool {
	depth := strings.Count(strings.TrimPrefix(dir, mount), "/")
	for part := range strings.SplitSeq(path.Clean(relative), "/") {
		switch part {
		case "..":
			depth--
		case ".", "":
		default:
			depth++
		}
		if depth < 0 {
			return true
		}
	}
	return false
}

// followDir visits the kustomization that an entry names.
func (p *plan) followDir(k *kustomization, e entry, dir string) *render.Problem {
	if !e.use.clones() {
		return nil
	}
	if at := slices.Index(p.open, dir); at >= 0 {
		var names []string
		for _, name := range append(p.open[at:], dir) {
			names = append(names, p.show(name))
		}
		return &render.Problem{
			Code: CodeFailed, Severity: render.Broken, Origin: e.origin(k),
			Message: "bases form a cycle: " + strings.Join(names, " -> "),
			Hint:    "remove the entry that leads back",
		}
	}
	base, problem := p.visit(dir, e.use)
	switch {
	case base == nil:
		k.miss(e, "the directory does not have exactly one kustomization file")
	case e.use == useComponent:
		k.components = append(k.components, base)
	case e.use == usePlugin:
		k.plugins = append(k.plugins, base)
	case e.use == useResource:
		k.steps = append(k.steps, step{base: base})
	}
	return problem
}

// followFile notes what a file is for, and checks it if it configures
// plugins.
func (p *plan) followFile(k *kustomization, e entry, file string) *render.Problem {
	p.uses[file] = append(p.uses[file], e.use)
	k.names[e.value] = file
	switch e.use {
	case useResource:
		k.steps = append(k.steps, step{file: file})
	case usePlugin:
		_, data, err := p.files.read(file)
		if err != nil {
			return p.files.problem
		}
		if problem := tooLarge(file, data); problem != nil {
			return problem
		}
		return p.plugins(k, e, data)
	}
	return nil
}

// count bounds how often kustomizations are loaded: one that two others load
// is loaded twice.
func (p *plan) count() *render.Problem {
	loads := map[*kustomization]int{}
	var walk func(k *kustomization) int
	walk = func(k *kustomization) int {
		if n, ok := loads[k]; ok {
			return n
		}
		n := 1
		for _, below := range k.below() {
			n = min(n+walk(below), bounds.Kustomizations+1)
		}
		loads[k] = n
		return n
	}
	if p.top != nil && walk(p.top) > bounds.Kustomizations {
		return p.tooMany()
	}
	return nil
}
