package flux

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/syncgate/syncgate/bounds"
	"github.com/syncgate/syncgate/render"
)

// generate returns the kustomization file that kustomize-controller builds: the
// one of the directory, or one made of what the directory holds, with what the
// Kustomization says added. It follows fluxcd/pkg/kustomize.Generator.
func (k *kustomization) generate(in files, dir string) (*generated, *render.Problem) {
	e := &editor{d: &k.deployer, places: map[*yaml.Node]func() render.Origin{}}
	g, problem := k.generateBy(e, in, dir)
	if problem != nil || !e.kept {
		return g, problem
	}
	replacing := &editor{d: &k.deployer, places: map[*yaml.Node]func() render.Origin{}, replaces: true}
	g.older, problem = k.generateBy(replacing, in, dir)
	return g, problem
}

// generateBy makes the file with an editor.
func (k *kustomization) generateBy(e *editor, in files, dir string) (*generated, *render.Problem) {
	name := kustomizationFile(in, dir)
	if name == "" {
		name = path.Join(dir, kustomizationNames()[0])
		if problem := e.scan(in, dir); problem != nil {
			return nil, problem
		}
	} else if problem := e.load(in, name); problem != nil {
		return nil, problem
	}
	if problem := k.edit(e, in, dir); problem != nil {
		return nil, problem
	}
	g := &generated{name: name, otherwise: k.at("spec")}
	if e.loaded {
		g.otherwise = render.Origin{File: in.show(name)}
	}
	if err := e.write(g); err != nil {
		return nil, k.unseen(g.otherwise, render.CodeFailed, "its kustomization file cannot be written: %v", err)
	}
	return g, nil
}

// editor edits a kustomization file and knows where each value is from.
type editor struct {
	d      *deployer
	root   *yaml.Node
	loaded bool
	places map[*yaml.Node]func() render.Origin
	// replaces tells that images replace those of their names as a whole, as
	// in older versions of Flux, and kept that something would be lost so.
	replaces, kept bool
}

// load reads the file that there is.
func (e *editor) load(in files, name string) *render.Problem {
	at := render.Origin{File: in.show(name)}
	data, err := readFile(in, name)
	if err != nil {
		return e.d.unseen(at, render.CodeFailed, "its kustomization file cannot be read")
	}
	if len(data) > bounds.KustomizationBytes {
		return e.d.unseen(at, render.CodeTooLarge, "its kustomization file has more than %d bytes", bounds.KustomizationBytes)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return hint(e.d.broken(at, render.CodeFailed, "its kustomization file is no YAML mapping"), "check it with kustomize build %s", path.Dir(name))
	}
	expanded, err := render.Expand(document.Content[0])
	if err != nil {
		problem := *e.d.asProblem(err)
		problem.Origin.File = at.File
		return &problem
	}
	e.root, e.loaded = expanded, true
	e.note(expanded, func(n *yaml.Node) func() render.Origin {
		return func() render.Origin { return render.Origin{File: at.File, Line: n.Line, Column: n.Column} }
	})
	e.identify()
	if resources := e.field("resources"); resources == nil || len(resources.Content) == 0 {
		// As the controller does, for kustomize takes it for empty otherwise.
		e.set("buildMetadata", list(scalar("originAnnotations")))
	}
	return nil
}

// note keeps the places of the scalars in a node.
func (e *editor) note(node *yaml.Node, place func(*yaml.Node) func() render.Origin) {
	if len(node.Content) == 0 {
		e.places[node] = place(node)
	}
	for _, below := range node.Content {
		e.note(below, place)
	}
}

// scan makes a kustomization of a directory that has none: of its files of
// YAML, and of the directories in it that have one, which are not entered.
func (e *editor) scan(in files, dir string) *render.Problem {
	var resources []*yaml.Node
	err := fs.WalkDir(in, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if len(resources) > bounds.RenderedObjects {
			return errors.New("it holds too many files")
		}
		relative := "./" + strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		if dir == "." {
			relative = "./" + name
		}
		switch {
		case name == dir:
		case entry.IsDir() && kustomizationFile(in, name) != "":
			resources = append(resources, scalar(relative))
			return fs.SkipDir
		case !entry.IsDir() && (path.Ext(name) == ".yaml" || path.Ext(name) == ".yml"):
			resources = append(resources, scalar(relative))
		}
		return nil
	})
	if err != nil {
		return e.d.unseen(e.d.at("spec", "path"), render.CodeFailed, "%s cannot be read: %v", dir, err)
	}
	e.root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	e.identify()
	if len(resources) == 0 {
		e.set("namespace", scalar("_placeholder"))
		return nil
	}
	e.set("resources", list(resources...))
	return nil
}

