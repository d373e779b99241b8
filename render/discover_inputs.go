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

// kustomizationInputs are the fields of a kustomization that name files or
// directories. Some take a document in place of a name, which is no path.
func kustomizationInputs() []string {
	return []string{
		"resources[]", "bases[]", "components[]",
		"generators[]", "transformers[]", "validators[]", "configurations[]", "crds[]",
		"patches[].path", "patchesStrategicMerge[]", "patchesJson6902[].path",
		"replacements[].path", "openapi.path",
		"configMapGenerator[].files[]", "configMapGenerator[].envs[]", "configMapGenerator[].env",
		"secretGenerator[].files[]", "secretGenerator[].envs[]", "secretGenerator[].env",
		"helmCharts[].valuesFile", "helmCharts[].additionalValuesFiles[]",
		"helmChartInflationGenerator[].values",
	}
}

// readKustomizations notes what each kustomization reads and uses. One that
// cannot be read uses nothing; rendering it says what is wrong with it.
func (s *survey) readKustomizations() {
	for _, name := range s.names {
		dir := s.dirs[name]
		if s.ownedByChart(name) {
			dir.kustomization = ""
		}
		if dir.kustomization == "" {
			continue
		}
		root := s.parse(path.Join(name, dir.kustomization))
		if kind := Child(root, "kind"); kind != nil {
			dir.component = kind.Value == "Component"
		}
		for _, field := range kustomizationInputs() {
			for _, input := range pick(root, strings.Split(field, ".")) {
				if _, file, keyed := strings.Cut(input, "="); keyed && strings.HasSuffix(field, ".files[]") {
					input = file
				}
				s.claim(name, input)
			}
		}
		s.claimCharts(name, root)
	}
}

// claim notes that a kustomization reads a file or uses a directory, if the
// tree has it.
func (s *survey) claim(dir, input string) {
	target := path.Join(dir, input)
	if input == "" || path.IsAbs(input) || !s.has(target) {
		return
	}
	if used := s.dirs[target]; used == nil {
		if _, claimed := s.claimed[target]; !claimed {
			s.claimed[target] = dir
		}
	} else if used.kustomization != "" {
		s.dirs[dir].uses = append(s.dirs[dir].uses, target)
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

// claimCharts notes the charts that a kustomization inflates.
func (s *survey) claimCharts(dir string, root *yaml.Node) {
	homes := append(pick(root, []string{"helmGlobals", "chartHome"}), "charts")
	names := append(pick(root, []string{"helmCharts[]", "name"}), pick(root, []string{"helmChartInflationGenerator[]", "chartName"})...)
	for _, name := range names {
		if chart := s.dirs[path.Join(dir, homes[0], name)]; chart != nil {
			chart.inflated = true
		}
	}
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
		parent := s.dirs[path.Dir(path.Dir(name))]
		if path.Base(path.Dir(name)) == "charts" && parent.chart != "" {
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
// "". A chart at the root of the tree has only the directories that Helm
// reads: the others may hold anything.
func (s *survey) chartOf(name string) string {
	for dir := name; ; dir = path.Dir(dir) {
		if s.dirs[dir].chart != "" && (dir != "." || name == "." || chartDirectory(name)) {
			return dir
		}
		if dir == "." {
			return ""
		}
	}
}

// ownedByChart tells whether a directory is one whose files Helm itself
// reads, below a chart.
func (s *survey) ownedByChart(name string) bool {
	for below, dir := name, path.Dir(name); below != "."; below, dir = dir, path.Dir(dir) {
		if s.dirs[dir].chart != "" && chartDirectory(path.Base(below)) {
			return true
		}
	}
	return false
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
