package flux

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/syncgate/syncgate/render"
)

// world is everything of a rendering that Flux reads.
type world struct {
	tree    render.Tree
	options *Options
	// self are the URLs of the tree, normalised.
	self map[string]bool
	// clusters are the directories of which each is one cluster: those of the
	// Kustomizations flux-system that bare directories hold, and bare
	// directories that hold deployer objects of the same name which differ.
	clusters []string
	found    map[string][]*found
	// order are the Kustomizations and HelmReleases, as rendered.
	order []*found
	// deployed are the places of objects that a Flux unit renders, with the
	// directories of those units.
	deployed map[string][]string
	// units are the units by name.
	units map[string]render.Unit
}

// found is an object and where it was found.
type found struct {
	deployer
	unit render.Unit
	// by is what deploys it, nil for a bare directory.
	by *parent
	// cluster is the cluster that it is in, "" if there is one only.
	cluster string
	sum     string
}

// parent is what all units of this package know of themselves. It is part of
// Source.Spec.
type parent struct {
	deployer
	// base is the name of the unit without what tells it from another of the
	// same name.
	base    string
	cluster string
	sum     string
	// dirs are the directories of the tree that it deploys.
	dirs []string
	// decrypts tells that what it deploys is decrypted with SOPS.
	decrypts bool
	// depth counts the units of this package that it was deployed through.
	depth int
	// inputs are the ConfigMaps and Secrets that it was rendered with.
	inputs []input
}

// parentOf returns the parent of a unit, or nil for one that is not of this
// package.
func parentOf(unit render.Unit) *parent {
	if len(unit.Sources) == 0 {
		return nil
	}
	switch spec := unit.Sources[0].Spec.(type) {
	case *kustomization:
		return &spec.parent
	case *release:
		return &spec.parent
	}
	return nil
}

// newWorld sorts the objects of a rendering.
func newWorld(tree render.Tree, rendering render.Rendering, options *Options) *world {
	w := &world{
		tree: tree, options: options, self: map[string]bool{},
		found: map[string][]*found{}, deployed: map[string][]string{}, units: map[string]render.Unit{},
	}
	for _, url := range append([]string{tree.Revision.Repository}, options.Self...) {
		if url := normalURL(url); url != "" && options.Held.Source == "" {
			w.self[url] = true
		}
	}
	var all []*found
	for unit, objects := range rendering.ByUnit() {
		w.units[unit.Name] = unit
		for _, object := range objects {
			if f := newFound(unit, object); f != nil {
				all = append(all, f)
			}
		}
	}
	w.findClusters(all)
	for _, f := range all {
		if f.by != nil {
			w.deployed[f.place()] = append(w.deployed[f.place()], f.by.dirs...)
		}
	}
	for _, f := range all {
		w.add(f)
	}
	w.adopt()
	return w
}

// newFound returns an object that Flux reads, or nil.
func newFound(unit render.Unit, object render.Object) *found {
	kind := object.ID.Kind
	switch group(object.ID.APIVersion) {
	case kustomizeGroup, helmGroup, sourceGroup, extensionGroup:
	case "":
		if object.ID.APIVersion != "v1" || kind != "ConfigMap" && kind != "Secret" {
			return nil
		}
	default:
		return nil
	}
	f := &found{unit: unit, by: parentOf(unit)}
	f.id, f.object = object.ID, object
	if f.id.Namespace == "" {
		f.id.Namespace = unit.Namespace
	}
	if f.id.Namespace == "" {
		f.id.Namespace = "default"
	}
	f.sum = sumOf(object.Node)
	return f
}

// sumOf is a digest of what a node says, whoever deploys it.
func sumOf(node *yaml.Node) string {
	hash := sha256.New()
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.MappingNode {
			fmt.Fprint(hash, "{")
			for _, i := range byKey(n) {
				key, value := n.Content[i], n.Content[i+1]
				if strings.HasPrefix(key.Value, kustomizeGroup+"/name") || key.Value == "labels" && onlyOwners(value) {
					continue
				}
				walk(key)
				walk(value)
			}
			fmt.Fprint(hash, "}")
			return
		}
		fmt.Fprintf(hash, "%d %s %d %s %d\n", n.Kind, n.ShortTag(), len(n.Value), n.Value, len(n.Content))
		for _, child := range n.Content {
			walk(child)
		}
	}
	if node != nil {
		walk(node)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// byKey returns the indexes of the keys of a mapping, in their order.
func byKey(n *yaml.Node) []int {
	var keys []int
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, i)
	}
	slices.SortStableFunc(keys, func(a, b int) int { return strings.Compare(n.Content[a].Value, n.Content[b].Value) })
	return keys
}

// onlyOwners tells of labels that only say who deploys an object.
func onlyOwners(labels *yaml.Node) bool {
	for i := 0; i+1 < len(labels.Content); i += 2 {
		if !strings.HasPrefix(labels.Content[i].Value, kustomizeGroup+"/name") {
			return false
		}
	}
	return labels.Kind == yaml.MappingNode
}

// findClusters finds the clusters of a tree that holds several.
func (w *world) findClusters(all []*found) {
	for _, f := range all {
		if f.by == nil && f.isSync() {
			w.cluster(cleanPath(child(f.object.Node, "spec", "path")))
		}
	}
	w.findRivals(all)
	for _, f := range all {
		f.cluster = w.clusterOf(f)
	}
}

