package render

import (
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/bounds"
)

// chartName is the file that makes a directory a Helm chart.
const chartName = "Chart.yaml"

// kustomizationNames are the files that make a directory a kustomization, in
// the order in which kustomize looks for them.
func kustomizationNames() []string {
	return []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

// deployedInputs are the fields of a kustomization that name what it deploys.
// Some take a document in place of a name, which is no path.
func deployedInputs() []string {
	return []string{"resources[]", "bases[]", "components[]", "patchesStrategicMerge[]"}
}

// dataInputs are the fields of a kustomization that name what it reads in
// other ways: an object in such a file is not deployed as it is.
func dataInputs() []string {
	return []string{
		"generators[]", "transformers[]", "validators[]", "configurations[]", "crds[]",
		"patchesJson6902[].path", "replacements[].path", "openapi.path",
		"configMapGenerator[].files[]", "configMapGenerator[].envs[]", "configMapGenerator[].env",
		"secretGenerator[].files[]", "secretGenerator[].envs[]", "secretGenerator[].env",
		"helmCharts[].valuesFile", "helmCharts[].additionalValuesFiles[]",
		"helmChartInflationGenerator[].values",
	}
}

// sourceFields are the fields of a kustomization that make objects. One that
// has none of them changes those of others only.
func sourceFields() []string {
	return []string{
		"resources", "bases", "components", "generators", "transformers", "configMapGenerator", "secretGenerator",
		"helmCharts", "helmChartInflationGenerator",
	}
}

// input is a path that a kustomization names.
type input struct {
	path string
	data bool
}

// inputsOf returns the paths that a kustomization names.
func inputsOf(root *yaml.Node) []input {
	var inputs []input
	for _, field := range deployedInputs() {
		for _, name := range pick(root, strings.Split(field, ".")) {
			inputs = append(inputs, input{name, false})
		}
	}
	// A patch that says what it is for may be for nothing, without a word of
	// kustomize. One that does not must match.
	if patches := Child(root, "patches"); patches != nil && patches.Kind == yaml.SequenceNode {
		for _, patch := range patches.Content {
			for _, name := range pick(patch, []string{"path"}) {
				inputs = append(inputs, input{name, !isNull(Child(patch, "target"))})
			}
		}
	}
	for _, field := range dataInputs() {
		for _, name := range pick(root, strings.Split(field, ".")) {
			if _, file, keyed := strings.Cut(name, "="); keyed && strings.HasSuffix(field, ".files[]") {
				name = file
			}
			inputs = append(inputs, input{name, true})
		}
	}
	return inputs
}

// readKustomizations notes what each kustomization reads and uses. One that
// cannot be read uses nothing; rendering it says what is wrong with it.
func (s *survey) readKustomizations() {
	for _, name := range s.names {
		dir := s.dirs[name]
		if s.template(name) {
			dir.kustomization = ""
		}
		if dir.kustomization == "" {
			continue
		}
		root := s.parse(path.Join(name, dir.kustomization))
		if kind := Child(root, "kind"); kind != nil {
			dir.component = kind.Value == "Component"
		}
		dir.builds = root == nil || slices.ContainsFunc(sourceFields(), func(field string) bool { return !isNull(Child(root, field)) })
		dir.inputs = inputsOf(root)
		dir.inflates = s.inflatedBy(name, root)
	}
	for _, name := range s.names {
		for _, input := range s.dirs[name].inputs {
			target := s.resolve(name, input.path)
			if used := s.dirs[target]; used != nil && used.kustomization != "" {
				s.dirs[name].uses = append(s.dirs[name].uses, target)
			}
		}
	}
}

// resolve returns the directory or the file of the tree that a kustomization
// names, or "".
func (s *survey) resolve(dir, name string) string {
	target := path.Join(dir, name)
	if name == "" || path.IsAbs(name) {
		return ""
	}
	if s.has(target) {
		return target
	}
	if walked, ok := s.real[realPath(s.tree, target)]; ok {
		return walked
	}
	if walked, ok := s.real[realPath(s.tree, path.Dir(target))]; ok && s.has(path.Join(walked, path.Base(target))) {
		return path.Join(walked, path.Base(target))
	}
	return ""
}

// claimRendered notes the files and charts that rendered kustomizations read.
// What is not rendered takes nothing out of sight.
func (s *survey) claimRendered() {
	g := s.kustomizations()
	reached := g.reach(g.roots())
	for _, name := range s.names {
		dir := s.dirs[name]
		if dir.kustomization == "" || !reached[name] {
			continue
		}
		dir.rendered = true
		for _, input := range dir.inputs {
			target := s.resolve(name, input.path)
			if target == "" || s.dirs[target] != nil {
				continue
			}
			if before, claimed := s.claimed[target]; !claimed || before.data && !input.data {
				s.claimed[target] = claim{name, input.data}
			}
		}
		for _, chart := range dir.inflates {
			s.dirs[chart].inflated = true
		}
	}
}

// has tells whether the tree has a directory or a file of manifests.
func (s *survey) has(name string) bool {
	if s.dirs[name] != nil {
		return true
	}
	dir := s.dirs[path.Dir(name)]
	return dir != nil && slices.Contains(dir.files, path.Base(name))
}

// inflatedBy returns the charts of the tree that a kustomization inflates.
func (s *survey) inflatedBy(dir string, root *yaml.Node) []string {
	homes := append(pick(root, []string{"helmGlobals", "chartHome"}), "charts")
	names := append(pick(root, []string{"helmCharts[]", "name"}), pick(root, []string{"helmChartInflationGenerator[]", "chartName"})...)
	var charts []string
	for _, name := range names {
		if chart := path.Join(dir, homes[0], name); s.dirs[chart] != nil && s.dirs[chart].chart != "" {
			charts = append(charts, chart)
		}
	}
	return charts
}

// readCharts notes which charts are libraries or dependencies, and which
// directories are part of one.
func (s *survey) readCharts() {
	for _, name := range s.names {
		dir := s.dirs[name]
		dir.inChart = s.chartOf(name)
		if dir.chart == "" {
			continue
		}
		if parent := s.dirs[path.Dir(path.Dir(name))]; parent != nil && parent.chart != "" && isSubchart(name) {
			parent.dependencies = append(parent.dependencies, name)
		}
		root := s.parse(path.Join(name, dir.chart))
		if kind := Child(root, "type"); kind != nil {
			dir.library = kind.Value == "library"
		}
		s.claimDependencies(name, root)
		if slices.Contains(dir.files, "requirements.yaml") {
			s.claimDependencies(name, s.parse(path.Join(name, "requirements.yaml")))
		}
	}
	g := s.charts()
	for name := range g.reach(append(g.roots(), g.keys(g.outside)...)) {
		s.dirs[name].rendered = true
	}
}

// isSubchart tells whether Helm takes a directory for a chart within another.
// It passes over names that start with a dot or an underscore.
func isSubchart(name string) bool {
	return path.Base(path.Dir(name)) == "charts" && !strings.ContainsAny(path.Base(name)[:1], "._")
}

// claimDependencies notes the charts of the tree that a chart depends on.
func (s *survey) claimDependencies(dir string, root *yaml.Node) {
	for _, repository := range pick(root, []string{"dependencies[]", "repository"}) {
		local, ok := strings.CutPrefix(repository, "file://")
		if !ok || path.IsAbs(local) {
			continue
		}
		if chart := s.dirs[path.Join(dir, local)]; chart != nil && chart.chart != "" {
			s.dirs[dir].dependencies = append(s.dirs[dir].dependencies, path.Join(dir, local))
		}
	}
}

// chartOf returns the directory of the chart that a directory is part of, or
// "". A chart has its own directory and those that Helm reads: any other may
// hold anything.
func (s *survey) chartOf(name string) string {
	for dir := name; ; dir = path.Dir(dir) {
		if s.isChart(dir) && (dir == name || chartDirectory(below(dir, name))) {
			return dir
		}
		if dir == "." {
			return ""
		}
	}
}

// isChart tells whether a directory has a Chart.yaml.
func (s *survey) isChart(dir string) bool { return s.dirs[dir] != nil && s.dirs[dir].chart != "" }

// belowChart tells whether a directory is anywhere below a chart.
func (s *survey) belowChart(name string) bool {
	for name != "." {
		if name = path.Dir(name); s.isChart(name) {
			return true
		}
	}
	return false
}

// template tells whether the files of a directory are templates of a chart,
// or its CRDs.
func (s *survey) template(name string) bool {
	chart := s.chartOf(name)
	if chart == "" || chart == name {
		return false
	}
	first, _, _ := strings.Cut(below(chart, name), "/")
	return first == "templates" || first == "crds"
}

// below is the path of a directory from one that it is in.
func below(dir, name string) string {
	if dir == "." {
		return name
	}
	return strings.TrimPrefix(name, dir+"/")
}

// chartDirectory tells whether a path relative to a chart is in a directory
// that Helm reads, or in that of the chart's test values.
func chartDirectory(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return slices.Contains([]string{"templates", "crds", "charts", "ci"}, first)
}

// parse returns the root of a small YAML file, or nil if it cannot be read.
func (s *survey) parse(name string) *yaml.Node {
	data, err := readBounded(s.tree, name)
	if err != nil {
		s.unreadable(name, err)
		return nil
	}
	if len(data) > bounds.FileBytes {
		return nil
	}
	documents, _ := decodeYAML(data)
	for _, document := range documents {
		if document.Kind == yaml.DocumentNode && len(document.Content) == 1 {
			var e expander
			if root, err := e.expand(document.Content[0], 1); err == nil && root.Kind == yaml.MappingNode {
				return root
			}
		}
	}
	return nil
}

// pick returns the strings at a path of keys; a key that ends in [] holds a
// list of which every item is meant.
func pick(n *yaml.Node, steps []string) []string {
	if n == nil {
		return nil
	}
	if len(steps) == 0 {
		if n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "\n") {
			return nil
		}
		return []string{n.Value}
	}
	key, list := strings.CutSuffix(steps[0], "[]")
	child := Child(n, key)
	if !list || child == nil {
		return pick(child, steps[1:])
	}
	var found []string
	if child.Kind == yaml.SequenceNode {
		for _, item := range child.Content {
			found = append(found, pick(item, steps[1:])...)
		}
	}
	return found
}
