package helm

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

const (
	// helmVersion is the version of Helm that charts are told.
	helmVersion = "v4.3.1"
	// kubeVersion is the version of the cluster where the source names none:
	// that of the client-go which Helm 4.3.1 is built with.
	kubeVersion = "v1.37.0"
)

// rendering is one render of one source, with its inputs in memory.
type rendering struct {
	tree   render.Tree
	source render.Source
	chart  *chartTree
	values []valuesFile
	// templates tells where each template stands, by its name in Helm. It is
	// filled when the templates are executed.
	templates map[string]templatePlace
	// marks are in the values and templates of a render that looks for
	// places. Its values need not meet a schema.
	marks []mark
}

// templatePlace is where a template stands. Of a packed one, lines mean
// nothing.
type templatePlace struct {
	origin render.Origin
	packed bool
}

// manifest is a text with, as a rule, one object.
type manifest struct {
	text string
	// name is the path of the template in Helm, empty for a file of crds/.
	name   string
	origin render.Origin
	packed bool
}

// load reads the chart and the values of a source.
func (h Renderer) load(ctx context.Context, tree render.Tree, source render.Source) (*rendering, error) {
	r := &rendering{tree: tree, source: source, templates: map[string]templatePlace{}}
	var err error
	if r.values, err = readValues(tree.FS, source.Helm.ValueFiles); err != nil {
		return nil, err
	}
	files, err := readChart(tree.FS, source.Path)
	if err != nil {
		return nil, err
	}
	left := files.left
	if r.chart, err = loadChart(files); err != nil {
		return nil, err
	}
	at := place{path: source.Path}
	if err := checkInstallable(r.chart.root, at); err != nil {
		return nil, err
	}
	missing := checkDependencies(tree.FS, r.chart.root, at)
	if missing == nil || h.Charts == nil {
		return r, missing
	}
	files.left = left
	b := &builder{charts: h.Charts, reader: files, source: source}
	if files.built, err = b.build(ctx, r.chart.root); err != nil {
		return nil, err
	}
	if files.built == nil {
		return nil, b.hint(missing)
	}
	if r.chart, err = loadChart(files); err != nil {
		return nil, err
	}
	return r, checkDependencies(tree.FS, r.chart.root, at)
}

// chartOrigin is where errors are that are about the chart as a whole.
func (r *rendering) chartOrigin() render.Origin {
	return render.Origin{File: path.Join(r.source.Path, "Chart.yaml")}
}

// manifests renders the chart, in the order of helm template: the files of
// crds/, manifests, hooks.
func (r *rendering) manifests(ctx context.Context) ([]manifest, error) {
	c := r.chart.root
	values, err := r.renderValues()
	if err != nil {
		return nil, asProblem(err, r.chartOrigin())
	}
	var manifests []manifest
	if !r.source.Helm.Skip.Has(render.SkipCRDs) {
		manifests = r.crds()
	}
	r.placeTemplates(c)
	texts, err := execute(ctx, c, values)
	if failed, ok := errors.AsType[*templateError](err); ok {
		return nil, r.templateProblem(failed)
	}
	if err != nil {
		return nil, asProblem(err, r.chartOrigin())
	}
	total := 0
	for name, text := range texts {
		if total += len(text); strings.HasSuffix(name, "NOTES.txt") {
			delete(texts, name)
		}
	}
	for _, m := range manifests {
		total += len(m.text)
	}
	if total > bounds.RenderedBytes {
		return nil, tooLarge(r.chartOrigin(), "the rendered chart", fmt.Sprintf("%d bytes", bounds.RenderedBytes))
	}
	hooks, sorted, err := releaseutil.SortManifests(texts, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, r.yamlProblem(err, texts)
	}
	for _, m := range sorted {
		manifests = append(manifests, r.manifest(m.Name, m.Content))
	}
	for _, hook := range hooks {
		if r.skips(hook) {
			continue
		}
		manifests = append(manifests, r.manifest(hook.Path, hook.Manifest))
	}
	return manifests, nil
}

// skips tells whether a hook is left out.
func (r *rendering) skips(hook *release.Hook) bool {
	skip := r.source.Helm.Skip
	return skip.Has(render.SkipHooks) || skip.Has(render.SkipTests) && slices.Contains(hook.Events, release.HookTest)
}

func (r *rendering) manifest(name, text string) manifest {
	at := r.templates[name]
	return manifest{text: text, name: name, origin: at.origin, packed: at.packed}
}

