package flux

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/syncgate/syncgate/render"
)

// release is the Source.Spec of a HelmRelease.
type release struct {
	parent
	spec     helmReleaseSpec
	chart    *chart
	problems []*render.Problem
}

// chart says where a chart is.
type chart struct {
	// artifact and dir are the source and directory of one that lies in a
	// source.
	artifact *artifact
	dir      string
	// repository, name and version are those of one that is fetched.
	repository, name, version string
	valuesFiles               []string
	ignoreMissing             bool
	// at is where it is named.
	at render.Origin
}

// String names the chart.
func (c *chart) String() string {
	if c.artifact != nil {
		return fmt.Sprintf("chart %s of %s", c.dir, c.artifact.name)
	}
	version := c.version
	if version == "" {
		version = "in its newest version"
	}
	return fmt.Sprintf("chart %s %s of %s", c.name, version, redact(c.repository))
}

// releaseUnit makes the unit of a HelmRelease, or nil with a problem.
func (x *expansion) releaseUnit(f *found) *render.Unit {
	r := &release{parent: x.newParent(f)}
	if x.distrusted(f) || !x.checked(f, []string{"v2", "v2beta2", "v2beta1"}, helmReleaseFields(), &r.spec) ||
		x.unresolved(f, "spec.chart.spec", "spec.chartRef", "spec.releaseName", "spec.targetNamespace", "spec.valuesFrom", "spec.install", "spec.upgrade") {
		return nil
	}
	s := &sources{w: x.world, d: &f.deployer, cluster: f.cluster}
	r.chart = s.chart(&r.spec)
	r.problems = s.problems
	r.inputs = x.inputsOf(&f.deployer, f.cluster, r.spec.ValuesFrom)
	if r.spec.Suspend {
		r.problems = append(r.problems, suspended(f))
	}
	dir := "."
	if r.chart != nil && r.chart.artifact != nil {
		dir = pathOf(r.chart.artifact, r.chart.dir)
	}
	return &render.Unit{
		Sources:   []render.Source{{Kind: render.Flux, Path: dir, Spec: r}},
		Namespace: r.namespace(), Deployer: f.id, Origin: f.object.Origin,
	}
}

// namespace is that of the release.
func (r *release) namespace() string {
	if r.spec.TargetNamespace != "" {
		return r.spec.TargetNamespace
	}
	return r.id.Namespace
}

// name is that of the release, shortened as helm-controller does.
func (r *release) name() string {
	name := r.spec.ReleaseName
	if name == "" {
		name = r.id.Name
		if r.spec.TargetNamespace != "" {
			name = r.spec.TargetNamespace + "-" + name
		}
	}
	const most, kept, hashed = 53, 40, 12
	if len(name) <= most {
		return name
	}
	return name[:kept] + "-" + fmt.Sprintf("%x", sha256.Sum256([]byte(name)))[:hashed]
}

// load returns the files of a chart and the directory that it is in.
func (r *Renderer) load(ctx context.Context, tree render.Tree, h *release) (files, string, error) {
	c := h.chart
	if c.artifact != nil {
		if ext := path.Ext(c.dir); ext == ".tgz" || ext == ".gz" {
			return nil, "", hint(h.unseen(c.at, CodeChart, "%s is packed, which is not unpacked here", c), "commit the directory of the chart")
		}
		in, err := r.files(ctx, tree, c.artifact)
		if err != nil {
			return nil, "", h.blame(err, c.at)
		}
		dir, problem := h.deployer.directory(c.artifact, in, c.dir, c.at)
		if problem != nil {
			return nil, "", problem
		}
		return in, dir, nil
	}
	if r.options.Charts == nil {
		return nil, "", hint(h.unseen(c.at, CodeChart, "%s is not fetched", c), "allow charts to be fetched, or vendor it in the repository")
	}
	fetched, err := r.options.Charts.FetchChart(ctx, c.repository, c.name, c.version)
	if err != nil {
		why := strings.ReplaceAll(err.Error(), c.repository, redact(c.repository))
		if !strings.HasPrefix(why, "chart "+c.name) {
			why = fmt.Sprintf("%s cannot be fetched: %s", c, why)
		}
		p := h.unseen(c.at, CodeChart, "%s", why)
		p.Retryable = true
		if cause, ok := errors.AsType[*render.Problem](err); ok {
			p.Retryable = cause.Retryable
			return nil, "", hint(p, "%s", cause.Hint)
		}
		return nil, "", hint(p, "check that the chart exists and can be read")
	}
	return plain{FS: fetched, prefix: redact(c.repository) + "/" + c.name + ":" + c.version + "//"}, ".", nil
}