// identify says what the file is, where it does not.
func (e *editor) identify() {
	if e.field("apiVersion") == nil {
		e.set("apiVersion", scalar("kustomize.config.k8s.io/v1beta1"))
	}
	if e.field("kind") == nil {
		e.set("kind", scalar("Kustomization"))
	}
}

// edit adds what a Kustomization says, in the order of the controller.
func (k *kustomization) edit(e *editor, in files, dir string) *render.Problem {
	spec := render.Child(k.object.Node, "spec")
	for _, field := range []struct{ from, to string }{
		{"targetNamespace", "namespace"}, {"namePrefix", "namePrefix"}, {"nameSuffix", "nameSuffix"},
	} {
		if value := render.Child(spec, field.from); value != nil && child(spec, field.from) != "" {
			e.set(field.to, e.copy(value, "spec", field.from))
		}
	}
	e.patches(spec, "spec")
	for i, component := range k.spec.Components {
		at := k.at("spec", "components", i)
		if !isLocal(component) {
			return hint(k.broken(at, CodeInvalid, "component %q is not a relative path", component), "name a directory of the source")
		}
		if _, err := in.Stat(path.Join(dir, component)); err != nil && k.spec.IgnoreComponents {
			continue
		}
		node := scalar(component)
		e.places[node] = func() render.Origin { return k.at("spec", "components", i) }
		e.append("components", node)
	}
	e.legacyPatches(spec, "spec")
	e.images(spec, "spec")
	if metadata := render.Child(spec, "buildMetadata"); metadata != nil && len(metadata.Content) > 0 {
		e.set("buildMetadata", e.copy(metadata, "spec", "buildMetadata"))
	}
	return nil
}

// patches appends the patches of a mapping that is found at steps.
func (e *editor) patches(spec *yaml.Node, steps ...any) {
	for i, patch := range items(render.Child(spec, "patches")) {
		entry := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, key := range []string{"patch", "target"} {
			if value := render.Child(patch, key); value != nil {
				at := append(slices.Clone(steps), "patches", i, key)
				entry.Content = append(entry.Content, scalar(key), e.copy(value, at...))
			}
		}
		e.append("patches", entry)
	}
}

// legacyPatches appends patches of the two kinds that API versions before v1
// have. They are objects there and text here.
func (e *editor) legacyPatches(spec *yaml.Node, steps ...any) {
	for i, patch := range items(render.Child(spec, "patchesStrategicMerge")) {
		e.append("patchesStrategicMerge", e.text(patch, append(slices.Clone(steps), "patchesStrategicMerge", i)...))
	}
	for i, patch := range items(render.Child(spec, "patchesJson6902")) {
		entry := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if operations := render.Child(patch, "patch"); operations != nil {
			entry.Content = append(entry.Content, scalar("patch"), e.text(operations, append(slices.Clone(steps), "patchesJson6902", i, "patch")...))
		}
		if target := render.Child(patch, "target"); target != nil {
			entry.Content = append(entry.Content, scalar("target"), e.copy(target, append(slices.Clone(steps), "patchesJson6902", i, "target")...))
		}
		e.append("patchesJson6902", entry)
	}
}