// renderValues returns what templates see, with the dependencies of the chart
// processed: disabled ones are gone, aliases and imported values in place.
func (r *rendering) renderValues() (common.Values, error) {
	options, c := r.source.Helm, r.chart.root
	values, err := mergeValues(r.tree.FS, r.values, options)
	if err != nil {
		return nil, err
	}
	release := common.ReleaseOptions{Name: "release-name", Namespace: "default", Revision: 1, IsInstall: true}
	if options.ReleaseName != "" {
		release.Name = options.ReleaseName
	}
	if options.Namespace != "" {
		release.Namespace = options.Namespace
	}
	if err := chartutil.ValidateReleaseName(release.Name); err != nil {
		return nil, broken(render.Origin{}, fmt.Sprintf("release name check failed: release name %q: %v", release.Name, err))
	}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, fmt.Errorf("chart dependencies processing failed: %w", err)
	}
	capabilities, err := capabilities(options)
	if err != nil {
		return nil, err
	}
	scope, err := util.ToRenderValuesWithSchemaValidation(c, values, release, capabilities, true)
	if err != nil {
		return nil, err
	}
	if merged, _ := scope["Values"].(common.Values); len(r.marks) == 0 && !options.Skip.Has(render.SkipSchema) {
		if err := r.chart.validate(c, merged); err != nil {
			return nil, err
		}
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, capabilities.KubeVersion.String()) {
		return nil, broken(r.chartOrigin(), fmt.Sprintf(
			"chart requires kubeVersion: %s which is incompatible with Kubernetes %s", want, capabilities.KubeVersion.Version))
	}
	return scope, nil
}

// capabilities returns what templates see of the cluster.
func capabilities(options render.HelmOptions) (*common.Capabilities, error) {
	all := common.DefaultCapabilities.Copy()
	all.HelmVersion.Version = helmVersion
	version := options.KubeVersion
	if version == "" {
		version = kubeVersion
	}
	parsed, err := common.ParseKubeVersion(version)
	if err != nil {
		return nil, broken(render.Origin{}, fmt.Sprintf("invalid kube version '%s': %v", version, err))
	}
	all.KubeVersion = *parsed
	all.APIVersions = slices.Clone(all.APIVersions)
	for _, list := range options.APIVersions {
		all.APIVersions = append(all.APIVersions, strings.Split(list, ",")...)
	}
	return all, nil
}

// crds returns the files of crds/ of the chart and its subcharts, which are
// no templates.
func (r *rendering) crds() []manifest {
	var manifests []manifest
	for _, crd := range r.chart.root.CRDObjects() {
		at := r.chart.places[crd.File]
		manifests = append(manifests, manifest{
			text: string(crd.File.Data), origin: at.origin(crd.Name), packed: at.packed,
		})
	}
	return manifests
}

// placeTemplates notes where the templates of a chart and its subcharts
// stand.
func (r *rendering) placeTemplates(c *chart.Chart) {
	for _, sub := range c.Dependencies() {
		r.placeTemplates(sub)
	}
	for _, file := range c.Templates {
		at := r.chart.places[file]
		r.templates[path.Join(c.ChartFullPath(), file.Name)] = templatePlace{at.origin(file.Name), at.packed}
	}
}

// yamlProblem returns the problem of a template that renders to no YAML. The
// parser tells the line of the rendered text: where just one line of the
// template is the same, that is the place.
func (r *rendering) yamlProblem(err error, texts map[string]string) error {
	message := oneLine(err.Error())
	match := regexp.MustCompile(`^YAML parse error on (.+?): `).FindStringSubmatch(message)
	if match == nil {
		return broken(r.chartOrigin(), message)
	}
	m := r.manifest(match[1], "")
	p := broken(m.origin, message)
	p.Hint = "the line is that of the rendered text: run helm template --debug to see it"
	for _, text := range releaseutil.SplitManifests(texts[match[1]]) {
		var head releaseutil.SimpleHead
		if failed := yaml.Unmarshal([]byte(text), &head); failed != nil {
			p.Origin = r.renderedOrigin(m, text, yamlLine(failed))
		}
	}
	return p
}

// onlyLine returns the number of the line of a file that is like a rendered
// one, or 0 if there is not exactly one.
func (r *rendering) onlyLine(file, like string) int {
	data, err := readFile(r.tree.FS, file)
	if like = strings.TrimSpace(like); err != nil || like == "" {
		return 0
	}
	found := 0
	for i, line := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(line) != like {
			continue
		}
		if found > 0 {
			return 0
		}
		found = i + 1
	}
	return found
}
