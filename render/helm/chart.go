package helm

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// place is where a chart's files stand in the revision.
type place struct {
	// path is the chart's directory, or the archive that holds it.
	path string
	// packed tells that path is an archive: its files have no lines.
	packed bool
	// declared is where the chart is declared that is not in the revision.
	declared render.Origin
}

// origin returns where a file of the chart stands.
func (p place) origin(name string) render.Origin {
	if p.declared.File != "" {
		return p.declared
	}
	if p.packed {
		return render.Origin{File: p.path}
	}
	return render.Origin{File: path.Join(p.path, name)}
}

// chartTree is a loaded chart with its subcharts.
type chartTree struct {
	root *chart.Chart
	// places tells where each file of each chart stands. Helm copies charts
	// when it processes dependencies, but not their files.
	places map[*common.File]place
	// charts are the root and all subcharts, as they were loaded.
	charts []placedChart
}

// placedChart is one chart of a tree.
type placedChart struct {
	*chart.Chart
	place place
}

// assembler puts a chart together from its files.
type assembler struct {
	reader *reader
	tree   *chartTree
}

// loadChart loads the chart of a directory as helm template does.
func loadChart(r *reader) (*chartTree, error) {
	at := place{path: r.dir}
	if err := checkAPIVersion(r.files, at); err != nil {
		return nil, err
	}
	a := &assembler{reader: r, tree: &chartTree{places: map[*common.File]place{}}}
	root, err := a.chart(r.files, at, 0)
	if err != nil {
		return nil, asProblem(err, at.origin("Chart.yaml"))
	}
	a.tree.root = root
	return a.tree, nil
}

// checkAPIVersion refuses the root charts that helm template refuses.
func checkAPIVersion(files []*archive.BufferedFile, at place) error {
	i := slices.IndexFunc(files, func(f *archive.BufferedFile) bool { return f.Name == "Chart.yaml" })
	if i < 0 {
		p := broken(render.Origin{File: at.path}, "load chart: Chart.yaml file is missing")
		p.Hint = "name a directory that holds a chart"
		return p
	}
	var head struct {
		APIVersion string `json:"apiVersion"`
	}
	if err := yaml.Unmarshal(files[i].Data, &head); err != nil {
		origin := at.origin("Chart.yaml")
		origin.Line = yamlLine(err)
		return broken(origin, "cannot load Chart.yaml: "+err.Error())
	}
	switch head.APIVersion {
	case chart.APIVersionV1, chart.APIVersionV2, "":
		return nil
	}
	return broken(at.origin("Chart.yaml"), fmt.Sprintf("unsupported chart version: apiVersion %q", head.APIVersion))
}

// chart loads one chart and its subcharts. Helm's loader.LoadFiles does so
// too, but then takes subcharts in a random order, tells nothing about where
// they come from, and has no limit for all archives together.
func (a *assembler) chart(files []*archive.BufferedFile, at place, depth int) (*chart.Chart, error) {
	if depth > bounds.ChartDepth {
		return nil, tooLarge(at.origin(""), "the nesting of charts", fmt.Sprint(bounds.ChartDepth))
	}
	own, subcharts := partition(files)
	c, err := loader.LoadFiles(own)
	if err != nil {
		return nil, broken(loadOrigin(err, at), err.Error())
	}
	for _, list := range [][]*common.File{c.Templates, c.Files, c.Raw} {
		for _, file := range list {
			a.tree.places[file] = at
		}
	}
	a.tree.charts = append(a.tree.charts, placedChart{c, at})
	found := map[*chart.Chart]place{}
	if depth == 0 {
		if err := a.addBuilt(c, found); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(subcharts)) {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || depth == 0 && a.reader.built.replaces(name) {
			continue
		}
		before := len(a.tree.charts)
		sub, where, err := a.subchart(name, subcharts[name], at, depth+1)
		if err != nil {
			p := asProblem(err, where.origin(""))
			p.Message = fmt.Sprintf("error unpacking subchart %s in %s: %s", name, c.Name(), p.Message)
			return nil, p
		}
		if depth == 0 && a.reader.built.outdates(name, sub) {
			a.tree.charts = a.tree.charts[:before]
			continue
		}
		c.AddDependency(sub)
		found[sub] = where
	}
	return c, checkAmbiguous(c, found)
}

