package flux

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/syncgate/syncgate/render"
)

// chart returns where the chart of a HelmRelease is, or nil with a problem.
func (s *sources) chart(spec *helmReleaseSpec) *chart {
	switch {
	case spec.ChartRef != nil:
		s.at = s.d.at("spec", "chartRef", "name")
		return s.chartRef(*spec.ChartRef)
	case spec.Chart != nil:
		s.at = s.d.at("spec", "chart", "spec", "chart")
		return s.chartOf(spec.Chart.Spec)
	}
	s.fail(hint(s.d.broken(s.d.at("spec"), CodeInvalid, "names neither a chart nor a chartRef"), "name one of them"))
	return nil
}

// chartRef returns the chart that an object stands for.
func (s *sources) chartRef(ref reference) *chart {
	if ref.Namespace == "" {
		ref.Namespace = s.d.id.Namespace
	}
	switch ref.Kind {
	case "OCIRepository":
		return s.ociChart(ref)
	case "HelmChart":
		f := s.object(sourceGroup+"/v1", "HelmChart", ref.Namespace, ref.Name)
		if f == nil {
			return nil
		}
		var spec chartSpec
		if p := f.decode(&spec); p != nil {
			s.fail(p)
			return nil
		}
		spec.SourceRef.Namespace = f.id.Namespace
		return s.chartOf(spec)
	case "ExternalArtifact":
		a := s.resolve(ref)
		if a == nil {
			return nil
		}
		return &chart{artifact: a, dir: ".", at: s.at}
	}
	s.fail(hint(s.d.unseen(s.at, CodeUnknownField, "chartRef of kind %q is not known", ref.Kind), "use OCIRepository, HelmChart or ExternalArtifact"))
	return nil
}

// chartLayer is the type of the layer that holds a chart.
const chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// ociChart returns the chart that an OCIRepository holds.
func (s *sources) ociChart(ref reference) *chart {
	if name := "OCIRepository " + ref.Namespace + "/" + ref.Name; name == s.w.options.Held.Source {
		return s.packed(&artifact{name: name, whole: true})
	}
	f := s.object(sourceGroup+"/v1", "OCIRepository", ref.Namespace, ref.Name)
	if f == nil {
		return nil
	}
	var spec repositorySpec
	if p := f.decode(&spec); p != nil {
		s.fail(p)
		return nil
	}
	if mentions(render.Child(f.object.Node, "spec"), func(text string) bool { return strings.Contains(text, "${") }) || spec.Ref.SemVerFilter != "" {
		s.fail(hint(f.unseen(f.at("spec", "ref"), CodeChart, "its reference depends on what is not in the revision"), "write out a tag or a digest"))
		return nil
	}
	if layer := spec.LayerSelector.MediaType; layer != "" && layer != chartLayer {
		s.fail(hint(f.unseen(f.at("spec", "layerSelector", "mediaType"), CodeChart, "it selects a layer of the type %q, which is not known to hold a chart", layer),
			"select %s, or leave the selector out", chartLayer))
		return nil
	}
	if _, ok := s.w.options.mapped(spec.URL); ok {
		return &chart{artifact: &artifact{name: "OCIRepository " + ref.Namespace + "/" + ref.Name, url: spec.URL}, dir: ".", at: s.at}
	}
	url := strings.TrimSuffix(spec.URL, "/")
	repository, name := path.Split(url)
	version := spec.Ref.Tag
	for _, better := range []string{spec.Ref.Digest, spec.Ref.SemVer} {
		if better != "" {
			version = better
			break
		}
	}
	if version == "" {
		version = "latest"
	}
	if spec.Ref.Digest == "" && s.moves("OCIRepository %s/%s follows %s", ref.Namespace, ref.Name, version) {
		return nil
	}
	return &chart{repository: strings.TrimSuffix(repository, "/"), name: name, version: version, at: f.at("spec", "url")}
}

// chartOf returns the chart of a HelmChart.
func (s *sources) chartOf(spec chartSpec) *chart {
	c := &chart{valuesFiles: spec.ValuesFiles, ignoreMissing: spec.IgnoreMissingValues, at: s.at}
	if len(c.valuesFiles) == 0 && spec.ValuesFile != "" {
		c.valuesFiles = []string{spec.ValuesFile}
	}
	ref := spec.SourceRef
	if ref.Namespace == "" {
		ref.Namespace = s.d.id.Namespace
	}
	if ref.Kind == "GitRepository" || ref.Kind == "Bucket" {
		if c.artifact = s.resolve(ref); c.artifact == nil {
			return nil
		}
		c.dir = cleanPath(spec.Chart)
		// A chart is packed anew only with a new version, unless it says
		// otherwise: an old one with new values was never rendered.
		if spec.ReconcileStrategy != "Revision" && s.moves("its chart need not be that of the revision; reconcileStrategy is not Revision") {
			return nil
		}
		return c
	}
	if ref.Kind != "HelmRepository" {
		s.fail(hint(s.d.unseen(s.at, CodeUnknownField, "chart source of kind %q is not known", ref.Kind), "use HelmRepository, GitRepository or Bucket"))
		return nil
	}
	f := s.object(sourceGroup+"/v1", "HelmRepository", ref.Namespace, ref.Name)
	if f == nil {
		last := s.problems[len(s.problems)-1]
		last.Message += fmt.Sprintf(", which holds chart %s %s", spec.Chart, spec.Version)
		return nil
	}
	var repository repositorySpec
	if p := f.decode(&repository); p != nil {
		s.fail(p)
		return nil
	}
	c.repository, c.name, c.version = strings.TrimSuffix(repository.URL, "/"), spec.Chart, spec.Version
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(spec.Version, "v")); err != nil && s.moves("chart %s follows the versions %q", spec.Chart, spec.Version) {
		return nil
	}
	return c
}

// packed returns the chart that the tree holds in its one directory, as a
// packed chart does.
func (s *sources) packed(a *artifact) *chart {
	entries, err := fs.ReadDir(s.w.tree.FS, ".")
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		s.fail(hint(s.d.unseen(s.at, CodeChart, "%s holds no packed chart", a.name), "set layerSelector to the layer of the chart"))
		return nil
	}
	return &chart{artifact: a, dir: entries[0].Name(), at: s.at}
}