// cluster notes that a directory is one cluster.
func (w *world) cluster(dir string) {
	if !slices.Contains(w.clusters, dir) {
		w.clusters = append(w.clusters, dir)
	}
}

// findRivals finds the bare directories that deploy different things under
// one name, which no cluster can have both of.
func (w *world) findRivals(all []*found) {
	rivals := map[string]*found{}
	for _, f := range all {
		if f.by != nil || !isDeployer(f.id) || len(f.unit.Sources) == 0 {
			continue
		}
		id := key(f.id.APIVersion, f.id.Kind, f.id.Namespace, f.id.Name)
		other := rivals[id]
		if other == nil {
			rivals[id] = f
			continue
		}
		here, there := f.unit.Sources[0].Path, other.unit.Sources[0].Path
		if f.sum != other.sum && !within(here, there) && !within(there, here) {
			w.cluster(there)
			w.cluster(here)
		}
	}
}

// isSync tells whether an object is the Kustomization that flux bootstrap
// makes.
func (f *found) isSync() bool {
	return f.id.Kind == "Kustomization" && group(f.id.APIVersion) == kustomizeGroup &&
		f.id.Namespace == "flux-system" && f.id.Name == "flux-system"
}

// clusterOf returns the directory of the cluster that an object is in.
func (w *world) clusterOf(f *found) string {
	if len(w.clusters) < 2 {
		return ""
	}
	if f.by != nil {
		return f.by.cluster
	}
	if f.isSync() {
		return cleanPath(child(f.object.Node, "spec", "path"))
	}
	if len(f.unit.Sources) == 0 {
		return ""
	}
	best := ""
	for _, dir := range w.clusters {
		if within(dir, f.unit.Sources[0].Path) && len(dir) > len(best) {
			best = dir
		}
	}
	return best
}

// within tells whether a directory is another or lies in it.
func within(dir, name string) bool {
	return dir == "." || dir == name || strings.HasPrefix(name, dir+"/")
}

// child returns the scalar at a path of keys, or "".
func child(node *yaml.Node, keys ...string) string {
	for _, key := range keys {
		node = render.Child(node, key)
	}
	if node == nil || node.Kind != yaml.ScalarNode || node.ShortTag() == "!!null" {
		return ""
	}
	return node.Value
}

// cleanPath joins a path to a root that it cannot leave, as the controllers
// do.
func cleanPath(name string) string {
	if name = path.Clean("/" + name)[1:]; name == "" {
		return "."
	}
	return name
}

// place tells one object of a file from the others.
func (f *found) place() string {
	return fmt.Sprintf("%s:%d %s %s", f.object.Origin.File, f.object.Origin.Line, f.id.Kind, f.id.Name)
}

// add keeps an object, unless it is what a bare directory shows of one that a
// Flux unit deploys from the same directory: that one is as it is deployed.
func (w *world) add(f *found) {
	if f.by == nil && len(f.unit.Sources) > 0 && f.object.Origin.File != "" {
		for _, dir := range w.deployed[f.place()] {
			if within(dir, f.unit.Sources[0].Path) {
				return
			}
		}
	}
	key := key(f.id.APIVersion, f.id.Kind, f.id.Namespace, f.id.Name)
	w.found[key] = append(w.found[key], f)
	if isDeployer(f.id) {
		w.order = append(w.order, f)
	}
}

func isDeployer(id render.ObjectID) bool {
	switch group(id.APIVersion) {
	case kustomizeGroup:
		return id.Kind == "Kustomization"
	case helmGroup:
		return id.Kind == "HelmRelease"
	}
	return false
}

func key(apiVersion, kind, namespace, name string) string {
	return group(apiVersion) + " " + kind + " " + namespace + " " + name
}

// adopt adds the URL of the GitRepository flux-system to those of the tree,
// where that is what bootstrap made.
func (w *world) adopt() {
	if w.options.Held.Source != "" {
		return
	}
	for _, f := range w.found[key(sourceGroup+"/v1", "GitRepository", "flux-system", "flux-system")] {
		url := normalURL(child(f.object.Node, "spec", "url"))
		if url == "" || w.self[url] {
			continue
		}
		if len(w.self) == 0 || w.deploysItself(f) {
			w.self[url] = true
		}
	}
}

// deploysItself tells whether the file of the GitRepository flux-system lies
// in the directory that the Kustomization flux-system deploys.
func (w *world) deploysItself(source *found) bool {
	for _, f := range w.order {
		if f.isSync() && f.cluster == source.cluster && source.object.Origin.File != "" &&
			within(cleanPath(child(f.object.Node, "spec", "path")), path.Dir(source.object.Origin.File)) {
			return true
		}
	}
	return false
}

// lookup returns the objects of a name that are in a cluster and differ from
// each other.
func (w *world) lookup(cluster string, id render.ObjectID) []*found {
	var list []*found
	for _, f := range w.found[key(id.APIVersion, id.Kind, id.Namespace, id.Name)] {
		if f.cluster == cluster && !slices.ContainsFunc(list, func(o *found) bool { return o.sum == f.sum }) {
			list = append(list, f)
		}
	}
	return list
}