// partition parts the files of a chart from those of its subcharts, which it
// returns by the name of their directory or archive in charts/.
func partition(files []*archive.BufferedFile) (own []*archive.BufferedFile, subcharts map[string][]*archive.BufferedFile) {
	subcharts = map[string][]*archive.BufferedFile{}
	for _, file := range files {
		rest, inCharts := strings.CutPrefix(file.Name, "charts/")
		if !inCharts || path.Ext(file.Name) == ".prov" {
			own = append(own, file)
			continue
		}
		name, _, _ := strings.Cut(rest, "/")
		subcharts[name] = append(subcharts[name], &archive.BufferedFile{Name: rest, Data: file.Data})
	}
	return own, subcharts
}

// subchart loads what charts/ holds under name: a directory or an archive.
func (a *assembler) subchart(name string, files []*archive.BufferedFile, parent place, depth int) (*chart.Chart, place, error) {
	at := parent
	if !parent.packed {
		at.path = path.Join(parent.path, "charts", name)
	}
	if path.Ext(name) == ".tgz" {
		at.packed = true
		if files[0].Name != name {
			return nil, at, fmt.Errorf("error unpacking subchart tar: expected %s, got %s", name, files[0].Name)
		}
		unpacked, err := a.unpack(files[0].Data, at)
		if err != nil {
			return nil, at, err
		}
		c, err := a.chart(unpacked, at, depth)
		return c, at, err
	}
	var inside []*archive.BufferedFile
	for _, file := range files {
		if _, rest, ok := strings.Cut(file.Name, "/"); ok {
			inside = append(inside, &archive.BufferedFile{Name: rest, Data: file.Data})
		}
	}
	c, err := a.chart(inside, at, depth)
	return c, at, err
}

// unpack returns the files of a chart archive. Its size is counted before it
// is given to Helm, whose limit is for one archive and its file contents.
func (a *assembler) unpack(data []byte, at place) ([]*archive.BufferedFile, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	size, err := io.Copy(io.Discard, io.LimitReader(unzipped, a.reader.left+1))
	if err != nil {
		return nil, err
	}
	if err := a.reader.spend(at.path, int(size)); err != nil {
		return nil, err
	}
	return archive.LoadArchiveFiles(bytes.NewReader(data))
}

// loadOrigin returns the place that an error of Helm's loader is about.
func loadOrigin(err error, at place) render.Origin {
	name := "Chart.yaml"
	if match := regexp.MustCompile(`^cannot load ([\w.]+):`).FindStringSubmatch(err.Error()); match != nil {
		name = match[1]
	}
	origin := at.origin(name)
	if !at.packed {
		origin.Line = yamlLine(err)
	}
	return origin
}

// checkAmbiguous refuses two copies of a chart under one parent of which Helm
// would take either, by chance: both fit the same declaration, or neither
// fits any.
func checkAmbiguous(c *chart.Chart, places map[*chart.Chart]place) error {
	type slot struct {
		name string
		// declaration is an index, or -1 for what no declaration fits.
		declaration int
	}
	taken := map[slot]*chart.Chart{}
	for _, sub := range c.Dependencies() {
		slots := []slot{}
		for i, dep := range c.Metadata.Dependencies {
			if dep.Name == sub.Name() && chartutil.IsCompatibleRange(dep.Version, sub.Metadata.Version) {
				slots = append(slots, slot{sub.Name(), i})
			}
		}
		if len(slots) == 0 {
			slots = append(slots, slot{sub.Name(), -1})
		}
		for _, at := range slots {
			other := taken[at]
			if other == nil {
				taken[at] = sub
				continue
			}
			p := broken(places[sub].origin(""), fmt.Sprintf(
				"chart %s holds two copies of %s, and Helm takes either: %s and %s",
				c.Name(), sub.Name(), places[other].path, places[sub].path))
			p.Hint = "remove the copy that is not meant"
			return p
		}
	}
	return nil
}
