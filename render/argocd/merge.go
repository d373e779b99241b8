package argocd

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// override merges the files of the repository that override a source
// (mergeSourceParameters of reposerver/repository/repository.go). It tells
// whether the source can be rendered.
func (j *job) override() bool {
	if j.source.chart.text != "" {
		// A chart holds them too, if it was packed with them.
		return j.overrides(".")
	}
	return j.overrides(j.dir)
}

func (j *job) overrides(dir string) bool {
	merged := j.spec.at
	changed := false
	names := []string{".argocd-source.yaml", ".argocd-source-" + j.instance() + ".yaml"}
	for _, name := range slices.Compact(names) {
		patch, ok, err := j.readOverride(path.Join(dir, name))
		if err != nil {
			j.problems = append(j.problems, *err)
			return false
		}
		if !ok {
			continue
		}
		merged.node = mergeSource(merged.node, patch, "")
		changed = true
	}
	j.ambiguousOverride(dir)
	if !changed {
		return true
	}
	before := j.source
	j.source = readSource(merged, j.decoder)
	j.source.repoURL, j.source.path, j.source.revision, j.source.chart = before.repoURL, before.path, before.revision, before.chart
	return true
}

// ambiguousOverride tells of an override file that applies if the namespace of
// the Application is not that of Argo CD.
func (j *job) ambiguousOverride(dir string) {
	metadata := j.spec.app.at.at("metadata")
	namespace := metadata.at("namespace").text()
	if j.deployer.options.Namespace != "" || namespace == "" {
		return
	}
	name := path.Join(dir, ".argocd-source-"+namespace+"_"+metadata.at("name").text()+".yaml")
	if _, err := fs.Stat(j.from.fs, name); err == nil {
		j.unseen(metadata.at("namespace"), CodeOverride,
			fmt.Sprintf("%s overrides the source if Argo CD does not run in namespace %s", j.from.show(name), namespace),
			"say in which namespace Argo CD runs")
	}
}

// readOverride reads an override file, if there is one.
func (j *job) readOverride(name string) (*yaml.Node, bool, *render.Problem) {
	broken := func(line, column int, err error) *render.Problem {
		return &render.Problem{
			Code: CodeFile, Severity: render.Broken, Object: j.id,
			Origin:  render.Origin{File: j.from.show(name), Line: line, Column: column},
			Message: fmt.Sprintf("cannot merge %s into the source of %s: %v", name, j.id, plainError(err)),
			Hint:    "write a mapping with the fields of a source, or remove the file",
		}
	}
	info, err := fs.Stat(j.from.fs, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, broken(0, 0, err)
	}
	data, err := j.read(name)
	if err != nil {
		return nil, false, broken(0, 0, err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, false, broken(1, 1, err)
	}
	if len(document.Content) == 0 {
		return nil, false, nil
	}
	root, err := render.Expand(document.Content[0])
	if problem, ok := errors.AsType[*render.Problem](err); ok {
		return nil, false, broken(problem.Origin.Line, problem.Origin.Column, errors.New(problem.Message))
	}
	if twice := repeatedKey(root); twice != nil {
		return nil, false, broken(twice.Line, twice.Column, fmt.Errorf("key %q is given twice", twice.Value))
	}
	if root.Kind != yaml.MappingNode {
		return nil, false, broken(root.Line, root.Column, errors.New("it is not a mapping"))
	}
	j.place(root, name)
	j.notice(cursor{node: root, in: j.spec.at.in}, CodeOverride, j.from.show(name)+" in the repository overrides the source",
		"nothing to do if that is meant")
	return root, true, nil
}

// place notes that a node and all below stand in a file.
func (j *job) place(node *yaml.Node, file string) {
	eachNode(node, func(n *yaml.Node) {
		j.spec.at.in.places[n] = render.Origin{File: j.from.show(file), Line: n.Line, Column: n.Column}
	})
}

// repeatedKey returns a key that its mapping has twice, or nil: readers differ
// in which one wins.
func repeatedKey(node *yaml.Node) (twice *yaml.Node) {
	eachNode(node, func(n *yaml.Node) {
		seen := map[string]bool{}
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; seen[key.Value] {
				twice = key
			}
			seen[n.Content[i].Value] = true
		}
	})
	return twice
}

// eachNode calls f for a node and all below.
func eachNode(node *yaml.Node, f func(*yaml.Node)) {
	f(node)
	for _, below := range node.Content {
		eachNode(below, f)
	}
}

// mergeSource merges an override into a source as Argo CD does: the result of
// a JSON merge patch is decoded into the source that there is. So what a patch
// removes stays, and an item of a list keeps the fields of the one before it
// that it does not set. Only valuesObject is replaced as a whole.
func mergeSource(old, patch *yaml.Node, key string) *yaml.Node {
	switch {
	case old == nil || isNull(old):
		return withoutNulls(patch)
	case isNull(patch):
		return old
	case key == "valuesObject":
		return mergePatch(old, patch)
	case old.Kind == yaml.MappingNode && patch.Kind == yaml.MappingNode:
		return mergeMappings(old, patch, func(before, after *yaml.Node, key string) *yaml.Node {
			return mergeSource(before, after, key)
		})
	case old.Kind == yaml.SequenceNode && patch.Kind == yaml.SequenceNode:
		merged := *patch
		merged.Content = slices.Clone(patch.Content)
		for i := range merged.Content {
			if i < len(old.Content) {
				merged.Content[i] = mergeSource(old.Content[i], merged.Content[i], "")
			}
		}
		return &merged
	}
	return patch
}

// mergePatch applies a JSON merge patch (RFC 7386).
func mergePatch(old, patch *yaml.Node) *yaml.Node {
	if old == nil || old.Kind != yaml.MappingNode || patch.Kind != yaml.MappingNode {
		return withoutNulls(patch)
	}
	return mergeMappings(old, patch, func(before, after *yaml.Node, _ string) *yaml.Node {
		if isNull(after) {
			return nil
		}
		return mergePatch(before, after)
	})
}

// mergeMappings merges mappings key by key; a result of nil removes the key.
func mergeMappings(old, patch *yaml.Node, merge func(before, after *yaml.Node, key string) *yaml.Node) *yaml.Node {
	merged := *old
	merged.Content = slices.Clone(old.Content)
	for i := 0; i+1 < len(patch.Content); i += 2 {
		key, after := patch.Content[i], patch.Content[i+1]
		at := -1
		for k := 0; k+1 < len(merged.Content); k += 2 {
			if merged.Content[k].Value == key.Value {
				at = k
			}
		}
		var before *yaml.Node
		if at >= 0 {
			before = merged.Content[at+1]
		}
		result := merge(before, after, key.Value)
		switch {
		case at >= 0 && result == nil:
			merged.Content = slices.Delete(merged.Content, at, at+2)
		case at >= 0:
			merged.Content[at+1] = result
		case result != nil:
			merged.Content = append(merged.Content, key, result)
		}
	}
	return &merged
}

// withoutNulls is a value without the entries that are null.
func withoutNulls(node *yaml.Node) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return node
	}
	empty := *node
	empty.Content = nil
	return mergeMappings(&empty, node, func(_, after *yaml.Node, _ string) *yaml.Node {
		if isNull(after) {
			return nil
		}
		return withoutNulls(after)
	})
}

// isNull tells whether a value is null.
func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}
