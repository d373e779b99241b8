package kustomize

import (
	"bytes"
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/syncgate/syncgate/render"
)

// kustomization is one kustomization of a plan, with what the walk over it
// found. Names are absolute names of files.
type kustomization struct {
	dir, file string
	data      []byte
	// decoded is as kustomize decodes it, deprecated fields merged.
	decoded types.Kustomization
	// root is the same file with places. It is nil if it has none.
	root *yaml.Node
	// failure is why it cannot be decoded.
	failure error
	// steps are the resources, in order.
	steps []step
	// components are applied to what the resources and the components before
	// them made.
	components []*kustomization
	// plugins are kustomizations of the configuration of plugins.
	plugins []*kustomization
	// names are the files that entries name.
	names map[string]string
	// missing are entries that name nothing.
	missing []entry
}

// step is one resource of a kustomization: a file or a base.
type step struct {
	file string
	base *kustomization
}

// use says what kustomize does with an entry.
type use int

const (
	// useData is a file that is not parsed.
	useData use = iota
	// useConfig is a file that is parsed and is not a resource.
	useConfig
	// useResource is a file of resources or a base.
	useResource
	// useComponent is a directory.
	useComponent
	// usePlugin is the configuration of generators or transformers: inline, a
	// file or a base.
	usePlugin
	// useInlinePatch is a patch or the name of a file that has one.
	useInlinePatch
)

// clones tells whether kustomize would clone a repository for such an entry.
func (u use) clones() bool {
	return u == useResource || u == useComponent || u == usePlugin
}

// entry is a name in a kustomization.
type entry struct {
	// field is the key that it stands under.
	field string
	// missing is why it names nothing, or "".
	missing string
	// value is the path or URL, written the scalar that holds it.
	value, written string
	use            use
	node           *yaml.Node
}

// entries lists every name that kustomize would load for a kustomization.
func (k *kustomization) entries() []entry {
	d := &k.decoded
	var list []entry
	add := func(field string, use use, values ...string) {
		for _, value := range values {
			list = append(list, k.entry(field, use, value))
		}
	}
	add("resources", useResource, d.Resources...)
	add("configurations", useConfig, d.Configurations...)
	add("crds", useConfig, d.Crds...)
	if schema := d.OpenAPI["path"]; schema != "" {
		add("openapi", useConfig, schema)
	}
	for _, args := range d.ConfigMapGenerator {
		list = append(list, k.sources("configMapGenerator", args.KvPairSources)...)
	}
	for _, args := range d.SecretGenerator {
		list = append(list, k.sources("secretGenerator", args.KvPairSources)...)
	}
	add("components", useComponent, d.Components...)
	for _, patch := range d.Patches {
		add("patches", useConfig, nonEmpty(patch.Path)...)
	}
	//lint:ignore SA1019 the field is deprecated, and repositories use it.
	for _, patch := range d.PatchesJson6902 {
		add("patchesJson6902", useConfig, nonEmpty(patch.Path)...)
	}
	//lint:ignore SA1019 the field is deprecated, and repositories use it.
	for _, patch := range d.PatchesStrategicMerge {
		add("patchesStrategicMerge", useInlinePatch, string(patch))
	}
	for _, replacement := range d.Replacements {
		add("replacements", useConfig, nonEmpty(replacement.Path)...)
	}
	add("generators", usePlugin, d.Generators...)
	add("transformers", usePlugin, d.Transformers...)
	add("validators", usePlugin, d.Validators...)
	return list
}

// sources lists the files of a generator.
func (k *kustomization) sources(field string, sources types.KvPairSources) []entry {
	var list []entry
	for _, file := range sources.FileSources {
		e := k.entry(field, useData, file)
		e.value = sourcePath(file)
		list = append(list, e)
	}
	for _, file := range append(sources.EnvSources, nonEmpty(sources.EnvSource)...) {
		list = append(list, k.entry(field, useData, file))
	}
	return list
}

// sourcePath is the path of a file source "key=path" or "path".
func sourcePath(source string) string {
	if _, name, found := strings.Cut(source, "="); found {
		return name
	}
	return source
}

// miss notes that an entry names nothing.
func (k *kustomization) miss(e entry, why string) {
	e.missing = why
	k.missing = append(k.missing, e)
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// formerly are the deprecated keys whose entries kustomize adds to a field.
func formerly(field string) []string {
	switch field {
	case "resources":
		return []string{"bases"}
	case "images":
		return []string{"imageTags"}
	case "helmCharts":
		return []string{"helmChartInflationGenerator"}
	}
	return nil
}

// entry finds where a value is written under a field.
func (k *kustomization) entry(field string, use use, value string) entry {
	e := entry{field: field, use: use, value: value, written: value}
	for _, key := range append([]string{field}, formerly(field)...) {
		e.node = find(child(k.root, key), func(n *yaml.Node) bool { return n.Value == value })
		if e.node != nil {
			break
		}
	}
	return e
}

// origin is a place in the kustomization file.
func (k *kustomization) origin(node *yaml.Node) render.Origin {
	at := placeOf(node, k.data)
	return render.Origin{File: k.file, Line: at.line, Column: at.column}
}

// below lists the kustomizations that this one loads.
func (k *kustomization) below() []*kustomization {
	var list []*kustomization
	for _, s := range k.steps {
		if s.base != nil {
			list = append(list, s.base)
		}
	}
	return append(append(list, k.components...), k.plugins...)
}

// customizes tells whether it does more than list resources.
func (k *kustomization) customizes() bool {
	plain := types.Kustomization{
		TypeMeta: k.decoded.TypeMeta, MetaData: k.decoded.MetaData,
		Resources: k.decoded.Resources, BuildMetadata: k.decoded.BuildMetadata,
	}
	return !equalJSON(plain, k.decoded)
}

func equalJSON(a, b any) bool {
	left, errLeft := json.Marshal(a)
	right, errRight := json.Marshal(b)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}