// images merges images into those of the file: one of the same name is
// changed, and a tag and a digest replace each other.
func (e *editor) images(spec *yaml.Node, steps ...any) {
	for i, image := range items(render.Child(spec, "images")) {
		entry := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		existing := false
		for _, other := range items(e.field("images")) {
			if child(other, "name") == child(image, "name") {
				entry, existing = other, true
				break
			}
		}
		version := child(image, "newTag") != "" || child(image, "digest") != ""
		if existing && (version || e.replaces) {
			drop(entry, "newTag")
			drop(entry, "digest")
		}
		if existing && e.replaces {
			drop(entry, "newName")
		}
		e.kept = e.kept || existing && (child(image, "newName") == "" && child(entry, "newName") != "" ||
			!version && child(entry, "newTag")+child(entry, "digest") != "")
		for _, key := range []string{"name", "newName", "newTag", "digest"} {
			if child(image, key) != "" {
				drop(entry, key)
				entry.Content = append(entry.Content, scalar(key), e.copy(render.Child(image, key), append(slices.Clone(steps), "images", i, key)...))
			}
		}
		if !existing {
			e.append("images", entry)
		}
	}
}

// field returns the value of a key, in letters of either case as the file is
// read, or nil.
func (e *editor) field(key string) *yaml.Node {
	for i := 0; i+1 < len(e.root.Content); i += 2 {
		if strings.EqualFold(e.root.Content[i].Value, key) {
			return e.root.Content[i+1]
		}
	}
	return nil
}

// set gives a key a value.
func (e *editor) set(key string, value *yaml.Node) {
	for i := 0; i+1 < len(e.root.Content); i += 2 {
		if strings.EqualFold(e.root.Content[i].Value, key) {
			e.root.Content[i+1] = value
			return
		}
	}
	e.root.Content = append(e.root.Content, scalar(key), value)
}

// append adds a value to a list.
func (e *editor) append(key string, value *yaml.Node) {
	if field := e.field(key); field != nil && field.Kind == yaml.SequenceNode {
		field.Content = append(field.Content, value)
		return
	}
	e.set(key, list(value))
}

// copy returns a copy of a part of the object, whose places are kept.
func (e *editor) copy(node *yaml.Node, steps ...any) *yaml.Node {
	own := *node
	own.Content, own.HeadComment, own.LineComment, own.FootComment = nil, "", "", ""
	for i, below := range node.Content {
		at := append(slices.Clone(steps), any(i))
		if node.Kind == yaml.MappingNode {
			at[len(steps)] = node.Content[i-i%2].Value
		}
		own.Content = append(own.Content, e.copy(below, at...))
	}
	if len(own.Content) == 0 {
		e.places[&own] = func() render.Origin { return e.d.at(steps...) }
	}
	return &own
}

// text returns a part of the object as JSON in a string. What cannot be
// written so is no patch, as its reader says.
func (e *editor) text(node *yaml.Node, steps ...any) *yaml.Node {
	text, err := printed(node)
	if err == nil {
		var data []byte
		data, err = sigsyaml.YAMLToJSON([]byte(text))
		text = string(data)
	}
	if err != nil {
		text = ""
	}
	own := scalar(text)
	e.places[own] = func() render.Origin { return e.d.at(steps...) }
	return own
}

// write writes the file and notes the places of its lines.
func (e *editor) write(g *generated) error {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(e.root); err != nil {
		return err
	}
	g.text = out.Bytes()
	var written yaml.Node
	if err := yaml.Unmarshal(g.text, &written); err != nil {
		return err
	}
	g.lines = map[int]func() render.Origin{}
	var walk func(from, to *yaml.Node)
	walk = func(from, to *yaml.Node) {
		if place := e.places[from]; place != nil {
			if _, taken := g.lines[to.Line]; !taken || to.Column > 1 {
				g.lines[to.Line] = place
			}
		}
		for i := range min(len(from.Content), len(to.Content)) {
			walk(from.Content[i], to.Content[i])
		}
	}
	walk(e.root, written.Content[0])
	return nil
}

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

// items are those of a list.
func items(node *yaml.Node) []*yaml.Node {
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

// drop removes a key of a mapping.
func drop(node *yaml.Node, key string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content = append(node.Content[:i:i], node.Content[i+2:]...)
			return
		}
	}
}

// isLocal tells whether a component is a path, as fluxcd/pkg/kustomize has it.
func isLocal(component string) bool {
	lower := strings.ToLower(component)
	for _, prefix := range []string{"git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/"} {
		if len(prefix) < len(lower) && strings.HasPrefix(lower, prefix) {
			return false
		}
	}
	return !path.IsAbs(component) && !path.IsAbs(strings.TrimPrefix(lower, "file://"))
}