// release renders what a HelmRelease deploys.
func (r *Renderer) release(ctx context.Context, tree render.Tree, source render.Source, h *release) (objects []render.Object, err error) {
	problems := problemsOf(h.problems)
	concealed := secrets(h.inputs)
	defer func() {
		conceal(problems, concealed)
		err = render.Join(problems)
	}()
	if h.chart == nil {
		return nil, nil
	}
	in, dir, err := r.load(ctx, tree, h)
	if err != nil {
		problems = append(problems, *h.asProblem(err))
		return nil, nil
	}
	values, more := h.compose()
	problems = append(problems, more...)
	if values == nil {
		return nil, nil
	}
	defaults, problem := h.defaults(in, dir)
	if problem != nil {
		problems = append(problems, *problem)
		return nil, nil
	}
	run := newChartRun(in, dir, values, defaults)
	objects, err = r.helm.Render(ctx, render.Tree{FS: run.over, Revision: tree.Revision}, h.source(r, run))
	for _, p := range render.Problems(err) {
		p.Origin = run.place(p.Origin)
		if p.Severity == render.Broken && incomplete(h.inputs) {
			p.Severity = render.Unseen // with all of its values it may be right
		}
		problems = append(problems, p)
	}
	objects = slices.Clone(objects) // the others are the locators' own
	for i := range objects {
		objects[i].Origin = run.place(objects[i].Origin)
		if objects[i].Locator != nil {
			objects[i].Locator = relocated{objects[i].Locator, run.place}
		}
	}
	objects = slices.DeleteFunc(objects, h.idle)
	objects, more = r.postRender(ctx, h, objects)
	problems = append(problems, more...)
	for i := range objects {
		h.finish(&objects[i])
	}
	return objects, nil
}

// source is what helm is told.
func (h *release) source(r *Renderer, run *chartRun) render.Source {
	options := render.HelmOptions{
		ReleaseName: h.name(), Namespace: h.namespace(), ValueFiles: []string{run.values.name},
		KubeVersion: r.options.KubeVersion, APIVersions: r.options.APIVersions,
	}
	// The default of an upgrade is Create, too; it leaves out what is there.
	if h.spec.Install.CRDs == "Skip" && h.spec.Upgrade.CRDs == "Skip" {
		options.Skip |= render.SkipCRDs
	}
	if h.spec.Install.DisableSchema || h.spec.Upgrade.DisableSchema {
		options.Skip |= render.SkipSchema
	}
	return render.Source{Kind: render.Helm, Path: run.dir, Helm: options, AllowRemote: r.options.AllowRemote}
}

// idle tells of a hook that no action runs.
func (h *release) idle(object render.Object) bool {
	events := child(object.Node, "metadata", "annotations", "helm.sh/hook")
	if events == "" {
		return false
	}
	for event := range strings.SplitSeq(events, ",") {
		switch strings.ToLower(strings.TrimSpace(event)) {
		case "test", "test-success":
			if h.spec.Test.Enable {
				return false
			}
		case "pre-install", "post-install":
			if !h.spec.Install.DisableHooks {
				return false
			}
		case "pre-upgrade", "post-upgrade":
			if !h.spec.Upgrade.DisableHooks {
				return false
			}
		case "pre-rollback", "post-rollback":
			if !h.spec.Rollback.DisableHooks {
				return false
			}
		case "pre-delete", "post-delete":
			if !h.spec.Uninstall.DisableHooks {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// finish sets the metadata of an object that helm-controller sets.
func (h *release) finish(object *render.Object) {
	if common := h.spec.CommonMetadata; common != nil {
		setMetadata(object.Node, "labels", common.Labels)
		setMetadata(object.Node, "annotations", common.Annotations)
	}
	setMetadata(object.Node, "labels", map[string]string{
		helmGroup + "/name": h.id.Name, helmGroup + "/namespace": h.id.Namespace,
	})
}

// chartRun is one render of a chart, with files of values that are made.
type chartRun struct {
	over   *overlay
	in     files
	dir    string
	values *generated
	// defaults are the values of the chart, where the HelmRelease names files
	// that take their place.
	defaults *generated
}

func newChartRun(in files, dir string, values, defaults *generated) *chartRun {
	run := &chartRun{in: in, dir: dir, values: values, defaults: defaults}
	run.over = &overlay{base: in, added: map[string][]byte{values.name: values.text}}
	if defaults != nil {
		run.over.added[defaults.name] = defaults.text
	}
	return run
}

// place returns where an origin really is.
func (c *chartRun) place(o render.Origin) render.Origin {
	if c.defaults != nil && o.File == c.defaults.name {
		return c.defaults.place(c.in, o)
	}
	return c.values.place(c.in, o)
}
